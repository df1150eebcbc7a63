package proc

import (
	"math"
	"strings"
)

// MappingUse is one mapping with what it holds: an entry of /proc/PID/smaps.
// Sizes are bytes; a field that this kernel does not write is 0.
type MappingUse struct {
	Mapping
	Rss           int64
	Pss           int64
	Shared        int64 // Shared_Clean + Shared_Dirty: resident pages that other processes map too
	Anonymous     int64 // resident pages that belong to no file, copies of a private file's too
	LazyFree      int64
	AnonHugePages int64
	Swap          int64
	Locked        int64
	Hugetlb       int64 // Shared_Hugetlb + Private_Hugetlb: no part of Rss
}

// Smaps reads the process's mappings and what each holds, walking its page
// tables as SmapsRollup does. Each entry is of one moment, the list is not,
// unless the process is stopped.
func (p *Process) Smaps() ([]MappingUse, error) {
	b, err := p.readFile("smaps", limitMaps)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, noMemory(p.pid, "smaps")
	}
	return parseSmaps(string(b))
}

// parseSmaps reads lines as of maps, each with lines "Key:  n kB" and a last
// one of VmFlags behind it. Keys that it does not know are skipped.
func parseSmaps(text string) ([]MappingUse, error) {
	var list []MappingUse
	var use *MappingUse
	for text != "" {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, parseError("smaps: no newline", line)
		}
		text = rest
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(key, " -") { // an address range; device numbers have a colon too
			m, ok := parseMapping(line)
			if !ok {
				return nil, parseError("smaps", line)
			}
			list = append(list, MappingUse{Mapping: m})
			use = &list[len(list)-1]
			continue
		}
		if use == nil {
			return nil, parseError("smaps: no mapping before", line)
		}
		at := use.field(key)
		if at == nil {
			continue
		}
		n, ok := parseKB(value)
		if !ok {
			return nil, parseError("smaps", line)
		}
		*at += min(n, math.MaxInt64-*at)
	}
	return list, nil
}

// field is where a key is added up, or nil.
func (u *MappingUse) field(key string) *int64 {
	switch key {
	case "Rss":
		return &u.Rss
	case "Pss":
		return &u.Pss
	case "Shared_Clean", "Shared_Dirty":
		return &u.Shared
	case "Anonymous":
		return &u.Anonymous
	case "LazyFree":
		return &u.LazyFree
	case "AnonHugePages":
		return &u.AnonHugePages
	case "Swap":
		return &u.Swap
	case "Locked":
		return &u.Locked
	case "Shared_Hugetlb", "Private_Hugetlb":
		return &u.Hugetlb
	}
	return nil
}
