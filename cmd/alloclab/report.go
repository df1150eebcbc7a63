package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"alloclab/analysis/cause"
	"alloclab/plots/page"
	"alloclab/report"
	"alloclab/report/format"
	"alloclab/results"
)

func newReport() *cobra.Command {
	var f formats
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Print a run's table again and redraw its figures and page",
		Long: `Print the table of a run directory, and write its figures and report.html anew
from what has been measured. Nothing is run. It may be used while a run goes on:
the page then shows the trials that have ended.`,
		Example: `  alloclab report results/storage
  alloclab report results/storage | grep jemalloc
  alloclab report results/storage -o gobench=- > new.txt && benchstat -col /variant new.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := redraw(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
			return err
		},
	}
	f.flag(c)
	return c
}

// conclude ends a run: it prints and draws what the directory holds. Trials
// that failed are an error.
func conclude(stdout, stderr io.Writer, dir string, f formats) error {
	trials, err := redraw(stdout, stderr, dir, f)
	failed := 0
	for i := range trials {
		if trials[i].Status != results.StatusOK {
			failed++
		}
	}
	if failed > 0 {
		return errors.Join(err, withCode(exitFailed, fmt.Errorf("%d of %d trials failed; see the table and %s", failed, len(trials), filepath.Join(dir, results.TrialsFile))))
	}
	return err
}

// redraw writes figures, page and formats and prints the table. The page is drawn
// first: whatever becomes of the output, it is there.
func redraw(stdout, stderr io.Writer, dir string, f formats) ([]results.Trial, error) {
	run, err := results.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	trials, warnings, err := readSound(dir, run)
	if err != nil {
		return nil, err
	}
	shown := results.Salvage(trials)
	figures, path, unread, err := page.Draw(dir, run, shown, warnings)
	if err != nil {
		return trials, withCode(exitUnfit, err)
	}
	for _, u := range unread {
		warnings = append(warnings, u.Error())
	}
	var out strings.Builder
	for _, w := range warnings {
		fmt.Fprintln(&out, "warning:", w)
	}
	if err := errors.Join(report.Table(&out, run, shown), report.Verdict(&out, run, shown, cause.Options{Series: results.SamplesIn(dir), Maps: results.HeapMapsIn(dir)}), report.Steps(&out, run, shown),
		report.Syscalls(&out, run, shown), report.Counts(&out, run, shown), report.Redis(&out, run, shown), report.Census(&out, run, shown)); err != nil {
		return trials, err
	}
	if run.Experiment.Remedies {
		fmt.Fprintln(&out)
		if err := printRankings(&out, dir, run, shown); err != nil {
			return trials, err
		}
	}
	fmt.Fprintf(&out, "\nFigures: %d in %s\nResults: %s\nReport: %s\nWhy, and what was tried: alloclab explain %s\n", len(figures), filepath.Join(dir, results.FiguresDir), dir, path, dir)
	if err := f.writeRun(stdout, format.Run{Run: run, Trials: shown, Warnings: warnings, Dir: dir}); err != nil {
		return trials, err
	}
	if _, err := io.WriteString(f.text(stdout, stderr), out.String()); err != nil && !errors.Is(err, syscall.EPIPE) {
		return trials, withCode(exitUnfit, err)
	}
	return trials, nil
}

// readSound reads a run's trials and leaves out, with a warning, lines of
// another plan and lines that cannot be true. A run that is not whole says so.
func readSound(dir string, run results.Run) (sound []results.Trial, warnings []string, err error) {
	path := filepath.Join(dir, results.TrialsFile)
	all, warnings, err := results.ReadTrials(path)
	if err != nil {
		return nil, nil, err
	}
	all, foreign := results.OfPlan(all, run.PlanHash)
	if foreign > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: %d lines are of another plan and are left out", path, foreign))
	}
	for i := range all {
		if err := all[i].Validate(); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s: trial %d cannot be true and is left out: %v", path, all[i].Trial, err))
			continue
		}
		sound = append(sound, all[i])
	}
	if planned := run.Planned(); len(sound) < planned {
		warnings = append(warnings, fmt.Sprintf("%d of %d trials have been measured: alloclab run --resume %s completes them", len(sound), planned, dir))
	}
	return sound, warnings, nil
}
