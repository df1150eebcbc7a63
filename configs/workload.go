package configs

// workloads reads every [[workload]]; passes are the experiment's.
func workloads(top *section, entries []Entry, passes []string) []Workload {
	var list []Workload
	for _, s := range top.tables("workload") {
		w := Workload{Runtime: "c", At: s.place.key}
		entry := s.entry("name", entries)
		if v, ok := s.one(runtimeOption); ok {
			w.Runtime = v.(string)
		}
		if cpus, ok := s.axis(cpusOption); ok {
			for _, n := range cpus {
				w.CPUs = append(w.CPUs, int(n.(int64)))
			}
		}
		if own, ok := s.axis(Option{Name: "passes", Kind: KindChoice, Choices: passes}); ok {
			for _, pass := range own {
				w.Passes = append(w.Passes, pass.(string))
			}
		}
		if entry == nil {
			continue // which parameters it has cannot be said
		}
		s.only("is no parameter of "+entry.Name, append(entry.names(), "name", "runtime", "cpus", "passes")...)
		w.Name = entry.Name
		for _, o := range entry.Options {
			w.Params = append(w.Params, parameter(s, o))
		}
		list = append(list, w)
	}
	return list
}

// parameter reads one parameter: the file's values, or the default. A default
// that fails the parameter's own bounds is a fault of the workload, not of the
// file, but is said where the file meets it.
func parameter(s *section, o Option) Axis {
	if _, given := s.values[o.Name]; given {
		values, _ := s.axis(o)
		return Axis{Name: o.Name, Values: values, Given: true}
	}
	if o.Default == nil {
		s.missing(o.Name, "the workload has no default for it")
		return Axis{Name: o.Name}
	}
	v, err := o.initial()
	if err != nil {
		err.Hint = "the workload's own default is wrong: rebuild the workloads"
		s.faults.add(s.place.key, dotted(s.path, o.Name), err)
	}
	return Axis{Name: o.Name, Values: []any{v}}
}
