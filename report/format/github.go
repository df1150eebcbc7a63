package format

import (
	"fmt"
	"io"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// stepSummaryLimit is what GitHub takes of one step's summary, in bytes; of a
// longer one it shows nothing.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
const stepSummaryLimit = 1024 << 10

func summaryRun(w io.Writer, r Run) error {
	return writeBlocks(w, runBlocks(r), room(w))
}

func summaryComparison(w io.Writer, c change.Comparison) error {
	return writeBlocks(w, comparisonBlocks(c), room(w))
}

// room is what is left of the limit where others wrote into the same file before.
func room(w io.Writer) int64 {
	if f, ok := w.(interface{ Written() int64 }); ok {
		return max(1, stepSummaryLimit-f.Written())
	}
	return stepSummaryLimit
}

// maxAnnotations is how many of a kind GitHub shows of one step.
const maxAnnotations = 10

// annotations collects workflow commands.
type annotations struct {
	out   strings.Builder
	count map[string]int
}

// add writes ::kind title=…::text. Beyond what GitHub shows there is one line
// that says how many more there are.
func (a *annotations) add(kind, title, text string) {
	if a.count == nil {
		a.count = map[string]int{}
	}
	if a.count[kind]++; a.count[kind] < maxAnnotations {
		fmt.Fprintf(&a.out, "::%s title=%s::%s\n", kind, commandProperty(title), commandText(text))
	}
}

func (a *annotations) write(w io.Writer) error {
	for _, kind := range []string{"error", "warning", "notice"} {
		if more := a.count[kind] - maxAnnotations + 1; more > 0 {
			fmt.Fprintf(&a.out, "::%s title=alloclab::and %d more: see the table\n", kind, more)
		}
	}
	_, err := io.WriteString(w, a.out.String())
	return err
}

// The escapes of the runner's own command parser: % first, then what ends a
// value. https://github.com/actions/toolkit, package core, command.ts.
var (
	textEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func commandText(text string) string     { return textEscapes.Replace(results.Plain(text)) }
func commandProperty(text string) string { return propertyEscapes.Replace(results.Plain(text)) }

// annotateRun tells of what failed and of what does not count.
func annotateRun(w io.Writer, r Run) error {
	var a annotations
	good := 0
	for _, g := range groups(r) {
		title := "alloclab: " + g.Cell + " " + g.Variant
		switch {
		case len(g.Failed) > 0:
			a.add("error", title, g.failure())
		case g.nothing() != "":
			a.add("warning", title, g.nothing())
		default:
			good += g.Counts
		}
	}
	_, warnings := r.summaries()
	for _, text := range warnings {
		a.add("warning", "alloclab", text)
	}
	a.add("notice", "alloclab: "+nameOr(r.Experiment.Name, r.Run.Run), fmt.Sprintf("%d of %s count", good, count(len(r.Trials), "trial")))
	return a.write(w)
}

// annotateComparison tells of what decides, and of what got better.
func annotateComparison(w io.Writer, c change.Comparison) error {
	var a annotations
	c = plainComparison(c)
	if c.Unstable != "" {
		a.add("warning", "alloclab: unstable, nothing is proved", c.Unstable)
	}
	if c.Failed > 0 {
		a.add("error", "alloclab", failedWords(c))
	}
	for _, r := range c.Refused {
		kind := "warning"
		if r.Gated {
			kind = "error"
		}
		a.add(kind, "alloclab: not comparable", refusalWords(r))
	}
	for _, ch := range c.Changes {
		title := fmt.Sprintf("alloclab: %s in %s %s", ch.Verdict, ch.Cell, ch.Variant)
		switch {
		case ch.Gated && ch.Verdict == change.Regressed && c.Unstable == "":
			a.add("error", title, describe(ch))
		case ch.Gated && (ch.Verdict == change.Inconclusive || ch.Verdict == change.Regressed):
			a.add("warning", title, describe(ch))
		case ch.Verdict == change.Improved:
			a.add("notice", title, describe(ch))
		}
	}
	for _, text := range c.Warnings {
		a.add("warning", "alloclab", text)
	}
	words, gated := tally(c)
	kind := "notice"
	if gated == 0 {
		kind = "warning"
	}
	a.add(kind, "alloclab: "+c.New+" against "+c.Base, words)
	return a.write(w)
}
