package configs

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Program is one [[program]] table: the user's own program, run as it is under
// every variant. Commands are lists of arguments; no shell reads them.
type Program struct {
	Name        string // unique; the base name of the command where the file gives none
	Command     []string
	Directory   string   // where its processes run; "" is where alloclab runs
	Environment []string // "NAME=value", sorted by name, added to the lab's clean environment
	Ready       Ready
	Load        [][]string    // commands that drive it, run one after the other
	Stop        Stop          // how it is ended
	After       time.Duration // watched once the load has ended
	FirstBytes  bool          // pass census: live blocks are grouped by size and first 8 bytes
	Duration    time.Duration // of the load, at most; without a load, of the watch from ready on; 0 is until the end
	At          Position
}

// Ready says when a program can take its load: at most one of the two is set;
// with none it is ready at once.
type Ready struct {
	Port int    // a TCP port of this machine that accepts connections
	Line string // a piece of one line that it prints
}

// Stop is how a program is told to end: by a signal or by a command.
type Stop struct {
	Signal  string
	Command []string
}

// Signals are what may stop a program.
var Signals = []string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"}

// Bounds of a program's keys.
var (
	portOption     = Option{Name: "port", Kind: KindCount, Min: 1, Max: 65535}
	afterOption    = Option{Name: "after", Kind: KindDuration, Max: 7 * 86400}
	durationOption = Option{Name: "duration", Kind: KindDuration, Min: 0.01, Max: 7 * 86400}
	firstOption    = Option{Name: "first_bytes", Kind: KindBool}
	signalOption   = Option{Name: "stop", Kind: KindChoice, Choices: Signals}
)

const (
	maxArguments = 4096
	maxArgument  = 32 << 10 // bytes; the kernel's MAX_ARG_STRLEN is four times that
)

