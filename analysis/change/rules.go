package change

import (
	"fmt"
	"slices"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// Alpha is the level of a whole comparison: in one of a hundred without any
// change at most, any metric of the family is called improved or regressed.
const Alpha = 0.01

// Family is the family of metrics that decides, where nobody chose another: held
// and kept memory, and speed as far as the processor was had.
func Family() []string {
	return []string{results.MetricRSSMean, results.MetricRSSIdle, results.MetricOpsPerCPUS}
}

// Rules are what a comparison may be told.
type Rules struct {
	Metrics   []string           // the family, by name; nil is Family()
	MinEffect map[string]float64 // as a fraction, instead of the registry's
	Ignore    []string           // fields of the fingerprint that may differ
	// Level of this comparison; 0 is Alpha. Who judges a sitting more than once, as
	// rounds are added, divides Alpha among the looks.
	Level float64
}

func (r Rules) family() []string {
	if r.Metrics == nil {
		return Family()
	}
	return r.Metrics
}

func (r Rules) alpha() float64 {
	if r.Level == 0 {
		return Alpha
	}
	return r.Level
}

// confidence is that of the interval that says "unchanged": each of its ends
// errs once in a hundred times. Looking more than once leaves it: what is
// called unchanged by mistake is no alarm.
const confidence = 0.98

func (r Rules) minEffect(m results.Metric) float64 {
	if e, ok := r.MinEffect[m.Name]; ok {
		return e
	}
	return m.MinEffect
}

// check refuses a family that cannot decide anything.
func (r Rules) check() error {
	if len(r.family()) == 0 {
		return fmt.Errorf("the family of metrics is empty: nothing would be compared")
	}
	for _, name := range r.family() {
		m, ok := results.ByName(name)
		if !ok {
			return fmt.Errorf("there is no metric %s", name)
		}
		if m.Better == "" {
			return fmt.Errorf("%s has no better direction: it can be shown and not judged", name)
		}
	}
	return nil
}

// RoundsFor is how many rounds a comparison takes before any verdict can be
// reached, where so many variants are compared, and each metric in so many cells, by
// these rules; 1 where nothing of the family is tested.
func RoundsFor(r Rules, cells func(results.Metric) int, variants int) (rounds, family int, err error) {
	for _, name := range r.family() {
		if m, ok := results.ByName(name); ok && !m.Repeats() {
			family += cells(m) * variants
		}
	}
	if family == 0 {
		return 1, 0, nil
	}
	rounds, err = stat.RoundsFor(family, r.alpha())
	return rounds, family, err
}

func (r Rules) gates(m results.Metric) bool { return slices.Contains(r.family(), m.Name) }

// Of counts the family's metrics of one pass: those that are tested and those
// that repeat.
func (r Rules) Of(pass string) (tested, repeating int) {
	for _, name := range r.family() {
		m, ok := results.ByName(name)
		switch {
		case !ok || m.Pass() != pass:
		case m.Repeats():
			repeating++
		default:
			tested++
		}
	}
	return tested, repeating
}
