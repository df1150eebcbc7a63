package results

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSaidRoundTrip(t *testing.T) {
	path := SaidPath(t.TempDir(), 17)
	want := []Said{
		{T: 1.5, Allocated: 0, Active: 4096, Resident: 8192, Mapped: 1 << 40, Arenas: Absent, Heaps: Absent, Obtained: Absent, Phase: MarkHold},
		{T: 2, Allocated: Absent, Active: Absent, Resident: Absent, Mapped: Absent, Arenas: 3, Heaps: 2, Obtained: 5, Phase: MarkIdle},
	}
	if err := WriteSaid(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSaid(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file := "t_s,allocated_bytes,active_bytes,resident_bytes,mapped_bytes,arenas,heaps,obtained_bytes,phase\n" +
		"1.500000,0,4096,8192,1099511627776,,,,hold\n2.000000,,,,,3,2,5,idle\n"
	if !strings.HasSuffix(path, "statistics/17.csv") || string(text) != file {
		t.Errorf("%s is\n%s", path, text)
	}
}

func TestSaidFromElsewhere(t *testing.T) {
	const head = "phase,t_s,new,allocated_bytes,active_bytes,resident_bytes,mapped_bytes,arenas,heaps,obtained_bytes\n"
	for text, want := range map[string]string{
		"":                            "empty",
		"t_s,phase\n":                 `no column "allocated_bytes"`,
		head + "a,x,,1,1,1,1,1,1,1\n": `line 2: t_s: "x"`,
		head + "a,1,,-1,1,1,1,1,1,1":  "line 2: allocated_bytes",
		head + "a,1,,1,1,1,1,1,1":     "wrong number of fields",
	} {
		if _, err := readSaid(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	rows, err := readSaid(strings.NewReader(head + "hold,1,9,2,,,,,,\n"))
	if err != nil || len(rows) != 1 || rows[0].Allocated != 2 || rows[0].Active != Absent || rows[0].Phase != MarkHold {
		t.Errorf("columns in another order: %+v, %v", rows, err)
	}
}

// A series of them keeps the most that was ever allocated, however long it is.
func TestSaidIsBounded(t *testing.T) {
	s := NewSeries[Said]()
	for i := range 200_000 {
		said := Said{T: float64(i), Allocated: 1000, Obtained: Absent}
		if i == 77_777 {
			said.Allocated = 1 << 40
		}
		s.Add(said)
	}
	rows, most := s.Rows(), Said{}
	for _, r := range rows {
		if r.Allocated > most.Allocated {
			most = r
		}
	}
	if len(rows) > MaxRows || most.T != 77_777 {
		t.Errorf("%d rows, the highest at %v", len(rows), most.T)
	}
}
