package cause

import (
	"math"
	"strings"
	"testing"

	"alloclab/results"
)

const mib = 1 << 20

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		p            Parts
		short, grows bool
		want         Word
	}{
		"nothing held":                       {p: Parts{InUse: 100 * mib}, want: Steady},
		"less than stacks and tables":        {p: Parts{Retained: 2 * mib}, want: Steady},
		"a tenth of what is in use":          {p: Parts{InUse: 100 * mib, Pinned: 10 * mib}, want: Steady},
		"a little more":                      {p: Parts{InUse: 100 * mib, Pinned: 10*mib + 1}, want: Fragmentation},
		"empty pages":                        {p: Parts{InUse: 8 * mib, Retained: 500 * mib, Pinned: 6 * mib}, want: Retention},
		"pinned and unit are one cause":      {p: Parts{Retained: 40 * mib, Pinned: 30 * mib, Unit: 30 * mib}, want: Fragmentation},
		"thread caches":                      {p: Parts{Retained: 4 * mib, ThreadCache: 5 * mib}, want: ThreadCache},
		"tables":                             {p: Parts{Retained: 4 * mib, Metadata: 5 * mib}, want: Metadata},
		"rounding":                           {p: Parts{Retained: 4 * mib, Rounding: 5 * mib}, want: Rounding},
		"a third each":                       {p: Parts{Retained: 4 * mib, Pinned: 4 * mib, Metadata: 4 * mib}, want: Mixed},
		"too early for retention":            {p: Parts{Retained: 500 * mib}, short: true, want: TooShort},
		"too early, and mixed":               {p: Parts{Retained: 4 * mib, Pinned: 4 * mib, Metadata: 4 * mib}, short: true, want: TooShort},
		"no clock unpins a page":             {p: Parts{Retained: 4 * mib, Pinned: 40 * mib}, short: true, want: Fragmentation},
		"nothing held, whatever the clock":   {p: Parts{InUse: 100 * mib}, short: true, want: Steady},
		"live data grows":                    {p: Parts{InUse: 100 * mib, Pinned: 30 * mib}, grows: true, want: Growth},
		"grows, but more is held than used":  {p: Parts{InUse: 100 * mib, Pinned: 130 * mib}, grows: true, want: Fragmentation},
		"dropped":                            {p: Parts{InUse: 10 * mib, Dropped: 8 * mib, Pinned: mib}, want: Leak},
		"dropped, and it pins as much":       {p: Parts{Dropped: 8 * mib, Pinned: 8 * mib}, want: Leak},
		"dropped, and a clock runs":          {p: Parts{Dropped: 8 * mib, Retained: 9 * mib}, short: true, want: Leak},
		"dropped, but far more is retained":  {p: Parts{InUse: 10 * mib, Dropped: 3 * mib, Retained: 10 * mib}, want: Retention},
		"a program that drops grows as well": {p: Parts{InUse: 10 * mib, Dropped: 18 * mib}, grows: true, want: Leak},
	} {
		if got := decide(c.p, c.short, c.grows); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// trialOf is a trial with a ledger at baseline and idle, after a window of seconds.
func trialOf(window float64, base, idle results.Ledger, claims results.Claims) *results.Trial {
	return &results.Trial{
		Trial: 1, Cell: "c", Workload: "w", Variant: "v", Allocator: "a", Pass: results.PassTime, Status: results.StatusOK,
		Metrics: map[string]float64{results.MetricRSSIdle: float64(idle.Total() - idle.Lab)},
		Marks: []results.Mark{
			{Name: results.MarkBaseline, RSS: base.Total(), Ledger: &base},
			{Name: results.MarkHold, T: 1, Asked: idle.Live},
			{Name: results.MarkFreed, T: 2, Asked: idle.Live},
			{Name: results.MarkIdle, T: 2 + window, RSS: idle.Total(), Asked: idle.Live, Ledger: &idle, Claims: claims},
		},
	}
}

// TestFloorIsNobodysFault: what was resident before the workload began is in no part.
func TestFloorIsNobodysFault(t *testing.T) {
	base := results.Ledger{Lab: mib, Other: 3 * mib, Empty: 2 * mib, Pinned: mib}
	idle := results.Ledger{Lab: mib, Other: 4 * mib, Live: 10 * mib, Rounding: mib, Pinned: 3 * mib, Empty: 52 * mib}
	tr := trialOf(1, base, idle, results.Claims{results.ClaimMetadata: 5 * mib, results.ClaimUnit: 10 * mib, results.ClaimDecay: 30 * mib, results.ClaimUnexplained: 7 * mib})
	p, ok := partsOf(tr)
	want := Parts{RSS: 70 * mib, Floor: 6 * mib, InUse: 10 * mib, Rounding: mib, Pinned: 2 * mib, Unit: 10 * mib, Metadata: 5 * mib, Retained: 35 * mib, Other: mib}
	if !ok || p.RSS != want.RSS || p.Floor != want.Floor || p.InUse != want.InUse || p.Rounding != want.Rounding || p.Pinned != want.Pinned ||
		p.Unit != want.Unit || p.Metadata != want.Metadata || p.Retained != want.Retained || p.Other != want.Other {
		t.Errorf("%+v\nwant %+v", p, want)
	}
	if p.Claims[results.ClaimDecay] != 30*mib || p.Claims[results.ClaimUnexplained] != 5*mib {
		t.Errorf("claims %v", p.Claims)
	}
	// All of the growth is in one part or another.
	if sum := p.InUse + p.Held() + p.Other; sum != p.RSS-p.Floor {
		t.Errorf("the parts add up to %d, and RSS grew by %d", sum, p.RSS-p.Floor)
	}
	tr.Marks[3].Racy = true
	if _, ok := Of(tr, Context{}); ok {
		t.Error("a racy ledger decided")
	}
}

// TestThreadsThatTakeTheirCachesAlong: an allocator that does not tell of its
// thread caches shows them when the threads end.
func TestThreadsThatTakeTheirCachesAlong(t *testing.T) {
	idle := results.Ledger{Empty: 10 * mib}
	tr := trialOf(1, results.Ledger{}, idle, results.Claims{results.ClaimUnexplained: 10 * mib})
	tr.Marks = append(tr.Marks,
		results.Mark{Name: results.MarkPurged, T: 4, Ledger: &results.Ledger{Empty: 9 * mib}},
		results.Mark{Name: results.MarkExited, T: 5, Ledger: &results.Ledger{Empty: mib}})
	c, _ := Of(tr, Context{})
	if c.Word != ThreadCache || c.Parts.ThreadCache != 8*mib || c.Parts.Retained != 2*mib {
		t.Errorf("%+v", c)
	}
	tr.Marks[3].Claims[results.ClaimThreadCache] = mib // it does tell
	tr.Marks[3].Claims[results.ClaimUnexplained] = 9 * mib
	if c, _ = Of(tr, Context{}); c.Word != Retention || c.Parts.ThreadCache != mib {
		t.Errorf("%+v", c)
	}
}

// TestLeakNeedsTheProgramsWord: data that stays is no leak; the same bytes are
// one where the workload says that it dropped them.
func TestLeakNeedsTheProgramsWord(t *testing.T) {
	tr := trialOf(1, results.Ledger{}, results.Ledger{Live: 100 * mib}, nil)
	if c, _ := Of(tr, Context{}); c.Word != Steady {
		t.Errorf("a warm cache is %s", c.Word)
	}
	tr.Figures = map[string]float64{FigureDropped: 60 * mib}
	if c, _ := Of(tr, Context{}); c.Word != Leak || c.Parts.Dropped != 60*mib || c.Parts.InUse != 40*mib {
		t.Errorf("%+v", c)
	}
}

func TestWatch(t *testing.T) {
	decay := results.Clock{Seconds: 10, Watch: 20}
	active := results.Clock{Seconds: 10, Watch: 20, OnActivity: true}
	idle, purged := map[string]float64{results.MetricRSSIdle: 500 * mib}, map[string]float64{results.MetricRSSIdle: 500 * mib, results.MetricRSSPurged: 499 * mib}
	fell, small := int64(20*mib), int64(100<<10)
	for name, c := range map[string]struct {
		clock   results.Clock
		silent  bool
		window  float64
		fall    *int64
		metrics map[string]float64
		want    Word
		short   string
		note    string
	}{
		"long enough":                 {clock: decay, window: 21, want: Retention},
		"shorter than the clock":      {clock: decay, window: 3, want: TooShort, short: "clock 10 s, watched 3 s: too short to tell"},
		"the clock may take longer":   {clock: decay, window: 15, want: TooShort, short: "clock 10 s, which may start up to 10 s late, watched 15 s: too short to tell"},
		"no clock":                    {window: 0.1, want: Retention},
		"all had gone back":           {clock: decay, window: 3, metrics: purged, want: Retention},
		"still falls":                 {window: 3, fall: &fell, want: TooShort, short: "RSS still falls at the end of the 3 s: too short to tell"},
		"falls by next to nothing":    {window: 3, fall: &small, want: Retention},
		"stands still, long enough":   {clock: active, silent: true, window: 30, want: Retention, note: "its 10 s clock runs on activity only, and 30 s were silent"},
		"stands still, too short yet": {clock: active, silent: true, window: 3, want: TooShort, short: "clock 10 s, watched 3 s: too short to tell", note: "its 10 s clock runs on activity only, and 3 s were silent"},
		"runs on a trickle":           {clock: active, window: 30, want: Retention},
	} {
		tr := trialOf(c.window, results.Ledger{}, results.Ledger{Empty: 500 * mib}, nil)
		tr.IdleFall = c.fall
		if tr.Metrics = idle; c.metrics != nil {
			tr.Metrics = c.metrics
		}
		if c.note == "" {
			c.note = c.short
		}
		got, _ := Of(tr, Context{Clock: c.clock, Silent: c.silent})
		if got.Word != c.want || got.Watch.Short() != c.short || got.Watch.Note() != c.note {
			t.Errorf("%s: %s, %q, %q", name, got.Word, got.Watch.Short(), got.Watch.Note())
		}
	}
}

// growing is a trial of 64 looks over an hour in which things grow by the rates given, in MiB an hour.
func growing(live, pinned, unit, empty float64) *results.Trial {
	const looks = 64
	at := func(i int) (l results.Ledger, c results.Claims) {
		part := float64(i) / (looks - 1)
		wave := float64(i%3) * 4096 // no series is a ruler
		grown := func(rate float64) int64 { return int64(rate*part*mib + wave) }
		l = results.Ledger{Lab: mib, Other: mib, Live: 100*mib + grown(live), Pinned: grown(pinned), Empty: 10*mib + grown(empty) + grown(unit)}
		return l, results.Claims{results.ClaimUnit: grown(unit)}
	}
	first, said := at(0)
	end, claims := at(looks - 1)
	tr := trialOf(1, results.Ledger{Lab: mib, Other: mib}, end, claims)
	tr.Marks[1].T, tr.Marks[2].T, tr.Marks[3].T = 3600, 3600, 3601
	_, _ = first, said
	for i := range looks {
		l, c := at(i)
		tr.Looks = append(tr.Looks, results.Mark{Name: results.MarkLook, T: 3600 * float64(i) / (looks - 1), RSS: l.Total(), Asked: l.Live, Ledger: &l, Claims: c})
	}
	return tr
}

func TestTrend(t *testing.T) {
	const hour = 3600
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.02*math.Abs(want)+0.05 {
			t.Errorf("%s: %.3f MiB/h, want %.3f", what, got, want)
		}
	}
	g := TrendOf(growing(60, 12, 6, 24), nil, Window{})
	if g.Looks != 64 || g.From != 0 || g.To != hour {
		t.Fatalf("%+v", g)
	}
	near("live", g.Live.PerX*hour/mib, 60)
	near("fragmented", g.Fragmented.PerX*hour/mib, 18)
	near("empty", g.Empty.PerX*hour/mib, 24)
	near("RSS", g.RSS.PerX*hour/mib, 102)
	if !g.ofLive() {
		t.Error("60 MiB an hour on 100 are no growth?")
	}
	if at, soonest, latest, ok := g.Until(g.RSSAtEnd + 204*mib); !ok || math.Abs(at-2*hour) > 200 || soonest > at || latest < at {
		t.Errorf("204 MiB more in %v s (%v to %v), %v", at, soonest, latest, ok)
	}
	if at, _, _, ok := g.Until(mib); !ok || at != 0 {
		t.Errorf("a limit that is passed already: %v, %v", at, ok)
	}
	still := TrendOf(growing(0, 0, 0, 0), nil, Window{})
	if _, _, _, ok := still.Until(1 << 40); ok || still.ofLive() {
		t.Errorf("what stands still reaches nothing: %+v", still.RSS)
	}
	half := TrendOf(growing(60, 0, 0, 0), nil, Window{0, hour / 2})
	near("half of it", half.Live.PerX*hour/mib, 60)
	if half.Looks < 30 || half.Looks > 33 {
		t.Errorf("%d looks in half an hour of 64", half.Looks)
	}
}

