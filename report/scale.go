package report

import (
	"math"
	"strconv"

	"alloclab/results"
)

// absent stands where a variant does not have a figure.
const absent = "–"

// scale is the unit in which a column is printed.
type scale struct {
	unit string
	size float64
}

// sizeScale is MiB, or KiB where every heap of the cell is below 10 MiB.
func sizeScale(rows []row) scale {
	for _, r := range rows {
		for _, name := range []string{results.MetricRSSPeak, results.MetricRSSFreed, results.MetricRSSIdle, results.MetricRSSPurged} {
			if f := r.metric(name); f.ok && f.value >= 10<<20 {
				return scale{"MiB", 1 << 20}
			}
		}
	}
	return scale{"KiB", 1 << 10}
}

// rateScale is for operations per CPU second; its unit is empty where no
// variant has the figure.
func rateScale(rows []row) scale {
	highest, ok := 0.0, false
	for _, r := range rows {
		if f := r.metric(results.MetricOpsPerCPUS); f.ok {
			highest, ok = max(highest, f.value), true
		}
	}
	switch {
	case !ok:
		return scale{"", 1}
	case highest >= 1e5:
		return scale{"Mops/CPU-s", 1e6}
	case highest >= 1e2:
		return scale{"kops/CPU-s", 1e3}
	default:
		return scale{"ops/CPU-s", 1}
	}
}

// show prints a size: without decimals from 10 units on, since no run repeats
// to a tenth of that.
func (s scale) show(f figure) string {
	if !f.ok {
		return absent
	}
	v := f.value / s.size
	if v >= 9.95 || v == 0 || s.unit == "KiB" {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// twoDigits rounds to two significant digits.
func twoDigits(v float64) float64 {
	if v == 0 {
		return 0
	}
	step := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-1)
	return math.Round(v/step) * step
}
