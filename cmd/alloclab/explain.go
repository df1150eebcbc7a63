package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"alloclab/analysis/cause"
	"alloclab/analysis/rank"
	"alloclab/configs"
	"alloclab/report"
	"alloclab/results"
)

func newExplain() *cobra.Command {
	var limit, window string
	var try bool
	var size string
	rounds := rank.FewestRounds
	c := &cobra.Command{
		Use:   "explain DIR [TRIAL]",
		Short: "Say why memory is held, what was tried, and what to set",
		Long: `Say of each variant of a run how much memory it holds and how much is in use,
what holds the rest and by which mechanism, what each remedy that the run tried
gave back, and what to set. The cause is one of steady, growth, retention,
fragmentation, thread cache, metadata, rounding, mixed, leak, or that the idle
window was too short to tell. With a trial's number: of that trial alone, with
its ledger at each mark. With a limit: also what grows, how fast, and how long
until resident memory reaches it. Nothing is run.

With --try the settings that could help are run and ranked, in a directory of
their own below DIR, and printed as lines to paste. With --size it says how much memory to
provision for so much live memory, by the sizes that the run has measured.`,
		Example: `  alloclab explain results/storage
  alloclab explain results/storage | grep Cause
  alloclab explain results/storage --limit 8GiB
  alloclab explain results/storage 17 | less
  alloclab explain results/storage --try | grep -A1 shell
  alloclab explain results/storage --size 40GiB`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := growthOptions(limit, window)
			switch {
			case err != nil:
				return err
			case (try || size != "") && len(args) == 2:
				return errors.New("--try and --size are about a whole run: leave the trial's number out")
			case rounds < 1 || rounds > 1000:
				return fmt.Errorf("--rounds %d is outside 1 to 1000", rounds)
			case try:
				return tryRemedies(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], rounds)
			case size != "":
				return printSizing(cmd.OutOrStdout(), args[0], size)
			}
			return explain(cmd.OutOrStdout(), args, o)
		},
	}
	c.Flags().StringVar(&limit, "limit", "", "a size of resident memory, such as 8GiB: say how long until it is reached")
	c.Flags().StringVar(&window, "window", "", "time of a trial over which to fit slopes, such as 10s..60s, without pauses for looks; default: from the first look to the last, else the last three quarters of the work until hold")
	c.Flags().BoolVar(&try, "try", false, "run the settings that could help, and rank them")
	c.Flags().IntVar(&rounds, "rounds", rounds, "rounds of --try; with fewer than 5, ranges stand for intervals")
	c.Flags().StringVar(&size, "size", "", "how much memory to provision for so much live memory, such as 40GiB")
	c.MarkFlagsMutuallyExclusive("try", "size")
	return c
}

func growthOptions(limit, window string) (o cause.Options, err error) {
	if limit != "" {
		bytes, err := configs.Bytes(limit)
		if err != nil {
			return o, fmt.Errorf("--limit %w", err)
		}
		o.Limit = float64(bytes)
	}
	if window == "" {
		return o, nil
	}
	from, to, ok := strings.Cut(window, "..")
	if !ok {
		return o, fmt.Errorf("--window %q is not two times, such as 10s..60s", window)
	}
	if o.Window.From, err = configs.Duration(from); err == nil {
		o.Window.To, err = configs.Duration(to)
	}
	if err != nil {
		return o, fmt.Errorf("--window %w", err)
	}
	if o.Window.From < 0 || o.Window.To <= o.Window.From {
		return o, fmt.Errorf("--window %s ends before it begins", window)
	}
	return o, nil
}

func explain(stdout io.Writer, args []string, o cause.Options) error {
	dir := args[0]
	run, err := results.ReadRun(dir)
	if err != nil {
		return err
	}
	trials, warnings, err := readSound(dir, run)
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, w := range warnings {
		fmt.Fprintln(&out, "warning:", w)
	}
	o.Series, o.Maps = results.SamplesIn(dir), results.HeapMapsIn(dir)
	if len(args) == 2 {
		t, err := trialOf(trials, args[1])
		if err != nil {
			return err
		}
		err = report.ExplainTrial(&out, run, t, o)
		return errors.Join(err, say(stdout, out.String()))
	}
	cells, err := report.Explain(&out, run, results.Salvage(trials), o, func(v results.Variant) report.Paste { return pasteOf(v, trials) })
	if err != nil {
		return err
	}
	if cells == 0 && !slices.Contains(run.Passes, results.PassCensus) && slices.ContainsFunc(run.Cells, func(c results.Cell) bool { return c.Program != nil }) {
		return withCode(exitInconclusive, fmt.Errorf("%s: which memory a program uses is known in pass census only: run it again with exec --census, or passes = [\"time\", \"census\"]", dir))
	}
	if cells == 0 {
		return withCode(exitInconclusive, fmt.Errorf("%s: no trial that counts has a ledger at its mark idle: there is nothing to explain", dir))
	}
	fmt.Fprintf(&out, "\nTo try what else could help, and for systemd, Dockerfile and C: alloclab explain %s --try\n", dir)
	return say(stdout, out.String())
}

// trialOf finds a trial by its number.
func trialOf(trials []results.Trial, text string) (*results.Trial, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no trial's number: a number such as 17, as in samples/17.csv", text)
	}
	least, most := -1, -1
	for i := range trials {
		if trials[i].Trial == n {
			return &trials[i], nil
		}
		if least < 0 || trials[i].Trial < least {
			least = trials[i].Trial
		}
		most = max(most, trials[i].Trial)
	}
	if least < 0 {
		return nil, errors.New("no trial has been measured")
	}
	return nil, fmt.Errorf("there is no trial %d: they are numbered %d to %d", n, least, most)
}

// write prints what is ready. A reader that has seen enough (| head) is no fault.
func say(stdout io.Writer, text string) error {
	if _, err := io.WriteString(stdout, text); err != nil && !errors.Is(err, syscall.EPIPE) {
		return withCode(exitUnfit, err)
	}
	return nil
}
