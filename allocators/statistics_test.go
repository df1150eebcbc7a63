package allocators

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"alloclab/results"
)

// The files were captured from testdata/probe_live.c with arguments 3 1500 600
// 5 at its mark "freed", on Debian 12.
func dump(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".stats"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// all adds up every number that a pattern finds: a second way to read a dump.
func all(t *testing.T, text, pattern string) (sum int64) {
	t.Helper()
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

func claims(t *testing.T, d Dialect, raw string) Claimed {
	t.Helper()
	c, err := Claims(d, raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func equal(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// mallinfo2 walks the same chunks by other code, which has no flag bits in its
// sums: what is computed from malloc_info must agree with it to the byte.
func TestPtmallocClaimsAgreeWithMallinfo(t *testing.T) {
	raw := dump(t, "ptmalloc-2.36")
	c := claims(t, DialectPtmalloc, raw)
	info := func(name string) int64 { return all(t, raw, `(?m)^mallinfo2\.`+name+` (\d+)$`) }
	equal(t, "top and bins", c.Bytes[results.ClaimTop]+c.Bytes[results.ClaimBins], info("fordblks"))
	equal(t, "allocated", *c.Stats.Allocated, info("uordblks")+info("hblkhd"))
	equal(t, "mapped", *c.Stats.Mapped, info("arena")+info("hblkhd"))
	equal(t, "arenas", *c.Stats.Arenas, int64(strings.Count(raw, "<heap nr=")))
	equal(t, "heaps", *c.Stats.Heaps, all(t, raw, `aspace type="subheaps" size="(\d+)"`))
	equal(t, "unit", *c.UnitGross, 0)
	if c.Bytes[results.ClaimBins] < info("fsmblks") || info("fsmblks") == 0 {
		t.Errorf("bins %d hold less than the fastbins in them, %d", c.Bytes[results.ClaimBins], info("fsmblks"))
	}
	if _, ok := c.Bytes[results.ClaimThreadCache]; ok {
		t.Error("glibc does not tell what its thread caches hold")
	}
	equal(t, "raw", int64(c.Stats.Raw["mallinfo2.keepcost"]), info("keepcost"))
}

// One arena by hand: a fastbin, a bin of one size, one of several, unsorted.
func TestPtmallocTopAndBins(t *testing.T) {
	const raw = `mallinfo2.arena 200000
malloc_info
<malloc version="1">
<heap nr="0"><sizes>
<size from="17" to="32" total="96" count="3"/>
<size from="20017" to="20017" total="40034" count="2"/>
<size from="1041" to="1089" total="2130" count="2"/>
<unsorted from="513" to="513" total="513" count="1"/>
</sizes>
<total type="fast" count="3" size="96"/><total type="rest" count="6" size="47677"/>
<system type="current" size="135168"/><system type="max" size="135168"/>
<aspace type="total" size="135168"/></heap>
<total type="fast" count="3" size="96"/><total type="rest" count="6" size="47677"/>
<total type="mmap" count="1" size="200704"/>
<system type="current" size="135168"/>
</malloc>
`
	c := claims(t, DialectPtmalloc, raw)
	equal(t, "top", c.Bytes[results.ClaimTop], 5000)
	equal(t, "bins", c.Bytes[results.ClaimBins], 3*32+2*20016+2128+512)
	equal(t, "allocated", *c.Stats.Allocated, 135168-5000-96-2*20016-2128-512+200704)
	equal(t, "heaps of a process with one arena", *c.Stats.Heaps, 0)
}

// jemallocSlabs is the size of all slabs in a dump.
func jemallocSlabs(t *testing.T, raw string) (slabs int64) {
	t.Helper()
	for j := range 36 {
		bin := strconv.Itoa(j)
		slabs += all(t, raw, `arenas\.bin\.`+bin+`\.slab_size (\d+)`) * all(t, raw, `bins\.`+bin+`\.curslabs (\d+)`)
	}
	return slabs
}

// A slab's regions are all of small blocks, so what bins hold in use must be
// what jemalloc itself adds up as small.allocated.
func TestJemallocClaims(t *testing.T) {
	raw := dump(t, "jemalloc-5.3.0")
	c := claims(t, DialectJemalloc, raw)
	slabs := jemallocSlabs(t, raw)
	one := func(name string) int64 { return all(t, raw, `(?m)^`+regexp.QuoteMeta(name)+` (\d+)$`) }
	equal(t, "unit", *c.UnitGross, slabs-one("stats.arenas.4096.small.allocated"))
	equal(t, "decay", c.Bytes[results.ClaimDecay], 4096*one("stats.arenas.4096.pdirty"))
	equal(t, "thread cache", c.Bytes[results.ClaimThreadCache], one("stats.arenas.4096.tcache_bytes"))
	equal(t, "metadata", c.Bytes[results.ClaimMetadata], one("stats.metadata"))
	equal(t, "allocated", *c.Stats.Allocated, one("stats.allocated")-one("stats.arenas.4096.tcache_bytes"))
	equal(t, "active", *c.Stats.Active, 4096*one("stats.arenas.4096.pactive"))
	equal(t, "allocated by its own count", *c.Stats.WithCaches, one("stats.allocated"))
	equal(t, "resident", *c.Stats.Resident, one("stats.resident"))
	equal(t, "arenas", *c.Stats.Arenas, 4) // the main thread's and three
	for name := range c.Stats.Raw {
		if strings.Contains(name, "bins.") || strings.Contains(name, ".bin.") {
			t.Errorf("raw figures hold %s: 216 of these a mark are too many", name)
		}
	}
}

// What slabs hold beyond blocks handed out is their regions' free bytes and what a
// slab is larger than its regions.
func TestJemallocSmallFree(t *testing.T) {
	raw := dump(t, "jemalloc-5.3.0")
	c := claims(t, DialectJemalloc, raw)
	edges, used := int64(0), all(t, raw, `stats\.arenas\.4096\.small\.allocated (\d+)`)
	for j := range 36 {
		bin := strconv.Itoa(j)
		slab, size, regions := all(t, raw, `arenas\.bin\.`+bin+`\.slab_size (\d+)`), all(t, raw, `arenas\.bin\.`+bin+`\.size (\d+)`), all(t, raw, `arenas\.bin\.`+bin+`\.nregs (\d+)`)
		edges += (slab - size*regions) * all(t, raw, `bins\.`+bin+`\.curslabs (\d+)`)
	}
	equal(t, "free in small bins", *c.Stats.SmallFree, jemallocSlabs(t, raw)-used-edges)
	if *c.Stats.SmallFree == 0 {
		t.Error("nothing is free in the dump, which shows nothing")
	}
}

// While the program runs a few lines are asked for; they are read as the whole is.
func TestPolled(t *testing.T) {
	for d, file := range map[Dialect]string{DialectJemalloc: "jemalloc-5.3.0", DialectTcmalloc: "gperftools-2.10"} {
		raw := dump(t, file)
		whole := claims(t, d, raw).Stats
		few := regexp.MustCompile(`(?m)^(stats\.(allocated|active|resident|mapped|arenas\.4096\.tcache_bytes)|generic\.\S+|tcmalloc\.pageheap_(free|unmapped)_bytes) \d+\n`)
		said, err := Polled(d, strings.Join(few.FindAllString(raw, -1), ""))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "allocated", *said.Allocated, *whole.Allocated)
		equal(t, "active", *said.Active, *whole.Active)
		equal(t, "resident", *said.Resident, *whole.Resident)
		equal(t, "mapped", *said.Mapped, *whole.Mapped)
		if _, err := Polled(d, ""); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s said nothing: %v", d, err)
		}
	}
	for _, d := range []Dialect{DialectPtmalloc, DialectMimalloc, DialectUnknown} {
		if _, err := Polled(d, "a 1\n"); err == nil {
			t.Errorf("%s is believed while threads run", d)
		}
	}
}

func TestTcmallocClaims(t *testing.T) {
	raw := dump(t, "gperftools-2.10")
	c := claims(t, DialectTcmalloc, raw)
	one := func(name string) int64 { return all(t, raw, `(?m)^`+regexp.QuoteMeta(name)+` (\d+)$`) }
	threads, free := one("tcmalloc.thread_cache_free_bytes"), one("tcmalloc.pageheap_free_bytes")
	unmapped := one("tcmalloc.pageheap_unmapped_bytes")
	// The identity of the heap: what is left of it is the central and transfer lists.
	equal(t, "unit", *c.UnitGross, one("generic.heap_size")-one("generic.current_allocated_bytes")-threads-free-unmapped)
	equal(t, "thread cache", c.Bytes[results.ClaimThreadCache], threads)
	equal(t, "page heap", c.Bytes[results.ClaimPageHeap], free)
	equal(t, "metadata", c.Bytes[results.ClaimMetadata],
		one("generic.total_physical_bytes")-one("tcmalloc.pageheap_committed_bytes"))
	if c.Stats.Arenas != nil {
		t.Error("tcmalloc has no arenas")
	}
}

func TestMimallocClaims(t *testing.T) {
	raw := dump(t, "mimalloc-2.0.9")
	c := claims(t, DialectMimalloc, raw)
	one := func(name string) int64 { return all(t, raw, `(?m)^`+regexp.QuoteMeta(name)+` (\d+)$`) }
	equal(t, "all committed", *c.Stats.Allocated+*c.UnitGross+one("visit.free"), one("visit.committed"))
	equal(t, "page heap and areas in use", c.Bytes[results.ClaimPageHeap]+*c.Stats.Active, one("process_info.current_commit"))
}

func TestMimallocWithoutVisitsClaimsNothing(t *testing.T) {
	c := claims(t, DialectMimalloc, "process_info.current_commit 4096\nvisit.heaps 0\nvisit.committed 0\nvisit.used 0\nvisit.free 0\n")
	if c.UnitGross != nil || len(c.Bytes) != 0 {
		t.Errorf("nobody visited, yet it claims %v and %v", c.UnitGross, c.Bytes)
	}
}

func TestUnknownDialectClaimsNothing(t *testing.T) {
	c := claims(t, DialectUnknown, "")
	if len(c.Bytes) != 0 || c.UnitGross != nil {
		t.Errorf("got %+v", c)
	}
}

func TestClaimsRefuse(t *testing.T) {
	jemallocDump := dump(t, "jemalloc-5.3.0")
	for _, test := range []struct {
		name    string
		dialect Dialect
		raw     string
		want    string
	}{
		{"empty", DialectTcmalloc, "", "missing"},
		{"no XML", DialectPtmalloc, "mallinfo2.arena 1\n", "no malloc_info"},
		{"torn XML", DialectPtmalloc, dump(t, "ptmalloc-2.36")[:2000], "malloc_info"},
		{"bins beyond the total", DialectPtmalloc, regexp.MustCompile(`(type="rest" count="\d+" size=")\d+`).ReplaceAllString(dump(t, "ptmalloc-2.36"), "${1}1"), "hold more"},
		{"torn number", DialectJemalloc, jemallocDump[:10], "line 1"},
		{"a bin is missing", DialectJemalloc, strings.Replace(jemallocDump, "bins.7.curslabs", "bins.7.other", 1), "bins.7.curslabs is missing"},
		{"more regions than slabs", DialectJemalloc, regexp.MustCompile(`bins\.3\.curslabs \d+`).ReplaceAllString(jemallocDump, "bins.3.curslabs 0"), "bin 3"},
		{"twice", DialectTcmalloc, "a 1\na 2\n", "second time"},
		{"beyond belief", DialectTcmalloc, "a 9223372036854775807\n", "not a name and a figure"},
		{"not a number", DialectMimalloc, "a b\n", "not a name and a figure"},
		{"no dialect", Dialect("other"), "", "no such dialect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Claims(test.dialect, test.raw)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

// fuzzClaims checks what holds for any text: an error, or claims none of which
// is negative.
func fuzzClaims(f *testing.F, d Dialect, seed string) {
	f.Add(dump(f, seed))
	f.Add("")
	f.Add("malloc_info\n<malloc><heap nr=\"0\"></heap></malloc>")
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := Claims(d, raw)
		if err != nil {
			return
		}
		for name, n := range c.Bytes {
			if n < 0 {
				t.Errorf("claim %s is %d", name, n)
			}
		}
		if c.UnitGross != nil && *c.UnitGross < 0 {
			t.Errorf("unit is %d", *c.UnitGross)
		}
		if c.Stats.Allocated != nil && *c.Stats.Allocated < 0 {
			t.Errorf("allocated is %d", *c.Stats.Allocated)
		}
	})
}

func FuzzPtmallocClaims(f *testing.F) { fuzzClaims(f, DialectPtmalloc, "ptmalloc-2.36") }
func FuzzJemallocClaims(f *testing.F) { fuzzClaims(f, DialectJemalloc, "jemalloc-5.3.0") }
func FuzzTcmallocClaims(f *testing.F) { fuzzClaims(f, DialectTcmalloc, "gperftools-2.10") }
func FuzzMimallocClaims(f *testing.F) { fuzzClaims(f, DialectMimalloc, "mimalloc-2.0.9") }
