package allocators

// Remedy is a setting worth trying against memory that is not returned. It is
// a candidate: only a rerun under it says whether it helps, and what it costs.
type Remedy struct {
	Name  string
	Doc   string
	Knobs map[string]any
	// PurgeEvery is how often, in seconds, the program itself has to tell the allocator to
	// give back (see Allocator.Purge); 0 where the knobs do it all.
	PurgeEvery float64
	Source     string
}

// Remedies returns what may be tried with this allocator, the most promising
// first. Another allocator is a remedy too, and in no allocator's table.
func (a Allocator) Remedies() []Remedy { return a.remedies }
