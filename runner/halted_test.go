package runner

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"alloclab/configs"
	"alloclab/results"
)

// TestHalted: somebody else stops the measured process for a while. Its times
// mean nothing then, and the trial must not pass for a good one.
func TestHalted(t *testing.T) {
	r := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "threads4k", params: map[string]any{"duration": 0.05, "idle": 1.5},
		stopped: func(pid int, mark string) {
			if mark != results.MarkFreed {
				return
			}
			time.AfterFunc(300*time.Millisecond, func() {
				_ = syscall.Kill(pid, syscall.SIGSTOP)
				time.Sleep(500 * time.Millisecond)
				_ = syscall.Kill(pid, syscall.SIGCONT)
			})
		},
	})
	if r.Status != results.StatusSamplerLost || !strings.Contains(strings.Join(r.Warnings, "\n"), "somebody stopped the process") {
		t.Errorf("%s, %v; want %s and why", r.Status, r.Warnings, results.StatusSamplerLost)
	}
}
