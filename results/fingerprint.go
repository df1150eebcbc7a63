package results

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
)

// Fingerprint says what machine and which builds gave a run's figures, in
// three scopes. A metric is refused for comparison only when its own scope
// differs: another governor makes times strange, but not memory.
type Fingerprint struct {
	Memory Fields `json:"memory"` // cores, page size, THP, kernel, libc, allocator builds
	Time   Fields `json:"time"`   // CPU model, governor, hypervisor; what is in Memory counts too
	Counts Fields `json:"counts"` // builds of the measured binaries, CPU features
}

// Fields are named facts of the machine, in plain words. What cannot be found
// out is "unknown", never "ok" and never left out: a fact that one machine
// has and another lacks is a difference.
type Fields map[string]string

// Names of fields that the table's header and the captions of figures show.
const (
	FieldCores    = "cores"     // "2"
	FieldPageSize = "page_size" // "4096"
	FieldTHP      = "thp"       // "madvise"
	FieldKernel   = "kernel"    // "Linux 6.18"
	FieldLibc     = "libc"      // "glibc 2.36"
	FieldCPU      = "cpu"       // the model, in the kernel's words
	FieldGovernor = "governor"
	FieldHost     = "hypervisor"
)

// Hash is 12 hexadecimal digits that agree when and only when all fields do.
// Names and values are quoted, so that no value can pass for another field.
func (f Fields) Hash() string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	sort.Strings(names)
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%q=%q\n", name, f[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Hash is the hash of one scope. Time depends on all that memory depends on,
// and on more: its hash covers both.
func (f Fingerprint) Hash(s Scope) string {
	switch s {
	case ScopeTime:
		both := make(Fields, len(f.Memory)+len(f.Time))
		for name, value := range f.Memory {
			both["memory."+name] = value
		}
		for name, value := range f.Time {
			both["time."+name] = value
		}
		return both.Hash()
	case ScopeCounts:
		return f.Counts.Hash()
	default:
		return f.Memory.Hash()
	}
}

// Machine is what each trial carries of the fingerprint.
func (f Fingerprint) Machine() Machine {
	return Machine{
		Memory: f.Hash(ScopeMemory),
		Time:   f.Hash(ScopeTime),
		Counts: f.Hash(ScopeCounts),
	}
}

// Hash is the machine's hash for one scope.
func (m Machine) Hash(s Scope) string {
	switch s {
	case ScopeTime:
		return m.Time
	case ScopeCounts:
		return m.Counts
	default:
		return m.Memory
	}
}
