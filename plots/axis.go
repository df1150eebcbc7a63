package plots

import (
	"math"
	"strconv"

	"alloclab/results"
)

// tick is one labelled place of an axis, in the data's own unit.
type tick struct {
	at    float64
	label string
}

// byteTicks are ticks from 0 to top, in round numbers of a binary unit. Only
// the highest carries the unit: it is said once, where it is looked for.
func byteTicks(top float64) []tick {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i, scale := 0, 1.0
	for i < len(units)-1 && top/scale >= 2*1024 { // 1.5 GiB reads well in MiB
		i, scale = i+1, scale*1024
	}
	return ticks(top, scale, units[i])
}

// timeTicks are ticks from 0 to top seconds.
func timeTicks(top float64) []tick {
	switch {
	case top < 1e-3:
		return ticks(top, 1e-6, "µs")
	case top < 1:
		return ticks(top, 1e-3, "ms")
	case top < 300:
		return ticks(top, 1, "s")
	case top < 3*3600:
		return ticks(top, 60, "min")
	default:
		return ticks(top, 3600, "h")
	}
}

// ticks are at most seven places, a round number of units apart.
func ticks(top, scale float64, unit string) []tick {
	top /= scale
	if !(top > 0) || math.IsInf(top, 0) {
		return []tick{{0, "0 " + unit}}
	}
	step := math.Pow(10, math.Floor(math.Log10(top/5)))
	for _, f := range []float64{1, 2, 5, 10} {
		if top/(step*f) <= 6.5 {
			step *= f
			break
		}
	}
	if unit == "B" {
		step = math.Max(1, step)
	}
	var all []tick
	for i := 0; float64(i)*step <= top*(1+1e-9); i++ {
		at := float64(i) * step
		label := strconv.FormatFloat(at, 'f', max(0, int(-math.Floor(math.Log10(step)+1e-9))), 64)
		if i == 0 {
			label = "0"
		}
		all = append(all, tick{at * scale, label})
	}
	all[len(all)-1].label += " " + unit
	return all
}

// round3 prints a size as a label beside a line: three digits are more than
// the eye takes from a figure.
func round3(bytes float64) string {
	if bytes < 1024 {
		return results.Bytes(math.Round(bytes))
	}
	return results.Bytes(bytes)
}
