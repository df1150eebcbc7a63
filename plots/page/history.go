package page

import (
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alloclab/analysis/change"
	"alloclab/plots"
	"alloclab/report"
	"alloclab/results"
)

// HistoryFile is the name of a history's page.
const HistoryFile = "history.html"

// Bounds of the tables: the newest commits of a series, and of all series.
const (
	maxCommits    = 100
	maxAllCommits = 12_000
)

// historyPage is what its template is filled with.
type historyPage struct {
	Standing                 []standingLine
	Warnings                 []string
	Cells, Variants, Metrics []string
	Series                   []historySeries
	Facts                    []string

	Policy    string
	Style     template.CSS
	PageLogic template.JS
}

// standingLine is a line of the standing; Word is "ALARM", "AGAIN", "WORSE" or "".
type standingLine struct{ Word, Text string }

// historySeries is one series in the page.
type historySeries struct {
	Cell, Variant, Metric string
	State                 string // alarm, again, worse, or ""
	Words                 string
	Figure                inlined
	Rows                  []historyRow // the newest first
	Left                  int          // commits without a row
}

type historyRow struct {
	Commit, Link, Date, Median, Interval, Trials, Normal, Place string
	Machine                                                     string
}

// DrawHistory writes the figures of all watched series into the directory, and
// a page of all series. Those that alarm come first in it.
func DrawHistory(dir string, all []change.Series, watched, warnings []string) (figures []string, path string, err error) {
	folder := filepath.Join(dir, results.FiguresDir)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, "", err
	}
	standing := change.Check(all)
	p := newHistoryPage(standing, all, watched, warnings)
	in := &page{dark: plots.DarkColours(), budget: &budget{}}
	states := statesOf(standing)
	order := slices.Clone(all)
	rank := func(s change.Series) int {
		watchedRank := 5
		if s.Watched {
			watchedRank = 4
		}
		return min(watchedRank, map[string]int{"alarm": 1, "again": 2, "worse": 3, "": 9}[states[key(s)]])
	}
	slices.SortStableFunc(order, func(a, b change.Series) int { return rank(a) - rank(b) })
	for _, s := range order {
		d := plots.Drawing{Kind: "history", Name: plots.HistoryName(s), Title: plots.HistoryTitle(s), Figure: plots.History(s, "")}
		if d.Figure == nil {
			continue
		}
		if s.Watched {
			written, err := plots.History(s, d.Title).Write(folder, d.Name)
			figures = append(figures, written...)
			if err != nil {
				return figures, "", err
			}
		}
		drawn, err := in.inline([]plots.Drawing{d})
		if err != nil {
			return figures, "", err
		}
		h := seriesSection(s, states[key(s)], min(maxCommits, max(10, maxAllCommits/len(all))))
		h.Figure = drawn[0]
		if !s.Watched {
			h.Figure.File = "" // it is in the page or nowhere
		}
		p.Series = append(p.Series, h)
	}
	path = filepath.Join(dir, HistoryFile)
	return figures, path, results.WriteWhole(path, func(w io.Writer) error { return p.write(w, in) })
}

func key(s change.Series) string { return s.Cell + "\x00" + s.Variant + "\x00" + s.Metric.Name }

func statesOf(s change.Standing) map[string]string {
	states := map[string]string{}
	for _, stand := range s.Judged {
		if stand.Commit.Place == change.Worse {
			states[key(stand.Series)] = "worse"
		}
	}
	for _, stand := range s.Again() {
		states[key(stand.Series)] = "again"
	}
	for _, stand := range s.Alarms() {
		states[key(stand.Series)] = "alarm"
	}
	return states
}

func newHistoryPage(s change.Standing, all []change.Series, watched, warnings []string) *historyPage {
	p := &historyPage{}
	var words strings.Builder
	_ = report.Standing(&words, s, watched) // a builder takes everything
	for line := range strings.Lines(words.String()) {
		word, text, marked := strings.Cut(line, "  ")
		if !marked || strings.ToUpper(word) != word {
			word, text = "", line
		}
		p.Standing = append(p.Standing, standingLine{word, text})
	}
	for i, w := range warnings {
		if i == maxLost {
			p.Warnings = append(p.Warnings, fmt.Sprintf("and %d more", len(warnings)-maxLost))
			break
		}
		p.Warnings = append(p.Warnings, results.Plain(w))
	}
	commits := map[string]bool{}
	add := func(list *[]string, name string) {
		if name = results.Plain(name); !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, series := range all {
		add(&p.Cells, series.Cell)
		add(&p.Variants, series.Variant)
		add(&p.Metrics, series.Metric.Name)
		for _, segment := range series.Segments {
			for _, c := range segment.Commits {
				commits[c.Commit] = true
			}
		}
	}
	p.Facts = []string{fmt.Sprintf("%d commits, %d series", len(commits), len(all))}
	return p
}

// seriesSection is a series with its newest commits in rows, at most so many.
func seriesSection(s change.Series, state string, most int) historySeries {
	h := historySeries{Cell: results.Plain(s.Cell), Variant: results.Plain(s.Variant), Metric: s.Metric.Name, State: state,
		Words: map[string]string{"alarm": "alarm", "again": "measure again", "worse": "worse than normal"}[state]}
	type placed struct {
		change.Commit
		machine string
	}
	var commits []placed
	for _, segment := range s.Segments {
		for _, c := range segment.Commits {
			commits = append(commits, placed{c, segment.Machine})
		}
	}
	slices.SortStableFunc(commits, func(a, b placed) int { return b.Time.Compare(a.Time) })
	for i, c := range commits {
		if i == most {
			h.Left = len(commits) - i
			break
		}
		value := func(v float64) string { return results.Value(s.Metric.Unit, v) }
		row := historyRow{Commit: plots.ShortCommit(c.Commit.Commit), Link: results.WebLink(c.URL), Date: c.Time.UTC().Format(time.DateOnly),
			Median: value(c.Median), Interval: value(c.Low) + " to " + value(c.High), Trials: fmt.Sprint(c.N), Normal: absent, Machine: results.Plain(c.machine)}
		if c.Runs > 1 {
			row.Trials += fmt.Sprintf(" in %d runs", c.Runs)
		}
		if c.Band != nil {
			row.Normal = value(c.Band.Low) + " to " + value(c.Band.High)
			row.Place = map[int]string{change.Within: "", change.Worse: "worse", change.Better: "better"}[c.Place]
		}
		if c.Alarm {
			row.Place = "alarm"
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func (p *historyPage) write(w io.Writer, in *page) error {
	logic := asset("history.js")
	p.Style = template.CSS(asset("page.css") + asset("history.css") + in.darkStyle()) // our own text
	p.PageLogic = template.JS(logic)                                                  // our own text
	p.Policy = "default-src 'none'; script-src " + hash(logic) + "; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
	return historyLayout.Execute(w, p)
}

var historyLayout = template.Must(template.New("history.html").ParseFS(assets, "assets/history.html"))
