package change

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"alloclab/results"
)

// subject says that a field of the fingerprint is of what is compared and not of
// where: the builds of allocators and measured programs. An upgrade is what many
// comparisons are made for.
func subject(field string) bool {
	return strings.HasPrefix(field, "allocator ") || strings.HasPrefix(field, "binary ")
}

// refusedScopes says of each scope in which two machines differ what differs. Time
// depends on all that memory depends on.
func refusedScopes(base, new *results.Run, r Rules) map[results.Scope]string {
	memory := differing(base.Fingerprint.Memory, new.Fingerprint.Memory, r)
	refused := map[results.Scope]string{}
	for scope, fields := range map[results.Scope][]string{
		results.ScopeMemory: memory,
		results.ScopeTime:   append(slices.Clone(memory), differing(base.Fingerprint.Time, new.Fingerprint.Time, r)...),
		results.ScopeCounts: differing(base.Fingerprint.Counts, new.Fingerprint.Counts, r),
	} {
		if len(fields) > 0 {
			refused[scope] = strings.Join(fields, "; ")
		}
	}
	return refused
}

func differing(base, new results.Fields, r Rules) []string {
	var list []string
	for _, name := range fieldsOf(base, new) {
		if a, b := known(base, name), known(new, name); a != b && !subject(name) && !slices.Contains(r.Ignore, name) {
			list = append(list, fmt.Sprintf("%s is %s in the base and %s in the new", name, a, b))
		}
	}
	return list
}

func fieldsOf(base, new results.Fields) []string {
	names := slices.Collect(maps.Keys(base))
	names = slices.AppendSeq(names, maps.Keys(new))
	slices.Sort(names)
	return slices.Compact(names)
}

func known(f results.Fields, name string) string {
	if v, ok := f[name]; ok {
		return results.Plain(v)
	}
	return "not recorded"
}

// gatesScope says whether a metric of the family is of that scope.
func gatesScope(r Rules, s results.Scope) bool {
	return slices.ContainsFunc(r.family(), func(name string) bool {
		m, ok := results.ByName(name)
		return ok && m.Scope == s
	})
}

// differs says what is compared: builds and knobs that differ between the
// sides.
func differs(base, new *results.Run) []string {
	var list []string
	for _, v := range base.Variants {
		other := new.Variant(v.Label)
		if other == nil {
			continue
		}
		field := "allocator " + v.Label
		if a, b := known(base.Fingerprint.Memory, field), known(new.Fingerprint.Memory, field); a != b {
			list = append(list, fmt.Sprintf("%s is another build of its allocator: %s, then %s", results.Plain(v.Label), a, b))
		}
		if a, b := fmt.Sprint(v.Knobs), fmt.Sprint(other.Knobs); v.Allocator != other.Allocator || a != b {
			list = append(list, fmt.Sprintf("%s is %s with %s, then %s with %s", results.Plain(v.Label),
				v.Allocator, strings.TrimPrefix(a, "map"), other.Allocator, strings.TrimPrefix(b, "map")))
		}
	}
	var programs []string
	for _, name := range fieldsOf(base.Fingerprint.Counts, new.Fingerprint.Counts) {
		if of, ok := strings.CutPrefix(name, "binary "); ok && known(base.Fingerprint.Counts, name) != known(new.Fingerprint.Counts, name) {
			programs = append(programs, results.Plain(of))
		}
	}
	if len(programs) > 0 {
		list = append(list, "the measured programs are other builds: "+strings.Join(programs, ", "))
	}
	if base.Tool != new.Tool {
		list = append(list, fmt.Sprintf("alloclab is %s, then %s", results.Plain(base.Tool), results.Plain(new.Tool)))
	}
	return list
}

// otherWork says how two cells of one name differ; "" where they do not. Their
// names tell apart the cells of one experiment, not those of two.
func otherWork(a, b results.Cell) string {
	var list []string
	add := func(what string, x, y any) {
		if x, y := fmt.Sprint(x), fmt.Sprint(y); x != y {
			list = append(list, fmt.Sprintf("%s is %s in the base and %s in the new", what, results.Plain(x), results.Plain(y)))
		}
	}
	add("the workload", a.Workload, b.Workload)
	add("the runtime", a.Runtime, b.Runtime)
	add("the number of CPUs", a.CPUs, b.CPUs)
	for _, p := range a.Params {
		if q, ok := param(b, p.Name); ok {
			add("parameter "+p.Name, p.Value, q.Value)
		} else if !p.Default { // a later version may lack or add one: at its default, the work is the same
			add("parameter "+p.Name, p.Value, "not recorded")
		}
	}
	for _, p := range b.Params {
		if _, ok := param(a, p.Name); !ok && !p.Default {
			add("parameter "+p.Name, "not recorded", p.Value)
		}
	}
	return strings.Join(list, "; ")
}

func param(c results.Cell, name string) (results.Param, bool) {
	i := slices.IndexFunc(c.Params, func(p results.Param) bool { return p.Name == name })
	if i < 0 {
		return results.Param{}, false
	}
	return c.Params[i], true
}
