package page

import (
	"encoding/json"
	"html/template"
	"math"

	"alloclab/plots"
	"alloclab/results"
)

// chart is the data of one cell's live chart: what page.js reads.
type chart struct {
	Title    string         `json:"title"`
	Variants []chartVariant `json:"variants"`
}

type chartVariant struct {
	Name   string       `json:"name"`
	Colour string       `json:"colour"` // name of a variable of the style
	Dashes []float64    `json:"dashes,omitempty"`
	Trials []chartTrial `json:"trials"`
}

// chartTrial is one curve. Times are in steps of 0.1 ms and sizes in KiB, each
// as the difference from the one before: that takes a third of the room.
type chartTrial struct {
	Round  int         `json:"round"`
	Median bool        `json:"median,omitempty"`
	Marks  []chartMark `json:"marks"`
	Purged *int64      `json:"purged,omitempty"` // KiB
	T      []int64     `json:"t"`
	RSS    []int64     `json:"rss"`
	Live   []int64     `json:"live,omitempty"`
	// SaidT and Said are what the allocator itself counts as allocated, where live bytes are not known.
	SaidT []int64 `json:"said_t,omitempty"`
	Said  []int64 `json:"said,omitempty"`
	Asked bool    `json:"asked,omitempty"` // it was asked while the program ran, and not at marks only
}

type chartMark struct {
	Name string  `json:"name"`
	T    float64 `json:"t"`
	RSS  int64   `json:"rss"` // KiB
}

// curves encodes a cell's samples. Rounds of which the page has no room for a
// curve are left out.
func (p *page) curves(cell plots.Cell) (template.JS, bool, error) {
	c := chart{Title: results.Plain(cell.Title())}
	any := false
	looks := plots.Looks(cell.Series)
	for i, s := range cell.Series {
		v := chartVariant{Name: s.Variant.Name(), Colour: variable(looks[i].Colour), Dashes: looks[i].Dashes, Trials: []chartTrial{}}
		if median, ok := s.Median(); ok {
			v.add(p.budget, median, true)
			others := 0
			for _, t := range s.Traces {
				if t.Trial.Counts() && t.Trial != median.Trial {
					if others++; others > p.budget.others {
						p.budget.cut++
						continue
					}
					v.add(p.budget, t, false)
				}
			}
		}
		any = any || len(v.Trials) > 0
		c.Variants = append(c.Variants, v)
	}
	// Marshal writes <, > and & as \u escapes: nothing in it ends the script.
	text, err := json.Marshal(c)
	return template.JS(text), any, err // escaped above
}

func (v *chartVariant) add(b *budget, t plots.Trace, median bool) {
	limit := b.other
	if median {
		limit = b.shown
	}
	end := math.Inf(1)
	if m := t.Trial.Mark(results.MarkIdle); m != nil {
		end = m.T
	}
	lab := t.Trial.Lab()
	rows := thin(upTo(t.Samples, end), limit)
	if len(rows) == 0 || !b.take(len(rows)) {
		return
	}
	c := chartTrial{Round: t.Trial.Round, Median: median, Marks: []chartMark{}}
	for _, m := range t.Trial.Marks {
		kib := max(0, m.RSS-lab) >> 10
		switch m.Name {
		case results.MarkHold, results.MarkFreed, results.MarkIdle:
			c.Marks = append(c.Marks, chartMark{m.Name, m.T, kib})
		case results.MarkPurged:
			c.Purged = &kib
		}
	}
	var at, rss, live int64
	known := true
	for _, s := range rows {
		known = known && s.Live != results.Absent
	}
	for _, s := range rows {
		t, r, l := int64(math.Round(s.T*1e4)), max(0, s.RSS-lab)>>10, s.Live>>10
		c.T, c.RSS = append(c.T, t-at), append(c.RSS, r-rss)
		if known {
			c.Live = append(c.Live, l-live)
		}
		at, rss, live = t, r, l
	}
	c.claim(b, t.Claim(end), limit)
	v.Trials = append(v.Trials, c)
}

// claim adds what the allocator said.
func (c *chartTrial) claim(b *budget, claim plots.Claim, limit int) {
	samples := make([]results.Sample, len(claim.Rows))
	for i, s := range claim.Rows {
		samples[i] = results.Sample{T: s.T, RSS: s.Allocated}
	}
	if claim.Asked { // a disc is left where it is
		samples = thin(samples, limit)
	}
	if len(samples) == 0 || !b.take(len(samples)) {
		return
	}
	c.Asked = claim.Asked
	var at, said int64
	for _, s := range samples {
		t, kib := int64(math.Round(s.T*1e4)), s.RSS>>10
		c.SaidT, c.Said = append(c.SaidT, t-at), append(c.Said, kib-said)
		at, said = t, kib
	}
}

// upTo leaves out what comes before baseline and after the end.
func upTo(samples []results.Sample, end float64) []results.Sample {
	var kept []results.Sample
	for _, s := range samples {
		if s.T >= 0 && s.T <= end {
			kept = append(kept, s)
		}
	}
	return kept
}

// thin leaves at most limit samples: level stretches become their two ends,
// and of each stretch of samples the ones of lowest and highest RSS and live
// bytes are kept, and the last. The first and the last of all stay.
func thin(samples []results.Sample, limit int) []results.Sample {
	samples = level(samples)
	if len(samples) <= limit || limit < 6 {
		return samples
	}
	const each = 5 // at most, of a bucket
	buckets := (limit - 1) / each
	kept := make([]results.Sample, 0, limit)
	kept = append(kept, samples[0])
	rest := samples[1:]
	for b := range buckets {
		from, to := b*len(rest)/buckets, (b+1)*len(rest)/buckets
		low, high, least, most := from, from, from, from
		for i := from; i < to; i++ {
			if rest[i].RSS < rest[low].RSS {
				low = i
			}
			if rest[i].RSS > rest[high].RSS {
				high = i
			}
			if rest[i].Live < rest[least].Live {
				least = i
			}
			if rest[i].Live > rest[most].Live {
				most = i
			}
		}
		for i := from; i < to; i++ {
			if i == low || i == high || i == least || i == most || i == to-1 {
				kept = append(kept, rest[i])
			}
		}
	}
	return kept
}

// level takes out samples that equal both neighbours: a line shows them all
// the same.
func level(samples []results.Sample) []results.Sample {
	same := func(a, b results.Sample) bool { return a.RSS == b.RSS && a.Live == b.Live }
	var kept []results.Sample
	for i, s := range samples {
		if i > 0 && i+1 < len(samples) && same(samples[i-1], s) && same(s, samples[i+1]) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}
