package configs

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/*.err with what the code says now")

// Each testdata/NAME.toml is a file with faults, and NAME.err what is said of them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, fault := Parse(filepath.Base(file), source, testCatalog)
			if fault == nil {
				t.Fatal("parsed without a fault")
			}
			checkFaults(t, string(source), fault)
			golden := strings.TrimSuffix(file, ".toml") + ".err"
			got := fault.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s (-want +got; after a look, run go test -update):\n%s", golden, diff)
			}
		})
	}
}

// checkFaults checks what holds for every error of Parse: it joins *Errors,
// 20 at most, in the file's order, each inside the text, on one line.
func checkFaults(t *testing.T, source string, err error) {
	t.Helper()
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("not a joined error: %#v", err)
	}
	lines := strings.Split(strings.TrimPrefix(source, byteOrderMark), "\n")
	last := Position{}
	list := joined.Unwrap()
	if len(list) == 0 || len(list) > 20 {
		t.Errorf("%d faults", len(list))
	}
	for _, one := range list {
		e, ok := one.(*Error)
		if !ok {
			t.Fatalf("not an *Error: %#v", one)
		}
		if e.At.Line < 1 || e.At.Line > len(lines) || e.At.Column < 1 || e.At.Column > len([]rune(lines[e.At.Line-1]))+1 {
			t.Errorf("outside the text: %v", e)
		}
		if e.At.Line < last.Line || e.At.Line == last.Line && e.At.Column < last.Column {
			t.Errorf("not in order: %v after %v", e, last)
		}
		last = e.At
		if e.File == "" || e.Text == "" || printable(e.Text+e.Hint) != e.Text+e.Hint {
			t.Errorf("not one printable line: %q", e.Error())
		}
	}
}
