package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner"
)

// runFlags are the options of run.
type runFlags struct {
	out, resume string
	rate        float64
	poll        time.Duration
	force       bool
	formats     formats
}

func newRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE-or-preset",
		Short: "Run an experiment and print its table",
		Long: `Run an experiment: every workload under every variant, in rounds of random
order, each trial in a process of its own. Results go into a directory of plain
files: run.json, trials.jsonl, samples/ and figures/. What has been measured
stays there, however the run ends; --resume goes on with it.`,
		Example: `  alloclab run quick
  alloclab run storage.toml --out results/storage
  alloclab run --resume results/storage
  alloclab run quick --out q && jq -r 'select(.status=="ok")|[.cell,.variant,.metrics.rss_idle]|@tsv' q/trials.jsonl | sort`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.resume != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExperiment(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args, f)
		},
	}
	f.flags(c)
	c.ValidArgsFunction = completePresets
	return c
}

// flags are what all commands have that run an experiment.
func (f *runFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "", "directory of the results (default out/NAME-TIME)")
	c.Flags().StringVar(&f.resume, "resume", "", "complete the run that this directory holds")
	c.Flags().Float64Var(&f.rate, "rate", runner.DefaultRate, "samples of RSS per second, 0.1 to 1000")
	c.Flags().DurationVar(&f.poll, "poll", runner.DefaultPoll, "how often the allocator of a program ([[program]], exec) is asked what it holds while that runs, from 100ms; 0: never")
	c.Flags().BoolVar(&f.force, "force", false, "run although memory looks too small")
	f.formats.flag(c)
	c.MarkFlagsMutuallyExclusive("out", "resume")
}

// completePresets offers presets beside files.
func completePresets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, p := range configs.Presets() {
		names = append(names, p.Name+"\t"+p.Doc)
	}
	return names, cobra.ShellCompDirectiveDefault
}

func runExperiment(ctx context.Context, stdout, stderr io.Writer, args []string, f runFlags) error {
	return loadAndRun(ctx, stdout, stderr, f, func(catalog configs.Catalog) (*configs.Experiment, error) {
		if f.resume != "" {
			return resumed(f.resume, catalog)
		}
		e, err := configs.Load(args[0], catalog)
		if err == nil {
			warnFewRounds(stderr, e)
		}
		return e, err
	})
}

// loadAndRun carries out the experiment that load gives.
func loadAndRun(ctx context.Context, stdout, stderr io.Writer, f runFlags, load func(configs.Catalog) (*configs.Experiment, error)) error {
	if !(f.rate >= 0.1 && f.rate <= 1000) {
		return fmt.Errorf("--rate %g is outside 0.1 to 1000 samples per second", f.rate)
	}
	if f.poll != 0 && f.poll < 100*time.Millisecond {
		return fmt.Errorf("--poll %v: each question takes some of the program's time, so 100ms is the least; 0 asks never", f.poll)
	}
	if f.rate > 200 {
		fmt.Fprintf(stderr, "warning: --rate %g can be felt by the workload; above 200 the lab does not promise that it is not\n", f.rate)
	}
	lab, err := findLab()
	if err != nil {
		return err
	}
	experiment, err := load(lab.catalog)
	if err != nil {
		return err
	}
	return carryOut(ctx, stdout, stderr, lab, experiment, f.directory(experiment.Name), f)
}

// carryOut runs an experiment and prints and draws what came of it.
func carryOut(ctx context.Context, stdout, stderr io.Writer, lab lab, experiment *configs.Experiment, dir string, f runFlags) error {
	progress := newProgress(stderr)
	run, err := runner.Run(ctx, runner.Options{
		Experiment: experiment, Catalog: lab.catalog, Binaries: lab.binaries, Dir: dir, Resume: f.resume != "",
		Tool: version(), SampleRate: f.rate, PollEvery: f.poll, Force: f.force,
		Progress: progress.trial,
		Note:     func(text string) { fmt.Fprintln(stderr, "note:", text) },
	})
	if run == nil {
		return unfitOrUsage(err)
	}
	if err != nil && ctx.Err() == nil {
		err = withCode(exitUnfit, err) // a full disk, a lost right: nothing that the user wrote
	}
	return errors.Join(err, conclude(stdout, stderr, dir, f.formats))
}

// warnFewRounds says so where two such runs could not be compared: no p could
// reach the level.
func warnFewRounds(stderr io.Writer, e *configs.Experiment) {
	rounds, family, err := change.RoundsFor(change.Rules{Metrics: e.Gate.Metrics}, judgedIn(e), len(e.Variants))
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "note: alloclab compare cannot judge such a run: %v\n", err)
	case e.Rounds < rounds:
		fmt.Fprintf(stderr, "note: %d rounds are too few for alloclab compare and gate: with %d figures to judge it takes %d before any verdict can be reached\n", e.Rounds, family, rounds)
	}
}

// judgedIn counts the cells in which a metric is judged.
func judgedIn(e *configs.Experiment) func(results.Metric) int {
	return func(m results.Metric) int {
		n := e.Cells(m.Pass())
		if m.OfOperations() && n > 0 {
			n -= len(e.Programs)
		}
		return n
	}
}

// resumed is the experiment of the run that a directory holds.
func resumed(dir string, catalog configs.Catalog) (*configs.Experiment, error) {
	run, err := results.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	e, err := configs.Parse(run.Experiment.File, []byte(run.Experiment.Source), catalog)
	if err == nil {
		e.Passes, e.Rounds = run.Passes, run.Rounds // alloclab syscalls chooses its own
	}
	return e, err
}

func (f runFlags) directory(name string) string {
	switch {
	case f.resume != "":
		return f.resume
	case f.out != "":
		return f.out
	default:
		return filepath.Join("out", name+"-"+time.Now().Format("20060102-150405"))
	}
}

// unfitOrUsage tells what this machine lacks from what the user wrote.
func unfitOrUsage(err error) error {
	var mismatch *runner.MismatchError
	var unfit *runner.UnfitError
	var tool *runner.ToolError
	if errors.As(err, &mismatch) || errors.As(err, &unfit) || errors.As(err, &tool) {
		return withCode(exitUnfit, err)
	}
	return err
}
