package runner

import (
	"alloclab/runner/proc"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/configs"
	"alloclab/results"
)

// TestSoakClockJump sets the machine's clock an hour ahead and two hours back in the
// middle of a trial, and expects that nothing but the label of its start knows.
func TestSoakClockJump(t *testing.T) {
	if os.Getenv("ALLOCLAB_SOAK") == "" {
		t.Skip("sets the machine's clock: make soak")
	}
	jump := func(by time.Duration) error {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
			return err
		}
		there := unix.NsecToTimespec(now.Nano() + int64(by))
		return unix.ClockSettime(unix.CLOCK_REALTIME, &there)
	}
	if err := jump(0); err != nil {
		t.Skipf("the clock cannot be set here (%v): it takes root", err)
	}
	jumped := make(chan error)
	go func() {
		for _, by := range []time.Duration{time.Hour, -2 * time.Hour, time.Hour} {
			time.Sleep(200 * time.Millisecond)
			if err := jump(by); err != nil {
				jumped <- err
				return
			}
		}
		jumped <- nil
	}()
	began := time.Now()
	r := measure(t.Context(), t, setup{Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "threads4k", params: map[string]any{"duration": 1.0, "idle": 0.3}})
	took := time.Since(began).Seconds()
	if err := <-jumped; err != nil {
		t.Fatal(err)
	}
	wantOK(t, r)
	at := 0.0
	for _, m := range r.Marks {
		if m.T < at || m.T > took {
			t.Errorf("mark %s is at %.3f s, the one before at %.3f, of a trial of %.3f", m.Name, m.T, at, took)
		}
		at = m.T
	}
	if wall := r.Metrics[results.MetricWall]; wall < 1 || wall > 1.5 {
		t.Errorf("work of one second took %.3f s", wall)
	}
	if mean, peak := r.Metrics[results.MetricRSSMean], r.Metrics[results.MetricRSSPeak]; mean <= 0 || mean > peak {
		t.Errorf("mean RSS %.0f, peak %.0f", mean, peak)
	}
}

// TestSuspended: a machine that slept in the middle of a trial spoils it.
func TestSuspended(t *testing.T) {
	slept := time.Duration(0)
	r := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "threads4k", params: map[string]any{"operations": int64(1000), "idle": 0.0},
		asleep: func() time.Duration { slept += time.Minute; return slept },
	})
	if r.Status != results.StatusSamplerLost || !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "suspended for 1m0s") }) {
		t.Errorf("status %s, warnings %q", r.Status, r.Warnings)
	}
}

// TestSamplerLosesProcess: a series that ended before its trial does not pass for a whole one.
func TestSamplerLosesProcess(t *testing.T) {
	child := exec.Command("sleep", "0.05")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := proc.NewFS("/").Open(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var clock activeClock
	clock.start()
	s := startSampler(p, nil, nil, 1000, &clock, results.MarkHold)
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	s.ended.Wait() // it ends by itself
	if !s.lost.Load() {
		t.Error("the sampler ended and does not say that it lost the process")
	}
}

// TestSamplerEndsAtOnce: nobody waits for the next tick of a low rate.
func TestSamplerEndsAtOnce(t *testing.T) {
	self, err := proc.NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	var clock activeClock
	clock.start()
	s := startSampler(self, nil, nil, 0.001, &clock, results.MarkHold) // a tick in a thousand seconds
	time.Sleep(10 * time.Millisecond)
	if figures := s.finish(); figures.Ticks != 1 || s.lost.Load() {
		t.Errorf("%+v, lost: %v", figures, s.lost.Load())
	}
}
