package configs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variants reads every [[variant]].
func variants(top *section, allocators []Entry) []Variant {
	var list []Variant
	labels := map[string]Position{}
	for _, s := range top.tables("variant") {
		s.only("is no key of a variant", "allocator", "label", "library", "knobs", "purge_every")
		v := Variant{
			Label:   s.text("label", `/\`, "labels become parts of file names"),
			Library: s.text("library", "", ""),
			Knobs:   map[string]any{},
			At:      s.place.key,
		}
		entry := s.entry("allocator", allocators)
		if entry != nil {
			v.Allocator = entry.Name
			v.Knobs = knobs(s.table("knobs"), entry)
		}
		if every, ok := s.one(purgeOption); ok {
			v.PurgeEvery = every.(float64)
		}
		_, labelled := s.values["label"]
		at := v.At
		if labelled {
			at = s.place.fields["label"].value
		} else {
			v.Label = defaultLabel(v)
		}
		if other, taken := labels[v.Label]; taken && v.Label != "" {
			s.faults.add(at, dotted(s.path, "label"), &Error{
				Text: fmt.Sprintf("%s is taken by the variant of line %d", show(v.Label), other.Line),
				Hint: "give this variant a label of its own",
			})
		}
		labels[v.Label] = v.At
		list = append(list, v)
	}
	return list
}

// knobs reads a variant's knobs; a section of nil is a variant without any.
func knobs(s *section, allocator *Entry) map[string]any {
	values := map[string]any{}
	if s == nil {
		return values
	}
	s.only("is no knob of "+allocator.Name, allocator.names()...)
	for _, o := range allocator.Options {
		if _, isList := s.values[o.Name].([]any); isList {
			s.complain(o.Name, &Error{Text: "takes one value, not a list", Hint: "write one [[variant]] for each value, with a label"})
		} else if v, ok := s.one(o); ok {
			values[o.Name] = v
		}
	}
	return values
}

// entry reads the key that names an allocator or a workload; nil where it is
// absent or wrong, and nothing can be said of the options.
func (s *section) entry(key string, entries []Entry) *Entry {
	if _, given := s.values[key]; !given {
		s.missing(key, "each [["+s.path+"]] names one")
		return nil
	}
	o := Option{Name: key, Kind: KindChoice}
	for _, e := range entries {
		o.Choices = append(o.Choices, e.Name)
	}
	name, ok := s.one(o)
	for i := range entries {
		if ok && entries[i].Name == name {
			return &entries[i]
		}
	}
	return nil
}

// names are the names of an entry's options.
func (e *Entry) names() []string {
	var names []string
	for _, o := range e.Options {
		names = append(names, o.Name)
	}
	return names
}

// defaultLabel is the allocator's name, with its knobs where it has any: a row
// of a tuned allocator must not look like the allocator as it comes.
func defaultLabel(v Variant) string {
	words := []string{v.Allocator}
	for _, name := range slices.Sorted(maps.Keys(v.Knobs)) {
		words = append(words, fmt.Sprintf("%s=%v", name, v.Knobs[name]))
	}
	if v.PurgeEvery > 0 {
		words = append(words, fmt.Sprintf("purge_every=%gs", v.PurgeEvery))
	}
	return strings.Join(words, " ")
}
