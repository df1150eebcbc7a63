package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"alloclab/report"
	"alloclab/results"
	"alloclab/runner"
)

func newInspect() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect PID",
		Short: "Say from outside what the memory of a running process is made of",
		Long: `Look at a process that runs: which allocator serves it and with which settings,
what its resident memory is made of, which heaps and arenas ptmalloc has, and what
only a restart or a call into the process would tell. Nothing is stopped, written or
preloaded. It needs the right to read the process: that of its user, or root.`,
		Example: `  alloclab inspect $(pidof -s redis-server) | head -20
  alloclab inspect --json 4711 | jq '.kinds[] | select(.rss_bytes > 1e6)'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pid, err := strconv.Atoi(args[0])
			if err != nil || pid < 1 {
				return fmt.Errorf("%q is no process id; pidof NAME prints one", args[0])
			}
			return inspectProcess(cmd.OutOrStdout(), pid, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON, sizes in bytes")
	return cmd
}

func inspectProcess(out io.Writer, pid int, asJSON bool) error {
	found, err := runner.Inspect(pid)
	if err != nil {
		err = withCode(exitUnfit, err)
	}
	if found.Process.Name == "" {
		return err
	}
	if asJSON {
		return errors.Join(printJSON(out, &found), err)
	}
	return errors.Join(report.Inspection(out, &found), err)
}

func printJSON(out io.Writer, found *results.Inspection) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(found)
}
