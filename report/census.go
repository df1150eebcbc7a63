package report

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"alloclab/analysis/cause"
	"alloclab/results"
)

// Census prints what the census pass found of each program: at each mark how
// much its blocks hold and what holds the rest, and by size what is live. Of several rounds it
// shows the first that counts: accounts of different processes do not add up. It prints nothing where no program was counted.
func Census(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, cell := range run.CellsOf(trials) {
		counted := firstCounted(run, cell.Name, trials)
		if len(counted) == 0 {
			continue
		}
		var out strings.Builder
		fmt.Fprintf(&out, "\n%s · census pass: every block reported, in processes of their own; no speed is taken\n", titleOf(run, cell))
		table := [][]string{{"variant", "mark", "RSS", "live", "pinned", "empty", "unmanaged", "other", "blocks"}}
		for _, t := range counted {
			for i := range t.Marks {
				m := &t.Marks[i]
				if m.Ledger == nil {
					continue
				}
				l := m.Ledger
				name := m.Name
				if m.Racy {
					name += " (racy)"
				}
				row := []string{nameOf(run, t), name, cause.Size(float64(m.RSS - l.Lab))}
				for _, bytes := range []int64{l.Live, l.Pinned, l.Empty, l.Unmanaged, l.Other} {
					row = append(row, cause.Size(float64(bytes)))
				}
				table = append(table, append(row, fmt.Sprint(m.Blocks)))
			}
		}
		out.WriteString(columns(table, 2))
		out.WriteString(wrap("Live is what blocks may hold (malloc_usable_size): what was asked for is not known, and rounding is in it. Unmanaged is what the program mapped itself.", 116, ""))
		for i := range trials {
			if t := &trials[i]; t.Cell == cell.Name && t.Pass == results.PassCensus && t.Status != results.StatusOK {
				fmt.Fprintf(&out, "! %s: its census ended with %s\n", nameOf(run, t), strings.ReplaceAll(string(t.Status), "_", " "))
			}
		}
		out.WriteString(sizes(run, counted))
		if _, err := io.WriteString(w, out.String()+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// sizesShown is how many size classes the text has; the results have more.
const sizesShown = 8

// sizes is the table of live blocks by size, where most were live.
func sizes(run results.Run, counted []*results.Trial) string {
	var out strings.Builder
	for _, t := range counted {
		var most *results.Mark
		for i := range t.Marks {
			if m := &t.Marks[i]; len(m.Classes) > 0 && (most == nil || m.Usable > most.Usable) {
				most = m
			}
		}
		if most == nil {
			continue
		}
		table := [][]string{{"usable size", "blocks", "bytes", "of live"}}
		shown := int64(0)
		for i, c := range most.Classes {
			if i == sizesShown {
				break
			}
			shown += c.Bytes
			table = append(table, []string{fmt.Sprint(c.Usable), fmt.Sprint(c.Blocks), cause.Size(float64(c.Bytes)), partOf(c.Bytes, most.Usable)})
		}
		if rest := most.Usable - shown; rest > 0 {
			table = append(table, []string{"all others", "", cause.Size(float64(rest)), partOf(rest, most.Usable)})
		}
		fmt.Fprintf(&out, "\nLive blocks by size under %s at %s:\n%s", nameOf(run, t), most.Name, columns(table, 0))
		if len(most.Kinds) > 0 {
			table := [][]string{{"usable size", "begins with", "as text", "blocks", "bytes"}}
			for i, k := range most.Kinds {
				if i == kindsShown {
					break
				}
				table = append(table, []string{fmt.Sprint(k.Usable), k.First, asText(k.First), fmt.Sprint(k.Blocks), cause.Size(float64(k.Bytes))})
			}
			fmt.Fprintf(&out, "\nThe same by their first 8 bytes:\n%s", columns(table, 0))
		}
		break // the sizes that a program asks for are the program's: one variant shows them
	}
	return out.String()
}

// kindsShown is how many groups by first bytes the text has.
const kindsShown = 12

// asText shows printable ASCII and a point for any other byte.
func asText(hexadecimal string) string {
	bytes, err := hex.DecodeString(hexadecimal)
	if err != nil {
		return absent
	}
	for i, b := range bytes {
		if b < ' ' || b > '~' {
			bytes[i] = '.'
		}
	}
	return string(bytes)
}

func partOf(part, whole int64) string {
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

// firstCounted is the first trial of the census pass that counts, of each
// variant in the run's order.
func firstCounted(run results.Run, cell string, trials []results.Trial) (first []*results.Trial) {
	for _, v := range run.Variants {
		var found *results.Trial
		for i := range trials {
			t := &trials[i]
			if t.Cell == cell && t.Variant == v.Label && t.Pass == results.PassCensus && t.Status == results.StatusOK && (found == nil || t.Round < found.Round) {
				found = t
			}
		}
		if found != nil {
			first = append(first, found)
		}
	}
	return first
}
