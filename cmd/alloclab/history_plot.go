package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"alloclab/plots/page"
	"alloclab/results"
)

func newHistoryPlot() *cobra.Command {
	var watched []string
	var out string
	c := &cobra.Command{
		Use:   "plot HISTORY",
		Short: "Draw a history: SVG, PNG, and one page with filters",
		Long: `Draw every series of a history over its commits, with intervals, the band of normal
noise, alarms and new levels. The page holds all of it in one file, which needs no
other and sends no request; SVG and PNG files are written of the watched metrics.`,
		Example: `  alloclab history plot history.jsonl
  cat runner-*/history.jsonl > all.jsonl && alloclab history plot all.jsonl --out site`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, warnings, err := readHistory(cmd.ErrOrStderr(), args[0], watched)
			if err != nil {
				return err
			}
			figures, path, err := page.DrawHistory(out, all, watched, warnings)
			if err != nil {
				return withCode(exitUnfit, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Figures: %d in %s\nHistory: %s\n", len(figures), filepath.Join(out, results.FiguresDir), path)
			return err
		},
	}
	watchFlag(c, &watched)
	c.Flags().StringVar(&out, "out", filepath.Join("out", "history"), "directory of figures and page")
	return c
}
