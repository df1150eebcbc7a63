package format

import (
	"fmt"
	"io"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// family is one metric in OpenMetrics: its samples must stand together.
type family struct {
	name, unit, help string
	samples          []string
}

func (f *family) add(value float64, labels ...string) {
	f.samples = append(f.samples, f.name+labelled(labels)+" "+number(value))
}

// openMetricsRun has a gauge for each metric: the median of each cell and variant.
func openMetricsRun(w io.Writer, r Run) error {
	all, _ := r.summaries()
	info := &family{name: "alloclab_run_info", help: "The run that the other metrics are of."}
	info.add(1, "run", r.Run.Run, "experiment", r.Experiment.Name, "tool", r.Tool)
	return writeFamilies(w, append([]*family{info}, medians(plainSummaries(all))...))
}

// openMetricsComparison has the medians of the new side, and what they are to the
// old ones.
func openMetricsComparison(w io.Writer, c change.Comparison) error {
	c = plainComparison(c)
	var all []change.Summary
	ratio := &family{name: "alloclab_change_ratio", unit: "ratio", help: "Median of the new side over that of the base."}
	low := &family{name: "alloclab_change_low_ratio", unit: "ratio", help: "Lower end of the 95 % interval of the ratio."}
	high := &family{name: "alloclab_change_high_ratio", unit: "ratio", help: "Upper end of the 95 % interval of the ratio."}
	verdict := &family{name: "alloclab_change_verdict", help: "1 for the verdict that the metric got, 0 for the others."}
	for _, ch := range c.Changes {
		all = append(all, change.Summary{Cell: ch.Cell, Variant: ch.Variant, Metric: ch.Metric, N: ch.New.N, Median: ch.New.Median})
		labels := []string{"cell", ch.Cell, "variant", ch.Variant, "metric", ch.Metric.Name}
		for _, f := range []struct {
			*family
			value float64
		}{{ratio, ch.Ratio}, {low, ch.Low}, {high, ch.High}} {
			if known(f.value) != "" {
				f.add(f.value, labels...)
			}
		}
		for _, v := range []change.Verdict{change.Improved, change.Unchanged, change.Regressed, change.Inconclusive} {
			is := 0.0
			if ch.Verdict == v {
				is = 1
			}
			verdict.add(is, append(labels, "verdict", string(v), "gated", fmt.Sprint(ch.Gated))...)
		}
	}
	return writeFamilies(w, append(medians(all), ratio, low, high, verdict))
}

// medians are a family for each metric, and one of how many trials are behind them.
func medians(all []change.Summary) []*family {
	var families []*family
	n := &family{name: "alloclab_trials", help: "Trials behind a median."}
	for _, m := range results.Metrics() {
		f := &family{name: "alloclab_" + m.Name, help: capitalised(m.Doc) + " (median)."}
		switch m.Unit { // OpenMetrics names units in full, at the end
		case "B":
			f.unit = "bytes"
		case "s":
			f.name, f.unit = strings.TrimSuffix(f.name, "_s"), "seconds"
		case "1/s":
			f.name = strings.TrimSuffix(f.name, "_s") + "_second"
		}
		if f.unit != "" {
			f.name += "_" + f.unit
		}
		for _, s := range all {
			if s.Metric.Name == m.Name && known(s.Median) != "" {
				f.add(s.Median, "cell", s.Cell, "variant", s.Variant)
				n.add(float64(s.N), "cell", s.Cell, "variant", s.Variant, "metric", m.Name)
			}
		}
		families = append(families, f)
	}
	return append(families, n)
}

func writeFamilies(w io.Writer, families []*family) error {
	var out strings.Builder
	for _, f := range families {
		if len(f.samples) == 0 {
			continue
		}
		fmt.Fprintf(&out, "# TYPE %s gauge\n", f.name)
		if f.unit != "" {
			fmt.Fprintf(&out, "# UNIT %s %s\n", f.name, f.unit)
		}
		fmt.Fprintf(&out, "# HELP %s %s\n%s\n", f.name, labelText(f.help), strings.Join(f.samples, "\n"))
	}
	out.WriteString("# EOF\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// labelled writes names and values in turn.
func labelled(pairs []string) string {
	var all []string
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, pairs[i]+`="`+labelText(pairs[i+1])+`"`)
	}
	return "{" + strings.Join(all, ",") + "}"
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labelText(text string) string { return labelEscapes.Replace(results.Plain(text)) }

func capitalised(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
