package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner"
)

// looks are the numbers of rounds at which a sitting is judged, and the level of each.
// The levels add up to that of one comparison, so that looking three times
// raises false alarms by nothing. The most is kept for the last: what is plain at ten rounds is
// plain at any level.
var looks = []look{{10, 0.1 * change.Alpha}, {20, 0.3 * change.Alpha}, {30, 0.6 * change.Alpha}}

type look struct {
	rounds int
	level  float64
}

// lookAt is the look after so many rounds; false where there is none.
func lookAt(rounds int) (look, bool) {
	for _, l := range looks {
		if l.rounds == rounds {
			return l, true
		}
	}
	return look{}, false
}

// abFlags are the options of ab.
type abFlags struct {
	base, new, out string
	variants       []string
	metrics        []string
	formats        formats
}

func newAB() *cobra.Command {
	var f abFlags
	c := &cobra.Command{
		Use:   "ab EXPERIMENT --base V --new V",
		Short: "Compare two variants, libraries or builds in one interleaved sitting",
		Long: `Run the base, the base once more, and the new side by side, in rounds of random
order, until every figure of the family has its verdict: 10 rounds, then 20, then
30. The two bases are an A/A pair: if they differ, the sitting proves nothing and
is called unstable.

V is the label of a variant of the experiment, the path of an allocator's library,
libexec=DIR for a folder of the lab's measured programs, or rev=REVISION for a git
revision of the lab, whose programs are built in a temporary work tree. A library
replaces that of the variants with its allocator, programs those of all variants;
--variant limits that.

It ends with 0 where nothing is worse, 1 for a regression, 3 where 30 rounds gave no
answer or the sitting was unstable, 5 if a trial failed.`,
		Example: `  alloclab ab ci --base ptmalloc --new jemalloc
  alloclab ab ci --base jemalloc --new /opt/jemalloc-dev/lib/libjemalloc.so.2
  alloclab ab ci --base rev=main --new rev=HEAD --variant ptmalloc | tail -1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	c.Flags().StringVar(&f.base, "base", "", "what to compare with")
	c.Flags().StringVar(&f.new, "new", "", "what to compare")
	c.Flags().StringVar(&f.out, "out", "", "directory of the results (default out/NAME-ab-TIME)")
	c.Flags().StringArrayVar(&f.variants, "variant", nil, "variants of the experiment to compare, where --base and --new name none (default all)")
	c.Flags().StringSliceVar(&f.metrics, "metrics", nil, "the family that is judged (default that of [gate])")
	for _, name := range []string{"base", "new"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was just defined
		}
	}
	complete(c, "metrics", results.Judged()...)
	f.formats.flag(c)
	c.ValidArgsFunction = completePresets
	return c
}

func (f abFlags) run(cmd *cobra.Command, experiment string) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	if err := f.formats.holdComparison(); err != nil {
		return err
	}
	lab, err := findLab()
	if err != nil {
		return err
	}
	e, err := configs.Load(experiment, lab.catalog)
	if err != nil {
		return err
	}
	s := session{base: f.base, new: f.new, gate: e.Gate, out: stderr, formats: f.formats}
	if f.metrics != nil {
		s.gate.Metrics = f.metrics
	}
	s.gate.FailInconclusive = true // an answer is what was asked for
	base, err := parseSide(f.base, e)
	if err != nil {
		return fmt.Errorf("--base %s: %w", f.base, err)
	}
	new, err := parseSide(f.new, e)
	if err != nil {
		return fmt.Errorf("--new %s: %w", f.new, err)
	}
	subjects, err := f.subjects(e, base, new)
	if err != nil {
		return err
	}
	for _, side := range []*side{&base, &new} {
		remove, err := side.build(ctx, stderr)
		if err != nil {
			return err
		}
		defer remove()
	}
	e.Variants = s.pair(subjects, base, new)
	e.Rounds = looks[len(looks)-1].rounds
	if s.dir = f.out; s.dir == "" {
		s.dir = filepath.Join("out", e.Name+"-ab-"+time.Now().Format("20060102-150405"))
	}
	return s.measure(cmd, lab, e)
}

// session is one sitting of ab.
type session struct {
	base, new string // as the user named them
	dir       string
	gate      configs.Gate
	pairs, aa []change.Pair
	out       io.Writer
	formats   formats
}

// pair makes three variants of each subject: the base, the base again, the new.
func (s *session) pair(subjects []configs.Variant, base, new side) (variants []configs.Variant) {
	for _, subject := range subjects {
		a, b := base.apply(subject), new.apply(subject)
		again := a
		again.Label += ", again"
		name := b.Label
		if b.Label == a.Label {
			b.Label += ", new"
		}
		variants = append(variants, a, again, b)
		s.pairs = append(s.pairs, change.Pair{Base: a.Label, New: b.Label, Name: name})
		s.aa = append(s.aa, change.Pair{Base: a.Label, New: again.Label, Name: again.Label})
	}
	return variants
}

// measure runs the sitting and prints the judgement.
func (s *session) measure(cmd *cobra.Command, lab lab, e *configs.Experiment) error {
	progress := newProgress(s.out)
	run, err := runner.Run(cmd.Context(), runner.Options{
		Experiment: e, Catalog: lab.catalog, Binaries: lab.binaries, Dir: s.dir, Tool: version(), SampleRate: runner.DefaultRate, PollEvery: runner.DefaultPoll,
		Progress: progress.trial,
		Note:     func(text string) { fmt.Fprintln(s.out, "note:", text) },
		Enough:   s.enough,
	})
	if err != nil {
		if run == nil {
			return unfitOrUsage(err)
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
		return withCode(exitUnfit, err)
	}
	last, ok := lookAt(run.Rounds)
	if !ok {
		last = looks[len(looks)-1] // a family of figures that repeat was decided before the first
	}
	c, err := s.compare(last.level)
	if err != nil {
		return err
	}
	return conclusion(cmd, c, s.gate, s.formats)
}

// compare judges what has been measured so far: the pairs, and whether the A/A
// pairs differ.
func (s *session) compare(level float64) (change.Comparison, error) {
	set, warnings, err := readSet(s.dir)
	if err != nil {
		return change.Comparison{}, err
	}
	rules := change.Rules{Metrics: s.gate.Metrics, MinEffect: s.gate.MinEffect, Level: level}
	c, err := change.Among(set, s.pairs, rules)
	if err != nil {
		return c, err
	}
	c.Base, c.New, c.Warnings = s.base, s.new, slices.Concat(warnings, c.Warnings)
	same, err := change.Among(set, s.aa, rules)
	if err != nil {
		return c, err
	}
	for _, x := range same.Changes {
		if x.Verdict == change.Improved || x.Verdict == change.Regressed {
			c.Unstable = fmt.Sprintf("%s of %s in %s moved %s against the same thing beside it", x.Metric.Name, x.Base.Label, x.Cell, byHow(x.Ratio))
			break
		}
	}
	return c, nil
}

// enough says after a look whether every figure of the pass has its verdict. A
// pass of figures that repeat needs one round.
func (s *session) enough(pass string, round int) bool {
	rules := change.Rules{Metrics: s.gate.Metrics}
	tested, repeating := rules.Of(pass)
	if tested == 0 && (repeating > 0 || round >= looks[0].rounds) {
		return true
	}
	l, ok := lookAt(round)
	if !ok {
		return false
	}
	c, err := s.compare(l.level)
	if err != nil {
		fmt.Fprintln(s.out, "note: what has been measured cannot be judged yet:", err)
		return false
	}
	open := 0
	for i := range c.Changes {
		if x := &c.Changes[i]; x.Gated && x.Pass == pass && x.Verdict == change.Inconclusive {
			open++
		}
	}
	if open > 0 && l != looks[len(looks)-1] {
		fmt.Fprintf(s.out, "note: after %d rounds %d figures have no verdict yet: rounds are added\n", round, open)
	}
	return open == 0
}
