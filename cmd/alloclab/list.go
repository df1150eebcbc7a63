package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alloclab/configs"
	"alloclab/runner"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List allocators found here, workloads with their parameters, and presets",
		Example: `  alloclab list
  alloclab list | grep jemalloc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

func list(ctx context.Context, out io.Writer) error {
	lab, err := findLab()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ALLOCATOR\tVERSION\tSERVED BY")
	for _, f := range runner.FindAllocators(ctx, lab.binaries) {
		if f.Err != nil {
			fmt.Fprintf(w, "%s\tnot here\t%v\n", f.Allocator.Name, f.Err)
			continue
		}
		version, _, _ := strings.Cut(f.Proof.Version, "-") // without the commit that jemalloc adds
		if version == "" {
			version = "–" // it has no call that tells
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Allocator.Name, version, f.Proof.ServedBy)
	}
	for _, workload := range lab.workloads {
		if workload.Internal {
			continue
		}
		fmt.Fprintf(w, "\nWORKLOAD %s\n%s\n  PARAMETER\tDEFAULT\tKIND\tMEANING\n", workload.Name, workload.Doc)
		for _, o := range workload.Options {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", o.Name, runner.DefaultText(o), o.Kind, o.Doc)
		}
	}
	fmt.Fprintln(w, "\nPRESET\tWHAT IT SHOWS")
	for _, p := range configs.Presets() {
		fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Doc)
	}
	return w.Flush()
}
