package results

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// MarkOrder is the order in which marks come.
var MarkOrder = []string{MarkBaseline, MarkHold, MarkFreed, MarkIdle, MarkPurged, MarkFlushed, MarkExited}

// markMetric is the metric that repeats a mark's RSS, without the lab's.
var markMetric = map[string]string{
	MarkHold: MetricRSSHold, MarkFreed: MetricRSSFreed, MarkIdle: MetricRSSIdle,
	MarkPurged: MetricRSSPurged, MarkFlushed: MetricRSSFlushed, MarkExited: MetricRSSExited,
}

var statuses = []Status{
	StatusOK, StatusExit, StatusSignal, StatusTimeout, StatusOOM, StatusOOMSuspected,
	StatusPreloadFailed, StatusWrongAllocator, StatusTunableRejected, StatusChecksumMismatch,
	StatusOutOfMemory, StatusSamplerLost, StatusNeverReady, StatusLoadFailed, StatusInterrupted, StatusSkipped,
}

// Validate names every state of the trial that cannot be: a ledger that does
// not add up, a negative size, a name that no registry has. It returns nil for
// a sound trial, else all faults joined. Reading does not call it, since a
// trial of a later version with a new metric is still readable; the runner
// calls it before it stores.
func (t *Trial) Validate() error {
	v := &validation{trial: t}
	v.header()
	v.metrics()
	v.marks()
	v.sampler()
	v.syscalls()
	v.instructions()
	v.again()
	if len(v.faults) == 0 {
		return nil
	}
	return fmt.Errorf("trial %d: %w", t.Trial, errors.Join(v.faults...))
}

type validation struct {
	trial  *Trial
	faults []error
}

func (v *validation) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf(format, args...))
}

// check adds a fault where the statement, which is what must hold, does not.
func (v *validation) check(holds bool, format string, args ...any) {
	if !holds {
		v.fault(format, args...)
	}
}

func (v *validation) header() {
	t := v.trial
	v.check(t.V == Version, "version is %d, must be %d", t.V, Version)
	v.check(t.Trial >= 0, "trial number is negative")
	v.check(t.Round >= 1, "round is %d, and rounds count from 1", t.Round)
	for _, field := range []struct{ name, value string }{
		{"run", t.Run}, {"cell", t.Cell}, {"workload", t.Workload}, {"variant", t.Variant}, {"allocator", t.Allocator}, {"pass", t.Pass},
	} {
		v.check(field.value != "", "%s is empty", field.name)
	}
	if t.Started != "" {
		_, err := time.Parse(time.RFC3339, t.Started)
		v.check(err == nil, "started is %q, which is no RFC 3339 time", t.Started)
	}
	v.check(slices.Contains(statuses, t.Status), "unknown status %q", t.Status)
	if t.Status == StatusOK {
		v.check(t.Exit.Stopped != "" || t.Exit.Code == 0 && t.Exit.Signal == "", "status ok, but exit code %d and signal %q", t.Exit.Code, t.Exit.Signal)
		v.check(t.Proof.ServedBy != "", "status ok, but nothing proves who served malloc")
	}
	v.check(t.Status != StatusSkipped || len(t.Marks) == 0, "skipped, but has marks")
	v.check(t.Status != StatusSignal || t.Exit.Signal != "", "status signal, but no signal is named")
}

func (v *validation) metrics() {
	for _, name := range sortedKeys(v.trial.Metrics) {
		value := v.trial.Metrics[name]
		_, known := ByName(name)
		v.check(known, "unknown metric %q", name)
		v.check(finite(value) && value >= 0, "metric %s is %v", name, value)
	}
	for _, name := range sortedKeys(v.trial.Figures) {
		v.check(finite(v.trial.Figures[name]), "figure %s is %v", name, v.trial.Figures[name])
	}
	peak, ok := v.trial.Metrics[MetricRSSPeak]
	if !ok {
		return
	}
	for _, name := range []string{MetricRSSMean, MetricRSSHold, MetricRSSFreed, MetricRSSIdle, MetricRSSPurged, MetricRSSFlushed, MetricRSSExited} {
		value, ok := v.trial.Metrics[name]
		v.check(!ok || value <= peak+float64(v.trial.Sampler.RSSError), "%s is %.0f, above rss_peak, %.0f", name, value, peak)
	}
}

func (v *validation) marks() {
	place, at := -1, 0.0
	for i := range v.trial.Marks {
		m := &v.trial.Marks[i]
		p := slices.Index(MarkOrder, m.Name)
		if p < 0 {
			v.fault("unknown mark %q", m.Name)
		} else {
			v.check(p > place, "mark %s comes after mark %s", m.Name, MarkOrder[max(place, 0)])
			place = max(p, place)
		}
		v.check(finite(m.T) && m.T >= at, "mark %s is at %v s, the one before at %v s", m.Name, m.T, at)
		if finite(m.T) {
			at = max(at, m.T)
		}
		v.mark(m)
	}
	at = 0
	v.check(len(v.trial.Looks) <= MaxLooks, "%d looks, and %d are the most", len(v.trial.Looks), MaxLooks)
	for i := range v.trial.Looks {
		m := &v.trial.Looks[i]
		v.check(m.Name == MarkLook, "a look is named %q", m.Name)
		v.check(finite(m.T) && m.T >= at, "look %d is at %v s, the one before at %v s", i+1, m.T, at)
		if finite(m.T) {
			at = max(at, m.T)
		}
		v.mark(m)
	}
}

