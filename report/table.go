// Package report prints what a run found, as text: the table at the end of a
// run. Every name in it has passed results.Plain, since names come from files
// that others wrote.
package report

import (
	"fmt"
	"io"
	"strings"

	"alloclab/results"
)

// Table prints a table for each cell of the run: one row a variant, medians
// over the trials that count, and below it what must not be overlooked. Trials
// that failed or were starved are counted and named, never averaged. The last
// line says whether all ledgers add up.
func Table(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, cell := range cells(run, trials) {
		rows := rows(run, cell, trials)
		if len(rows) == 0 {
			continue
		}
		scale := sizeScale(rows)
		head := heading(run, cell) + "     RSS in " + scale.unit + ", median\n"
		if _, err := io.WriteString(w, head+layout(grid(rows, scale))+notes(cell, rows)+"\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, tally(trials)+"\n")
	return err
}

// heading says what was run, how often and where.
func heading(run results.Run, cell results.Cell) string {
	parts := []string{results.Plain(cell.Title())}
	if name := run.Experiment.Name; name != "" {
		parts[0] = results.Plain(name) + ": " + parts[0]
	}
	rounds := "1 round"
	if run.Rounds != 1 {
		rounds = fmt.Sprintf("%d rounds", run.Rounds)
	}
	parts = append(parts, rounds)
	var machine []string
	for _, field := range []struct{ name, form string }{
		{results.FieldCores, "%s cores"}, {results.FieldLibc, "%s"}, {results.FieldKernel, "%s"}, {results.FieldTHP, "THP %s"},
	} {
		if v := run.Fingerprint.Memory[field.name]; v != "" {
			machine = append(machine, fmt.Sprintf(field.form, results.Plain(v)))
		}
	}
	if len(machine) > 0 {
		parts = append(parts, strings.Join(machine, ", "))
	}
	return strings.Join(parts, " · ")
}

// grid is the table's text, headings first.
func grid(rows []row, s scale) [][]string {
	rate := rateScale(rows)
	table := [][]string{{"variant", "peak", "freed", "idle", "purged", "live", "what stays at idle", rate.unit}}
	for _, r := range rows {
		idle := s.show(r.metric(results.MetricRSSIdle))
		if r.tooShort != "" {
			idle += " !"
		}
		table = append(table, []string{
			shorten(r.variant.Name(), 40),
			s.show(r.metric(results.MetricRSSPeak)), s.show(r.metric(results.MetricRSSFreed)), idle, s.show(r.metric(results.MetricRSSPurged)),
			s.show(r.live()), r.stays(s), r.rate(rate),
		})
	}
	if rate.unit == "" { // no workload here counts operations
		for i := range table {
			table[i] = table[i][:7]
		}
	}
	return table
}

// notes are the lines below a table, each beginning with "!".
func notes(cell results.Cell, rows []row) string {
	var text strings.Builder
	var order []string
	who := map[string][]string{}
	for _, r := range rows {
		for _, note := range []string{r.tooShort, r.losses()} {
			if note == "" {
				continue
			}
			if who[note] == nil {
				order = append(order, note)
			}
			who[note] = append(who[note], r.variant.Name())
		}
	}
	for _, note := range order {
		fmt.Fprintf(&text, "! %s: %s\n", strings.Join(who[note], ", "), note)
	}
	return text.String()
}

// tally says of all trials whether their ledgers add up, and how many failed.
func tally(trials []results.Trial) string {
	sound, all, failed, starved := 0, 0, 0, 0
	for i := range trials {
		t := &trials[i]
		switch {
		case t.Status != results.StatusOK:
			failed++
		case t.Starved():
			starved++
		}
		for _, m := range t.Marks {
			if m.Ledger == nil {
				continue
			}
			all++
			if !m.Racy && m.Ledger.Total() == m.RSS {
				sound++
			}
		}
	}
	line := fmt.Sprintf("Ledgers: %d of %d add up. Failed: %d.", sound, all, failed)
	if starved > 0 {
		line += fmt.Sprintf(" Starved: %d.", starved)
	}
	return line
}

// cells are those of the run, and then those that only trials know of, as
// after a merge of directories.
func cells(run results.Run, trials []results.Trial) []results.Cell {
	all := append([]results.Cell(nil), run.Cells...)
	known := map[string]bool{}
	for _, c := range all {
		known[c.Name] = true
	}
	for _, t := range trials {
		if !known[t.Cell] {
			known[t.Cell] = true
			all = append(all, results.Cell{Name: t.Cell, Workload: t.Cell})
		}
	}
	return all
}
