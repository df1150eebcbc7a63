package change

import (
	"math"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// marksBelow names the marks whose ledgers say what a memory metric is made of.
// The mean and the peak have no mark of their own: hold and idle bound them.
var marksBelow = map[string][]string{
	results.MetricRSSMean:    {results.MarkHold, results.MarkIdle},
	results.MetricRSSPeak:    {results.MarkHold},
	results.MetricRSSHold:    {results.MarkHold},
	results.MetricRSSFreed:   {results.MarkFreed},
	results.MetricRSSIdle:    {results.MarkIdle},
	results.MetricRSSPurged:  {results.MarkPurged},
	results.MetricRSSFlushed: {results.MarkFlushed},
	results.MetricRSSExited:  {results.MarkExited},
}

var accountsOf = []struct {
	name string
	of   func(*results.Ledger) int64
}{
	{"live", func(l *results.Ledger) int64 { return l.Live }},
	{"rounding", func(l *results.Ledger) int64 { return l.Rounding }},
	{"pinned", func(l *results.Ledger) int64 { return l.Pinned }},
	{"empty", func(l *results.Ledger) int64 { return l.Empty }},
	{"other", func(l *results.Ledger) int64 { return l.Other }},
}

// accounts tests the ledger below a metric that moved. An account may be 0, so
// it has no ratio: the difference in bytes is what it gives to the change.
func (t *tested) accounts(r Rules) {
	var p []float64
	for _, mark := range marksBelow[t.Metric.Name] {
		for _, account := range accountsOf {
			base, new := t.pair.base.ledgers(mark, account.of), t.pair.new.ledgers(mark, account.of)
			if len(base) == 0 || len(new) == 0 {
				continue
			}
			a := Account{Name: mark + "." + account.name, Base: sideOf(t.Base.Label, base), New: sideOf(t.New.Label, new)}
			var err error
			if a.P, err = stat.Permutation(base, new); err != nil {
				continue
			}
			t.Accounts, p = append(t.Accounts, a), append(p, a.P)
		}
	}
	for i, adjusted := range stat.Holm(p) {
		a := &t.Accounts[i]
		a.Adjusted = adjusted
		a.Moved = adjusted < r.alpha() && math.Abs(a.New.Median-a.Base.Median) >= t.Metric.Floor
	}
}

func (p picked) ledgers(mark string, of func(*results.Ledger) int64) (values []float64) {
	for _, t := range p.trials {
		if m := t.Mark(mark); t.Pass == results.PassTime && m != nil && m.Ledger != nil && !m.Racy {
			values = append(values, float64(of(m.Ledger)))
		}
	}
	return values
}