// TestTrendOfSamples: without looks live and RSS are of the series, without its warm-up and without the lab.
func TestTrendOfSamples(t *testing.T) {
	tr := trialOf(1, results.Ledger{Lab: mib}, results.Ledger{Lab: mib, Live: 200 * mib}, nil)
	tr.Marks[1].T, tr.Marks[2].T, tr.Marks[3].T = 400, 400, 401
	var series []results.Sample
	for i := range 4000 {
		s := results.Sample{T: float64(i) / 10, Live: int64(i) * 50 << 10, RSS: int64(i)*50<<10 + 5*mib, Phase: results.MarkHold}
		if s.T < 100 { // loading
			s.Live, s.RSS = 190*mib, 195*mib
		}
		series = append(series, s)
	}
	g := TrendOf(tr, func(int) []results.Sample { return series }, Window{})
	if g.From != 100 || g.To != 400 || g.Live == nil || math.Abs(g.Live.PerX-500<<10) > 1 || math.Abs(g.RSS.PerX-500<<10) > 1 || g.Empty != nil || g.Fragmented != nil {
		t.Fatalf("%+v, live %+v", g, g.Live)
	}
	if want := float64(series[3999].RSS - mib); g.RSSAtEnd != want {
		t.Errorf("RSS at the end %.0f, want %.0f", g.RSSAtEnd, want)
	}
	c, _ := Of(tr, Context{Options: Options{Series: func(int) []results.Sample { return series }}})
	if c.Word != Growth {
		t.Errorf("%s", c.Word)
	}
	tr.Marks[1].T, tr.Marks[2].T, tr.Marks[3].T = 9, 9, 10
	if c, _ := Of(tr, Context{Options: Options{Series: func(int) []results.Sample { return series }}}); c.Word != Steady {
		t.Errorf("nine seconds of loading are %s", c.Word)
	}
}

