package configs

import (
	"fmt"
	"math"
	"reflect"
)

// addRemedies appends, behind all variants, the remedies of each that is an
// allocator as it comes: without knobs, from whatever library. One that the
// file has already, under whatever label, is not added again.
func (e *Experiment) addRemedies(allocators []Entry, f *faults) {
	given := e.Variants
	period := e.purgePeriod()
	for _, v := range given {
		if len(v.Knobs) > 0 || v.PurgeEvery > 0 {
			continue
		}
		for _, entry := range allocators {
			if entry.Name != v.Allocator {
				continue
			}
			for _, r := range entry.Remedies {
				remedy := v.with(r, period)
				if e.has(remedy) {
					continue
				}
				for _, other := range e.Variants {
					if other.Label == remedy.Label {
						f.add(other.At, "variant.label", &Error{
							Text: fmt.Sprintf("%s is the label of a remedy that is added to the variant of line %d", show(other.Label), v.At.Line),
							Hint: "give this variant another label",
						})
					}
				}
				e.Variants = append(e.Variants, remedy)
			}
		}
	}
}

// with is the variant under a remedy.
func (v Variant) with(r Remedy, period float64) Variant {
	remedy := v
	remedy.Label = v.Label + " " + r.Name
	remedy.Knobs = map[string]any{}
	for name, value := range r.Knobs {
		remedy.Knobs[name] = value
	}
	if r.PurgeEvery > 0 {
		remedy.PurgeEvery = math.Min(r.PurgeEvery, period)
		remedy.Label += fmt.Sprintf(" every %g s", remedy.PurgeEvery)
	}
	return remedy
}

// purgePeriod is a third of the shortest idle window, so that a periodic purge
// surely falls into each; at least 0.1 s. Without an idle window there is no bound.
func (e *Experiment) purgePeriod() float64 {
	shortest := math.Inf(1)
	for _, w := range e.Workloads {
		for _, axis := range w.Params {
			if axis.Name != "idle" {
				continue
			}
			for _, v := range axis.Values {
				if seconds, ok := v.(float64); ok && seconds > 0 {
					shortest = math.Min(shortest, seconds)
				}
			}
		}
	}
	if math.IsInf(shortest, 1) {
		return shortest
	}
	third := shortest / 3
	return math.Max(0.1, math.Floor(third*10)/10)
}

// has says whether a variant of the same content is there.
func (e *Experiment) has(v Variant) bool {
	for _, other := range e.Variants {
		if other.Allocator == v.Allocator && other.Library == v.Library && other.PurgeEvery == v.PurgeEvery && reflect.DeepEqual(other.Knobs, v.Knobs) {
			return true
		}
	}
	return false
}
