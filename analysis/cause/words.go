package cause

import (
	"fmt"
	"math"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// words writes sentences. Whatever number it puts into one it also keeps as a
// figure, so that no sentence says what the run has not measured.
type words struct {
	figures []analysis.Figure
	kept    map[string]bool
}

func (w *words) keep(name, unit string, m stat.Median) {
	if w.kept == nil {
		w.kept = map[string]bool{}
	}
	if w.kept[name] {
		return
	}
	w.kept[name] = true
	w.figures = append(w.figures, analysis.Figure{Name: name, Unit: unit, Value: m.Value, Low: m.Low, High: m.High, N: m.N})
}

func (w *words) size(name string, m stat.Median) string {
	w.keep(name, "B", m)
	return Size(m.Value)
}

// percent prints a fraction.
func (w *words) percent(name string, fraction float64, n int) string {
	w.keep(name, "1", stat.Median{Value: fraction, Low: fraction, High: fraction, N: n})
	return percent(fraction)
}

// change prints a ratio as what it is more or less than 1; what rounds to
// nothing has no direction.
func (w *words) change(name string, ratio float64, n int) string {
	w.keep(name, "1", stat.Median{Value: ratio - 1, Low: ratio - 1, High: ratio - 1, N: n})
	if math.Round(100*(ratio-1)) == 0 {
		return "the same"
	}
	return signed(ratio - 1)
}

func (w *words) count(name string, m stat.Median) string {
	w.keep(name, "1", m)
	return count(m.Value)
}

func (w *words) seconds(name string, m stat.Median) string {
	w.keep(name, "s", m)
	return seconds(m.Value)
}

// number is a value of one source: a setting, not a measurement.
func number(v float64) stat.Median { return stat.Median{Value: v, Low: v, High: v, N: 1} }

func percent(fraction float64) string { return fmt.Sprintf("%.0f %%", 100*fraction) }

func signed(fraction float64) string {
	return strings.ReplaceAll(fmt.Sprintf("%+.0f %%", 100*fraction), "-", "−")
}

func count(v float64) string { return fmt.Sprintf("%.0f", v) }

// seconds prints with two significant digits: no purge repeats to more.
func seconds(v float64) string {
	if v > 0 {
		step := math.Pow(10, math.Floor(math.Log10(v))-1)
		v = math.Round(v/step) * step
	}
	return results.Seconds(v)
}

// Size prints bytes as tables do: no digits that no run repeats.
func Size(bytes float64) string {
	if bytes < 0 {
		return "−" + Size(-bytes)
	}
	switch a := bytes; {
	case a >= 9.995*(1<<30):
		return fmt.Sprintf("%.1f GiB", bytes/(1<<30))
	case a >= 9.95*(1<<20):
		return fmt.Sprintf("%.0f MiB", bytes/(1<<20))
	case a >= 1<<20:
		return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
	case a >= 1<<10:
		return fmt.Sprintf("%.0f KiB", bytes/(1<<10))
	}
	return fmt.Sprintf("%.0f B", bytes)
}

// list joins parts of a sentence.
func list(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}
