package page

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"alloclab/results"
)

// maxLost bounds the trials that are listed with their output.
const maxLost = 100

// lostTrial is one that failed, got too little of the processor, or warns.
type lostTrial struct {
	What   string // which trial
	Why    string
	Failed bool
	Words  []string // warnings
	Stderr string
}

// lost lists trials that enter no figure, failed ones first, then those that
// count and warn; total is how many there are.
func lost(trials []results.Trial) (all []lostTrial, total int) {
	var failed, starved, warned []lostTrial
	for i := range trials {
		t := &trials[i]
		l := lostTrial{What: results.Plain(fmt.Sprintf("%s · %s · round %d · pass %s · trial %d", t.Cell, t.Variant, t.Round, t.Pass, t.Trial)), Stderr: plainLines(t.Exit.Stderr)}
		for _, w := range t.Warnings {
			l.Words = append(l.Words, results.Plain(w))
		}
		switch {
		case t.Status != results.StatusOK:
			l.Failed = true
			l.Why = results.Plain(strings.ReplaceAll(string(t.Status), "_", " ") + " " + t.Exit.Signal)
			if t.Exit.Code != 0 {
				l.Why += fmt.Sprintf(" (exit code %d)", t.Exit.Code)
			}
			failed = append(failed, l)
		case t.Starved() || t.Salvaged != nil:
			cpu := t.CPU
			if t.Salvaged != nil {
				cpu = *t.Salvaged
			}
			l.Why = fmt.Sprintf("starved: it got %.0f %% of the processor time it could have used", 100*cpu.Obtained/cpu.Wanted)
			starved = append(starved, l)
		case len(t.Warnings) > 0:
			l.Why = "counts, with a warning"
			warned = append(warned, l)
		}
	}
	all = append(append(failed, starved...), warned...)
	return all[:min(len(all), maxLost)], len(all)
}

// plainLines is results.Plain for text of several lines.
func plainLines(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		if !utf8.ValidString(line) {
			line = strings.ToValidUTF8(line, "\uFFFD")
		}
		lines[i] = results.Plain(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}
