package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"alloclab/results"
)

// Inspection prints what a look at a process found: one screen of answers, then
// details.
func Inspection(w io.Writer, i *results.Inspection) error {
	var out strings.Builder
	inspectedHead(&out, i)
	inspectedMalloc(&out, i)
	inspectedMemory(&out, i)
	inspectedKinds(&out, i)
	inspectedHeaps(&out, i)
	for _, m := range i.Missing {
		fmt.Fprintf(&out, "\nNot read: %s\n  %s\n  → %s\n", results.Plain(m.What), results.Plain(m.Why), results.Plain(m.Remedy))
	}
	if len(i.Questions) > 0 {
		out.WriteString("\nWhat no look from outside can say, and what would:\n")
	}
	warned := map[string]bool{}
	for _, q := range i.Questions {
		fmt.Fprintf(&out, "- %s\n  → %s\n", q.Question, results.Plain(q.Command))
		for _, w := range q.Warnings {
			if !warned[w] {
				fmt.Fprintf(&out, "  ! %s\n", w)
			}
			warned[w] = true
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func inspectedHead(out *strings.Builder, i *results.Inspection) {
	p := i.Process
	user := fmt.Sprintf("uid %d", p.UID)
	if p.User != "" {
		user = p.User
	}
	threads := "1 thread"
	if p.Threads != 1 {
		threads = fmt.Sprintf("%d threads", p.Threads)
	}
	fmt.Fprintf(out, "%s  process %d · %s · %s · up %s", results.Plain(p.Name), p.PID, threads, results.Plain(user), results.Seconds(p.Up))
	if p.Exe != "" {
		fmt.Fprintf(out, " · %s", results.Plain(p.Exe))
	}
	out.WriteString("\n\n")
}

// field prints a line with a name in front; further lines stand below its text.
func field(out *strings.Builder, name string, lines ...string) {
	for n, line := range lines {
		if n > 0 {
			name = ""
		}
		fmt.Fprintf(out, "%-10s%s\n", name, results.Plain(line))
	}
}

func inspectedMalloc(out *strings.Builder, i *results.Inspection) {
	if len(i.Kinds) == 0 {
		return // nothing could be read
	}
	switch s := i.Serves; {
	case s == nil && i.Go != nil && len(i.Found) == 0:
		field(out, "malloc", "none: a Go program without C, whose heap is Go's own")
	case s == nil:
		field(out, "malloc", "it could not be told who serves it")
	default:
		sure := "deduced"
		if s.Proved {
			sure = "proved"
		}
		field(out, "malloc", fmt.Sprintf("%s, in %s", s.Allocator, s.Object), sure+": "+strings.TrimPrefix(s.Evidence, "deduced: "))
	}
	for _, f := range i.Found {
		if i.Serves == nil || f.Object != i.Serves.Object {
			field(out, "", fmt.Sprintf("also here: %s, in %s (%s)", f.Allocator, f.Object, f.Evidence))
		}
	}
	if g := i.Go; g != nil {
		cgo := "without cgo"
		if g.Cgo {
			cgo = "with cgo"
		}
		field(out, "Go", fmt.Sprintf("%s, %s: Go's own heap is no malloc's", g.Version, cgo))
	}
	settings := i.Settings
	switch {
	case slices.ContainsFunc(i.Missing, func(m results.Missing) bool { return m.What == results.MissingEnvironment }):
		settings = []string{"unknown: its environment may not be read"}
	case len(settings) == 0:
		settings = []string{"none that reach an allocator, in the environment it was started with"}
	}
	field(out, "settings", settings...)
}

func inspectedMemory(out *strings.Builder, i *results.Inspection) {
	m := i.Memory
	size := func(n int64) string { return results.Bytes(float64(n)) }
	field(out, "memory", fmt.Sprintf("RSS %s now, %s at its peak; swapped out %s", size(m.RSS), size(m.HWM), size(m.Swap)))
	if len(i.Kinds) == 0 {
		return
	}
	thp := "allowed: " + m.THP
	if m.THP == "" {
		thp = "setting unknown"
	}
	if m.THPDisallowed {
		thp = "forbidden for this process"
	}
	more := fmt.Sprintf("in huge pages %s (THP %s); freed lazily, still counted %s; locked %s", size(m.HugePages), thp, size(m.LazyFree), size(m.Locked))
	if m.Hugetlb > 0 {
		more += fmt.Sprintf("; hugetlb %s, which RSS leaves out", size(m.Hugetlb))
	}
	field(out, "", more)
	l := i.Look
	look := fmt.Sprintf("taken in %s while it ran: RSS was %s before, %s after", results.Seconds(l.Took), size(l.RSSBefore), size(l.RSSAfter))
	if l.MapsChanged {
		look += "; mappings came or went meanwhile"
	}
	field(out, "look", look)
}

func inspectedKinds(out *strings.Builder, i *results.Inspection) {
	if len(i.Kinds) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%-28s%12s%14s%10s\n", "What RSS is made of", "RSS KiB", "addresses KiB", "mappings")
	for _, k := range i.Kinds {
		fmt.Fprintf(out, "%-28s%12d%14d%10d\n", k.Name, k.RSS>>10, k.Size>>10, k.Mappings)
	}
	fmt.Fprintf(out, "%-28s%12d", "sum", i.Look.KindsSum>>10)
	if d := i.Look.KindsSum - i.Memory.RSS; d != 0 {
		fmt.Fprintf(out, "   smaps_rollup right after: %d (%+d KiB in %s)", i.Memory.RSS>>10, -d>>10, results.Seconds(i.Look.KindsTook))
	} else {
		out.WriteString("   = smaps_rollup right after")
	}
	out.WriteString("\n")
}

const maxHeapLines = 12 // of one arena; a service may have hundreds

func inspectedHeaps(out *strings.Builder, i *results.Inspection) {
	p := i.Ptmalloc
	if p == nil {
		return
	}
	heaps := 0
	for _, a := range p.Arenas {
		heaps += len(a.Heaps)
	}
	kib := func(n *int64) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n >> 10)
	}
	fmt.Fprintf(out, "\nptmalloc: arenas %d, heaps %d, in memory %s\n", len(p.Arenas), heaps, results.Bytes(float64(p.RSS)))
	fmt.Fprintf(out, "%-10s%8s%8s%14s%12s%12s\n", "arena", "threads", "heaps", "obtained KiB", "RSS KiB", "top KiB")
	for _, a := range p.Arenas {
		name := fmt.Sprint(a.Number)
		if a.Number == 0 {
			name = "main"
		}
		threads := "?"
		if a.Threads != nil {
			threads = fmt.Sprint(*a.Threads)
		}
		fmt.Fprintf(out, "%-10s%8s%8d%14s%12d%12s\n", name, threads, len(a.Heaps), kib(a.System), a.Resident()>>10, kib(a.Top))
	}
	out.WriteString("top is free at the heap's end: it is obtained, and in memory as far as it was touched.\n")
	out.WriteString("size is what the arena has of a heap now, writable the most it ever had.\n")
	fmt.Fprintf(out, "\n%-10s%-18s%12s%14s%12s\n", "heap of", "at", "size KiB", "writable KiB", "RSS KiB")
	for _, a := range p.Arenas {
		name := fmt.Sprint(a.Number)
		if a.Number == 0 {
			name = "main"
		}
		for n, h := range a.Heaps {
			if n == maxHeapLines {
				fmt.Fprintf(out, "%-10sand %d more; --json lists all\n", name, len(a.Heaps)-n)
				break
			}
			fmt.Fprintf(out, "%-10s%-18s%12d%14d%12d\n", name, h.Start, h.Size>>10, h.Writable>>10, h.RSS>>10)
		}
	}
}
