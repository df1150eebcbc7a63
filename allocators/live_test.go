package allocators

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

const kit = "../workloads/kit"

// build compiles testdata/probe_live.c with the probe, as a program that is
// not position-independent: that is what a cgo binary is.
func build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	sources, err := filepath.Glob(filepath.Join(kit, "probe*.c"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("no probe: %v", err)
	}
	for _, pattern := range []string{kit + "/*.[ch]", "testdata/*.c"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			// What cc reads the go command cannot see: without this it would
			// answer from its cache although a source has changed.
			if _, err := os.Stat(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := filepath.Join(t.TempDir(), name)
	args := []string{"-std=c11", "-O2", "-fPIC", "-no-pie", "-Wall", "-Wextra", "-Werror", "-fno-builtin-malloc", "-fno-builtin-calloc",
		"-fno-builtin-realloc", "-fno-builtin-free", "-I", kit, "-o", out, "testdata/probe_live.c"}
	args = append(append(args, sources...), "-pthread")
	if text, err := exec.Command(compiler, append(args, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, text)
	}
	return out
}

// said is what a run of probe_live printed.
type said struct {
	dialect  Dialect
	servedBy string
	told     Told
	text     string
	marks    map[string]string // the statistics text of each
}

func run(t *testing.T, program string, env []string, args ...string) said {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", env, err, stderr.String())
	}
	s := said{told: Told{Identify: map[string]string{}, Stderr: stderr.String()}, text: stdout.String(), marks: map[string]string{}}
	mark := ""
	for line := range strings.Lines(s.text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case word == "dialect":
			s.dialect = Dialect(rest)
		case word == "served_by":
			s.servedBy = rest
		case word == "mark":
			mark = rest
		case word == "end":
			mark = ""
		case word == "malloc_calls" || word == "truncated":
		case mark != "":
			s.marks[mark] += line
		case strings.Contains(word, "=") && len(s.marks) == 0:
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			s.told.Identify[name] = value
		}
	}
	return s
}

// preloaded returns the environment under which an allocator serves malloc in
// a program linked with none, or skips the test.
func preloaded(t *testing.T, a Allocator, knobs map[string]any) []string {
	t.Helper()
	env, err := a.Environment(knobs)
	if err != nil {
		t.Fatal(err)
	}
	library, err := a.FindLibrary()
	if err != nil {
		t.Skip(err)
	}
	if a.Name != "ptmalloc" {
		env = append(env, "LD_PRELOAD="+library)
	}
	return append(env, "PATH="+os.Getenv("PATH"))
}

// The probe must not call malloc after it was opened: the program interposes
// malloc, and counts.
func TestProbeDoesNotAllocate(t *testing.T) {
	program := build(t, "count", "testdata/count_malloc.c")
	counts := regexp.MustCompile(`(?m)^(\w*malloc_calls) (\d+)$`)
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			s := run(t, program, preloaded(t, a, nil), "3", "1000", "600", "5")
			if s.dialect != a.Dialect {
				t.Errorf("dialect %s, want %s", s.dialect, a.Dialect)
			}
			found := counts.FindAllStringSubmatch(s.text, -1)
			if len(found) != 8 { // identify, purge, flush and five marks
				t.Fatalf("found %d counts", len(found))
			}
			for _, m := range found {
				if m[2] != "0" {
					t.Errorf("%s %s", m[1], m[2])
				}
			}
		})
	}
}

