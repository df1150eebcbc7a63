package report

import (
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/results"
)

// Answer is the table of one cell: what a person wants to know first. All its
// words have passed results.Plain.
type Answer struct {
	Cell  results.Cell
	Title string // experiment and cell in words
	Unit  string // of all columns of RSS
	Head  []string
	// Rows has one line a variant, in the order of Head. A figure that ends in
	// " !" has a note; "–" stands where there is none.
	Rows     [][]string
	Notes    []Note
	Findings []analysis.Finding
}

// Note is what must not be overlooked, and of whom.
type Note struct {
	Variants []string
	Text     string
}

// Columns of an answer that are always there.
const (
	ColumnVariant = iota
	ColumnPeak
	ColumnFreed
	ColumnIdle
	ColumnPurged
	ColumnLive
	ColumnStays
)

// Answers are the tables of all cells, those without a trial left out.
func Answers(run results.Run, trials []results.Trial, o cause.Options) []Answer {
	found := map[string][]analysis.Finding{}
	for _, c := range cause.Findings(run, trials, o) {
		found[c.Name] = c.Findings
	}
	var all []Answer
	for _, cell := range run.CellsOf(trials) {
		rows := rows(run, cell, trials)
		if len(rows) == 0 {
			continue
		}
		scale := sizeScale(rows)
		a := Answer{Cell: cell, Title: results.Plain(cell.Title()), Unit: scale.unit, Notes: notes(rows), Findings: found[cell.Name]}
		if name := run.Experiment.Name; name != "" && !(cell.Program != nil && name == cell.Workload) {
			a.Title = results.Plain(name) + ": " + a.Title
		}
		a.Head, a.Rows = grid(rows, scale, cell.Program != nil)
		all = append(all, a)
	}
	return all
}

// spread says what "±" means, where a row has one.
func (a Answer) spread() string {
	for _, row := range a.Rows {
		for _, text := range row[ColumnStays+1:] {
			if strings.Contains(text, "±") {
				return "; ± holds all rounds"
			}
		}
	}
	return ""
}

// grid is the table's text. Columns at the end that no variant has a figure
// for are left out.
func grid(rows []row, s scale, program bool) (head []string, lines [][]string) {
	rate := rateScale(rows)
	timed := false
	for _, r := range rows {
		timed = timed || r.p99().ok
	}
	head = []string{"variant", "peak", "freed", "idle", "purged", "live", "what stays at idle"}
	if program { // which frees what it likes, and whose operations nobody counts
		head[ColumnFreed], head[ColumnStays] = "load end", "what stays"
		head = append(head, "CPU s", "wall s")
	}
	if rate.unit != "" {
		head = append(head, rate.unit)
	}
	if timed {
		head = append(head, "p99 malloc")
	}
	for _, r := range rows {
		idle := s.show(r.metric(results.MetricRSSIdle))
		if r.tooShort != "" {
			idle += " !"
		}
		line := []string{
			shorten(r.variant.Name(), 40),
			s.show(r.metric(results.MetricRSSPeak)), s.show(r.metric(results.MetricRSSFreed)), idle, s.show(r.metric(results.MetricRSSPurged)),
			s.show(r.live()), r.stays(s),
		}
		if program {
			line = append(line, r.spread(results.MetricCPU, 1), r.spread(results.MetricWall, 1))
		}
		if rate.unit != "" {
			line = append(line, r.spread(results.MetricOpsPerCPUS, rate.size))
		}
		if timed {
			line = append(line, latency(r.p99()))
		}
		lines = append(lines, line)
	}
	return head, lines
}

// latency prints a time with two digits: buckets are a sixteenth wide.
func latency(f figure) string {
	if !f.ok {
		return absent
	}
	return results.Seconds(twoDigits(f.value))
}

// notes are what must not be overlooked; who has the same is named together.
func notes(rows []row) []Note {
	var all []Note
	place := map[string]int{}
	for _, r := range rows {
		slow := losses(r.slow)
		if slow != "" {
			slow = "latency pass: " + slow
		}
		for _, text := range []string{r.tooShort, losses(r.all), slow} {
			if text == "" {
				continue
			}
			i, known := place[text]
			if !known {
				i = len(all)
				place[text] = i
				all = append(all, Note{Text: text})
			}
			all[i].Variants = append(all[i].Variants, r.variant.Name())
		}
	}
	return all
}
