// Package analysis holds what a run's figures say: findings. Its packages are
// pure: results in, findings out; no process, no file, no allocator's name.
package analysis

// Finding is one thing that the figures of a run say. explain, compare, gate,
// rank and the page print only these, and each sentence of a finding has a figure of
// the same run behind it.
type Finding struct {
	Subject string   // of what it is said: a variant, or a metric of a cell
	Word    string   // a cause, or the verdict of a comparison
	Head    string   // of a cause: what is kept, and why, in one line that begins with the subject
	Parts   []Part   // of a cause: the sentences behind the head, by what they answer
	Text    string   // one or more sentences: of a cause Head and all Parts
	Figures []Figure // what decided, the weightiest first
	Remedy  *Remedy  // what to set; nil where nothing was tried or nothing helps
	Instead *Remedy  // another allocator that kept less; nil where none did
}

// Part is the answer to one of a reader's questions.
type Part struct {
	Topic string // "held", "why", "tried", "set", "grows"
	Text  string
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