// programs reads every [[program]].
func programs(top *section) []Program {
	var list []Program
	names := map[string]Position{}
	for _, s := range top.tables("program") {
		s.only("is no key of a program", "name", "command", "directory", "environment", "ready", "load", "stop", "after", "duration", "first_bytes")
		p := Program{At: s.place.key, Directory: s.text("directory", "", ""), Stop: Stop{Signal: "SIGTERM"}}
		if _, given := s.values["command"]; given {
			p.Command = s.command("command")
		} else {
			s.missing("command", `a list of arguments, such as command = ["redis-server", "--port", "7777"]`)
		}
		at := p.At
		if _, named := s.values["name"]; named {
			p.Name = s.text("name", `/\`, "names of programs become parts of file names")
			at = s.place.fields["name"].value
		} else if len(p.Command) > 0 {
			p.Name = filepath.Base(p.Command[0])
		}
		if other, taken := names[p.Name]; taken && p.Name != "" {
			s.faults.add(at, dotted(s.path, "name"), &Error{
				Text: fmt.Sprintf("%s is taken by the program of line %d", show(p.Name), other.Line), Hint: "give this program a name of its own",
			})
		}
		names[p.Name] = p.At
		p.Environment = environment(s.table("environment"))
		p.Ready = ready(s.table("ready"))
		p.Load = s.commands("load")
		if _, isSignal := s.values["stop"].(string); isSignal {
			if v, ok := s.one(signalOption); ok {
				p.Stop = Stop{Signal: v.(string)}
			}
		} else if _, given := s.values["stop"]; given {
			p.Stop = Stop{Command: s.command("stop")}
		}
		p.After, p.Duration = s.duration(afterOption), s.duration(durationOption)
		if v, ok := s.one(firstOption); ok {
			p.FirstBytes = v.(bool)
		}
		if p.After > 0 && p.Duration == 0 && s.values["load"] == nil {
			s.complain("after", &Error{Text: "stands without a load or a duration: nothing says when it begins", Hint: "write a load, or how long to watch as duration"})
		}
		list = append(list, p)
	}
	return list
}

// apart reports programs that are called like a workload of the experiment, and
// passes that no program has.
func (e *Experiment) apart(top *section) {
	for _, p := range e.Programs {
		if slices.ContainsFunc(e.Workloads, func(w Workload) bool { return w.Name == p.Name }) {
			top.faults.add(p.At, "program.name", &Error{Text: show(p.Name) + " is the name of a workload", Hint: "give the program a name of its own"})
		}
	}
	for _, v := range e.Variants {
		if len(e.Programs) > 0 && v.PurgeEvery > 0 {
			top.faults.add(v.At, "variant.purge_every", &Error{Text: "is for workloads: a program has to call its allocator itself", Hint: "give programs an experiment of their own"})
		}
	}
	for pass, why := range map[string]string{
		"latency": "nothing times the calls of a program", "syscalls": "a program is not traced", "counts": "a program is not traced",
	} {
		if len(e.Programs) > 0 && slices.Contains(e.Passes, pass) {
			top.complain("passes", &Error{Text: "asks for " + pass + ", which only workloads have: " + why, Hint: "give programs an experiment of their own"})
		}
	}
	if len(e.Workloads) > 0 && slices.Contains(e.Passes, "census") {
		top.complain("passes", &Error{Text: "asks for census, which only programs have: a workload lists its blocks in every pass", Hint: "give programs an experiment of their own"})
	}
}

// duration reads a time that may be absent.
func (s *section) duration(o Option) time.Duration {
	v, ok := s.one(o)
	if !ok {
		return 0
	}
	return time.Duration(math.Round(v.(float64) * float64(time.Second)))
}

// ready reads when a program is; a section of nil is at once.
func ready(s *section) (r Ready) {
	if s == nil {
		return r
	}
	s.only("is no key of ready", "port", "line")
	if v, ok := s.one(portOption); ok {
		r.Port = int(v.(int64))
	}
	r.Line = s.text("line", "", "")
	if len(s.values) == 0 {
		s.faults.add(s.place.value, s.path, &Error{Text: "is empty", Hint: `write ready = { port = 6379 } or ready = { line = "Ready" }, or leave it out`})
	}
	if s.values["port"] != nil && s.values["line"] != nil {
		s.complain("line", &Error{Text: "stands beside port, and only one of the two says when it is ready", Hint: "leave one out"})
	}
	return r
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are beginnings of variables that change an allocator or what is
// preloaded, and so belong to variants.
var reserved = []string{"LD_PRELOAD", "LD_AUDIT", "LD_DEBUG", "LD_BIND", "LD_TRACE", "MALLOC", "JE_MALLOC", "GLIBC_TUNABLES", "TCMALLOC", "HEAPPROFILE", "HEAPCHECK", "PERFTOOLS", "MIMALLOC", "TBB_MALLOC", "ALLOCLAB_"}

// environment reads the variables that a program gets; a section of nil has none.
func environment(s *section) []string {
	if s == nil {
		return nil
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		value, isText := s.values[name].(string)
		switch {
		case !variableName.MatchString(name):
			s.complain(name, &Error{Text: "is no name of a variable"})
		case slices.ContainsFunc(reserved, func(prefix string) bool { return strings.HasPrefix(name, prefix) }):
			s.complain(name, &Error{Text: "changes the allocator or the dynamic linker", Hint: "write it as a knob or the library of a [[variant]]"})
		case !isText:
			s.faults.add(s.place.fields[name].value, dotted(s.path, name), mistyped(s.values[name], `a string, such as "abc"`))
		default:
			if err := argument(value); err != nil {
				s.faults.add(s.place.fields[name].value, dotted(s.path, name), err)
			}
			lines = append(lines, name+"="+value)
		}
	}
	return lines
}

// argument checks one argument or value: any text that execve(2) can carry.
func argument(text string) *Error {
	switch {
	case strings.ContainsRune(text, 0):
		return &Error{Text: "holds a NUL, which no argument can"}
	case len(text) > maxArgument:
		return &Error{Text: fmt.Sprintf("is longer than %d bytes", maxArgument)}
	case !utf8.ValidString(text):
		return &Error{Text: "is not UTF-8 text"}
	}
	return nil
}

// command reads a list of arguments; nil where it is wrong.
func (s *section) command(key string) []string {
	return s.arguments(dotted(s.path, key), s.values[key], s.place.fields[key])
}

// commands reads a key that takes one command or a list of commands.
func (s *section) commands(key string) [][]string {
	v, given := s.values[key]
	if !given {
		return nil
	}
	items, isList := v.([]any)
	if !isList || len(items) == 0 {
		s.arguments(dotted(s.path, key), v, s.place.fields[key])
		return nil
	}
	if _, nested := items[0].([]any); !nested {
		if one := s.command(key); one != nil {
			return [][]string{one}
		}
		return nil
	}
	var list [][]string
	for i, item := range items {
		if one := s.arguments(dotted(s.path, key), item, s.place.fields[key].items[i]); one != nil {
			list = append(list, one)
		}
	}
	return list
}

func (s *section) arguments(key string, v any, at *place) []string {
	const want = `a list of arguments, such as ["program", "--flag"]; no shell reads it`
	items, isList := v.([]any)
	if !isList {
		s.faults.add(at.value, key, mistyped(v, want))
		return nil
	}
	if len(items) == 0 || len(items) > maxArguments {
		s.faults.add(at.value, key, &Error{Text: fmt.Sprintf("has %d arguments: 1 to %d are possible", len(items), maxArguments)})
		return nil
	}
	list := make([]string, 0, len(items))
	for i, item := range items {
		text, isText := item.(string)
		if !isText {
			s.faults.add(at.items[i].value, key, mistyped(item, "strings only, such as \"8\""))
			return nil
		}
		if err := argument(text); err != nil {
			s.faults.add(at.items[i].value, key, err)
			return nil
		}
		list = append(list, text)
	}
	if strings.TrimSpace(list[0]) == "" {
		s.faults.add(at.items[0].value, key, &Error{Text: "names no program"})
		return nil
	}
	return list
}