// TestGrowsInWords: what grows, how fast, and how long until the limit.
func TestGrowsInWords(t *testing.T) {
	run := results.Run{Variants: []results.Variant{{Label: "v", Allocator: "a"}}, Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	for name, c := range map[string]struct {
		trial *results.Trial
		limit float64
		word  Word
		want  []string
	}{
		"live data": {growing(60, 12, 6, 24), 1 << 30, Growth, []string{
			"over 1 h resident memory grew by 1.7 MiB/min", "what is in use by 1.0 MiB/min", "what fragmentation holds by 307 KiB/min", "At that rate 1 GiB are reached in "}},
		"retention": {growing(0, 0, 0, 150), 1 << 30, Retention, []string{"empty pages by 2.5 MiB/min"}},
		"nothing":   {growing(0, 0, 0, 0), 1 << 30, Steady, []string{"over 1 h", "So no time to 1 GiB can be told."}},
	} {
		found := Findings(run, []results.Trial{*c.trial}, Options{Limit: c.limit})
		if len(found) != 1 || len(found[0].Findings) != 1 || found[0].Findings[0].Word != string(c.word) {
			t.Fatalf("%s: %+v", name, found)
		}
		f := found[0].Findings[0]
		for _, want := range c.want {
			if !strings.Contains(f.Text, want) {
				t.Errorf("%s: %q is not said:\n%s", name, want, f.Text)
			}
		}
		checkNumbers(t, name, f)
	}
}

// TestTrialsThatDisagree: the word of most trials stands, and how many say so is said.
func TestTrialsThatDisagree(t *testing.T) {
	run := results.Run{Variants: []results.Variant{{Label: "v", Allocator: "a"}}, Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	var trials []results.Trial
	for i, l := range []results.Ledger{{Empty: 100 * mib}, {Pinned: 100 * mib}, {Empty: 90 * mib}} {
		tr := *trialOf(1, results.Ledger{}, l, nil)
		tr.Trial, tr.Round = i+1, i+1
		trials = append(trials, tr)
	}
	f := Findings(run, trials, Options{})[0].Findings[0]
	if f.Word != string(Retention) || !strings.Contains(f.Head, "(in 2 of 3 rounds)") || !strings.Contains(f.Head, "(3 rounds: 90 MiB to 100 MiB)") {
		t.Errorf("%s: %s", f.Word, f.Head)
	}
	if f = Findings(run, trials[:2], Options{})[0].Findings[0]; f.Word == string(Steady) {
		t.Errorf("one against one: %s", f.Head)
	}
	trials[0].Status = results.StatusTimeout
	if f = Findings(run, trials[:2], Options{})[0].Findings[0]; f.Word != string(Fragmentation) {
		t.Errorf("a trial that failed voted: %s", f.Head)
	}
}
