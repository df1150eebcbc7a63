package results

// Salvage keeps the memory of what was starved throughout. Where every good
// trial of a variant in a cell was starved, nothing of it counts, though only
// speed depends on the processor: resident memory at a mark is what it is. So
// the figures of time are taken out of those trials, and what remains counts;
// Salvaged says so, and everything that prints them says it too. The file on disk and
// comparisons know nothing of this.
func Salvage(trials []Trial) []Trial {
	type place struct{ run, cell, variant, pass string }
	counts := map[place]bool{}
	for i := range trials {
		t := &trials[i]
		if t.Counts() {
			counts[place{t.Run, t.Cell, t.Variant, t.Pass}] = true
		}
	}
	out := make([]Trial, len(trials))
	copy(out, trials)
	for i := range out {
		t := &out[i]
		if t.Status != StatusOK || t.Pass != PassTime || counts[place{t.Run, t.Cell, t.Variant, t.Pass}] {
			continue
		}
		t.Salvaged = &CPU{Obtained: t.CPU.Obtained, Wanted: t.CPU.Wanted, Stolen: t.CPU.Stolen}
		t.CPU = CPU{}
		memory := map[string]float64{}
		for name, value := range t.Metrics {
			if m, ok := ByName(name); ok && m.Scope != ScopeTime {
				memory[name] = value
			}
		}
		t.Metrics = memory
	}
	return out
}
