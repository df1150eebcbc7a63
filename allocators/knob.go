package allocators

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Knob is a setting of an allocator, made through its environment before the
// process starts. Its range is what the allocator really takes: most of them
// clip or ignore in silence what lies outside.
type Knob struct {
	Name    string
	Kind    Kind
	Min     float64 // for counts, bytes, durations and fractions
	Max     float64
	Choices []string // for KindChoice
	Doc     string
	Source  string

	native string // the allocator's own name for it, as its environment wants it
	told   string // key under which identify tells it, "" where it does not
}

// Kind is how a knob's value is written and checked.
type Kind string

// The kinds of knob, with the type of their values.
const (
	KindCount    Kind = "count"    // int64
	KindBytes    Kind = "bytes"    // int64
	KindDuration Kind = "duration" // float64, seconds
	KindFraction Kind = "fraction" // float64
	KindBool     Kind = "bool"     // bool
	KindChoice   Kind = "choice"   // string
)

// setting is a knob with a checked value, written as most environments want it.
type setting struct {
	knob  Knob
	value any
	text  string
}

// Knob returns the allocator's knob of that name.
func (a Allocator) Knob(name string) (Knob, bool) {
	for _, k := range a.Knobs {
		if k.Name == name {
			return k, true
		}
	}
	return Knob{}, false
}

// settings checks knobs and puts them in the order of the allocator's table.
func (a Allocator) settings(knobs map[string]any) ([]setting, error) {
	names := make([]string, 0, len(knobs))
	for name := range knobs {
		names = append(names, name)
	}
	slices.Sort(names) // for one error text whatever the map's order
	for _, name := range names {
		if _, ok := a.Knob(name); !ok {
			return nil, fmt.Errorf("%s has no knob %q", a.Name, name)
		}
	}
	var set []setting
	for _, k := range a.Knobs {
		value, ok := knobs[k.Name]
		if !ok {
			continue
		}
		text, err := k.text(value)
		if err != nil {
			return nil, fmt.Errorf("%s: knob %s: %w", a.Name, k.Name, err)
		}
		set = append(set, setting{k, value, text})
	}
	return set, nil
}

// text checks a value and writes it down: decimal numbers, true or false, or
// the choice.
func (k Knob) text(value any) (string, error) {
	switch k.Kind {
	case KindCount, KindBytes:
		n, ok := value.(int64)
		if !ok {
			return "", fmt.Errorf("want a whole number, got %v (%T)", value, value)
		}
		return strconv.FormatInt(n, 10), k.inRange(float64(n))
	case KindDuration, KindFraction:
		f, ok := value.(float64)
		if n, whole := value.(int64); whole {
			f, ok = float64(n), true
		}
		if !ok || math.IsNaN(f) {
			return "", fmt.Errorf("want a number, got %v (%T)", value, value)
		}
		return strconv.FormatFloat(f, 'f', -1, 64), k.inRange(f)
	case KindBool:
		b, ok := value.(bool)
		if !ok {
			return "", fmt.Errorf("want true or false, got %v (%T)", value, value)
		}
		return strconv.FormatBool(b), nil
	case KindChoice:
		s, ok := value.(string)
		if !ok || !slices.Contains(k.Choices, s) {
			return "", fmt.Errorf("want one of %q, got %v", k.Choices, value)
		}
		return s, nil
	}
	return "", fmt.Errorf("kind %q is unknown", k.Kind)
}

func (k Knob) inRange(value float64) error {
	if value < k.Min || value > k.Max {
		return fmt.Errorf("%v is outside %v to %v", value, k.Min, k.Max)
	}
	return nil
}
