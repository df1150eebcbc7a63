package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner"
)

func newSyscalls() *cobra.Command {
	var f runFlags
	var rounds int
	c := &cobra.Command{
		Use:   "syscalls FILE-or-preset",
		Short: "Say what each allocator asks of the kernel: brk, mmap, munmap, mremap, madvise, mprotect",
		Long: `Run an experiment under strace and print, for each variant, how often it called the
kernel for memory and for how many bytes, phase by phase; and draw when. It is the
experiment with passes = ["syscalls"] and one round. Nothing else is measured:
times under strace mean nothing, and no ledger is taken.`,
		Example: `  alloclab syscalls quick
  alloclab syscalls storage.toml --out sys && awk -F, '$3 == "madvise"' sys/syscalls/1.csv | head`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rounds < 1 || rounds > 1000 {
				return fmt.Errorf("--rounds %d is outside 1 to 1000", rounds)
			}
			lab, err := findLab()
			if err != nil {
				return err
			}
			e, err := configs.Load(args[0], lab.catalog)
			if err != nil {
				return err
			}
			if len(e.Programs) > 0 {
				return fmt.Errorf("%s has programs, and only workloads can be traced: their marks are stamped in the program's own system calls", args[0])
			}
			e.Passes, e.Rounds = []string{results.PassSyscalls}, rounds
			for i := range e.Workloads {
				e.Workloads[i].Passes = nil // of the experiment's own
			}
			f.rate = runner.DefaultRate
			return carryOut(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), lab, e, f.directory(e.Name+"-syscalls"), f)
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "directory of the results (default out/NAME-syscalls-TIME)")
	c.Flags().IntVar(&rounds, "rounds", 1, "how often each variant is traced")
	c.Flags().BoolVar(&f.force, "force", false, "run although memory looks too small")
	c.ValidArgsFunction = completePresets
	return c
}
