package format

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// actionEntry is an entry of github-action-benchmark's own JSON.
type actionEntry struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Range string  `json:"range,omitempty"`
	Extra string  `json:"extra,omitempty"`
}

func actionSmaller(w io.Writer, all []change.Summary) error { return action(w, all, results.Lower) }
func actionBigger(w io.Writer, all []change.Summary) error  { return action(w, all, results.Higher) }

// action writes the medians that are better in one direction: the action takes
// a file for each. Sizes are in MiB, since it draws values as they are.
func action(w io.Writer, all []change.Summary, better results.Better) error {
	entries := []actionEntry{} // an empty list, not null, where there are none
	for _, s := range all {
		if s.Metric.Better != better {
			continue
		}
		e := actionEntry{Name: s.Cell + " " + s.Variant + " " + s.Metric.Name, Unit: s.Metric.Unit, Value: s.Median,
			Extra: fmt.Sprintf("n=%d", s.N)}
		half := math.Max(s.High-s.Median, s.Median-s.Low)
		if e.Unit == "B" {
			e.Unit, e.Value, half = "MiB", s.Median/(1<<20), half/(1<<20)
		}
		if s.N > 1 { // in the value's unit: the action reads it as a number
			digits, _ := strconv.ParseFloat(fmt.Sprintf("%.3g", half), 64)
			e.Range = "± " + number(digits)
		}
		if s.Machine != "" {
			e.Extra += "\nmachine=" + s.Machine
		}
		entries = append(entries, e)
	}
	return indented(w, entries)
}

// indented writes JSON for people too. Marshal writes <, > and & as \u escapes.
func indented(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// bencherValue is a metric in Bencher's format; lower and upper are the interval.
type bencherValue struct {
	Value float64 `json:"value"`
	Lower float64 `json:"lower_value"`
	Upper float64 `json:"upper_value"`
}

// maxBencherName is the longest name that Bencher takes for a benchmark.
const maxBencherName = 1024

// bencher writes the Bencher Metric Format: benchmark, measure, values.
func bencher(w io.Writer, all []change.Summary) error {
	out := map[string]map[string]bencherValue{}
	for _, s := range all {
		benchmark := s.Cell + " " + s.Variant
		if name := []rune(benchmark); len(name) > maxBencherName {
			sum := sha256.Sum256([]byte(benchmark))
			benchmark = string(name[:maxBencherName-7]) + "~" + hex.EncodeToString(sum[:3])
		}
		if out[benchmark] == nil {
			out[benchmark] = map[string]bencherValue{}
		}
		out[benchmark][strings.ReplaceAll(s.Metric.Name, "_", "-")] = bencherValue{s.Median, s.Low, s.High}
	}
	return indented(w, out)
}
