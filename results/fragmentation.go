package results

import "math"

// Ratio is memory used over memory in use: 1 is perfect. It is not known
// where nothing was in use at the instant that it asks for.
type Ratio struct {
	Value float64
	Known bool
}

// Ratios are the four definitions of fragmentation by Johnstone and Wilson
// (The Memory Fragmentation Problem: Solved?, ISMM 1998) and a fifth for what
// comes after. Used is RSS without the lab's own memory and without the
// floor, which was resident before the workload began; live are the bytes
// asked for and still held. One figure alone misleads, each in its own way:
//
//   - Mean, used over live averaged over time, hides a short spike;
//   - AtMostLive, used over live when most was live, ignores what comes later;
//   - AtMostUsed, used over live when most was used, grows beyond bounds where
//     little is live at that instant;
//   - Peaks, most used over most live, whose instants may differ, is small
//     although memory stays high after the peak;
//   - Idle, used over live at the end of the idle window, when the load has
//     drained: what a server looks like between two bursts.
type Ratios struct {
	Mean, AtMostLive, AtMostUsed, Peaks, Idle Ratio
}

// All are the ratios in the order of their definition.
func (r Ratios) All() []Ratio {
	return []Ratio{r.Mean, r.AtMostLive, r.AtMostUsed, r.Peaks, r.Idle}
}

// Disagreement is the largest known ratio over the smallest: from 2 on, the
// answer to "how fragmented?" depends on who asks. It is 1 where fewer than
// two are known.
func (r Ratios) Disagreement() float64 {
	low, high := math.Inf(1), 0.0
	for _, ratio := range r.All() {
		if ratio.Known && ratio.Value > 0 {
			low, high = math.Min(low, ratio.Value), math.Max(high, ratio.Value)
		}
	}
	if high == 0 {
		return 1
	}
	return high / low
}

// LiveCut is the fewest live bytes for which used over live is drawn and
// averaged: a hundredth of the most that was live, and 256 KiB. Below it the
// ratio tells of stacks, tables and thread caches, whose size has nothing to
// do with what is live, and at nothing live it has no value.
func LiveCut(samples []Sample) int64 {
	most := int64(0)
	for _, s := range samples {
		most = max(most, s.Live)
	}
	return max(most/100, memoryFloor)
}

// Floor is what was resident at baseline without the lab's own: code, stacks
// and tables that are there before the workload begins.
func (t *Trial) Floor() int64 {
	m := t.Mark(MarkBaseline)
	if m == nil {
		return 0
	}
	return max(0, m.RSS-t.Lab())
}

// Used is the part of an RSS that the workload is the reason for.
func (t *Trial) Used(rss int64) int64 { return max(0, rss-t.Lab()-t.Floor()) }

// Fragmentation computes the ratios of a trial from its samples, in the order
// of time, up to the idle mark. Samples that are bucketed keep the true
// highest RSS, and live bytes to the bucket's width.
func (t *Trial) Fragmentation(samples []Sample) Ratios {
	var r Ratios
	end := math.Inf(1)
	if m := t.Mark(MarkIdle); m != nil {
		end = m.T
		if m.Asked > 0 {
			r.Idle = Ratio{float64(t.Used(m.RSS)) / float64(m.Asked), true}
		}
	}
	cut := LiveCut(samples)
	var mostLive, mostUsed *Sample
	area, seconds := 0.0, 0.0
	for i := range samples {
		s := &samples[i]
		if s.Live == Absent || s.T < 0 || s.T > end {
			continue
		}
		if mostLive == nil || s.Live > mostLive.Live {
			mostLive = s
		}
		if mostUsed == nil || s.RSS > mostUsed.RSS {
			mostUsed = s
		}
		// A sample stands for the time up to the next.
		if s.Live >= cut && i+1 < len(samples) && samples[i+1].T <= end {
			width := samples[i+1].T - s.T
			area += width * float64(t.Used(s.RSS)) / float64(s.Live)
			seconds += width
		}
	}
	if mostLive == nil || mostLive.Live <= 0 {
		return r
	}
	if seconds > 0 {
		r.Mean = Ratio{area / seconds, true}
	}
	most := float64(t.Used(mostUsed.RSS))
	r.AtMostLive = Ratio{float64(t.Used(mostLive.RSS)) / float64(mostLive.Live), true}
	r.Peaks = Ratio{most / float64(mostLive.Live), true}
	if mostUsed.Live > 0 {
		r.AtMostUsed = Ratio{most / float64(mostUsed.Live), true}
	}
	return r
}
