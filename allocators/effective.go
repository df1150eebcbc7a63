package allocators

import (
	"fmt"
	"strconv"
	"strings"
)

// Told is what a started process, or the dynamic linker in its place, said
// about settings. Tunables fail open: an allocator that does not understand
// one goes on without it, most of them in silence.
type Told struct {
	Identify map[string]string // the probe's identify lines: allocator_version, opt.NAME
	Tunables map[string]string // what ListTunables returned; only ptmalloc needs it
	Stderr   string            // for allocators that complain there
}

// Mismatch is a knob whose effective value is not the one asked for.
type Mismatch struct {
	Knob      string
	Requested string
	Effective string
}

func (m Mismatch) String() string {
	return fmt.Sprintf("%s: requested %s, effective %s", m.Knob, m.Requested, m.Effective)
}

// Parsed stands for the effective value where nothing tells it: the value was
// in range and handed over, and that is all that is known.
const Parsed = "parsed"

// Effective compares what knobs asked for with what was told. The effective
// values are those of all knobs that were asked for and of all others that
// identify tells.
func (a Allocator) Effective(knobs map[string]any, told Told) (effective map[string]string, mismatch []Mismatch) {
	effective = map[string]string{}
	for _, k := range a.Knobs {
		value, requested := knobs[k.Name]
		got, known := k.readBack(told, requested)
		if known {
			effective[k.Name] = got
		}
		if !requested {
			continue
		}
		want, err := k.text(value)
		switch {
		case err != nil:
			mismatch = append(mismatch, Mismatch{k.Name, fmt.Sprint(value), "refused: " + err.Error()})
		case !known:
			effective[k.Name] = Parsed
		case !k.same(want, got):
			mismatch = append(mismatch, Mismatch{k.Name, want, got})
		}
	}
	if a.complaints != nil {
		mismatch = append(mismatch, a.complaints(told.Stderr)...)
	}
	return effective, mismatch
}

// readBack finds the effective value of a knob, in the way that k.text writes
// values.
func (k Knob) readBack(told Told, requested bool) (string, bool) {
	if text, ok := told.Identify[k.told]; ok && k.told != "" {
		return k.canonical(text), true
	}
	if text, ok := told.Tunables[k.native]; ok && requested {
		// 0 stands for "not set" in the dynamic linker's list, and for 0.
		if n, err := strconv.ParseInt(text, 0, 64); err != nil || n != 0 {
			return k.canonical(text), true
		}
		if k.Min > 0 {
			return "not set", true
		}
	}
	return "", false
}

// canonical rewrites a told value: 0x10 as 16, a truth value's number as true
// or false.
func (k Knob) canonical(text string) string {
	text = strings.TrimSpace(text)
	switch k.Kind {
	case KindBool:
		switch text {
		case "0":
			return "false"
		case "1":
			return "true"
		}
	case KindCount, KindBytes:
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	return text
}

func (k Knob) same(want, got string) bool {
	if k.Kind == KindFraction || k.Kind == KindDuration {
		w, errW := strconv.ParseFloat(want, 64)
		g, errG := strconv.ParseFloat(got, 64)
		return errW == nil && errG == nil && w == g
	}
	return want == got
}
