package results

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSamplesRoundTrip(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/"+SamplesDir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := SamplesPath(dir, 17)
	if !strings.HasSuffix(path, "samples/17.csv") {
		t.Errorf("path is %s", path)
	}
	want := []Sample{
		{0, 4096, 0, 0, 12, MarkHold},
		{0.010001, 1 << 40, Absent, Absent, Absent, MarkIdle},
	}
	if err := WriteSamples(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSamples(path)
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
	file := "t_s,rss_bytes,live_bytes,operations,minor_faults,phase\n0.000000,4096,0,0,12,hold\n0.010001,1099511627776,,,,idle\n"
	if string(text) != file {
		t.Errorf("file is\n%s", text)
	}
}

func TestSamplesColumnsByName(t *testing.T) {
	got, err := readSamples(strings.NewReader("phase,added,t_s,rss_bytes,live_bytes,operations,minor_faults\nhold,9,1,2,3,4,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Sample{{1, 2, 3, 4, Absent, MarkHold}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesFromElsewhere(t *testing.T) {
	head := strings.Join(sampleHeader, ",") + "\n"
	for text, want := range map[string]string{
		"":                               "empty",
		"t_s,rss_bytes\n":                `no column "live_bytes"`,
		head + "x,1,1,1,1,a\n":           `line 2: t_s: "x"`,
		head + "NaN,1,1,1,1,a\n":         "line 2: t_s",
		head + "1,,1,1,1,a\n":            "line 2: rss_bytes",
		head + "1,-1,1,1,1,a\n":          "line 2: rss_bytes",
		head + "1,1,1,1,1,a\n1,1,-1,,,a": "line 3: live_bytes",
		head + "1,1,1,1\n":               "wrong number of fields",
	} {
		if _, err := readSamples(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", text, want, err)
		}
	}
}

// TestPhaseIsNoFormula: a spreadsheet runs a cell that begins with these.
func TestPhaseIsNoFormula(t *testing.T) {
	for _, phase := range []string{"=1+1", "+1", "-1", "@x", "\tx", "a,b\"c"} {
		var out strings.Builder
		if err := writeSamples(&out, []Sample{{Phase: phase}}); err != nil {
			t.Fatal(err)
		}
		row, _ := strings.CutPrefix(strings.SplitN(out.String(), "\n", 2)[1], "0.000000,0,0,0,0,")
		if phase[0] != 'a' && !strings.HasPrefix(strings.TrimPrefix(row, `"`), "'") {
			t.Errorf("%q is written as %q", phase, row)
		}
	}
}

func TestIdleFall(t *testing.T) {
	series := func(rss func(i int) int64) []Sample {
		samples := []Sample{{T: 0, RSS: 1 << 40, Phase: MarkFreed}}
		for i := range 101 {
			samples = append(samples, Sample{T: 1 + float64(i)/100, RSS: rss(i), Phase: MarkIdle})
		}
		return append(samples, Sample{T: 3, RSS: 0, Phase: MarkPurged})
	}
	for name, c := range map[string]struct {
		samples []Sample
		fall    int64
		ok      bool
	}{
		"falls to the end": {series(func(i int) int64 { return int64(1000 - i) }), 20, true},
		"fell before":      {series(func(i int) int64 { return int64(max(0, 50-i)) }), 0, true},
		"rises":            {series(func(i int) int64 { return int64(i) }), 0, true},
		"no idle window":   {[]Sample{{RSS: 1, Phase: MarkHold}}, 0, false},
		"none":             {nil, 0, false},
		"too few to tell":  {[]Sample{{T: 0, RSS: 9, Phase: MarkIdle}, {T: 1, RSS: 1, Phase: MarkIdle}}, 0, false},
	} {
		if fall, ok := IdleFall(c.samples); fall != c.fall || ok != c.ok {
			t.Errorf("%s: %d, %v", name, fall, ok)
		}
	}
}

func TestStillFalls(t *testing.T) {
	fall := int64(300 << 10)
	trial := &Trial{IdleFall: &fall, Marks: []Mark{{Name: MarkIdle, RSS: 20 << 20, Ledger: &Ledger{Lab: 1 << 20}}}}
	if !trial.StillFalls() {
		t.Error("300 KiB of 19 MiB are a fall")
	}
	if trial.Marks[0].RSS = 40 << 20; trial.StillFalls() {
		t.Error("300 KiB of 39 MiB are less than a hundredth")
	}
	if trial.IdleFall = nil; trial.StillFalls() {
		t.Error("what is not known is no fall")
	}
}
