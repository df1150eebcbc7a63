package format

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

func hint(name string, known []string) string { return fmt.Sprintf("%d are known", len(known)) }

func TestParseOutput(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"junit=" + dir + "/j.xml": "", "csv=-": "", "markdown=a=b.md": "", "github-summary=/dev/null": "",
		"junti=x": `no format "junti": 10 are known`, "x.json": `"x.json" is not FORMAT=PATH`, "": `"" is not FORMAT=PATH`, "csv": "csv goes nowhere", "csv=": "csv goes nowhere: write csv=PATH",
		"csv=" + dir + "/no/x": "there is no directory", "csv=" + dir: "is a directory, and a file is wanted", "=x": `no format ""`,
	} {
		o, err := ParseOutput(text, hint)
		if want == "" {
			if err != nil || o.Format.Name != strings.SplitN(text, "=", 2)[0] || o.Path != strings.SplitN(text, "=", 2)[1] {
				t.Errorf("%q: %v, %v", text, o, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	write := func(format, path, text string) string {
		t.Helper()
		o, err := ParseOutput(format+"="+path, hint)
		if err != nil {
			t.Fatal(err)
		}
		var stdout strings.Builder
		if err := o.Write(&stdout, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return stdout.String()
	}
	holds := func(path, want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v, want %q", path, got, err, want)
		}
	}
	if got := write("csv", "-", "x"); got != "x" {
		t.Errorf("standard output got %q", got)
	}
	path, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	write("csv", path, "old and long")
	write("csv", path, "new")
	holds(path, "new")
	write("github-summary", path, "+more")
	holds(path, "new+more")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	write("csv", link, "by the link")
	holds(path, "by the link")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	write("csv", "/dev/null", "x")
	if info, err := os.Lstat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is gone: %v", err)
	}
	o := Output{Path: path}
	if err := o.Write(nil, func(io.Writer) error { return io.ErrClosedPipe }); err == nil {
		t.Error("a failing writer is no error")
	}
	holds(path, "by the link")
}

// TestStepSummaryLimit: what GitHub takes of a step is never exceeded, with
// what was in the file before, and the cut is told.
func TestStepSummaryLimit(t *testing.T) {
	many := make([]string, 9000)
	for i := range many {
		many[i] = fmt.Sprintf("variant %d of many %s", i, strings.Repeat("x", 60))
	}
	r := fixture([]string{"c"}, many, 1)
	for _, held := range []int{0, 700 << 10, stepSummaryLimit - 600, stepSummaryLimit - 100, stepSummaryLimit, stepSummaryLimit + 5} {
		path := filepath.Join(t.TempDir(), "summary")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", held)), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := ParseOutput("github-summary="+path, hint)
		if err == nil {
			err = o.Write(nil, func(w io.Writer) error { return o.Format.Run(w, r) })
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if added := len(text) - held; len(text) > max(held, stepSummaryLimit) || held < stepSummaryLimit-500 && (added == 0 || !strings.Contains(string(text), "Cut here")) {
			t.Errorf("after %d bytes %d were added", held, added)
		}
		if held == 0 && !strings.Contains(string(text[:2000]), "failed") {
			t.Error("what failed is not at the beginning")
		}
	}
}

// TestUnitsOfAllMetrics: no unit of the registry is one that these formats would get wrong.
func TestUnitsOfAllMetrics(t *testing.T) {
	for _, m := range results.Metrics() {
		unit := benchUnit(m)
		rewritten := slices.ContainsFunc(strings.FieldsFunc(unit, func(r rune) bool { return r == '-' || r == '/' }), func(token string) bool { return token == "MB" || token == "ns" })
		if strings.ContainsAny(unit, " _=") || rewritten || (m.Unit == "B") != strings.HasSuffix(unit, "-B") {
			t.Errorf("%s is %q", m.Name, unit)
		}
		if len(m.Name) > 64 {
			t.Errorf("%s is too long for a measure of Bencher", m.Name)
		}
	}
}
