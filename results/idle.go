package results

// IdleFall says by how many bytes RSS fell in the last fifth of the idle
// window. Where it still falls, the window was too short to say what the
// allocator keeps. It is false where fewer than five samples are in that part.
func IdleFall(samples []Sample) (bytes int64, ok bool) {
	var idle []Sample
	for i, s := range samples {
		if s.Phase == MarkIdle {
			idle = samples[i:]
			break
		}
	}
	for i, s := range idle {
		if s.Phase != MarkIdle {
			idle = idle[:i]
			break
		}
	}
	if len(idle) == 0 {
		return 0, false
	}
	end := idle[len(idle)-1]
	from := end.T - (end.T-idle[0].T)/5
	for i, s := range idle {
		if s.T >= from {
			if len(idle)-i < 5 {
				return 0, false
			}
			return max(0, s.RSS-end.RSS), true
		}
	}
	return 0, false
}

// StillFalls says that the trial's RSS fell at the end of its idle window by
// more than a hundredth of what is resident and more than 256 KiB.
func (t *Trial) StillFalls() bool {
	m := t.Mark(MarkIdle)
	if m == nil || t.IdleFall == nil {
		return false
	}
	return *t.IdleFall > max(memoryFloor, (m.RSS-t.Lab())/100)
}
