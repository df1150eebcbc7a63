package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"alloclab/runner"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing or unfit here, and what to do about it",
		Long: `Check whether this machine can measure: allocators, rights, kernel interfaces,
neighbours, settings. Each finding comes with its remedy. The exit code is 4
where something that every run needs is missing.`,
		Example: `  alloclab doctor
  alloclab doctor && alloclab run quick`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return doctor(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

func doctor(ctx context.Context, out io.Writer) error {
	missing := 0
	for _, f := range runner.Examine(ctx) {
		mark := "ok  "
		switch f.Grade {
		case runner.Missing:
			mark = "MISS"
			missing++
		case runner.Unfit:
			mark = "warn"
		}
		fmt.Fprintf(out, "%s  %s: %s\n", mark, f.Subject, f.Text)
		if f.Remedy != "" {
			fmt.Fprintf(out, "      → %s\n", f.Remedy)
		}
	}
	if missing > 0 {
		return withCode(exitUnfit, fmt.Errorf("%d things that every run needs are missing", missing))
	}
	return nil
}
