package results

import (
	"strconv"
	"strings"
)

// Step is one step of a workload that looks at its heap after each: what was
// done, and what was there afterwards. A figure that the trial does not have
// is nil.
type Step struct {
	Malloc, Free int64   // bytes of the block; 0 where the step is none
	Idle         float64 // seconds in which nothing was done
	Purged       bool    // the allocator was told to give back

	At    *int64 // bytes from the heap's start to the block; nil where it lies outside, as in a mapping of its own
	Break *int64 // bytes from the heap's start to the program break (brk(2))
	Top   *int64 // bytes between the highest chunk in use and the break; only where the allocator tells
	RSS   *int64 // bytes of anonymous memory resident, of the whole process: no code, no files
}

// Steps are those of a trial in order, or nil where its workload has none.
// They stand among its figures as step_NN_malloc_bytes, free_bytes, idle_s,
// purged, at_bytes, break_bytes, top_bytes and rss_anon_bytes.
func (t *Trial) Steps() []Step {
	byNumber := map[int]*Step{}
	for name, value := range t.Figures {
		number, what, ok := stepName(name)
		if !ok {
			continue
		}
		if byNumber[number] == nil {
			byNumber[number] = &Step{}
		}
		s, bytes := byNumber[number], int64(value)
		switch what {
		case "malloc_bytes":
			s.Malloc = bytes
		case "free_bytes":
			s.Free = bytes
		case "idle_s":
			s.Idle = value
		case "purged":
			s.Purged = value != 0
		case "at_bytes":
			s.At = &bytes
		case "break_bytes":
			s.Break = &bytes
		case "top_bytes":
			s.Top = &bytes
		case "rss_anon_bytes":
			s.RSS = &bytes
		}
	}
	var steps []Step
	for i := 0; byNumber[i] != nil; i++ {
		steps = append(steps, *byNumber[i])
	}
	return steps
}

// stepName takes "step_07_top_bytes" apart.
func stepName(name string) (number int, what string, ok bool) {
	rest, ok := strings.CutPrefix(name, "step_")
	if !ok || len(rest) < 3 || rest[2] != '_' {
		return 0, "", false
	}
	n, err := strconv.ParseUint(rest[:2], 10, 8)
	return int(n), rest[3:], err == nil
}

// Words say what was done: "malloc 30 KiB", "free 30 KiB", "idle 500 ms",
// "purge", or "start".
func (s Step) Words() string {
	switch {
	case s.Malloc > 0:
		return "malloc " + Bytes(float64(s.Malloc))
	case s.Free > 0:
		return "free " + Bytes(float64(s.Free))
	case s.Idle > 0:
		return "idle " + Seconds(roundTo(s.Idle, 2))
	case s.Purged:
		return "purge"
	default:
		return "start"
	}
}

// roundTo rounds to so many significant digits.
func roundTo(v float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

// Stepped is the first trial of a variant in a cell that has steps and ended
// well, or nil. How fast it was does not matter to its steps.
func Stepped(trials []Trial, cell, variant string) *Trial {
	var first *Trial
	for i := range trials {
		t := &trials[i]
		if t.Cell == cell && t.Variant == variant && t.Pass == PassTime && t.Status == StatusOK &&
			(first == nil || t.Round < first.Round) && len(t.Steps()) > 0 {
			first = t
		}
	}
	return first
}
