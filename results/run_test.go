package results

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunRoundTrip(t *testing.T) {
	dir := t.TempDir()
	want := Run{
		Run: "r1", Created: "2026-01-02T03:04:05Z", Tool: "1.0.0",
		Experiment: Experiment{Name: "curve", File: "curve", Source: "name = \"curve\"\n"},
		Plan:       json.RawMessage(`{"trials":[]}`), PlanHash: "abc", Seed: 1<<63 + 1, Rounds: 5, Passes: []string{PassTime},
		Variants:    []Variant{{Label: "je", Allocator: "jemalloc", Version: "5.3.0", Knobs: map[string]any{"narenas": 1.0}, Clock: Clock{"10 s", 10, 20, true}}},
		Cells:       []Cell{{Name: "iobuf", Workload: "iobuf", CPUs: 2, Silent: true, Params: []Param{{"backlog", "bytes", 1024.0, false}}}},
		Manifest:    json.RawMessage(`[1]`),
		Fingerprint: Fingerprint{Memory: Fields{"cores": "2"}, Time: Fields{"cpu": "x"}, Counts: Fields{"avx": "yes"}}, BootID: "b",
	}
	if err := WriteRun(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	want.V = Version
	compact := cmp.Transformer("compact", func(m json.RawMessage) (v any) {
		if err := json.Unmarshal(m, &v); err != nil {
			return err.Error()
		}
		return v
	})
	if diff := cmp.Diff(want, got, compact); diff != "" {
		t.Error(diff)
	}
	if got.Variant("je") != &got.Variants[0] || got.Variant("x") != nil || got.Cell("iobuf") != &got.Cells[0] || got.Cell("x") != nil {
		t.Error("Variant or Cell does not find")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm()&0o400 == 0 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestReadRunRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadRun(dir); err == nil || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("no file: %v", err)
	}
	for text, want := range map[string]string{
		`{"v":2}`: "newer alloclab", `{}`: "no version", `{"v":1,"rou`: "unexpected end", ``: "unexpected end", `{"v":1,"seed":-1}`: "seed",
	} {
		if err := os.WriteFile(filepath.Join(dir, RunFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRun(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), RunFile) {
			t.Errorf("%q: want %q, got %v", text, want, err)
		}
	}
}

func TestWriteRunIntoNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if err := WriteRun(dir, Run{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error is %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	f := Fingerprint{Memory: Fields{"cores": "2", "thp": "always"}, Time: Fields{"cpu": "x"}, Counts: Fields{"avx": "yes"}}
	m := f.Machine()
	if len(m.Memory) != 12 || m.Memory == m.Time || m.Memory == m.Counts {
		t.Errorf("hashes are %+v", m)
	}
	if again := (Fields{"thp": "always", "cores": "2"}).Hash(); again != m.Memory {
		t.Error("the order of fields matters")
	}
	time := Fingerprint{Memory: f.Memory, Time: Fields{"cpu": "y"}, Counts: f.Counts}.Machine()
	if time.Memory != m.Memory || time.Time == m.Time || time.Counts != m.Counts {
		t.Error("another CPU changes time, and time only")
	}
	memory := Fingerprint{Memory: Fields{"cores": "4", "thp": "always"}, Time: f.Time, Counts: f.Counts}.Machine()
	if memory.Memory == m.Memory || memory.Time == m.Time || memory.Counts != m.Counts {
		t.Error("what changes memory changes time too, and no counts")
	}
	for _, value := range []string{"1\nb=2", "1\"\n\"b\"=\"2"} {
		if (Fields{"a": value}).Hash() == (Fields{"a": "1", "b": "2"}).Hash() {
			t.Errorf("value %q passes for a field", value)
		}
	}
	if (Fields{"a": ""}).Hash() == (Fields{}).Hash() {
		t.Error("a field that is missing is a difference")
	}
	for _, s := range []Scope{ScopeMemory, ScopeTime, ScopeCounts} {
		if m.Hash(s) != f.Hash(s) {
			t.Errorf("scope %s: %s and %s", s, m.Hash(s), f.Hash(s))
		}
	}
}
