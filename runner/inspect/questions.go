package inspect

import (
	"fmt"
	"strings"
	"unicode"

	"alloclab/results"
)

// questions are what no look from outside can answer, with the command that
// would. Calls by gdb stop the process and run its allocator's code wherever a
// thread stands, so each carries its warning.
func questions(i *results.Inspection) (all []results.Question) {
	pid := i.Process.PID
	const warning = "gdb stops the process, may break the system call that it interrupts, and waits for ever if a thread holds malloc's lock: not on a process that must go on"
	const anew = "it starts the program anew, without the state that this process has; end this one first where both would use one port or file"
	const changed = "it gives memory back: the process is changed"
	gdb := func(call string) string {
		return fmt.Sprintf("gdb -p %d -batch -ex 'set language c' -ex '%s'", pid, call)
	}
	ask := func(question, command string, warnings ...string) {
		all = append(all, results.Question{Question: question, Command: command, Warnings: warnings})
	}
	serves := ""
	if i.Serves != nil {
		serves = i.Serves.Allocator
	}
	switch serves {
	case "":
		if i.Go != nil {
			ask("what Go's heap holds: it is no malloc's", "go tool pprof http://HOST/debug/pprof/heap")
		}
		return all
	case "ptmalloc":
		ask("how much of the heaps is in use, and how much is free in bins", gdb(`call (int)malloc_info(0, *(void**)&stdout)`)+" -ex 'call (int)fflush(0)'   # prints on the process's own stdout", warning)
		if i.Ptmalloc != nil && len(i.Ptmalloc.Arenas) > 1 {
			ask("whether fewer arenas would hold less", execute(i, "--variant ptmalloc --variant ptmalloc,arena_max=1"), anew)
		}
		ask("how much of it malloc_trim would give back", gdb(`call (int)malloc_trim(0)`)+fmt.Sprintf("   # then: alloclab inspect %d", pid), warning, changed)
	case "jemalloc":
		ask("how much is allocated, active, dirty and retained", gdb(`call (void)malloc_stats_print(0,0,0)`)+"   # prints on the process's own stderr", warning)
		ask("which call sites hold it", "restart with MALLOC_CONF=prof:true,prof_prefix:/tmp/heap, then mallctl prof.dump")
		ask("whether it would give back when idle", execute(i, "--variant jemalloc --variant jemalloc,background_thread=true,dirty_decay_ms=1000 --after 30s"), anew)
	case "tcmalloc":
		ask("how much is in the page heap and in thread caches", gdb(`call (void)malloc_stats()`)+"   # prints on the process's own stderr", warning)
		ask("how much of it a release would give back", gdb(`call (void)MallocExtension_ReleaseFreeMemory()`), warning, changed)
	case "mimalloc":
		ask("what mimalloc holds", "restart with MIMALLOC_SHOW_STATS=1: it prints when the process ends", anew)
	default:
		ask("what the allocator holds", "its own statistics call, by gdb", warning)
	}
	ask("what the heap is made of: live blocks, the pages that they pin, empty pages", execute(i, "--census --variant "+known(serves)), anew)
	ask("whether another allocator would hold less for this work", execute(i, ""), anew)
	if i.Serves != nil && !i.Serves.Proved {
		ask("who really serves malloc", "restart with LD_DEBUG=bindings LD_DEBUG_OUTPUT=/tmp/bindings, then grep \"symbol .malloc'\" /tmp/bindings.*")
	}
	if i.Go != nil {
		ask("what Go's heap holds: it is no malloc's", "go tool pprof http://HOST/debug/pprof/heap")
	}
	return all
}

// known is the allocator where alloclab exec can run it, and else the one that every program here has.
func known(allocator string) string {
	switch allocator {
	case "jemalloc", "tcmalloc", "mimalloc", "tbbmalloc":
		return allocator
	}
	return "ptmalloc"
}

// execute is the command that runs the program anew and tells. Its arguments are not known to the lab
// (see results.InspectedTask), and what it is a minute's work of, nobody but the user knows.
func execute(i *results.Inspection, options string) string {
	program := strings.TrimSuffix(i.Process.Exe, " (deleted)")
	switch {
	case program == "":
		program = "PROGRAM"
	case strings.ContainsFunc(program, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+", r)
	}):
		program = "'" + strings.ReplaceAll(program, "'", `'\''`) + "'"
	}
	words := []string{"alloclab exec"}
	if options != "" {
		words = append(words, options)
	}
	text := strings.Join(append(words, "--duration 1m -- "+program+" ARGUMENT…"), " ") + "   # a server: --ready-port PORT --load 'COMMAND' too"
	switch {
	case i.Serves.Allocator == "musl":
		text += "; it must be built against glibc first"
	case i.Serves.Object == i.Process.Exe:
		text += "; its malloc is part of the program, which must be built without it first"
	}
	return text
}
