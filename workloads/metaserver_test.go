package main

import (
	"math"
	"os/exec"
	"strings"
	"testing"
)

const smallDay = "memory=4194304 threads=2 bursts=3 duration=0.03 idle=0 "

// TestMetaserver: the three behaviours reach the same height, and two of them
// leave as much; what is left where, only a ledger can tell.
func TestMetaserver(t *testing.T) {
	program := plain(t, "metaserver")
	grow, retain, fragment := figuresOf(t, program, smallDay+"behaviour=grow"), figuresOf(t, program, smallDay+"behaviour=retain"), figuresOf(t, program, smallDay+"behaviour=fragment")
	near := func(what string, got, want, part float64) {
		if math.Abs(got-want) > part*want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	for _, f := range []map[string]float64{grow, retain, fragment} {
		near("the height of the last burst", f["metadata_bytes_peak"], 4<<20, 0.03)
		near("bytes of a file", f["file_bytes_mean"], 104+224+288, 0.03)
		if f["files_made"]-f["files_deleted"] != f["files"] || f["lookups"] != 2*f["files_made"] || f["operations"] != f["files_made"]+f["files_deleted"]+f["lookups"] {
			t.Errorf("%v", f)
		}
	}
	if grow["files_deleted"] != 0 || grow["metadata_bytes"] != grow["metadata_bytes_peak"] {
		t.Errorf("grow deletes: %v", grow)
	}
	if retain["files"] != fragment["files"] || retain["files_made"] != fragment["files_made"] {
		t.Errorf("retain leaves %v files of %v, fragment %v of %v", retain["files"], retain["files_made"], fragment["files"], fragment["files_made"])
	}
	near("what retain leaves", retain["metadata_bytes"], 0.3*4*(1<<20), 0.05)
	near("what fragment leaves", fragment["metadata_bytes"], 0.3*4*(1<<20), 0.05)
}

// Every parameter changes a figure, and this is the list of which; behaviour's are above.
func TestMetaserverParameters(t *testing.T) {
	program := plain(t, "metaserver")
	const plainDay = smallDay + "behaviour=fragment "
	base := figuresOf(t, program, plainDay)
	for _, c := range []struct {
		parameter, figure string
		factor            float64 // how much the figure grows
	}{
		{"threads=4", "shards", 2},
		{"memory=8388608", "metadata_bytes_peak", 2},
		{"base=0.6", "metadata_bytes", 2},
		// Of 0.7 of all files, thirds and sixths: 1/3 + 2/3 + 1 and 1/6 + … + 1.
		{"bursts=6", "files_made", (0.3 + 0.7*3.5) / (0.3 + 0.7*2)},
		{"lookups=6", "lookups", 3},
	} {
		f := figuresOf(t, program, plainDay+c.parameter)
		if was, is := base[c.figure], f[c.figure]; is < 0.95*c.factor*was || is > 1.05*c.factor*was {
			t.Errorf("%s: %s is %v, was %v", c.parameter, c.figure, is, was)
		}
	}
	if out, err := exec.Command(program, "bursts=3", "looks=3").CombinedOutput(); err == nil || !strings.Contains(string(out), "none is looked at after the last") {
		t.Errorf("%v\n%s", err, out) // what looks changes shows only in the lab: see package runner's test
	}
	if f := figuresOf(t, program, plainDay+"duration=0.3 idle=0.05"); f["day_s"] < 0.25 || f["idle_s"] < 0.05 {
		t.Errorf("the day took %v s, idle %v s", f["day_s"], f["idle_s"])
	}
}
