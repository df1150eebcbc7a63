package configs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// TOML writes the experiment as a file that Parse reads as the same one, with
// all its variants spelt out, but for its gate. Of parameters only those that the experiment gives are in it.
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
	for _, p := range e.Programs {
		p.write(&b, line)
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

// quoted is a TOML basic string.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// write writes a [[program]] table.
func (p Program) write(b *strings.Builder, line func(key, value string)) {
	list := func(items []string) string {
		all := make([]string, len(items))
		for i, item := range items {
			all[i] = quoted(item)
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	b.WriteString("\n[[program]]\n")
	line("name", quoted(p.Name))
	line("command", list(p.Command))
	if p.Directory != "" {
		line("directory", quoted(p.Directory))
	}
	if len(p.Environment) > 0 {
		var pairs []string
		for _, variable := range p.Environment {
			name, value, _ := strings.Cut(variable, "=")
			pairs = append(pairs, name+" = "+quoted(value))
		}
		line("environment", "{ "+strings.Join(pairs, ", ")+" }")
	}
	switch {
	case p.Ready.Port > 0:
		line("ready", fmt.Sprintf("{ port = %d }", p.Ready.Port))
	case p.Ready.Line != "":
		line("ready", "{ line = "+quoted(p.Ready.Line)+" }")
	}
	if len(p.Load) > 0 {
		var loads []string
		for _, command := range p.Load {
			loads = append(loads, list(command))
		}
		line("load", "["+strings.Join(loads, ", ")+"]")
	}
	if p.Stop.Command != nil {
		line("stop", list(p.Stop.Command))
	} else {
		line("stop", quoted(p.Stop.Signal))
	}
	if p.After > 0 {
		line("after", seconds(p.After.Seconds()))
	}
	if p.Duration > 0 {
		line("duration", seconds(p.Duration.Seconds()))
	}
	if p.FirstBytes {
		line("first_bytes", "true")
	}
}
