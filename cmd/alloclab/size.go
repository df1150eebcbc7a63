package main

import (
	"fmt"
	"io"

	"alloclab/analysis/sizing"
	"alloclab/configs"
	"alloclab/report"
	"alloclab/results"
)

// printSizing prints what so much live memory takes, by what the run in the
// directory has measured. A run that cannot tell is not fit for the question.
func printSizing(stdout io.Writer, dir, size string) error {
	live, err := configs.Bytes(size)
	if err != nil {
		return fmt.Errorf("--size %w", err)
	}
	run, err := results.ReadRun(dir)
	if err != nil {
		return err
	}
	trials, _, err := readSound(dir, run)
	if err != nil {
		return err
	}
	all, err := sizing.At(run, results.Salvage(trials), float64(live))
	if err != nil {
		return withCode(exitUnfit, fmt.Errorf("%s: %w", dir, err))
	}
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if err := report.Sizing(stdout, run, s); err != nil {
			return err
		}
	}
	return nil
}
