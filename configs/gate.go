package configs

import (
	"maps"
	"slices"
)

// Gate is the [gate] table: what a comparison of runs of this experiment is
// judged by. The zero Gate is what a file without the table asks for.
type Gate struct {
	Metrics   []string           // the family that is judged; nil is the default family
	MinEffect map[string]float64 // smallest change that counts, as a fraction, by metric
	// FailInconclusive says that an open answer fails the gate. By default it
	// passes, with a word.
	FailInconclusive bool
	AllowFailures    bool // trials that failed do not fail the gate
}

var (
	inconclusiveOption = Option{Name: "inconclusive", Kind: KindChoice, Choices: []string{"pass", "fail"}}
	failuresOption     = Option{Name: "allow_failures", Kind: KindBool}
)

// gate reads the [gate] table. Metrics are those that have a better direction.
func gate(top *section, metrics []string) Gate {
	var g Gate
	s := top.table("gate")
	if s == nil {
		return g
	}
	s.only("is no key of [gate]", "metrics", "min_effect", "inconclusive", "allow_failures")
	if values, ok := s.axis(Option{Name: "metrics", Kind: KindChoice, Choices: metrics}); ok {
		for _, v := range values {
			g.Metrics = append(g.Metrics, v.(string))
		}
	}
	if effects := s.table("min_effect"); effects != nil {
		effects.only("is no metric that can be judged", metrics...)
		g.MinEffect = map[string]float64{}
		for _, name := range slices.Sorted(maps.Keys(effects.values)) {
			if !slices.Contains(metrics, name) {
				continue
			}
			if v, ok := effects.one(Option{Name: name, Kind: KindFraction, Min: 0.0001, Max: 10}); ok {
				g.MinEffect[name] = v.(float64)
			}
		}
	}
	if v, ok := s.one(inconclusiveOption); ok {
		g.FailInconclusive = v == "fail"
	}
	if v, ok := s.one(failuresOption); ok {
		g.AllowFailures = v.(bool)
	}
	return g
}

// ParseGate reads the [gate] table of an experiment, or of a file that holds
// nothing else, without asking what programs are installed. It is false where
// the text has no such table.
func ParseGate(name string, source []byte, metrics []string) (Gate, bool, error) {
	f := &faults{file: name}
	values, root := decode(string(source), f)
	if len(f.list) > 0 {
		return Gate{}, false, f.err()
	}
	top := &section{faults: f, values: values, place: root}
	_, given := values["gate"]
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key != "gate" && nearest(key, []string{"gate"}) != "" {
			top.complain(key, &Error{Text: "is no key of an experiment", Hint: "did you mean gate?"})
		}
	}
	g := gate(top, metrics)
	return g, given, f.err()
}
