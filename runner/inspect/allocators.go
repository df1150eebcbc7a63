package inspect

import (
	"debug/buildinfo"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"alloclab/results"
	"alloclab/runner/proc"
)

// allocators finds every allocator in the process, and which one serves malloc.
func (l *look) allocators() {
	all := l.objects()
	for _, o := range all {
		if name, sign := o.allocator(); name != "" {
			evidence := "is mapped and has " + sign
			if o.program {
				evidence = "is part of the program: it has " + sign
			}
			l.out.Found = append(l.out.Found, results.Server{Allocator: name, Object: o.file, Evidence: evidence})
		}
	}
	if l.proved(all) {
		return
	}
	l.deduced(all)
}

// proved looks where the calls of malloc lead that the dynamic linker has
// bound: into one object, if all agree.
func (l *look) proved(all []*object) bool {
	if l.memory == nil {
		return false
	}
	bound, users := map[*object]int{}, map[*object]map[*object]bool{}
	total := 0
	for _, o := range all {
		for _, place := range o.calls {
			var b [8]byte
			if _, err := l.memory.ReadAt(b[:], int64(o.base+place)); err != nil {
				continue
			}
			to := l.objectAt(all, binary.LittleEndian.Uint64(b[:]))
			if to == nil || !to.defines["malloc"] { // not bound yet: it leads into its own table
				continue
			}
			total++
			bound[to]++
			if users[to] == nil {
				users[to] = map[*object]bool{}
			}
			users[to][o] = true
		}
	}
	var most *object
	for o, n := range bound {
		if most == nil || n > bound[most] {
			most = o
		}
	}
	if most == nil {
		return false
	}
	name, _ := most.allocator()
	if name == "" {
		name = "unknown"
	}
	program := slices.IndexFunc(all, func(o *object) bool { return o.program })
	ofProgram := program >= 0 && users[most][all[program]]
	evidence := fmt.Sprintf("malloc is bound to it in %s", count(len(users[most]), "library", "libraries"))
	switch others := len(users[most]) - 1; {
	case ofProgram && others == 0:
		evidence = "the program's malloc is bound to it"
	case ofProgram:
		evidence = fmt.Sprintf("malloc is bound to it in the program and in %s", count(others, "library", "libraries"))
	}
	if rest := total - bound[most]; rest > 0 {
		evidence += fmt.Sprintf("; %s elsewhere", count(rest, "call is bound", "calls are bound"))
	}
	l.out.Serves = &results.Server{Allocator: name, Object: most.file, Evidence: evidence, Proved: total == bound[most]}
	return true
}

// count says how many of a thing.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (l *look) objectAt(all []*object, address uint64) *object {
	for _, o := range all {
		if slices.ContainsFunc(o.from, func(m proc.Mapping) bool { return m.Start <= address && address < m.End && m.Executable() }) {
			return o
		}
	}
	return nil
}

// deduced follows the order in which the dynamic linker searches, as far as it
// is known: the program, what was preloaded, then libraries; libc comes last.
func (l *look) deduced(all []*object) {
	preloaded := func(o *object) bool {
		return slices.ContainsFunc(l.out.Settings, func(s string) bool { return strings.HasPrefix(s, "LD_PRELOAD=") && strings.Contains(s, o.file) })
	}
	rank := func(o *object) int {
		name, _ := o.allocator()
		switch {
		case !o.defines["malloc"] && !(o.program && o.inside["malloc"]):
			return 9
		case o.program:
			return 0
		case preloaded(o):
			return 1
		case name == "ptmalloc", name == "musl":
			return 3
		case name == "":
			return 9
		}
		return 2
	}
	var best *object
	for _, o := range all {
		if rank(o) < 9 && (best == nil || rank(o) < rank(best)) {
			best = o
		}
	}
	if best == nil {
		return
	}
	name, _ := best.allocator()
	if name == "" {
		name = "unknown"
	}
	l.out.Serves = &results.Server{Allocator: name, Object: best.file, Evidence: "deduced: it comes first in the order in which malloc is searched"}
}

// isGo reports whether the program is written in Go, and notes it.
func (l *look) isGo() bool {
	f, err := l.p.OpenExe()
	if err != nil {
		l.missing("the program's file", err, accessRemedy)
		return false
	}
	defer f.Close()
	info, err := buildinfo.Read(f)
	if err != nil {
		return false // no Go program
	}
	l.out.Go = &results.GoRuntime{Version: info.GoVersion}
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" && s.Value == "1" {
			l.out.Go.Cgo = true
		}
	}
	return true
}

// reaching are the variables that change an allocator: no other is shown, for
// an environment holds secrets.
var reaching = []string{"MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "TCMALLOC_", "MIMALLOC_", "TBB_MALLOC_", "JE_MALLOC_CONF", "_RJEM_MALLOC_CONF"}

// settings keeps what reaches allocators of the environment that the process
// was started with.
func (l *look) settings() {
	all, err := l.p.Environ()
	if err != nil {
		l.missing(results.MissingEnvironment, err, accessRemedy)
		return
	}
	l.out.Settings = allowed(all)
}

func allowed(all []string) (kept []string) {
	for _, line := range all {
		name, _, ok := strings.Cut(line, "=")
		if ok && slices.ContainsFunc(reaching, func(p string) bool {
			return name == p || strings.HasSuffix(p, "_") && strings.HasPrefix(name, p)
		}) {
			kept = append(kept, line)
		}
	}
	slices.Sort(kept)
	return kept
}
