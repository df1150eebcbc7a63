package report

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"alloclab/analysis/cause"
	"alloclab/results"
)

func TestExplain(t *testing.T) {
	for name, of := range map[string]func() (results.Run, []results.Trial){"curve": curve, "small": small, "lost": lost} {
		run, trials := of()
		var out strings.Builder
		cells, err := Explain(&out, run, trials, cause.Options{}, nil)
		if err != nil || cells == 0 {
			t.Fatalf("%s: %d cells, %v", name, cells, err)
		}
		explainedAs(t, "explain-"+name, out.String())
	}
}

// explainedAs compares with a file, and holds what is true of all that is printed.
func explainedAs(t *testing.T, name, got string) {
	t.Helper()
	golden(t, name, got)
	for _, bad := range []string{"\x1b", "\u202e", "\u2066", "NaN", "Inf", " \n"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s: %q is in the text", name, bad)
		}
	}
	for line := range strings.Lines(got) {
		if n := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("%s: a line has %d columns: %s", name, n, line)
		}
	}
}

// TestExplainOrdersByWhatIsHeld: the cell with most to gain comes first.
func TestExplainOrdersByWhatIsHeld(t *testing.T) {
	run, trials := curve()
	small, few := small()
	run.Cells = append([]results.Cell{small.Cells[0]}, run.Cells...)
	run.Variants = append(run.Variants, small.Variants[3])
	for i := range few {
		few[i].Variant = "mimalloc"
	}
	var out strings.Builder
	if _, err := Explain(&out, run, append(few, trials...), cause.Options{}, nil); err != nil {
		t.Fatal(err)
	}
	large, little := strings.Index(out.String(), "curve: iobuf"), strings.Index(out.String(), "curve: cache")
	if large < 0 || little < large {
		t.Errorf("iobuf is at %d and cache at %d:\n%s", large, little, out.String())
	}
	out.Reset()
	if cells, err := Explain(&out, results.Run{}, nil, cause.Options{}, nil); err != nil || cells != 0 || out.Len() != 0 {
		t.Errorf("without trials: %d, %v, %q", cells, err, out.String())
	}
	if _, err := Explain(broken{}, run, trials, cause.Options{}, nil); err == nil {
		t.Error("a failed write is no error")
	}
}

func TestExplainTrial(t *testing.T) {
	run, trials := curve()
	one := trials[0]
	one.Warnings = []string{"starved: it got 53 % of the processor time it could have used"}
	look := one.Marks[1]
	look.Name, look.T = results.MarkLook, 1
	one.Looks = []results.Mark{look}
	var out strings.Builder
	if err := ExplainTrial(&out, run, &one, cause.Options{Limit: 8 << 30}); err != nil {
		t.Fatal(err)
	}
	explainedAs(t, "explain-trial", out.String())
}

// TestLinesOfWhatIsToBeTaken: the variants that are to be taken have their lines, once, and no other has.
func TestLinesOfWhatIsToBeTaken(t *testing.T) {
	run, trials := curve()
	var out strings.Builder
	paste := func(v results.Variant) Paste {
		return Paste{Lines: [][2]string{{"call", "f()"}, {"shell", "LINE OF " + v.Label}, {"C", "g()"}}}
	}
	if _, err := Explain(&out, run, trials, cause.Options{}, paste); err != nil {
		t.Fatal(err)
	}
	want := "\nTo take a variant, start your program with its line:\n  jemalloc background, decay 1 s\n    LINE OF "
	if !strings.Contains(out.String(), want) || strings.Count(out.String(), "LINE OF") != 1 || strings.Contains(out.String(), "f()") {
		t.Errorf("%s", out.String())
	}
}
