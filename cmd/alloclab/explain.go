package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"alloclab/analysis/rank"
	"alloclab/results"
)

func newExplain() *cobra.Command {
	var try bool
	var size string
	rounds := rank.FewestRounds
	c := &cobra.Command{
		Use:   "explain DIR",
		Short: "Try what could help against memory that a run kept",
		Example: `  alloclab explain results/storage --try
  alloclab explain results/storage --try | grep shell`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rounds < 1 || rounds > 1000 {
				return fmt.Errorf("--rounds %d is outside 1 to 1000", rounds)
			}
			if try {
				return tryRemedies(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], rounds)
			}
			if size != "" {
				return printSizing(cmd.OutOrStdout(), args[0], size)
			}
			run, err := results.ReadRun(args[0])
			if err != nil {
				return err
			}
			trials, _, err := readSound(args[0], run)
			if err != nil {
				return err
			}
			return printRankings(cmd.OutOrStdout(), args[0], run, results.Salvage(trials))
		},
	}
	c.Flags().BoolVar(&try, "try", false, "rerun with the settings that could help, and rank them")
	c.Flags().IntVar(&rounds, "rounds", rounds, "rounds of --try")
	c.Flags().StringVar(&size, "size", "", "say how much memory so much live memory takes, such as 40GiB")
	c.MarkFlagsMutuallyExclusive("try", "size")
	return c
}
