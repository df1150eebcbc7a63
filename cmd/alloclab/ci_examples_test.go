package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"alloclab/report/format"
)

// TestCIExamples: the examples name formats that there are, and no action by a
// name that can be moved to other code.
func TestCIExamples(t *testing.T) {
	paths, err := filepath.Glob("../../docs/ci*")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../docs/ci/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	formats, actions := 0, 0
	for _, path := range append(paths, more...) {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`-o "?([a-z-]+)=`).FindAllStringSubmatch(string(text), -1) {
			formats++
			if !slices.Contains(format.Names(), m[1]) {
				t.Errorf("%s: there is no format %s", path, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`uses: (\S+)`).FindAllStringSubmatch(string(text), -1) {
			actions++
			if !regexp.MustCompile(`^[a-z-]+/[a-z/-]+@[0-9a-f]{40}$`).MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned by a commit", path, m[1])
			}
		}
		if regexp.MustCompile(`(?m)^ {10,}.*\$\{\{ github\.event\.`).Match(text) {
			t.Errorf("%s: what strangers write must not reach a shell", path)
		}
	}
	if formats < 10 || actions < 5 {
		t.Errorf("only %d formats and %d actions were looked at", formats, actions)
	}
	for _, f := range format.All() { // and the page lists all of them
		if text, err := os.ReadFile("../../docs/ci.md"); err != nil || !strings.Contains(string(text), "`"+f.Name+"`") {
			t.Errorf("docs/ci.md does not know %s (%v)", f.Name, err)
		}
	}
}
