package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/report"
	"alloclab/results"
)

// compareFlags are the options of compare.
type compareFlags struct {
	by, base string
	metrics  []string
	ignore   []string
	all      bool
	formats  formats
}

func newCompare() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare BASE NEW | compare --by variant DIR",
		Short: "Say of two runs, or of the variants of one, what improved, regressed or stayed",
		Long: `Compare two run directories, or the variants of one run with one of them. A
metric of the family is called improved or regressed where p, adjusted for the
whole family, is below 0.01 and the medians differ by the minimum effect; it is
called unchanged where a change of that size would have been seen; else the
answer is inconclusive. The last column is the smallest change that these rounds
would have shown. Between two runs noise that lasts from trial to trial counts
against a difference; between variants of one run it meets both.

compare describes: it ends with 0 whatever the verdicts are, with 4 where
figures of the family may not be compared, and with 3 where nothing was. gate
judges.`,
		Example: `  alloclab compare results/main results/branch
  alloclab compare --by variant results/storage --base ptmalloc
  alloclab compare results/main results/branch --all | grep -w rss_peak
  alloclab compare results/main results/branch -o markdown=- 2>/dev/null >> "$GITHUB_STEP_SUMMARY"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.by != "" {
				return cobra.ExactArgs(1)(cmd, args)
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.formats.holdComparison(); err != nil {
				return err
			}
			c, err := f.compare(args)
			if err != nil {
				return err
			}
			stdout := cmd.OutOrStdout()
			if err := errors.Join(f.formats.writeComparison(stdout, c), report.Comparison(f.formats.text(stdout, cmd.ErrOrStderr()), c, f.all)); err != nil {
				return err
			}
			return comparability(c)
		},
	}
	c.Flags().StringVar(&f.by, "by", "", "compare within one run: variant")
	c.Flags().StringVar(&f.base, "base", "", "with --by: the variant that the others are compared with (default the first)")
	familyFlags(c, &f.metrics, &f.ignore)
	f.formats.flag(c)
	c.Flags().BoolVar(&f.all, "all", false, "show every metric; those outside the family have no verdict")
	complete(c, "by", "variant")
	return c
}

// familyFlags are those that compare and gate share.
func familyFlags(c *cobra.Command, metrics, ignore *[]string) {
	c.Flags().StringSliceVar(metrics, "metrics", nil, "the family that is judged (default "+strings.Join(change.Family(), ",")+")")
	c.Flags().StringSliceVar(ignore, "ignore", nil, "fields of the fingerprint that may differ, such as libc")
	var names []string
	for _, name := range results.Judged() {
		m, _ := results.ByName(name)
		names = append(names, m.Name+"\t"+m.Doc)
	}
	complete(c, "metrics", names...)
}

func complete(c *cobra.Command, flag string, words ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag was just defined
	}
}

func (f compareFlags) compare(args []string) (change.Comparison, error) {
	rules := change.Rules{Metrics: f.metrics, Ignore: f.ignore}
	if f.by == "" {
		if f.base != "" {
			return change.Comparison{}, errors.New("--base names a variant, and goes with --by variant")
		}
		return compareRuns(args[0], args[1], rules)
	}
	if f.by != "variant" {
		return change.Comparison{}, fmt.Errorf("--by takes variant, not %q", f.by)
	}
	return compareVariants(args[0], f.base, rules)
}

// compareVariants compares the variants of one run directory with one of them, "" being
// the first.
func compareVariants(dir, base string, rules change.Rules) (change.Comparison, error) {
	set, warnings, err := readSet(dir)
	if err != nil {
		return change.Comparison{}, err
	}
	if len(set.Run.Variants) < 2 {
		return change.Comparison{}, fmt.Errorf("%s has one variant only", dir)
	}
	if base == "" {
		base = set.Run.Variants[0].Label
	}
	c, err := change.ByVariant(set, base, rules)
	c.Warnings = slices.Concat(warnings, c.Warnings)
	return c, err
}

// compareRuns compares two run directories.
func compareRuns(base, new string, rules change.Rules) (change.Comparison, error) {
	older, before, err := readSet(base)
	if err != nil {
		return change.Comparison{}, err
	}
	newer, after, err := readSet(new)
	if err != nil {
		return change.Comparison{}, err
	}
	c, err := change.Compare(older, newer, rules)
	c.Warnings = slices.Concat(before, after, c.Warnings)
	return c, err
}

// readSet reads a run as report does.
func readSet(dir string) (change.Set, []string, error) {
	run, err := results.ReadRun(dir)
	if err != nil {
		return change.Set{}, nil, err
	}
	trials, warnings, err := readSound(dir, run)
	return change.Set{Name: dir, Run: run, Trials: trials}, warnings, err
}

// comparability is an error where figures of the family may not be compared, or
// none were.
func comparability(c change.Comparison) error {
	for _, r := range c.Refused {
		if r.Gated {
			return withCode(exitUnfit, errors.New("not all figures of the family may be compared: see above"))
		}
	}
	if !c.Compared() {
		return withCode(exitInconclusive, fmt.Errorf("nothing was compared: %s and %s have no figure of the family in common", c.Base, c.New))
	}
	return nil
}
