// Package analysis holds what a run's figures say: findings. Its packages are
// pure: results in, findings out; no process, no file, no allocator's name.
package analysis

// Finding is one thing that the figures of a run say. explain, compare, gate,
// rank and the page print only these, and each sentence of a finding has a figure of
// the same run behind it.
type Finding struct {
	Subject string   // of what it is said: a variant, or a metric of a cell
	Word    string   // a cause, or the verdict of a comparison
	Text    string   // one or more sentences
	Figures []Figure // what decided, the weightiest first
	Remedy  *Remedy  // what to set; nil where nothing was tried or nothing helps
}

// Figure is a value with the interval it was found in.
type Figure struct {
	Name      string  // as in results.Metric, or a ledger account or claim with its mark ("idle.empty")
	Unit      string  // as in results.Metric
	Value     float64 // a median over trials where there are several
	Low, High float64 // 95 % interval, or the range where there are too few trials for one; equal to Value for one trial
	N         int     // trials behind it
}

// Remedy is a setting and what it did when it was tried in this run.
type Remedy struct {
	Setting string // a variant's label, or an allocator call such as malloc_trim(0)
	Text    string
	Saved   Figure // bytes; negative where it made things worse
}
