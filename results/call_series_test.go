package results

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestCallSeriesKeepsAllThatFits(t *testing.T) {
	var s CallSeries
	var want []CallRow
	for i := range MaxRows {
		row := CallRow{float64(i) / 1000, MarkHold, SyscallCount{"mmap", "PROT_NONE", 1, 0, int64(i)}}
		s.Add(row)
		want = append(want, row)
	}
	if d := gocmp.Diff(want, s.Rows()); d != "" {
		t.Error(d)
	}
}

// However many calls there are and however they lie, rows are bounded, in
// order, and no call or byte is lost.
func TestCallSeriesLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []SyscallCount{{"brk", "grow", 1, 0, 4096}, {"madvise", "MADV_DONTNEED", 1, 0, 8192}, {"munmap", "", 1, 1, 0}}
	for name, gap := range map[string]func() float64{
		"even":        func() float64 { return 1e-5 },
		"random":      random.ExpFloat64,
		"one instant": func() float64 { return 0 },
	} {
		var s CallSeries
		var sum SyscallCount
		at := 0.0
		for range 10 * MaxRows {
			at += gap()
			row := CallRow{at, MarkIdle, kinds[random.IntN(3)]}
			sum.Count, sum.Errors, sum.Bytes = sum.Count+1, sum.Errors+row.Errors, sum.Bytes+row.Bytes
			s.Add(row)
		}
		rows := s.Rows()
		if len(rows) > MaxRows || len(rows) < 3 {
			t.Errorf("%s: %d rows", name, len(rows))
		}
		if !slices.IsSortedFunc(rows, func(a, b CallRow) int { return cmp.Compare(a.T, b.T) }) {
			t.Errorf("%s: out of order", name)
		}
		if last := rows[len(rows)-1].T; last != at {
			t.Errorf("%s: the last call is at %v, came at %v", name, last, at)
		}
		for _, r := range rows {
			sum.Count, sum.Errors, sum.Bytes = sum.Count-r.Count, sum.Errors-r.Errors, sum.Bytes-r.Bytes
		}
		if sum != (SyscallCount{}) {
			t.Errorf("%s: %+v are lost", name, sum)
		}
	}
}

func TestCallsRoundTrip(t *testing.T) {
	path := CallsPath(t.TempDir(), 17)
	want := []CallRow{
		{0.000083, MarkHold, SyscallCount{"mmap", "PROT_READ|PROT_WRITE", 1, 0, 8192}},
		{1.5, MarkIdle, SyscallCount{"munmap", "", 3, 1, 1 << 40}},
	}
	if err := WriteCalls(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCalls(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "t_s,phase,call,how,calls,errors,bytes\n0.000083,hold,mmap,PROT_READ|PROT_WRITE,1,0,8192\n1.500000,idle,munmap,,3,1,1099511627776\n"; string(text) != want {
		t.Errorf("file is\n%s", text)
	}
}

func TestReadCallsFaults(t *testing.T) {
	const head = "t_s,phase,call,how,calls,errors,bytes\n"
	for text, want := range map[string]string{
		"":                                "empty",
		"t_s,phase,call,how,calls,errors": `no column "bytes"`,
		head + "x,hold,brk,grow,1,0,5\n":  "line 2: t_s",
		head + "NaN,hold,brk,,1,0,5\n":    "line 2: t_s",
		head + "1,hold,brk,,-1,0,5\n":     "line 2: calls",
		head + "1,hold,brk,,1,0,\n":       "line 2: bytes",
		head + "1,hold\n":                 "wrong number of fields",
	} {
		if _, err := readCalls(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzReadCalls(f *testing.F) {
	f.Add("t_s,phase,call,how,calls,errors,bytes\n0.5,hold,mmap,PROT_NONE,1,0,4096\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readCalls(strings.NewReader(text))
		for _, r := range rows {
			if err == nil && (!finite(r.T) || r.Count < 0 || r.Errors < 0 || r.Bytes < 0) {
				t.Fatalf("%+v", r)
			}
		}
	})
}
