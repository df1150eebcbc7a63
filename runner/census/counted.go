package census

import (
	"fmt"

	"alloclab/results"
)

// Counts fills in how many live bytes lie on each page from the first on.
type Counts func(first uint64, counts []uint16) error

// Counted is the ledger of a process whose live bytes were counted page by
// page: usable bytes, so that rounding is a part of live and not known apart. The process must
// be stopped. A page with more live bytes than it has is an error.
func Counted(ranges []Range, pages Pages, resident Resident, counts Counts, pageShift uint) (results.Ledger, error) {
	l := results.Ledger{RoundingInLive: true}
	size := int64(1) << pageShift
	entries := make([]uint64, entriesAtOnce)
	held := make([]uint16, entriesAtOnce)
	for _, r := range ranges {
		err := pages.Walk(r.Start, r.End, entries, func(address uint64, part []uint64) error {
			switch r.Account {
			case Other:
				l.Other += size * countResident(part, r.PrivateAnonymous, resident)
				return nil
			case Unmanaged:
				l.Unmanaged += size * countResident(part, r.PrivateAnonymous, resident)
				return nil
			case Lab:
				l.Lab += size * countResident(part, r.PrivateAnonymous, resident)
				return nil
			}
			if err := counts(address>>pageShift, held[:len(part)]); err != nil {
				return err
			}
			for i, entry := range part {
				live := int64(held[i])
				switch {
				case !resident(entry, true):
				case live > size:
					return &FaultError{[]string{fmt.Sprintf("page %#x holds %d bytes", address+uint64(i)<<pageShift, live)}}
				case live > 0:
					l.Live += live
					l.Pinned += size - live
				default:
					l.Empty += size
				}
			}
			return nil
		})
		if err != nil {
			return l, fmt.Errorf("page table of %#x-%#x: %w", r.Start, r.End, err)
		}
	}
	return l, nil
}