func (v *validation) mark(m *Mark) {
	for _, field := range []struct {
		name  string
		value int64
	}{{"rss_bytes", m.RSS}, {"hwm_bytes", m.HWM}, {"asked_bytes", m.Asked}, {"blocks", m.Blocks}, {"usable_bytes", m.Usable}} {
		v.check(field.value >= 0, "mark %s: %s is %d", m.Name, field.name, field.value)
	}
	v.check(finite(m.Parked) && m.Parked >= 0, "mark %s: parked_s is %v", m.Name, m.Parked)
	v.check(finite(m.PurgeSeconds) && m.PurgeSeconds >= 0, "mark %s: purge_s is %v", m.Name, m.PurgeSeconds)
	v.check(m.HWM == 0 || m.HWM+v.trial.Sampler.RSSError >= m.RSS, "mark %s: the peak so far, %d, is below rss_bytes, %d", m.Name, m.HWM, m.RSS)
	v.check(m.Usable == 0 || m.Usable >= m.Asked, "mark %s: usable_bytes %d are less than asked_bytes %d", m.Name, m.Usable, m.Asked)
	v.check(m.Ledger == nil || m.Resident == nil, "mark %s: a ledger, and beside it the accounts of where there is none", m.Name)
	if m.Resident != nil {
		v.resident(m)
	}
	v.processes(m)
	if !m.Racy {
		v.markMetric(m)
	}
	if m.Ledger == nil {
		v.check(len(m.Claims) == 0, "mark %s: claims without a ledger to clamp them to", m.Name)
	} else {
		v.ledger(m)
		v.claims(m)
	}
	if s := m.AllocatorStats; s != nil {
		for _, n := range []*int64{s.Arenas, s.Heaps, s.Allocated, s.Active, s.Mapped, s.Resident, s.WithCaches, s.SmallFree} {
			v.check(n == nil || *n >= 0, "mark %s: allocator_stats holds a negative count", m.Name)
		}
		for _, name := range sortedKeys(s.Raw) {
			v.check(finite(s.Raw[name]), "mark %s: allocator_stats %s is %v", m.Name, name, s.Raw[name])
		}
	}
}

func (v *validation) ledger(m *Mark) {
	l := m.Ledger
	for _, account := range []struct {
		name  string
		value int64
	}{{"lab", l.Lab}, {"other", l.Other}, {"live", l.Live}, {"rounding", l.Rounding}, {"pinned", l.Pinned}, {"empty", l.Empty}} {
		v.check(account.value >= 0, "mark %s: ledger account %s is %d", m.Name, account.name, account.value)
	}
	if m.Racy {
		return
	}
	v.check(l.Total() == m.RSS, "mark %s: the ledger adds up to %d, rss_bytes is %d", m.Name, l.Total(), m.RSS)
	v.check(m.Asked == 0 || l.Live <= m.Asked, "mark %s: %d live bytes are resident, only %d were asked for", m.Name, l.Live, m.Asked)
}

func (v *validation) claims(m *Mark) {
	sum := int64(0)
	names := make([]string, 0, len(m.Claims))
	for name := range m.Claims {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := m.Claims[name]
		v.check(value >= 0, "mark %s: claim %s is %d", m.Name, name, value)
		switch {
		case name == ClaimBeyondRSS: // is no part of what is resident
		case name == ClaimUnexplained || slices.Contains(ClaimOrder, name):
			sum += value
		default:
			v.fault("mark %s: unknown claim %q", m.Name, name)
		}
	}
	v.check(sum <= m.Ledger.Empty, "mark %s: claims of %d bytes exceed the empty pages, %d", m.Name, sum, m.Ledger.Empty)
	if _, rest := m.Claims[ClaimUnexplained]; rest && sum < m.Ledger.Empty {
		v.fault("mark %s: claims and their rest are %d bytes of %d empty ones", m.Name, sum, m.Ledger.Empty)
	}
}

func (v *validation) sampler() {
	s, c := v.trial.Sampler, v.trial.CPU
	v.check(s.Ticks >= 0 && s.Missed >= 0 && s.RSSError >= 0, "sampler: a count is negative")
	for _, field := range []struct {
		name  string
		value float64
	}{{"sampler.max_gap_s", s.MaxGap}, {"sampler.cost_s", s.Cost}, {"cpu.obtained_s", c.Obtained}, {"cpu.wanted_s", c.Wanted}, {"cpu.stolen_s", c.Stolen}} {
		v.check(finite(field.value) && field.value >= 0, "%s is %v", field.name, field.value)
	}
	if p := v.trial.Polled; p != nil {
		v.check(p.Readings >= 0 && p.Failed >= 0 && finite(p.Cost) && p.Cost >= 0, "polled: %+v", *p)
	}
	v.check(v.trial.IdleFall == nil || *v.trial.IdleFall >= 0, "idle_fall_bytes is negative")
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func sortedKeys(m map[string]float64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
