package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"alloclab/plots/page"
	"alloclab/report"
	"alloclab/results"
)

func newReport() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Print a run's table again and redraw its figures and page",
		Long: `Print the table of a run directory, and write its figures and report.html anew
from what has been measured. Nothing is run. It may be used while a run goes on:
the page then shows the trials that have ended.`,
		Example: `  alloclab report results/storage
  alloclab report results/storage | grep jemalloc`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := redraw(cmd.OutOrStdout(), args[0])
			return err
		},
	}
}

// conclude ends a run: it prints and draws what the directory holds. Trials
// that failed are an error.
func conclude(stdout io.Writer, dir string) error {
	trials, err := redraw(stdout, dir)
	if err != nil {
		return err
	}
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

// redraw prints the table and writes figures and page.
func redraw(stdout io.Writer, dir string) ([]results.Trial, error) {
	run, err := results.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	trials, warnings, err := results.ReadTrials(filepath.Join(dir, results.TrialsFile))
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		fmt.Fprintln(stdout, "warning:", w)
	}
	shown := results.Salvage(trials)
	if err := report.Table(stdout, run, shown); err != nil {
		return nil, err
	}
	if err := report.Verdict(stdout, run, shown); err != nil {
		return nil, err
	}
	figures, path, err := page.Draw(dir, run, shown, warnings)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stdout, "\nFigures: %d in %s\nResults: %s\nReport: %s\n", len(figures), filepath.Join(dir, results.FiguresDir), dir, path)
	return trials, nil
}
