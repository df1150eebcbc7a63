package results

import (
	"math"
	"strconv"
)

// Number prints a figure with three significant digits, or all digits before
// the point where there are more, and at most two after it: 0.61, 8.10, 531.
func Number(f float64) string {
	switch a := math.Abs(f); {
	case a == 0 || a >= 99.95:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
}

// Bytes prints a size in the largest unit in which it is at least 1; a size
// that is a whole number of units has no decimals: "512 MiB", "1.46 GiB".
func Bytes(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; i < len(units)-1 && math.Abs(n) >= 1024; i++ {
		n /= 1024
	}
	if n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64) + " " + units[i]
	}
	return Number(n) + " " + units[i]
}

// Seconds prints a time in a unit in which it can be read: "250 ms", "30 s",
// "5 min", "1.5 h".
func Seconds(s float64) string {
	scale, unit := 1.0, "s"
	switch a := math.Abs(s); {
	case a == 0:
	case a < 1e-6:
		scale, unit = 1e-9, "ns"
	case a < 1e-3:
		scale, unit = 1e-6, "µs"
	case a < 1:
		scale, unit = 1e-3, "ms"
	case a >= 3600:
		scale, unit = 3600, "h"
	case a >= 300:
		scale, unit = 60, "min"
	}
	return strconv.FormatFloat(math.Round(s/scale*100)/100, 'f', -1, 64) + " " + unit
}

// Value prints a figure in the unit that a metric names ("B", "s", "1/s", "1"),
// for people: "512 MiB", "250 ms", "1.18 M/s", "3"; what is no number is "–".
func Value(unit string, v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case unit == "B":
		return Bytes(v)
	case unit == "s":
		return Seconds(v)
	case unit == "1/s" && math.Abs(v) >= 1e6:
		return Number(v/1e6) + " M/s"
	case unit == "1/s" && math.Abs(v) >= 1e3:
		return Number(v/1e3) + " k/s"
	case unit == "1/s":
		return Number(v) + " /s"
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return Number(v)
	}
}
