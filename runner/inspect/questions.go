package inspect

import (
	"fmt"

	"alloclab/results"
)

// questions are what no look from outside can answer, with the command that
// would. Calls by gdb stop the process and run its allocator's code wherever a
// thread stands, so each carries its warning.
func questions(i *results.Inspection) (all []results.Question) {
	pid := i.Process.PID
	const warning = "gdb stops the process, may break the system call that it interrupts, and waits for ever if a thread holds malloc's lock: not on a process that must go on"
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
		ask("how much of it malloc_trim would give back", gdb(`call (int)malloc_trim(0)`)+fmt.Sprintf("   # then: alloclab inspect %d", pid), warning, changed)
	case "jemalloc":
		ask("how much is allocated, active, dirty and retained", gdb(`call (void)malloc_stats_print(0,0,0)`)+"   # prints on the process's own stderr", warning)
		ask("which call sites hold it", "restart with MALLOC_CONF=prof:true,prof_prefix:/tmp/heap, then mallctl prof.dump")
		ask("whether it gives back when idle", "restart with MALLOC_CONF=background_thread:true,dirty_decay_ms:1000")
	case "tcmalloc":
		ask("how much is in the page heap and in thread caches", gdb(`call (void)malloc_stats()`)+"   # prints on the process's own stderr", warning)
		ask("how much of it a release would give back", gdb(`call (void)MallocExtension_ReleaseFreeMemory()`), warning, changed)
	case "mimalloc":
		ask("what mimalloc holds", "restart with MIMALLOC_SHOW_STATS=1: it prints when the process ends")
	default:
		ask("what the allocator holds", "its own statistics call, by gdb", warning)
	}
	ask("whether another allocator would hold less for this work", "alloclab list names allocators; then restart with LD_PRELOAD=LIBRARY and inspect again")
	if i.Serves != nil && !i.Serves.Proved {
		ask("who really serves malloc", "restart with LD_DEBUG=bindings LD_DEBUG_OUTPUT=/tmp/bindings, then grep \"symbol .malloc'\" /tmp/bindings.*")
	}
	if i.Go != nil {
		ask("what Go's heap holds: it is no malloc's", "go tool pprof http://HOST/debug/pprof/heap")
	}
	return all
}
