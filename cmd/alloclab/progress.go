package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"alloclab/results"
)

// progress shows how far a run is: a bar with the time left on a terminal, a
// line for each trial elsewhere.
type progress struct {
	mu  sync.Mutex
	out io.Writer
	bar *progressbar.ProgressBar // nil before the first trial and off a terminal
	tty bool
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	return &progress{out: out, tty: ok && term.IsTerminal(int(f.Fd()))}
}

// trial is told of each trial's end.
func (p *progress) trial(done, total int, t *results.Trial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tty {
		fmt.Fprintf(p.out, "%d/%d %s %s round %d: %s%s\n", done, total, t.Cell, t.Variant, t.Round, t.Status, remark(t))
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetElapsedTime(false))
	}
	p.bar.Describe(fmt.Sprintf("%s %s", t.Cell, t.Variant))
	_ = p.bar.Set(done)
	if t.Status != results.StatusOK {
		_ = p.bar.Clear()
		fmt.Fprintf(p.out, "%s %s round %d: %s%s\n", t.Cell, t.Variant, t.Round, t.Status, remark(t))
	}
}

// remark is the last warning of a trial that did not go as it should.
func remark(t *results.Trial) string {
	if n := len(t.Warnings); n > 0 {
		return " (" + t.Warnings[n-1] + ")"
	}
	return ""
}
