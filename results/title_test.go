package results

import "testing"

func TestCellTitle(t *testing.T) {
	cell := Cell{Name: "iobuf/threads=8", Workload: "iobuf", CPUs: 2, Runtime: "go", Silent: true, Params: []Param{
		{"backlog", "bytes", float64(512 << 20), false}, {"threads", "count", int64(8), false}, {"idle", "duration", 30.0, false},
		{"keep_every", "count", 16, true}, {"share", "fraction", .25, false}, {"trickle", "bool", false, false}, {"zero", "bool", true, false},
		{"free_by", "choice", "other\x1b[31m", false},
	}}
	want := "iobuf  backlog 512 MiB, 8 threads, idle 30 s silent, share 0.25, no trickle, zero, free by other\uFFFD[31m, on 2 CPUs, beside the Go runtime"
	if got := cell.Title(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (Cell{Workload: "threads4k"}).Title(); got != "threads4k" {
		t.Errorf("got %q", got)
	}
}

func TestTitlesTellCellsApart(t *testing.T) {
	cell := func(threads int) Cell {
		return Cell{Workload: "w", Params: []Param{{"threads", "count", threads, threads == 2}, {"blocks", "count", 1, true}}}
	}
	r := Run{Cells: []Cell{cell(1), cell(2)}}
	cells := r.TitledCells()
	if a, b := cells[0].Title(), cells[1].Title(); a != "w  1 thread" || b != "w  2 threads" {
		t.Errorf("%q, %q", a, b)
	}
	if !r.Cells[1].Params[0].Default {
		t.Error("the run itself has changed")
	}
}

func TestVariantName(t *testing.T) {
	for want, v := range map[string]Variant{
		"ptmalloc 2.36": {Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"},
		"ptmalloc":      {Label: "ptmalloc", Allocator: "ptmalloc"},
		"one arena":     {Label: "one arena", Allocator: "ptmalloc", Version: "2.36"},
	} {
		if got := v.Name(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"jemalloc 5.3 – größer 日本": "jemalloc 5.3 – größer 日本",
		"\x1b[2J\x07":              "\uFFFD[2J\uFFFD",
		"a\tb\r\nc":                "a b  c",
		"a\u202Eb\u2066\u200B":     "a\uFFFDb\uFFFD\uFFFD",
		"\u009b31m\xff":            "\uFFFD31m\uFFFD",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	for want, got := range map[string]string{
		"0 B": Bytes(0), "4 KiB": Bytes(4096), "512 MiB": Bytes(512 << 20), "1.46 GiB": Bytes(1.46 * (1 << 30)), "2048 TiB": Bytes(1 << 51),
		"0 s": Seconds(0), "250 ms": Seconds(.25), "30 s": Seconds(30), "299 s": Seconds(299), "5 min": Seconds(300), "1.5 h": Seconds(5400), "3.1 µs": Seconds(3.1e-6), "0.9 ns": Seconds(9e-10),
		"0": Number(0), "0.61": Number(.612), "8.10": Number(8.1), "10.0": Number(9.999), "21.3": Number(21.3), "531": Number(531.2), "12034": Number(12034), "100": Number(99.96),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
