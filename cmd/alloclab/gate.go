package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/configs"
	"alloclab/report"
	"alloclab/results"
)

// gateFlags are the options of gate.
type gateFlags struct {
	config          string
	metrics, ignore []string
	formats         formats
}

func newGate() *cobra.Command {
	var f gateFlags
	c := &cobra.Command{
		Use:   "gate BASE NEW",
		Short: "Judge a run by a baseline: for CI, by its exit code",
		Long: `Compare two run directories as compare does, and end with a code that CI can act
on: 0 nothing is worse, 1 a regression, 3 inconclusive where the gate asks for an
answer or nothing was compared, 4 not comparable, 5 a trial of NEW failed. The
last line says which and why.

What is judged, and how strictly, is the [gate] table of --config, else of the
experiment that NEW was made of. Where there is no BASE yet, nothing is compared,
which is never a success: it ends with 3, and says what to keep as the baseline.`,
		Example: `  alloclab gate baseline results/branch
  alloclab gate baseline results/branch --config ci.toml | tail -1
  alloclab run ci --out new && alloclab gate baseline new -o junit=gate.xml`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.formats.holdComparison(); err != nil {
				return err
			}
			if _, err := results.ReadRun(args[1]); err != nil {
				return err
			}
			if noBaseline(args[0]) {
				return withCode(exitInconclusive, fmt.Errorf(
					"there is no baseline at %s yet, so nothing was compared: keep %s as the baseline of the runs to come", args[0], args[1]))
			}
			g, err := f.gate(args[1])
			if err != nil {
				return err
			}
			c, err := compareRuns(args[0], args[1], change.Rules{Metrics: g.Metrics, MinEffect: g.MinEffect, Ignore: f.ignore})
			if err != nil {
				return err
			}
			return conclusion(cmd, c, g, f.formats)
		},
	}
	c.Flags().StringVar(&f.config, "config", "", "file with a [gate] table (default: the experiment of NEW)")
	familyFlags(c, &f.metrics, &f.ignore)
	f.formats.flag(c)
	return c
}

// noBaseline says that nothing is there: no such directory, or an empty one, which
// is what a CI cache that missed leaves.
func noBaseline(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0
}

// gate is what to judge by: the file's table, or that of the new run's
// experiment, with the flags on top.
func (f gateFlags) gate(dir string) (configs.Gate, error) {
	var g configs.Gate
	if f.config != "" {
		source, err := os.ReadFile(f.config)
		if err != nil {
			return g, fmt.Errorf("cannot read the gate: %w", err)
		}
		given := false
		if g, given, err = configs.ParseGate(f.config, source, results.Judged()); err != nil {
			return g, err
		}
		if !given {
			return g, fmt.Errorf("%s has no [gate] table", f.config)
		}
	} else {
		run, err := results.ReadRun(dir)
		if err != nil {
			return g, err
		}
		name := filepath.Join(dir, results.RunFile) + ": " + run.Experiment.File
		if g, _, err = configs.ParseGate(name, []byte(run.Experiment.Source), results.Judged()); err != nil {
			return g, err
		}
	}
	if f.metrics != nil {
		g.Metrics = f.metrics
	}
	return g, nil
}

// conclusion prints the comparison and, as the last line, the judgement; where
// that is no success it is an error with its exit code.
func conclusion(cmd *cobra.Command, c change.Comparison, g configs.Gate, f formats) error {
	out := f.text(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err := errors.Join(f.writeComparison(cmd.OutOrStdout(), c), report.Comparison(out, c, false)); err != nil {
		return err
	}
	code, text := judge(c, g)
	word := map[int]string{exitOK: "pass", exitRegression: "REGRESSION", exitInconclusive: "INCONCLUSIVE", exitUnfit: "NOT COMPARABLE", exitFailed: "FAILED"}[code]
	if _, err := fmt.Fprintf(out, "gate: %s: %s\n", word, text); err != nil || code == exitOK {
		return err
	}
	return withCode(code, errors.New("the gate says "+strings.ToLower(word)+": see its last line"))
}

// byHow says how far a figure moved: in per cent, or times where that is more
// than double.
func byHow(ratio float64) string {
	if ratio >= 2 || ratio <= 0.5 {
		return fmt.Sprintf("to %.3g times", ratio)
	}
	return fmt.Sprintf("by %+.1f %%", 100*(ratio-1))
}

// judge says what a comparison means for a gate. What is certain and bad comes
// first: a failed trial, then a regression, then figures that may not be compared.
func judge(c change.Comparison, g configs.Gate) (code int, text string) {
	var worse, open []string
	decided := map[string]bool{} // by metric: whether any figure of it can have a verdict
	for _, name := range g.Metrics {
		decided[name] = false
	}
	for i := range c.Changes {
		x := &c.Changes[i]
		if !x.Gated {
			continue
		}
		name := fmt.Sprintf("%s of %s in %s", x.Metric.Name, results.Plain(x.Variant), results.Plain(x.Cell))
		switch x.Verdict {
		case change.Regressed:
			worse = append(worse, name+" "+byHow(x.Ratio))
		case change.Inconclusive:
			open = append(open, name)
		}
		could := x.Verdict != change.Inconclusive || x.Rounds == 0 && x.Base.N > 0 && x.New.N > 0
		decided[x.Metric.Name] = decided[x.Metric.Name] || could
	}
	switch {
	case c.Failed > 0 && !g.AllowFailures:
		return exitFailed, fmt.Sprintf("%d trials failed", c.Failed)
	case c.Unstable != "":
		return exitInconclusive, "the sitting is unstable: " + c.Unstable
	case len(worse) > 0:
		return exitRegression, several(worse)
	}
	for _, r := range c.Refused {
		if r.Gated {
			what := results.Plain(r.Cell)
			if r.Scope != "" {
				what = strings.TrimSpace(what + " scope " + string(r.Scope))
			}
			return exitUnfit, what + ": " + results.Plain(r.Text)
		}
	}
	var blind []string
	for _, name := range slices.Sorted(maps.Keys(decided)) {
		if !decided[name] {
			blind = append(blind, name)
		}
	}
	switch {
	case !c.Compared():
		return exitInconclusive, fmt.Sprintf("%s and %s have no figure of the family in common: nothing was compared", results.Plain(c.Base), results.Plain(c.New))
	case len(blind) > 0:
		return exitInconclusive, fmt.Sprintf("too few trials for any verdict on %s: see above", several(blind))
	case len(open) > 0 && g.FailInconclusive:
		return exitInconclusive, several(open)
	case len(open) > 0:
		return exitOK, "nothing is known to be worse; no answer on " + several(open)
	default:
		return exitOK, "nothing is worse"
	}
}

// several names three things at most.
func several(list []string) string {
	if n := len(list) - 3; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), n)
	}
	return strings.Join(list, ", ")
}
