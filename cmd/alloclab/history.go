package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/configs"
	"alloclab/report"
	"alloclab/results"
)

func newHistory() *cobra.Command {
	c := &cobra.Command{
		Use:   "history",
		Short: "Keep medians over commits, draw them, and alarm",
		Long: `A history is a plain file of lines, one for each metric, variant and cell of a
run, or a directory of such files. A CI system can cache it, and cat merges it.`,
		Example: `  alloclab history add out/ci --commit "$(git rev-parse HEAD)" && alloclab history check history.jsonl
  jq -r 'select(.metric=="rss_idle")|[.time,.commit,.variant,.median]|@tsv' history.jsonl | sort`,
	}
	c.AddCommand(newHistoryAdd(), newHistoryCheck(), newHistoryPlot())
	return c
}

// historyAdd are the options of history add.
type historyAdd struct{ file, dir, commit, time, url string }

func newHistoryAdd() *cobra.Command {
	var f historyAdd
	c := &cobra.Command{
		Use:   "add DIR --commit SHA",
		Short: "Add a run's medians to a history",
		Long: `Add the medians of the run in DIR as points of a commit. Trials that failed or were
starved give none. A commit may be measured several times: the median of its runs
counts, and the same run added twice counts once.`,
		Example: `  alloclab history add out/ci --commit "$(git rev-parse HEAD)" --time "$(git log -1 --format=%cI)"
  alloclab history add out/ci --commit "$(git rev-parse HEAD)" --dir history && cat history/*.jsonl | wc -l`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return addToHistory(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], f)
		},
	}
	c.Flags().StringVar(&f.commit, "commit", "", "commit that the run measured (required)")
	c.Flags().StringVar(&f.time, "time", "", "time of the commit, as git log --format=%cI prints it; it orders the points (default: when the run began)")
	c.Flags().StringVar(&f.url, "url", "", "http or https address of the commit, for links")
	c.Flags().StringVar(&f.file, "file", "history.jsonl", "file to add to")
	c.Flags().StringVar(&f.dir, "dir", "", "directory to put a file of this run into, instead")
	c.MarkFlagsMutuallyExclusive("file", "dir")
	if err := c.MarkFlagRequired("commit"); err != nil {
		panic(err) // it is defined above
	}
	return c
}

func addToHistory(stdout, stderr io.Writer, dir string, f historyAdd) error {
	if f.commit == "" || results.Plain(f.commit) != f.commit || strings.ContainsAny(f.commit, " ") {
		return fmt.Errorf("--commit %q is no name of a commit", f.commit)
	}
	if f.url != "" && results.WebLink(f.url) == "" {
		return fmt.Errorf("--url %q: only http and https addresses become links", results.Plain(f.url))
	}
	run, err := results.ReadRun(dir)
	if err != nil {
		return err
	}
	if f.time == "" {
		f.time = run.Created
	}
	when, err := time.Parse(time.RFC3339, f.time)
	if err != nil {
		return fmt.Errorf("--time %q is not as 2026-11-21T10:00:00Z", results.Plain(f.time))
	}
	trials, warnings, err := readSound(dir, run)
	if err != nil {
		return err
	}
	summaries, more := change.Summaries(run, trials)
	for _, text := range append(warnings, more...) {
		fmt.Fprintln(stderr, "warning:", text)
	}
	if len(summaries) == 0 {
		return withCode(exitInconclusive, fmt.Errorf("%s: nothing is added: no trial counts", dir))
	}
	path := f.file
	if f.dir != "" {
		if err := os.MkdirAll(f.dir, 0o777); err != nil {
			return withCode(exitUnfit, err)
		}
		sum := sha256.Sum256([]byte(f.commit + "\x00" + run.Run))
		path = filepath.Join(f.dir, when.UTC().Format("20060102-150405-")+hex.EncodeToString(sum[:6])+".jsonl")
	}
	torn, err := results.AppendHistory(path, change.Points(summaries, run.Run, f.commit, when.Format(time.RFC3339), f.url))
	if torn != nil {
		fmt.Fprintln(stderr, "warning:", torn)
	}
	if err != nil {
		return withCode(exitUnfit, err)
	}
	fmt.Fprintf(stdout, "%s: %d points of commit %s added\n", path, len(summaries), f.commit)
	return nil
}

// readHistory reads a history into series. Its warnings are told, and returned.
func readHistory(stderr io.Writer, path string, watched []string) (all []change.Series, warnings []string, err error) {
	for _, name := range watched {
		m, ok := results.ByName(name)
		if !ok {
			var names []string
			for _, m := range results.Metrics() {
				names = append(names, m.Name)
			}
			return nil, nil, fmt.Errorf("there is no metric %q: %s", name, configs.Hint(name, names))
		}
		if m.Better == "" {
			return nil, nil, fmt.Errorf("%s has no better and no worse: it cannot alarm", name)
		}
	}
	points, warnings, err := results.ReadHistory(path)
	if err != nil {
		return nil, nil, err
	}
	all, unknown := change.Histories(points, watched)
	if unknown > 0 {
		warnings = append(warnings, fmt.Sprintf("%d points have metrics that this alloclab does not know", unknown))
	}
	for _, text := range warnings {
		fmt.Fprintln(stderr, "warning:", text)
	}
	if len(all) == 0 {
		return nil, nil, withCode(exitInconclusive, fmt.Errorf("%s holds no points yet", path))
	}
	return all, warnings, nil
}

func watchFlag(c *cobra.Command, watched *[]string) {
	c.Flags().StringSliceVar(watched, "metric", change.Watched, "metrics that may alarm")
	_ = c.RegisterFlagCompletionFunc("metric", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, m := range results.Metrics() {
			if m.Better != "" {
				names = append(names, m.Name+"\t"+m.Doc)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}) // it fails for a flag that there is not
}

func newHistoryCheck() *cobra.Command {
	var watched []string
	var f formats
	c := &cobra.Command{
		Use:   "check HISTORY",
		Short: "Say whether the newest commit alarms",
		Long: `Judge the newest commit of a history: a metric alarms (exit code 1) where three of
the last four commits are worse than the commits before make normal. Where nothing
alarms but the newest commit is worse and was measured once, or there are too few
commits, the answer is not known yet (exit code 3).`,
		Example: `  alloclab history check history.jsonl
  alloclab history check history.jsonl --metric rss_idle -o github-annotations=- | tee annotations.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			stdout, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
			if err := f.holdComparison(); err != nil {
				return err
			}
			all, _, err := readHistory(stderr, args[0], watched)
			if err != nil {
				return err
			}
			s := change.Check(all)
			if err := errors.Join(f.writeComparison(stdout, s.Comparison()), report.Standing(f.text(stdout, stderr), s, watched)); err != nil {
				return err
			}
			switch {
			case len(s.Alarms()) > 0:
				return withCode(exitRegression, fmt.Errorf("%s: %d series alarm", args[0], len(s.Alarms())))
			case len(s.Judged) == 0:
				return withCode(exitInconclusive, fmt.Errorf("%s: nothing was judged", args[0]))
			case len(s.Again()) > 0:
				return withCode(exitInconclusive, fmt.Errorf("%s: commit %s must be measured again before it counts", args[0], s.Commit.Commit))
			}
			return nil
		},
	}
	watchFlag(c, &watched)
	f.flag(c)
	return c
}
