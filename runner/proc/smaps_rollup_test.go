package proc

import (
	"errors"
	"strings"
	"testing"
)

func TestSmapsRollupOldKernels(t *testing.T) {
	fs := fixture(t, "smaps_rollup-old.txtar")
	for _, c := range []struct {
		pid  int
		want SmapsRollup // kB
		keys int
	}{
		{510, SmapsRollup{Rss: 1788, Pss: 229, PssAnon: 88, PrivateDirty: 88, Anonymous: 88, LazyFree: 12, Swap: 4, Locked: 8}, 20},
		{601, SmapsRollup{Rss: 4194304, Pss: 4194000, PssAnon: 4189996, PrivateDirty: 4190000, Anonymous: 4190000, AnonHugePages: 2097152}, 21},
		{414, SmapsRollup{Rss: 100, Pss: 50, PrivateDirty: 20, Anonymous: 16}, 6},
	} {
		p, err := fs.Open(c.pid)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.SmapsRollup()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if len(got.Raw) != c.keys {
			t.Errorf("%d: %d keys, want %d", c.pid, len(got.Raw), c.keys)
		}
		_, has := got.Raw["Pss_Anon"]
		if has != (c.pid != 414) {
			t.Errorf("%d: Raw says Pss_Anon %v", c.pid, has)
		}
		got.Raw = nil
		for _, v := range []*int64{
			&c.want.Rss, &c.want.Pss, &c.want.PssAnon, &c.want.PrivateDirty, &c.want.Anonymous,
			&c.want.LazyFree, &c.want.AnonHugePages, &c.want.Swap, &c.want.Locked,
		} {
			*v *= 1024
		}
		if !equalRollup(got, c.want) {
			t.Errorf("%d: %+v, want %+v", c.pid, got, c.want)
		}
		if _, err := p.Statm(); err == nil {
			t.Errorf("%d: statm of a closed process", c.pid)
		}
	}
}

func equalRollup(a, b SmapsRollup) bool {
	return a.Rss == b.Rss && a.Pss == b.Pss && a.PssAnon == b.PssAnon && a.PrivateDirty == b.PrivateDirty &&
		a.Anonymous == b.Anonymous && a.LazyFree == b.LazyFree && a.AnonHugePages == b.AnonHugePages &&
		a.Swap == b.Swap && a.Locked == b.Locked
}

// TestThreeRoutesToRSS holds statm, status and smaps_rollup of a process that
// makes every kind of page against each other, within the kernel's bound.
func TestThreeRoutesToRSS(t *testing.T) {
	c := startHelper(t, "pages")
	p := openChild(t, c)
	c.stop(t, p)
	m, err1 := p.Statm()
	s, err2 := p.Status()
	r, err3 := p.SmapsRollup()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	bound := liveBound(t, s.Threads)
	if d := abs(m.Resident - r.Rss); d > bound {
		t.Errorf("statm %d, smaps_rollup %d: %d apart, bound %d", m.Resident, r.Rss, d, bound)
	}
	if d := abs(s.VmRSS - r.Rss); d > bound {
		t.Errorf("VmRSS %d, smaps_rollup %d: %d apart, bound %d", s.VmRSS, r.Rss, d, bound)
	}
	// Pages may wait in a CPU's batch and not be marked yet.
	if r.LazyFree > 512*1024 || r.LazyFree < 256*1024 {
		t.Errorf("LazyFree %d, the helper freed 512 KiB with MADV_FREE", r.LazyFree)
	}
	for key, got := range map[string]int64{"Rss": r.Rss, "Pss_Anon": r.PssAnon, "Anonymous": r.Anonymous} {
		if want := awk(t, p.pid, "smaps_rollup", key); got != want {
			t.Errorf("%s %d, awk says %d", key, got, want)
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// liveBound is RSSErrorBound of this machine.
func liveBound(t testing.TB, threads int) int64 {
	t.Helper()
	h, err := NewFS("/").Host()
	if err != nil {
		t.Fatal(err)
	}
	return RSSErrorBound(h.KernelRelease, h.CPU.Cores, threads)
}

func TestSmapsRollupUnsupported(t *testing.T) {
	p := openFixture(t, "zombie-6.18.txtar", 43) // has no such file, as a kernel before 4.14
	if _, err := p.SmapsRollup(); !Unsupported(err) || errors.Is(err, ErrExited) {
		t.Errorf("%v, want Unsupported", err)
	}
}

func TestParseSmapsRollupErrors(t *testing.T) {
	good := fixtureFiles(t, "process-6.18.txtar")["proc/42/smaps_rollup"]
	for _, bad := range []string{
		"", "x\n", strings.Replace(good, "[rollup]", "", 1), strings.Replace(good, "\nRss:", "\nRSS:", 1),
		strings.Replace(good, "kB", "MB", 1), strings.Replace(good, "Pss:", "Pss", 1),
	} {
		if r, err := parseSmapsRollup(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, r, err)
		}
	}
}

func FuzzSmapsRollup(f *testing.F) {
	seed(f, "/smaps_rollup")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := parseSmapsRollup(text); err == nil && r.Rss < 0 {
			t.Errorf("%q: %+v", text, r)
		}
	})
}
