package configs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseWhole(t *testing.T) {
	source := "\ufeff# every key\r\n" + strings.ReplaceAll(`name = "storage"
seed = 7
rounds = 10
time_limit = "1h"
passes = "time"

[[variant]]
allocator = "ptmalloc"

[[variant]]
allocator = "ptmalloc"
label = "one arena, decay 1 s"
library = "/opt/libc.so.6"
  [variant.knobs]
  arena_max = 1
  trim_threshold = "4KiB"

[[variant]]
allocator = "jemalloc"
knobs = { dirty_decay_ms = -1, background_thread = true, thp = "never" }

[[workload]]
name = "iobuf"
runtime = "go"
cpus = [1, 2]
"threads" = [2, 8]
backlog = ["512MiB", 1_000_000, "1.5MB"]
keep = [0, 0.5]
order = 'lifo'
touch = [true, false]
idle = ["500ms", "7d"]

[[workload]]
name = "iobuf"
cpus = 1
`, "\n", "\r\n")
	want := &Experiment{
		Name: "storage", File: "dir/x.toml", Source: []byte(source),
		Seed: 7, Rounds: 10, TimeLimit: time.Hour, Passes: []string{"time"},
		Variants: []Variant{
			{Allocator: "ptmalloc", Label: "ptmalloc", Knobs: map[string]any{}, At: Position{8, 3}},
			{Allocator: "ptmalloc", Label: "one arena, decay 1 s", Library: "/opt/libc.so.6",
				Knobs: map[string]any{"arena_max": int64(1), "trim_threshold": int64(4096)}, At: Position{11, 3}},
			{Allocator: "jemalloc", Label: "jemalloc background_thread=true dirty_decay_ms=-1 thp=never",
				Knobs: map[string]any{"dirty_decay_ms": int64(-1), "background_thread": true, "thp": "never"}, At: Position{19, 3}},
		},
		Workloads: []Workload{
			{Name: "iobuf", Runtime: "go", CPUs: []int{1, 2}, At: Position{23, 3}, Params: []Axis{
				{"threads", []any{int64(2), int64(8)}, true},
				{"backlog", []any{int64(512 << 20), int64(1e6), int64(1.5e6)}, true},
				{"keep", []any{0.0, 0.5}, true},
				{"order", []any{"lifo"}, true},
				{"touch", []any{true, false}, true},
				{"idle", []any{0.5, 604800.0}, true},
			}},
			{Name: "iobuf", Runtime: "c", CPUs: []int{1}, At: Position{34, 3}, Params: []Axis{
				{"threads", []any{int64(8)}, false},
				{"backlog", []any{int64(512 << 20)}, false},
				{"keep", []any{0.25}, false},
				{"order", []any{"fifo"}, false},
				{"touch", []any{true}, false},
				{"idle", []any{30.0}, false},
			}},
		},
	}
	got, err := Parse("dir/x.toml", []byte(source), testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const smallest = "[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"threads4k\"\n"

func TestParseDefaults(t *testing.T) {
	got, err := Parse("/some/where/nightly.toml", []byte(smallest), testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "nightly" || got.Seed != 1 || got.Rounds != 5 || got.TimeLimit != 10*time.Minute ||
		!cmp.Equal(got.Passes, []string{"time"}) || got.Workloads[0].Runtime != "c" || got.Workloads[0].CPUs != nil {
		t.Errorf("defaults: %+v", got)
	}
}

// The experiment stays what it was when its caller reuses the buffer.
func TestParseKeepsItsSource(t *testing.T) {
	source := []byte(smallest)
	got, err := Parse("x", source, testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	clear(source)
	if string(got.Source) != smallest {
		t.Errorf("Source changed with the caller's buffer: %q", got.Source)
	}
}

func TestLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("mine.toml", smallest)
	write("plain", smallest)
	for path, name := range map[string]string{"mine.toml": "mine", "./mine.toml": "mine", "plain": "plain"} {
		e, err := Load(path, testCatalog)
		if err != nil {
			t.Errorf("Load(%q): %v", path, err)
		} else if e.Name != name || e.File != path {
			t.Errorf("Load(%q): name %q, file %q", path, e.Name, e.File)
		}
	}
	// A preset is found by its name; that it fits the programs is package runner's test.
	var fault *Error
	if _, err := Load("quick", testCatalog); err != nil && !(errors.As(err, &fault) && fault.File == "quick") {
		t.Errorf("Load(quick): %v", err)
	}
	for path, want := range map[string]string{
		"quik":       `"quik" is neither a file nor a preset; did you mean quick?`,
		"zzzzzz":     `known: ci, counts, curve, heaptop, knobs, metaserver, quick, threads`,
		"quick.toml": "cannot read the experiment: open quick.toml",
		"./quick":    "cannot read the experiment: open ./quick",
	} {
		_, err := Load(path, testCatalog)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load(%q): %v; want %q", path, err, want)
		}
	}
	write("quick", "rounds = 0") // a file hides the preset of its name
	if _, err := Load("quick", testCatalog); err == nil || !strings.HasPrefix(err.Error(), "quick:1:") {
		t.Errorf("Load of a file with a preset's name: %v", err)
	}
	if _, err := Load("/dev/zero", testCatalog); err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Errorf("Load of an endless file: %v", err)
	}
	if _, err := Load(filepath.Dir("mine.toml"), testCatalog); err == nil {
		t.Error("Load of a directory succeeded")
	}
}

// Texts that make the TOML library slow or fill the memory are refused first.
func TestParseHostile(t *testing.T) {
	for name, source := range map[string]string{
		"lists":          "a=" + strings.Repeat("[", 60_000),
		"closed lists":   "a=" + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000),
		"inline tables":  "a=" + strings.Repeat("{a=", 15_000) + "1" + strings.Repeat("}", 15_000),
		"dotted key":     strings.Repeat("a.", 30_000) + "a=1",
		"header":         "[" + strings.Repeat("a.", 30_000) + "a]",
		"list of tables": "[[" + strings.Repeat("a.", 30_000) + "a]]",
		"mixed":          "[a.a.a.a.a.a]\nb.b.b.b.b.b={c.c.c=[[[1]]]}",
		"header of 17":   "[" + strings.Repeat("a.", 16) + "a]",
		"quoted":         `["` + strings.Repeat(`a"."`, 12_000) + `a"]`,
	} {
		start := time.Now()
		_, err := Parse(name, []byte(source), testCatalog)
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if err == nil || !strings.Contains(err.Error(), "nest deeper than 16 levels") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
