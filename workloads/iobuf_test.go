package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func plainIobuf(t *testing.T) string { return plain(t, "iobuf") }

// plain builds a workload as an ordinary program: its figures need no lab.
func plain(t *testing.T, workload string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "plain-"+workload)
	files, _ := filepath.Glob(workload + "*.c")
	args := []string{"-std=gnu11", "-O2", "-pthread", "-I.", "-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-realloc", "-fno-builtin-free", "-o", program,
		"plain/main.c", "kit/parameters.c", "kit/memory.c", "kit/workers.c"}
	if out, err := exec.Command("cc", append(args, files...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func figuresOf(t *testing.T, program, parameters string) map[string]float64 {
	t.Helper()
	out, err := exec.Command(program, strings.Fields(parameters)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", parameters, err)
	}
	var all map[string]any
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%s: %v\n%s", parameters, err, out)
	}
	figures := map[string]float64{}
	for name, value := range all {
		if f, ok := value.(float64); ok {
			figures[name] = f
		}
	}
	return figures
}

const smallBurst = "backlog=8388608 bursts=1 idle=0 "

func TestIobuf(t *testing.T) {
	f := figuresOf(t, plainIobuf(t), smallBurst)
	if f["far_free_share"] < 0.9 || f["far_free_share"] >= 1 {
		t.Errorf("%v of the blocks were freed by another thread than the one that read into them", f["far_free_share"])
	}
	// At the least a request and its log entry refer to a block.
	if f["references_per_block"] < 2 || f["cache_limit_hits"] == 0 || f["reference_arrays"] == 0 {
		t.Errorf("%v", f)
	}
	if b := f["backlog_peak_bytes"]; b < 8<<20 || b >= 8<<20+65536 {
		t.Errorf("the backlog was %v bytes", b)
	}
	if f["operations"] != f["requests"] || f["pool_bytes"] < 512<<10 {
		t.Errorf("%v", f)
	}
}

// Every parameter changes a figure, and this is the list of which.
func TestIobufParameters(t *testing.T) {
	program := plainIobuf(t)
	base := figuresOf(t, program, smallBurst)
	for _, c := range []struct {
		parameter, figure string
		factor            float64 // about how much the figure grows; 0: from or to nothing
	}{
		{"threads=16", "read_threads", 2},
		{"threads=16", "log_threads", 2},
		{"threads=17", "apply_threads", 7. / 3},
		{"backlog=16777216", "backlog_peak_bytes", 2},
		{"bursts=3", "requests", 3},
		{"lagging=0.25", "held_share", 0.5},
		{"request_min=65536", "request_bytes_mean", 65536. / 34816},
		{"request_max=4096", "request_bytes_mean", 4096. / 34816},
		{"small_appends=3", "small_append_bytes", 3},
		{"keep=0.125", "kept_metadata", 2},
		{"pin=0", "pinned_by_small_appends", 0},
		{"small_appends=0", "pinned_by_small_appends", 0},
		{"pool=0", "pool_bytes", 0},
		{"trickle=400 idle=0.1", "trickled", 0},
	} {
		f := figuresOf(t, program, smallBurst+c.parameter)
		was, is := base[c.figure], f[c.figure]
		switch {
		case c.factor == 0 && (was == 0) == (is == 0),
			c.factor != 0 && (is < 0.9*c.factor*was || is > 1.1*c.factor*was):
			t.Errorf("%s: %s is %v, was %v", c.parameter, c.figure, is, was)
		}
	}
	// The length of the silence shows in the requests that trickle in it.
	if a, b := figuresOf(t, program, smallBurst+"trickle=400 idle=0.1"), figuresOf(t, program, smallBurst+"trickle=400 idle=0.2"); a["trickled"] != 40 || b["trickled"] != 80 {
		t.Errorf("%v and %v", a["trickled"], b["trickled"])
	}
}

func TestIobufRefuses(t *testing.T) {
	program := plainIobuf(t)
	for _, parameters := range []string{"request_min=5000", "request_min=65536 request_max=4096", "threads=2", "lagging=0", "request_max=2097152"} {
		if out, err := exec.Command(program, strings.Fields(parameters)...).CombinedOutput(); err == nil || err.(*exec.ExitError).ExitCode() != 71 {
			t.Errorf("%s: %v\n%s", parameters, err, out)
		}
	}
}
