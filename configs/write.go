package configs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// TOML writes the experiment as a file that Parse reads as the same one, with
// all its variants spelt out. Of parameters only those that the experiment gives are in it.
func (e *Experiment) TOML(catalog Catalog) string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, value) }
	line("name", quoted(e.Name))
	line("seed", strconv.FormatUint(e.Seed, 10))
	line("rounds", strconv.Itoa(e.Rounds))
	line("time_limit", seconds(e.TimeLimit.Seconds()))
	if e.MemoryLimit > 0 {
		line("memory_limit", strconv.FormatInt(e.MemoryLimit, 10))
	}
	passes := make([]string, len(e.Passes))
	for i, pass := range e.Passes {
		passes[i] = quoted(pass)
	}
	line("passes", "["+strings.Join(passes, ", ")+"]")
	for _, v := range e.Variants {
		b.WriteString("\n[[variant]]\n")
		line("allocator", quoted(v.Allocator))
		line("label", quoted(v.Label))
		if v.Library != "" {
			line("library", quoted(v.Library))
		}
		if v.PurgeEvery > 0 {
			line("purge_every", seconds(v.PurgeEvery))
		}
		if len(v.Knobs) > 0 {
			var pairs []string
			for _, name := range slices.Sorted(maps.Keys(v.Knobs)) {
				pairs = append(pairs, name+" = "+option(catalog.Allocators, v.Allocator, name).write(v.Knobs[name]))
			}
			line("knobs", "{ "+strings.Join(pairs, ", ")+" }")
		}
	}
	for _, w := range e.Workloads {
		b.WriteString("\n[[workload]]\n")
		line("name", quoted(w.Name))
		line("runtime", quoted(w.Runtime))
		if len(w.CPUs) > 0 {
			line("cpus", strings.ReplaceAll(fmt.Sprint(w.CPUs), " ", ", "))
		}
		for _, axis := range w.Params {
			if !axis.Given {
				continue
			}
			values := make([]string, len(axis.Values))
			for i, v := range axis.Values {
				values[i] = option(catalog.Workloads, w.Name, axis.Name).write(v)
			}
			line(axis.Name, "["+strings.Join(values, ", ")+"]")
		}
	}
	return b.String()
}

// option is the option of that name of an entry.
func option(entries []Entry, entry, name string) Option {
	for _, e := range entries {
		for _, o := range e.Options {
			if e.Name == entry && o.Name == name {
				return o
			}
		}
	}
	return Option{}
}

// write is a value as convert takes it.
func (o Option) write(value any) string {
	switch v := value.(type) {
	case string:
		return quoted(v)
	case float64:
		if o.Kind == KindDuration {
			return seconds(v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// seconds is a duration in whole nanoseconds, without an exponent.
func seconds(s float64) string {
	return quoted(strconv.FormatFloat(s, 'f', -1, 64) + "s")
}

// quoted is a TOML basic string. Names hold no control character (see text),
// so that quotes and backslashes are all that must be escaped.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
