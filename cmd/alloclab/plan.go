package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner"
)

func newPlan() *cobra.Command {
	var order bool
	c := &cobra.Command{
		Use:   "plan FILE-or-preset",
		Short: "Say what an experiment would run, and what it takes; execute nothing",
		Example: `  alloclab plan storage.toml
  alloclab plan quick --order | head`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lab, err := findLab()
			if err != nil {
				return err
			}
			e, err := configs.Load(args[0], lab.catalog)
			if err != nil {
				return err
			}
			p, err := runner.PreviewOf(e, lab.catalog, lab.binaries)
			if err != nil {
				return err
			}
			return printPlan(cmd.OutOrStdout(), e, p, order)
		},
	}
	c.Flags().BoolVar(&order, "order", false, "list every trial in the order in which they would run")
	c.ValidArgsFunction = completePresets
	return c
}

// span is how long a program's trial takes, as far as its experiment says.
func span(p results.Program) string {
	if p.Duration == 0 {
		return "its own time"
	}
	return fmt.Sprintf("%.3g s", p.Duration+p.After)
}

func printPlan(out io.Writer, e *configs.Experiment, p runner.Preview, order bool) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "CELL\tTHREADS\tHOLDS ABOUT\tTRIAL TAKES ABOUT\t")
	for i, c := range p.Cells {
		n := p.Needs[i]
		if c.Program != nil { // what it takes nobody knows before it has run
			fmt.Fprintf(w, "%s\t–\t–\t%s\t\n", c.Name, span(*c.Program))
			continue
		}
		warning := ""
		if n.Peak+n.Lab > p.Room {
			warning = fmt.Sprintf("more than the %s that a trial may take here", results.Bytes(float64(p.Room)))
		}
		if n.Unfixed != "" && c.Takes(results.PassCounts) && slices.Contains(e.Passes, results.PassCounts) {
			warning = strings.TrimPrefix(warning+"; cannot be counted: "+n.Unfixed, "; ")
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%.3g s\t%s\n", c.Name, n.Threads, results.Bytes(float64(n.Peak+n.Lab)), n.Seconds, warning)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	product := fmt.Sprintf("%d cells x %d variants x %d rounds x %d passes", len(p.Cells), len(e.Variants), e.Rounds, len(e.Passes))
	if len(p.Trials) != len(p.Cells)*len(e.Variants)*e.Rounds*len(e.Passes) { // not each cell takes each pass, nor each pass all rounds
		product = fmt.Sprintf("%d cells, %d variants, %d rounds (1 of counts or census), passes %s", len(p.Cells), len(e.Variants), e.Rounds, strings.Join(e.Passes, ", "))
	}
	if slices.ContainsFunc(p.Cells, func(c results.Cell) bool { return len(c.Passes) > 0 }) {
		product = byPass(e, p)
	}
	fmt.Fprintf(out, "\n%s = %d trials, about %v\n",
		product, len(p.Trials), time.Duration(p.Seconds*float64(time.Second)).Round(time.Second))
	if e.Remedies {
		fmt.Fprintln(out, "\nvariants, with the remedies that were added:")
		for _, v := range e.Variants {
			fmt.Fprintln(out, " ", results.Plain(v.Label))
		}
	}
	if order {
		for _, t := range p.Trials {
			fmt.Fprintf(out, "%d\t%s\t%s\tround %d\t%s\n", t.Trial, t.Cell, t.Variant, t.Round, t.Pass)
		}
	}
	return nil
}

// byPass is the arithmetic of a plan whose cells do not all take all passes.
func byPass(e *configs.Experiment, p runner.Preview) string {
	var parts []string
	for _, pass := range e.Passes {
		cells, rounds := 0, 0
		for _, c := range p.Cells {
			if c.Takes(pass) {
				cells++
			}
		}
		for _, t := range p.Trials {
			if t.Pass == pass {
				rounds = max(rounds, t.Round)
			}
		}
		parts = append(parts, fmt.Sprintf("%d x %d x %d in pass %s", cells, len(e.Variants), rounds, pass))
	}
	return "cells x variants x rounds: " + strings.Join(parts, ", ")
}
