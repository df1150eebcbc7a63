package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"alloclab/analysis/sizing"
	"alloclab/results"
)

// crooked is the distance from its line at which a point makes a line doubtful.
const crooked = 0.1

// Sizing prints what so much live memory takes under each variant. How far the
// size lies beyond all that was measured stands above the figures.
func Sizing(w io.Writer, run results.Run, s sizing.Sizing) error {
	unit := scale{"MiB", 1 << 20}
	if s.Live >= 1<<30 {
		unit = scale{"GiB", 1 << 30}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "sizing: %s, over %s · %s\n", results.Plain(s.Title), results.Plain(strings.ReplaceAll(s.Axis, "_", " ")), heading(run))
	low, high := s.Measured[0], s.Measured[len(s.Measured)-1]
	fmt.Fprintf(&out, "For %s live, in %s; from %d amounts measured, %s to %s live\n",
		results.Bytes(s.Live), unit.unit, len(s.Measured), results.Bytes(math.Round(low)), results.Bytes(math.Round(high)))
	if s.Beyond > 1 {
		end, of := "largest", high
		if s.Live < low {
			end, of = "smallest", low
		}
		out.WriteString(wrap(fmt.Sprintf("! Extrapolated %.3g times beyond the %s that was measured (%s). The intervals hold if the line goes on straight, which nobody has seen: measure nearer to it.",
			s.Beyond, end, results.Bytes(math.Round(of))), 116, "  "))
	}
	table := [][]string{{"", "variant", "provision", "", "peak", "", "idle", "", "per live byte", ""}}
	for _, e := range s.Estimates {
		row := []string{"", shorten(e.Variant.Name(), 40), provision(e.Peak.High / unit.size), "", results.Number(e.Peak.Value / unit.size), "[" + within(e.Peak.Low, e.Peak.High, unit) + "]", absent, ""}
		if e.Idle != nil {
			row[6], row[7] = results.Number(e.Idle.Value/unit.size), "["+within(e.Idle.Low, e.Idle.High, unit)+"]"
		}
		table = append(table, append(row, fmt.Sprintf("%.2f", e.PerByte), ""))
	}
	out.WriteString(alignPairs(table))
	for _, e := range s.Estimates {
		if e.Short != "" {
			out.WriteString(wrap(fmt.Sprintf("! %s: nothing is said of idle: %s", e.Variant.Name(), e.Short), width, "  "))
		}
		if e.Worst > crooked {
			fmt.Fprintf(&out, "! %s: a trial lies %.0f %% off the line, so a line may be the wrong shape\n", e.Variant.Name(), 100*e.Worst)
		}
	}
	out.WriteString(wrap("Provision is the upper end of the 95 % prediction interval of peak RSS, which stands beside it in brackets; per live byte is how much peak RSS grows with each.", 116, ""))
	_, err := io.WriteString(w, out.String())
	return err
}

func within(low, high float64, unit scale) string {
	return results.Number(max(0, low)/unit.size) + ", " + results.Number(high/unit.size)
}

// provision rounds up to three digits: what is provisioned must suffice.
func provision(v float64) string {
	if !(v > 0) {
		return absent
	}
	step := math.Pow(10, math.Floor(math.Log10(v))-2)
	return results.Number(math.Ceil(v/step-1e-9) * step)
}