// Every allocator is found when it is preloaded into a program linked with
// none, and its statistics make sense at every mark.
func TestProbeAndClaimsLive(t *testing.T) {
	program := build(t, "live")
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			env := preloaded(t, a, nil)
			s := run(t, program, env, "4", "2000", "3000", "16")
			library, _ := a.FindLibrary()
			if s.dialect != a.Dialect || !sameFile(s.servedBy, library) {
				t.Fatalf("dialect %s, served by %s; want %s, %s", s.dialect, s.servedBy, a.Dialect, library)
			}
			if a.Dialect == DialectUnknown {
				return
			}
			if s.told.Identify["allocator_version"] == "" {
				t.Error("it does not tell its version")
			}
			workers, main := keptBy(4, 2000, 3000, 16)
			var free []int64
			for _, mark := range []string{"freed", "purged", "parked", "flushed", "exited"} {
				c, err := Claims(s.dialect, s.marks[mark])
				if err != nil {
					t.Fatalf("%s: %v", mark, err)
				}
				free = append(free, sum(c))
				checkLive(t, mark, a, s.marks[mark], c)
			}
			flushed := claims(t, s.dialect, s.marks["flushed"])
			if got := *flushed.Stats.Allocated; got < workers || got > (workers+main)*5/4+500e3 {
				t.Errorf("flushed: it says %d bytes are allocated; the workers hold %d, the main thread %d", got, workers, main)
			}
			// 8000 blocks of which one in 16 is kept: about 15 MB were freed.
			if free[0] < 10e6 {
				t.Errorf("at freed it claims only %d free bytes", free[0])
			}
			if a.Name == "jemalloc" || a.Name == "tcmalloc" {
				if free[1] >= free[0] || free[3] >= free[1] {
					t.Errorf("free bytes at the marks: %d; a purge, and a flush before it, should lower them", free)
				}
			}
		})
	}
}

// Where nearly every block was freed, by other threads than its own, mimalloc's
// visitors must meet pages that hold no block: those are no units in use.
func TestMimallocVisitsFreePages(t *testing.T) {
	s := run(t, build(t, "live"), preloaded(t, mimalloc, nil), "4", "2000", "300", "100000")
	raw := s.marks["freed"]
	free := all(t, raw, `(?m)^visit\.free (\d+)$`)
	c := claims(t, s.dialect, raw)
	if free < 64<<10 || *c.UnitGross > all(t, raw, `(?m)^visit\.committed (\d+)$`)-free {
		t.Errorf("%d bytes in free pages, %d in units", free, *c.UnitGross)
	}
}

// keptBy is what probe_live's threads hold at the end, by its source: what the
// workers asked for, and what the main thread did.
func keptBy(threads, blocks, size, keep int64) (workers, main int64) {
	sizeOf := func(i int64) int64 {
		if i%4 == 1 {
			return 24 + i%100
		}
		return size/2 + i*37%(size+1)
	}
	for i := int64(0); i < blocks; i += keep {
		workers += sizeOf(i)
	}
	for i := int64(1); i < 400; i += 2 {
		main += sizeOf(i)
	}
	return threads * (workers + 16000), main
}

func sum(c Claimed) (total int64) {
	for _, n := range c.Bytes {
		total += n
	}
	return total + *c.UnitGross
}

func sameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// checkLive compares claims with another figure of the same reading.
func checkLive(t *testing.T, mark string, a Allocator, raw string, c Claimed) {
	t.Helper()
	one := func(name string) int64 { return all(t, raw, `(?m)^`+regexp.QuoteMeta(name)+` (\d+)$`) }
	switch a.Name {
	case "ptmalloc":
		equal(t, mark+": free", c.Bytes[results.ClaimTop]+c.Bytes[results.ClaimBins], one("mallinfo2.fordblks"))
		equal(t, mark+": arenas", *c.Stats.Arenas, 5)
	case "jemalloc":
		equal(t, mark+": small", jemallocSlabs(t, raw)-*c.UnitGross, one("stats.arenas.4096.small.allocated"))
	case "tcmalloc":
		equal(t, mark+": heap", *c.Stats.Allocated+*c.UnitGross+c.Bytes[results.ClaimThreadCache], *c.Stats.Active)
	case "mimalloc":
		equal(t, mark+": areas", *c.Stats.Allocated+*c.UnitGross, *c.Stats.Active)
	}
}

// An allocator that is mapped need not serve malloc: with libc.so.6 preloaded
// in front of jemalloc, glibc does.
func TestMappedIsNotServing(t *testing.T) {
	if _, err := jemalloc.FindLibrary(); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat("/usr/include/jemalloc"); err != nil {
		t.Skip("jemalloc's development files are not installed")
	}
	program := build(t, "linked", "-Wl,--no-as-needed", "-ljemalloc")
	if s := run(t, program, []string{}, "2", "100"); s.dialect != DialectJemalloc {
		t.Fatalf("linked with jemalloc, the dialect is %s", s.dialect)
	}
	if s := run(t, program, []string{"LD_PRELOAD=libc.so.6"}, "2", "100"); s.dialect != DialectPtmalloc || !strings.Contains(s.servedBy, "libc.so.6") {
		t.Errorf("dialect %s, served by %s", s.dialect, s.servedBy)
	}
}

