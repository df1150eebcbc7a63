package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"alloclab/configs"
	"alloclab/plots"
	"alloclab/report"
	"alloclab/results"
	"alloclab/runner"
)

func newRun() *cobra.Command {
	var out string
	var rate float64
	var force bool
	c := &cobra.Command{
		Use:   "run FILE-or-preset",
		Short: "Run an experiment and print its table",
		Long: `Run an experiment: every workload under every variant, in rounds of random
order, each trial in a process of its own. Results go into a directory of plain
files: run.json, trials.jsonl, samples/ and figures/.`,
		Example: `  alloclab run quick
  alloclab run storage.toml --out results/storage
  alloclab run quick --out q && jq -r '[.variant,.metrics.rss_idle]|@tsv' q/trials.jsonl | sort`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExperiment(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], out, rate, force)
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "directory of the results (default out/NAME-TIME)")
	c.Flags().Float64Var(&rate, "rate", runner.DefaultRate, "samples of RSS per second, 0.1 to 1000")
	c.Flags().BoolVar(&force, "force", false, "run although memory looks too small")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, p := range configs.Presets() {
			names = append(names, p.Name+"\t"+p.Doc)
		}
		return names, cobra.ShellCompDirectiveDefault
	}
	return c
}

func runExperiment(ctx context.Context, stdout, stderr io.Writer, file, out string, rate float64, force bool) error {
	if !(rate >= 0.1 && rate <= 1000) {
		return fmt.Errorf("--rate %g is outside 0.1 to 1000 samples per second", rate)
	}
	if rate > 200 {
		fmt.Fprintf(stderr, "warning: --rate %g can be felt by the workload; above 200 the lab does not promise that it is not\n", rate)
	}
	binaries, err := runner.FindBinaries()
	if err != nil {
		return withCode(exitUnfit, err)
	}
	workloads, err := binaries.Manifest()
	if err != nil {
		return withCode(exitUnfit, err)
	}
	catalog := runner.Catalog(workloads)
	experiment, err := configs.Load(file, catalog)
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join("out", experiment.Name+"-"+time.Now().Format("20060102-150405"))
	}
	progress := newProgress(stderr)
	run, err := runner.Run(ctx, runner.Options{
		Experiment: experiment, Catalog: catalog, Binaries: binaries, Dir: out, Tool: version(), SampleRate: rate, Force: force,
		Progress: progress.trial,
		Note:     func(text string) { fmt.Fprintln(stderr, "note:", text) },
	})
	if run == nil {
		return err
	}
	if reportErr := conclude(stdout, out); reportErr != nil {
		err = errors.Join(err, reportErr)
	}
	return err
}

// conclude draws and prints what a run directory holds.
func conclude(stdout io.Writer, dir string) error {
	run, err := results.ReadRun(dir)
	if err != nil {
		return err
	}
	trials, warnings, err := results.ReadTrials(filepath.Join(dir, results.TrialsFile))
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(stdout, "warning:", w)
	}
	if err := report.Table(stdout, run, trials); err != nil {
		return err
	}
	figures, err := plots.Draw(dir, run, trials)
	if err != nil {
		return err
	}
	for _, f := range figures {
		fmt.Fprintln(stdout, "Figure:", f)
	}
	fmt.Fprintln(stdout, "Results:", dir)
	failed := 0
	for i := range trials {
		if trials[i].Status != results.StatusOK {
			failed++
		}
	}
	if failed > 0 {
		return withCode(exitFailed, fmt.Errorf("%d of %d trials failed; see the table and %s", failed, len(trials), filepath.Join(dir, results.TrialsFile)))
	}
	return nil
}
