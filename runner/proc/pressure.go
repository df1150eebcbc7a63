package proc

import (
	"math"
	"strconv"
	"strings"
)

// Pressure is a file of /proc/pressure: how much of the time some task, or
// all tasks, waited for a resource (Documentation/accounting/psi.rst).
type Pressure struct {
	Some10    float64 `json:"some_avg10_percent"` // over the last 10 s
	SomeTotal float64 `json:"some_total_s"`       // since boot
	Full10    float64 `json:"full_avg10_percent"`
	FullTotal float64 `json:"full_total_s"`
}

// pressure reads one resource; nil where the kernel does not account for it.
func (fs FS) pressure(resource string) (*Pressure, error) {
	text, err := fs.readText(limitSmall, "proc", "pressure", resource)
	if err != nil {
		return nil, nil // not built in, or switched off (EOPNOTSUPP)
	}
	p, err := parsePressure(text)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// parsePressure reads "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and the
// same of "full", which older kernels do not write for the CPU. total is in us.
func parsePressure(text string) (p Pressure, err error) {
	some := false
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 5 {
			return Pressure{}, parseError("pressure", line)
		}
		avg, ok1 := strings.CutPrefix(f[1], "avg10=")
		total, ok2 := strings.CutPrefix(f[4], "total=")
		a, err1 := strconv.ParseFloat(avg, 64)
		us, err2 := strconv.ParseUint(total, 10, 64)
		if !ok1 || !ok2 || err1 != nil || err2 != nil || math.IsNaN(a) || math.IsInf(a, 0) || a < 0 {
			return Pressure{}, parseError("pressure", line)
		}
		switch f[0] {
		case "some":
			p.Some10, p.SomeTotal, some = a, float64(us)/1e6, true
		case "full":
			p.Full10, p.FullTotal = a, float64(us)/1e6
		default:
			return Pressure{}, parseError("pressure", line)
		}
	}
	if !some {
		return Pressure{}, parseError("pressure: no line some", text)
	}
	return p, nil
}