// notDefault returns a legal value for a knob which is not its default.
func notDefault(k Knob) any {
	special := map[string]any{
		"oversize_threshold": int64(16 << 20), "tcache_max": int64(512), "narenas": int64(3), "muzzy_decay_ms": int64(70),
		"max_background_threads": int64(2), "background_thread": true, "tcache": false, "retain": false,
		"prof_active": false, "prof": true, "eager_commit": false, "allow_decommit": false, "reserve_huge_os_pages": int64(0),
		"limit_os_alloc": false, "disable_memory_release": true, "heap_limit_mb": int64(4000), "large_os_pages": false,
		"mmap_threshold": int64(1 << 20), "hugetlb": int64(1), "mxfast": int64(64), "lg_prof_interval": int64(40),
		"lg_extent_max_active_fit": int64(3), "lg_prof_sample": int64(20),
	}
	if value, ok := special[k.Name]; ok {
		return value
	}
	switch k.Kind {
	case KindCount:
		return int64(7)
	case KindBytes:
		return int64(1 << 20)
	case KindFraction, KindDuration:
		return 2.5
	case KindBool:
		return true
	}
	return k.Choices[len(k.Choices)-1]
}

// Every knob is set to something, alone, and read back from the allocator.
func TestKnobsAreReadBackLive(t *testing.T) {
	program := build(t, "live")
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			for _, k := range a.Knobs {
				knobs := map[string]any{k.Name: notDefault(k)}
				env := preloaded(t, a, knobs)
				s := run(t, program, env, "1", "10")
				if a.Name == "ptmalloc" {
					s.told.Tunables = tunables(t, env)
				}
				effective, mismatch := a.Effective(knobs, s.told)
				want, err := k.text(knobs[k.Name])
				if err != nil {
					t.Fatal(err)
				}
				if k.told == "" && a.Name != "ptmalloc" {
					want = Parsed
				}
				if len(mismatch) != 0 || effective[k.Name] != want {
					t.Errorf("%s: want %s, got %q, %v\n%s", k.Name, want, effective[k.Name], mismatch, s.told.Stderr)
				}
			}
		})
	}
}

// tunables asks the dynamic linker of this machine.
func tunables(t *testing.T, env []string) map[string]string {
	t.Helper()
	loaders, _ := filepath.Glob("/lib*/ld-linux*.so.*")
	if len(loaders) == 0 {
		t.Skip("no dynamic linker of glibc's")
	}
	list, err := ListTunables(context.Background(), loaders[0], env)
	if err != nil {
		t.Skip(err)
	}
	return list
}

// What glibc does not understand it ignores in silence; the list shows it.
func TestIgnoredTunablesAreSeen(t *testing.T) {
	knobs := map[string]any{"arena_max": int64(2)}
	for setting, want := range map[string]string{
		"GLIBC_TUNABLES=glibc.malloc.arena_mx=2":      "[arena_max: requested 2, effective not set]",
		"GLIBC_TUNABLES=glibc.malloc.arena_max=two":   "[arena_max: requested 2, effective not set]",
		"GLIBC_TUNABLES=glibc.malloc.arena_max=3":     "[arena_max: requested 2, effective 3]",
		"GLIBC_TUNABLES=glibc.malloc.arena_max=2":     "[]",
		"GLIBC_TUNABLES=glibc.malloc.arena_max=2:bad": "[]",
	} {
		_, mismatch := ptmalloc.Effective(knobs, Told{Tunables: tunables(t, []string{setting})})
		if got := fmt.Sprint(mismatch); got != want {
			t.Errorf("%s: got %s, want %s", setting, got, want)
		}
	}
}

// The probe and the table must know the same settings.
func TestProbeTellsEveryKnob(t *testing.T) {
	program := build(t, "live")
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			s := run(t, program, preloaded(t, a, nil), "1", "10")
			for _, k := range a.Knobs {
				if _, ok := s.told.Identify[k.told]; !ok && k.told != "" {
					t.Errorf("%s is not among %q", k.told, slices.Sorted(maps.Keys(s.told.Identify)))
				}
			}
		})
	}
}
