package configs

import (
	"fmt"
	"maps"
	"slices"
)

// section is one table of the file while it is read.
type section struct {
	faults *faults
	path   string // dotted; "" for the file itself
	values map[string]any
	place  *place
	meant  map[string]bool // names that misspelt keys stand for: not reported as missing too
}

// only reports each key that is none of the names. The text says whose keys
// they are, such as "is no knob of jemalloc".
func (s *section) only(text string, names ...string) {
	s.meant = map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if !slices.Contains(names, key) {
			s.meant[nearest(key, names)] = true
			s.complain(key, &Error{Text: text, Hint: hint(key, names)})
		}
	}
}

// complain places a fault at a key.
func (s *section) complain(key string, e *Error) {
	s.faults.add(s.place.fields[key].key, dotted(s.path, key), e)
}

// missing reports a key that must be there, at the key that is its misspelling
// or at the table.
func (s *section) missing(key, remedy string) {
	if s.meant[key] {
		return
	}
	for _, given := range slices.Sorted(maps.Keys(s.values)) {
		if nearest(given, []string{key}) != "" {
			s.complain(given, &Error{Text: "is no key of a " + s.path, Hint: hint(given, []string{key})})
			return
		}
	}
	s.faults.add(s.place.key, dotted(s.path, key), &Error{Text: "is missing: " + remedy})
}

// one reads a key that takes one value; false where it is absent or wrong.
func (s *section) one(o Option) (any, bool) {
	v, given := s.values[o.Name]
	if !given {
		return nil, false
	}
	converted, err := o.convert(v)
	if err != nil {
		s.faults.add(s.place.fields[o.Name].value, dotted(s.path, o.Name), err)
	}
	return converted, err == nil
}

// text reads a name or a path without any of the forbidden characters.
func (s *section) text(key, forbidden, reason string) string {
	v, ok := s.one(Option{Name: key, Kind: kindText})
	if !ok {
		return ""
	}
	for _, r := range v.(string) {
		for _, bad := range forbidden {
			if r == bad {
				s.faults.add(s.place.fields[key].value, dotted(s.path, key), &Error{Text: fmt.Sprintf("may not hold %q: %s", r, reason)})
				return ""
			}
		}
	}
	return v.(string)
}

// axis reads a key that takes a value or a list of values, all different.
func (s *section) axis(o Option) ([]any, bool) {
	items, isList := s.values[o.Name].([]any)
	if !isList {
		v, ok := s.one(o)
		return []any{v}, ok
	}
	key, places := dotted(s.path, o.Name), s.place.fields[o.Name]
	if len(items) == 0 {
		s.faults.add(places.value, key, &Error{Text: "is an empty list: give it a value or leave the key out"})
	}
	var values []any
	first := map[any]int{}
	for i, item := range items {
		v, err := o.convert(item)
		if j, twice := first[v]; err == nil && twice {
			err = &Error{Text: fmt.Sprintf("gives the same value twice: item %d equals item %d", i+1, j+1)}
		}
		if err != nil {
			s.faults.add(places.items[i].value, key, err)
			continue
		}
		first[v] = i
		values = append(values, v)
	}
	return values, len(values) == len(items) && len(items) > 0
}

// table reads a key that takes a table, such as knobs; nil where it is absent
// or wrong.
func (s *section) table(key string) *section {
	v, given := s.values[key]
	if !given {
		return nil
	}
	values, ok := v.(map[string]any)
	if !ok {
		s.faults.add(s.place.fields[key].value, dotted(s.path, key), mistyped(v, "a table, such as "+key+" = { name = value }"))
		return nil
	}
	return &section{faults: s.faults, path: dotted(s.path, key), values: values, place: s.place.fields[key]}
}

// tables reads a key that takes a list of tables, one at least.
func (s *section) tables(key string) []*section {
	v, given := s.values[key]
	if !given {
		s.missing(key, "write one [["+key+"]] at least")
		return nil
	}
	// The library gives tables of one list as one type, a mixed list as another.
	var list []any
	switch v := v.(type) {
	case []map[string]any:
		for _, values := range v {
			list = append(list, values)
		}
	case []any:
		list = v
	case map[string]any:
		s.complain(key, &Error{Text: "is a list of tables", Hint: "write [[" + key + "]]"})
		return nil
	default:
		s.faults.add(s.place.fields[key].value, dotted(s.path, key), mistyped(v, "a list of tables, each written [["+key+"]]"))
		return nil
	}
	if len(list) == 0 {
		s.complain(key, &Error{Text: "is an empty list", Hint: "write one [[" + key + "]] at least"})
	}
	var sections []*section
	for i, item := range list {
		at := s.place.fields[key].items[i]
		values, ok := item.(map[string]any)
		if !ok {
			s.faults.add(at.value, dotted(s.path, key), mistyped(item, "tables only"))
			continue
		}
		sections = append(sections, &section{faults: s.faults, path: dotted(s.path, key), values: values, place: at})
	}
	return sections
}
