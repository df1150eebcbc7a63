package proc

import (
	"errors"
	"io"
	"os/exec"
	"testing"
)

// count sums a stopped process's pages over all its mappings.
type count struct{ present, resident, zero, hugeZero, vdso, vvar int64 }

func countPages(t testing.TB, p *Process) (c count) {
	t.Helper()
	list, err := p.Maps()
	if err != nil {
		t.Fatal(err)
	}
	pm, err := p.OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pm.Close() }()
	buf := make([]uint64, 512)
	for _, m := range list {
		if m.Vsyscall() {
			continue
		}
		anonymous := m.PrivateAnonymous()
		err := pm.Walk(m.Start, m.End, buf, func(_ uint64, entries []uint64) error {
			for _, e := range entries {
				if e&PagePresent == 0 {
					continue
				}
				c.present++
				switch {
				case Resident(e, anonymous):
					c.resident++
				case e&PageFile != 0:
					c.hugeZero++
				default:
					c.zero++
				}
				switch m.Path {
				case "[vdso]":
					c.vdso++
				case "[vvar]", "[vvar_vclock]":
					c.vvar++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestPagemapEqualsRss holds the two routes to RSS against each other on a
// process that has every kind of page, and shows what each exclusion is worth:
// without any of them the sum would be wrong.
func TestPagemapEqualsRss(t *testing.T) {
	for range 5 {
		c := startHelper(t, "pages")
		p := openChild(t, c)
		c.stop(t, p)
		got := countPages(t, p)
		r, err := p.SmapsRollup()
		if err != nil {
			t.Fatal(err)
		}
		if want := r.Rss / pageSize; got.resident != want {
			t.Errorf("resident pages %+v, smaps_rollup %d", got, want)
		}
		if got.zero < 256+256+128 { // what touchPages reads and does not write
			t.Errorf("zero pages %d: the helper did not make them", got.zero)
		}
		if r.AnonHugePages > 0 && got.hugeZero != 512 {
			t.Errorf("huge zero page counted %d times, want 512", got.hugeZero)
		}
		if got.vvar != 0 || got.vdso == 0 {
			t.Errorf("pagemap has %d pages of vvar, %d of vdso; Resident's comment says otherwise", got.vvar, got.vdso)
		}
		t.Logf("%+v", got)
		c.end()
	}
}

// TestPagemapAfterFork shows the documented limit: pages that parent and child
// share are missing, and the ledger must see it as a disagreement.
func TestPagemapAfterFork(t *testing.T) {
	c := startReady(t, exec.Command("/bin/sh", "-c", "exec 3<&0; (read x <&3) & echo ready; read y <&3"))
	p := openChild(t, c)
	c.stop(t, p)
	got := countPages(t, p)
	r, err := p.SmapsRollup()
	if err != nil {
		t.Fatal(err)
	}
	missing := r.Rss/pageSize - got.resident
	if missing < 0 || missing != got.zero {
		t.Errorf("Rss exceeds the sum by %d pages, %d are neither file nor exclusive", missing, got.zero)
	}
	t.Logf("shared with the child: %d pages", missing)
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	kids, err := NewFS("/").Descendants(c.pid())
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range kids {
		killTest(pid)
	}
}

func TestPagemapRanges(t *testing.T) {
	c := startHelper(t, "pages")
	p := openChild(t, c)
	c.stop(t, p)
	list, err := p.Maps()
	if err != nil {
		t.Fatal(err)
	}
	m := list[0]
	pages := m.Size() / uint64(pageSize)
	whole := make([]uint64, pages)
	if err := p.Pagemap(m.Start, m.End, whole); err != nil {
		t.Fatal(err)
	}
	// In chunks of three pages the entries are the same, at the right addresses.
	pm, err := p.OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pm.Close() }()
	at := uint64(0)
	err = pm.Walk(m.Start, m.End, make([]uint64, 3), func(addr uint64, entries []uint64) error {
		if addr != m.Start+at*uint64(pageSize) {
			t.Errorf("address %#x, want page %d", addr, at)
		}
		for _, e := range entries {
			if e != whole[at] {
				t.Errorf("page %d: %#x, want %#x", at, e, whole[at])
			}
			at++
		}
		return nil
	})
	if err != nil || at != pages {
		t.Errorf("%d of %d pages, %v", at, pages, err)
	}
	if err := p.Pagemap(m.Start, m.End, whole[1:]); err == nil {
		t.Error("a buffer too small is no error")
	}
	if err := p.Pagemap(m.Start, m.Start, nil); err != nil {
		t.Errorf("an empty range: %v", err)
	}
	one := make([]uint64, 1)
	if _, err := pm.Read(m.Start+1, m.End, one); err == nil {
		t.Error("an address inside a page is no error")
	}
	if _, err := pm.Read(0xffffffffff600000, 0xffffffffff601000, one); err != io.EOF {
		t.Errorf("vsyscall: %v, want EOF", err)
	}
	if err := pm.Walk(m.Start, m.End, nil, nil); err == nil {
		t.Error("no buffer is no error")
	}
	c.end()
	if _, err := pm.Read(m.Start, m.End, one); !errors.Is(err, ErrExited) {
		t.Errorf("after the end: %v, want ErrExited", err)
	}
}

func TestResident(t *testing.T) {
	for _, c := range []struct {
		name      string
		entry     uint64
		anonymous bool
		want      bool
	}{
		{"absent", 0, true, false},
		{"swapped", PageSwapped | PageExclusive, true, false},
		{"own memory", PagePresent | PageExclusive | PageSoftDirty, true, true},
		{"zero page", PagePresent | PageSoftDirty, true, false},
		{"huge zero page", PagePresent | PageFile, true, false},
		{"file", PagePresent | PageFile, false, true},
		{"file of one", PagePresent | PageFile | PageExclusive, false, true},
		{"copy shared after fork", PagePresent, false, true},
	} {
		if got := Resident(c.entry, c.anonymous); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
