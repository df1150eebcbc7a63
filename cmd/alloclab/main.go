// Command alloclab compares memory allocators by evidence: it runs the same
// work under each of them and says how fast it was, how much memory it took
// over time, and why freed memory is not returned.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes; docs/exit-codes.md and the README list them.
const (
	exitOK           = 0
	exitRegression   = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitUnfit        = 4 // the environment is unfit, or runs cannot be compared
	exitFailed       = 5 // a trial failed
	exitInterrupted  = 130
	exitTerminated   = 143
)

// coded is an error with the exit code it stands for. An error without one is
// the user's to mend: usage.
type coded struct {
	error
	code int
}

func (c *coded) Unwrap() error { return c.error }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &coded{err, code}
}

func main() {
	os.Exit(run(os.Stdout, os.Stderr, os.Args[1:]))
}

// run is main with its surroundings handed in.
func run(stdout, stderr io.Writer, args []string) int {
	ctx, stop, caught := catchSignals(stderr)
	defer stop()
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if s := caught(); s != 0 {
		return 128 + int(s)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "alloclab:", err)
	var c *coded
	if errors.As(err, &c) {
		return c.code
	}
	return exitUsage
}

// catchSignals cancels the context at the first SIGINT, SIGTERM or SIGHUP, so that what has
// been measured is kept; the second ends the program at once.
func catchSignals(stderr io.Writer) (ctx context.Context, stop func(), caught func() syscall.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE) // a reader that has seen enough (| head) does not end a run
	first := make(chan syscall.Signal, 1)
	go func() {
		s := (<-signals).(syscall.Signal)
		first <- s
		fmt.Fprintln(stderr, "\nalloclab: stopping; finished trials are kept. Once more to end at once.")
		cancel()
		s = (<-signals).(syscall.Signal)
		os.Exit(128 + int(s)) // measured processes die with this one
	}()
	return ctx, func() { signal.Stop(signals); cancel() }, func() syscall.Signal {
		select {
		case s := <-first:
			return s
		default:
			return 0
		}
	}
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "alloclab",
		Short: "Compare memory allocators by evidence",
		Long: `alloclab runs the same work under ptmalloc, jemalloc, tcmalloc and others, and
says of each how fast it was, how much memory it held over time, why freed
memory was not returned, and what to set.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(newRun(), newExec(), newReport(), newExplain(), newSyscalls(), newInspect(),
		newCompare(), newGate(), newAB(), newHistory(), newPlan(), newList(), newDoctor(), newVersion())
	return root
}
