package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestEnough: rounds that are not needed are left out, each pass on its own, and
// the run is whole without them; those that ran are the ones that a longer run begins with.
func TestEnough(t *testing.T) {
	source := "name = \"t\"\nrounds = 4\npasses = [\"time\", \"latency\"]\n[[variant]]\nallocator = \"ptmalloc\"\n[[variant]]\nallocator = \"ptmalloc\"\nlabel = \"again\"\n" +
		"[[workload]]\nname = \"threads4k\"\noperations = 100\nidle = \"5ms\"\n"
	o := load(t, binaries(t, "ptmalloc"), source)
	var asked []string
	o.Enough = func(pass string, round int) bool {
		asked = append(asked, fmt.Sprint(pass, round))
		return pass == results.PassTime && round == 2
	}
	run, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"time1", "time2", "latency1", "latency2", "latency3"}; !slices.Equal(asked, want) {
		t.Errorf("asked after %v, want %v", asked, want)
	}
	rounds := map[string]int{}
	for _, r := range trialsOf(t, o) {
		wantOK(t, r)
		rounds[r.Pass] = max(rounds[r.Pass], r.Round)
		if r.Plan != run.PlanHash {
			t.Errorf("trial %d is of plan %s, the run of %s", r.Trial, r.Plan, run.PlanHash)
		}
	}
	stored, err := results.ReadRun(o.Dir)
	if err != nil || stored.Planned() != 2*(2+4) || stored.Rounds != 4 || stored.PlanHash != run.PlanHash {
		t.Errorf("%d trials planned, %d rounds, %v", stored.Planned(), stored.Rounds, err)
	}
	if rounds["time"] != 2 || rounds["latency"] != 4 {
		t.Errorf("rounds %v", rounds)
	}
}

// TestLibexec: a variant may be measured with programs of another build, beside one
// with the lab's own.
func TestLibexec(t *testing.T) {
	o := load(t, binaries(t, "ptmalloc"), "name = \"t\"\nrounds = 1\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"threads4k\"\noperations = 100\nidle = \"5ms\"\n")
	other := t.TempDir()
	program, err := os.ReadFile(o.Binaries.Workload("ptmalloc"))
	if err != nil {
		t.Fatal(err)
	}
	// Bytes after the last section do not change a program, only its digest.
	if err := os.WriteFile(filepath.Join(other, "workload-ptmalloc"), append(program, "another build"...), 0o755); err != nil {
		t.Fatal(err)
	}
	v := o.Experiment.Variants[0]
	v.Label, v.Libexec = "other build", other
	o.Experiment.Variants = append(slices.Clone(o.Experiment.Variants), v)
	run, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range trialsOf(t, o) {
		wantOK(t, r)
	}
	builds := run.Fingerprint.Counts
	if run.Variants[1].Libexec != other || builds["binary ptmalloc"] == "" || builds["binary other build"] == "" || builds["binary ptmalloc"] == builds["binary other build"] {
		t.Errorf("%+v, builds %v", run.Variants[1], builds)
	}
	v.Libexec = t.TempDir()
	o.Experiment.Variants = []configs.Variant{v}
	o.Dir = filepath.Join(t.TempDir(), "run")
	if _, err := Run(context.Background(), o); err == nil {
		t.Error("a folder without programs was accepted")
	}
}
