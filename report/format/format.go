// Package format writes what other tools read: benchmark text, JUnit, metrics,
// tables. A format is one file; the registry here is the only list of them.
//
// Names come from experiments and results that others wrote. Each format takes
// away what has a meaning of its own there: see escape_test.go for what is tried.
package format

import (
	"io"

	"alloclab/analysis/change"
	"alloclab/results"
)

// Run is a run to be written. Only trials that count give figures.
type Run struct {
	results.Run
	Trials   []results.Trial
	Warnings []string // of reading the run
	Dir      string   // of its files, for those who look for more
}

// summaries are the run's medians and what was said about them.
func (r Run) summaries() ([]change.Summary, []string) {
	all, warnings := change.Summaries(r.Run, r.Trials)
	return all, append(append([]string(nil), r.Warnings...), warnings...)
}

// Format is one way of writing a run, and mostly a comparison too.
type Format struct {
	Name string
	Doc  string // what reads it
	// Run and Comparison write the whole text. Comparison is nil where the format
	// has no place for one.
	Run        func(io.Writer, Run) error
	Comparison func(io.Writer, change.Comparison) error
	// Limit is the most that the reader takes in one file, in bytes; 0 is no
	// limit. A format with a limit is added to the end of its file.
	Limit int64
}

// All are the formats, in the order in which help lists them.
func All() []Format {
	return []Format{
		{Name: "gobench", Doc: "Go benchmark text, one line a trial: benchstat, Bencher", Run: goBench},
		{Name: "action-smaller", Doc: "github-action-benchmark, tool customSmallerIsBetter", Run: runOf(actionSmaller), Comparison: comparisonOf(actionSmaller)},
		{Name: "action-bigger", Doc: "github-action-benchmark, tool customBiggerIsBetter", Run: runOf(actionBigger), Comparison: comparisonOf(actionBigger)},
		{Name: "bencher", Doc: "Bencher Metric Format: bencher run --adapter json", Run: runOf(bencher), Comparison: comparisonOf(bencher)},
		{Name: "junit", Doc: "JUnit XML: GitLab, Jenkins, Azure", Run: junitRun, Comparison: junitComparison},
		{Name: "github-summary", Doc: "Markdown for $GITHUB_STEP_SUMMARY, added to its end", Run: summaryRun, Comparison: summaryComparison, Limit: stepSummaryLimit},
		{Name: "github-annotations", Doc: "::error, ::warning and ::notice lines for the log of a GitHub action", Run: annotateRun, Comparison: annotateComparison},
		{Name: "openmetrics", Doc: "OpenMetrics: GitLab reports:metrics, Prometheus' textfile collector", Run: openMetricsRun, Comparison: openMetricsComparison},
		{Name: "csv", Doc: "CSV, one line a median or a comparison", Run: csvRun, Comparison: csvComparison},
		{Name: "markdown", Doc: "Markdown tables", Run: markdownRun, Comparison: markdownComparison},
	}
}

// Names are the names of all formats.
func Names() []string {
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
	}
	return names
}

// ByName is the format of that name, and whether there is one.
func ByName(name string) (Format, bool) {
	for _, f := range All() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// medianWriter writes figures of which only the median and its interval matter.
type medianWriter func(io.Writer, []change.Summary) error

func runOf(write medianWriter) func(io.Writer, Run) error {
	return func(w io.Writer, r Run) error {
		all, _ := r.summaries()
		return write(w, plainSummaries(all))
	}
}

// comparisonOf writes the new side of a comparison.
func comparisonOf(write medianWriter) func(io.Writer, change.Comparison) error {
	return func(w io.Writer, c change.Comparison) error {
		var all []change.Summary
		for _, ch := range c.Changes {
			all = append(all, change.Summary{Cell: ch.Cell, Variant: ch.Variant, Metric: ch.Metric,
				N: ch.New.N, Median: ch.New.Median, Low: ch.New.Low, High: ch.New.High})
		}
		return write(w, plainSummaries(all))
	}
}
