// Package report prints what a run found, as text: the table at the end of a
// run. Every name in it has passed results.Plain, since names come from files
// that others wrote.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"alloclab/analysis/cause"
	"alloclab/results"
)

// Table prints a table for each cell of the run: one row a variant, medians
// over the trials that count, and below it what must not be overlooked. Trials
// that failed or were starved are counted and named, never averaged. The last
// line says whether all ledgers add up.
func Table(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, a := range Answers(run, trials, cause.Options{}) {
		head := a.Title + " · " + heading(run) + "     RSS in " + a.Unit + ", median" + a.spread() + "\n"
		var notes strings.Builder
		for _, n := range a.Notes {
			fmt.Fprintf(&notes, "! %s: %s\n", strings.Join(n.Variants, ", "), n.Text)
		}
		if _, err := io.WriteString(w, head+layout(append([][]string{a.Head}, a.Rows...))+notes.String()+"\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, Tally(trials)+"\n")
	return err
}

// heading says how often it was run, and where.
func heading(run results.Run) string {
	var parts []string
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

// Tally says of all trials whether their ledgers add up, and how many failed.
func Tally(trials []results.Trial) string {
	sound, all, failed, starved := 0, 0, 0, 0
	for i := range trials {
		t := &trials[i]
		switch {
		case t.Status != results.StatusOK:
			failed++
		case t.Starved() || t.Salvaged != nil:
			starved++
		}
		for _, m := range slices.Concat(t.Marks, t.Looks) {
			sum := int64(0)
			switch {
			case m.Ledger != nil:
				sum = m.Ledger.Total()
			case m.Resident != nil:
				sum = m.Resident.Total()
			default:
				continue
			}
			all++
			if !m.Racy && sum == m.RSS {
				sound++
			}
		}
	}
	line := fmt.Sprintf("Failed: %d.", failed)
	if all > 0 { // passes that look at no mark have none
		line = fmt.Sprintf("Ledgers: %d of %d add up. ", sound, all) + line
	}
	if starved > 0 {
		line += fmt.Sprintf(" Starved: %d.", starved)
	}
	return line
}
