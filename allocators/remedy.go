package allocators

// Remedy is a setting worth trying against memory that is not returned. It is
// a candidate: only a rerun under it says whether it helps, and what it costs.
type Remedy struct {
	Name   string
	Doc    string
	Knobs  map[string]any
	Source string
}

// Remedies returns what may be tried with this allocator.
func (a Allocator) Remedies() []Remedy { return a.remedies }
