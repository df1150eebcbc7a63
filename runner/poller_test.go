package runner

import (
	"testing"

	"alloclab/results"
)

// The allocator of a program is asked while that runs, each as it can be: of one that does nothing the
// answers are those at its marks.
func TestPoller(t *testing.T) {
	path := victim(t)
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		var said []results.Said
		r := runProgram(t, ran{allocator: allocator, said: &said, Program: results.Program{Command: []string{path, "serve"}, ReadyLine: "is ready", Duration: 0.2, After: 0.2}})
		m := r.Mark(results.MarkIdle)
		if r.Status != results.StatusOK || m == nil {
			t.Fatalf("%s: %s %q", allocator, r.Status, r.Warnings)
		}
		if allocator == "mimalloc" {
			if r.Polled != nil || said != nil {
				t.Errorf("mimalloc, whose threads must speak for themselves, said %+v", said)
			}
			continue
		}
		if r.Polled == nil || r.Polled.Readings == 0 || r.Polled.Failed != 0 || int(r.Polled.Readings) != len(said) || r.Polled.Every != 0.005 {
			t.Fatalf("%s: %+v, %d rows", allocator, r.Polled, len(said))
		}
		stats := m.AllocatorStats
		want := results.Said{Arenas: results.Absent, Heaps: results.Absent, Obtained: results.Absent}
		if allocator == "ptmalloc" {
			want = results.Said{Allocated: results.Absent, Active: results.Absent, Resident: results.Absent, Mapped: results.Absent, Arenas: 1, Obtained: int64(stats.Raw["mallinfo2.arena"])}
		} else {
			want.Allocated, want.Active, want.Resident, want.Mapped = *stats.Allocated, *stats.Active, *stats.Resident, *stats.Mapped
		}
		if (r.Polled.Cost > 0) != (allocator != "ptmalloc") {
			t.Errorf("%s: the answers took %v s of its time", allocator, r.Polled.Cost)
		}
		last := -1.0
		for _, s := range said {
			if s.T <= last || s.T > m.T && s.Phase != results.MarkPurged {
				t.Errorf("%s: %v s after %v s, the end at %v s", allocator, s.T, last, m.T)
			}
			last = s.T
			want.T, want.Phase = s.T, s.Phase
			if s.Phase == results.MarkIdle && s != want {
				t.Errorf("%s: %+v, at the mark %+v", allocator, s, want)
			}
		}
	}
}

// Without an agent nobody in the process can be asked.
func TestPollerWithoutAgent(t *testing.T) {
	path := victim(t)
	for allocator, polled := range map[string]bool{"ptmalloc": true, "jemalloc": false} {
		r := runProgram(t, ran{allocator: allocator, agentless: true, Program: results.Program{Command: []string{path, "serve"}, ReadyLine: "is ready", Duration: 0.1}})
		if r.Status != results.StatusOK || (r.Polled != nil) != polled {
			t.Errorf("%s: %s %q, %+v", allocator, r.Status, r.Warnings, r.Polled)
		}
	}
	if r := runProgram(t, ran{allocator: "jemalloc", census: true, Program: results.Program{Command: []string{path, "work"}}}); r.Polled != nil {
		t.Errorf("polled in pass census, which has a ledger: %+v", r.Polled)
	}
}

// A program that takes memory and gives it back is seen to.
func TestPollerSeesWhatIsHeld(t *testing.T) {
	path := victim(t)
	for _, allocator := range []string{"jemalloc", "tcmalloc"} {
		var said []results.Said
		runProgram(t, ran{allocator: allocator, said: &said, Program: results.Program{Command: []string{path, "work"}}})
		most := int64(0)
		for _, s := range said {
			most = max(most, s.Allocated)
		}
		if most < 33<<20 || most > 36<<20 {
			t.Errorf("%s: it held 33 MiB for 0.1 s and its allocator said %d at most, in %d readings", allocator, most, len(said))
		}
	}
}
