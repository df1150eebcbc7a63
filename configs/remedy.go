package configs

import (
	"fmt"
	"math"
	"reflect"
)

// addRemedies appends, behind all variants, the remedies of each that is an
// allocator as it comes: without knobs, from whatever library. One that the
// file has already, under whatever label, is not added again. A periodic purge is
// no remedy that could be tried on a program: it would have to call it itself.
func (e *Experiment) addRemedies(allocators []Entry, f *faults) {
	period := e.purgePeriod()
	for _, v := range e.Variants {
		if v.tuned() {
			continue
		}
		for _, r := range remediesOf(allocators, v.Allocator) {
			remedy := v.with(r, period)
			if e.has(remedy) || r.PurgeEvery > 0 && len(e.Programs) > 0 {
				continue
			}
			if other := e.labelled(remedy.Label); other != nil {
				f.add(other.At, "variant.label", &Error{
					Text: fmt.Sprintf("%s is the label of a remedy that is added to the variant of line %d", show(other.Label), v.At.Line),
					Hint: "give this variant another label",
				})
			}
			e.Variants = append(e.Variants, remedy)
		}
	}
}

// Try is the experiment that tries remedies: the variants of this one, each
// allocator in it also as it comes, with all its remedies; and of each of the others as it
// comes and with the first of its own. What is tried is compared in one sitting, in so many
// rounds, with its latencies.
func (e *Experiment) Try(catalog Catalog, others []string, rounds int) *Experiment {
	tried := *e
	tried.Name, tried.Rounds, tried.Passes, tried.Remedies = e.Name+"-try", rounds, []string{"time", "latency"}, true
	if len(e.Programs) > 0 { // whose calls nothing times
		tried.Passes = []string{"time"}
	}
	tried.Variants = nil
	// As they come first: the first of them is what all others are held against.
	for _, v := range e.Variants {
		plain := v
		if v.tuned() {
			plain = Variant{Allocator: v.Allocator, Label: v.Allocator, Library: v.Library, Knobs: map[string]any{}}
		}
		tried.add(plain)
	}
	for _, v := range e.Variants {
		tried.add(v)
	}
	period := e.purgePeriod()
	own := tried.Variants
	for _, v := range own {
		if !v.tuned() {
			for _, r := range remediesOf(catalog.Allocators, v.Allocator) {
				tried.add(v.with(r, period))
			}
		}
	}
	for _, name := range others {
		v := Variant{Allocator: name, Label: name, Knobs: map[string]any{}}
		tried.add(v)
		if r := remediesOf(catalog.Allocators, name); len(r) > 0 {
			tried.add(v.with(r[0], period))
		}
	}
	return &tried
}

// add appends a variant, unless one of the same content is there; a label that
// is taken gets a number.
func (e *Experiment) add(v Variant) {
	if e.has(v) || v.PurgeEvery > 0 && len(e.Programs) > 0 {
		return
	}
	label := v.Label
	for n := 2; e.labelled(v.Label) != nil; n++ {
		v.Label = fmt.Sprintf("%s #%d", label, n)
	}
	e.Variants = append(e.Variants, v)
}

func (e *Experiment) labelled(label string) *Variant {
	for i := range e.Variants {
		if e.Variants[i].Label == label {
			return &e.Variants[i]
		}
	}
	return nil
}

// tuned says that a variant is no allocator as it comes.
func (v Variant) tuned() bool { return len(v.Knobs) > 0 || v.PurgeEvery > 0 }

func remediesOf(allocators []Entry, name string) []Remedy {
	for _, entry := range allocators {
		if entry.Name == name {
			return entry.Remedies
		}
	}
	return nil
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
		if other.Allocator == v.Allocator && other.Library == v.Library && other.Libexec == v.Libexec && other.PurgeEvery == v.PurgeEvery && reflect.DeepEqual(other.Knobs, v.Knobs) {
			return true
		}
	}
	return false
}
