package rank

import (
	"fmt"
	"math"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/results"
)

// Sentence says what a candidate of this ranking did, with its figures. It is
// "" where nothing was measured.
func (r Ranking) Sentence(c Candidate) string {
	metric, when := results.MetricRSSIdle, "at idle"
	if _, ok := c.Values[metric]; !ok { // a program, which may never be idle
		metric, when = results.MetricRSSMean, "on average"
	}
	held, ok := c.Values[metric]
	if !ok {
		return ""
	}
	name := c.Variant.Name()
	if c.Base {
		return fmt.Sprintf("%s, as it is, held %s %s.", name, cause.Size(held.Value), when)
	}
	words := []string{fmt.Sprintf("%s held %s %s", name, cause.Size(held.Value), when)}
	memory, known := c.Against[metric]
	switch {
	case c.Unsettled():
		words[0] += " (" + c.Short + ")"
	case known && memory.Value > -1:
		difference, _ := c.difference(metric)
		saved := -memory.Value * held.Value / (1 + memory.Value)
		switch {
		case holdsZero(memory):
			words[0] += fmt.Sprintf(", which this run cannot tell from %s (%s)", r.Base.Name(), interval(memory))
		case difference == 0:
			words[0] += fmt.Sprintf(", about as much as %s (%s)", r.Base.Name(), interval(memory))
		case difference < 0:
			words = append(words, fmt.Sprintf("%s less than %s (%s)", cause.Size(saved), r.Base.Name(), interval(memory)))
		default:
			words = append(words, fmt.Sprintf("%s more than %s (%s)", cause.Size(-saved), r.Base.Name(), interval(memory)))
		}
	}
	if c.Short != "" && !c.Unsettled() {
		words = append(words, "so far ("+c.Short+")")
	}
	if speed, ok := c.Against[results.MetricOpsPerCPUS]; ok {
		switch change := established(speed, 0); {
		case change < 0:
			words = append(words, fmt.Sprintf("and cost %.0f %% of the operations per CPU second (%s)", -100*change, interval(speed)))
		case change > 0:
			words = append(words, fmt.Sprintf("at %s operations per CPU second (%s)", percent(change), interval(speed)))
		case !holdsZero(speed):
			words = append(words, fmt.Sprintf("at about as many operations per CPU second (%s)", interval(speed)))
		default:
			words = append(words, fmt.Sprintf("at no cost in operations per CPU second that this run could show (%s)", interval(speed)))
		}
	} else {
		words = append(words, "what it costs was not measured")
	}
	if slow, ok := c.Against[results.MetricMallocP99]; ok {
		if change := established(slow, c.Values[results.MetricMallocP99].Value/(1+slow.Value)); change != 0 {
			words = append(words, fmt.Sprintf("p99 of malloc %s (%s)", percent(change), interval(slow)))
		}
	}
	return strings.Join(words, ", ") + "."
}

// percent is a fraction with its sign: "+80 %", "−93 %".
func percent(f float64) string {
	return Percent(f) + " %"
}

// Percent is a fraction in per cent with its sign, without the unit: "+80", "−93", "0".
func Percent(f float64) string {
	if math.Abs(f) < 0.005 {
		return "0"
	}
	return strings.Replace(fmt.Sprintf("%+.0f", 100*f), "-", "−", 1)
}

// interval is the ends of a figure that is a fraction: "−94 to −92 %".
func interval(f analysis.Figure) string {
	if Percent(f.Low) == Percent(f.High) {
		return percent(f.Low)
	}
	return Percent(f.Low) + " to " + percent(f.High)
}

// Findings are the candidates in order, one a finding: the base without a
// remedy, every other as what it did to the base's memory.
func (r Ranking) Findings() []analysis.Finding {
	var all []analysis.Finding
	for _, c := range r.Candidates {
		text := r.Sentence(c)
		if text == "" {
			continue
		}
		f := analysis.Finding{Subject: c.Variant.Name(), Word: "remedy", Text: text}
		for _, name := range ranked {
			if figure, ok := c.Values[name]; ok {
				f.Figures = append(f.Figures, figure)
			}
		}
		if c.Base {
			f.Word = "as it is"
		} else if c.Saved != nil {
			f.Remedy = &analysis.Remedy{Setting: c.Variant.Label, Text: text, Saved: *c.Saved}
		}
		all = append(all, f)
	}
	return all
}
