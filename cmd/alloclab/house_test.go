package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// house says which of our packages each package may import. A package that is
// not here may import none; docs/house.md gives the reasons.
var house = map[string][]string{
	"cmd/alloclab":             {"configs", "plots", "plots/page", "report", "report/format", "results", "runner", "allocators", "analysis", "analysis/cause", "analysis/change", "analysis/rank", "analysis/sizing", "analysis/stat", "serve", "profile"},
	"runner":                   {"allocators", "configs", "results", "runner/census", "runner/inspect", "runner/plan", "runner/proc", "runner/process", "runner/wire"},
	"runner/census":            {"allocators", "results", "runner/proc", "runner/wire"},
	"runner/inspect":           {"results", "runner/census", "runner/proc"},
	"runner/plan":              {"configs", "results"},
	"runner/process":           {},
	"runner/wire":              {},
	"runner/proc":              {},
	"plots":                    {"analysis", "analysis/cause", "analysis/change", "analysis/rank", "results"},
	"plots/page":               {"analysis", "analysis/cause", "analysis/change", "plots", "report", "results"},
	"plots/internal/synthetic": {"results"},
	"report":                   {"analysis", "analysis/cause", "analysis/change", "analysis/rank", "analysis/sizing", "results"},
	"report/format":            {"analysis", "analysis/change", "results"},
	"analysis":                 {"results"},
	"analysis/stat":            {},
	"analysis/cause":           {"analysis", "analysis/stat", "results"},
	"analysis/change":          {"analysis", "analysis/stat", "results"},
	"analysis/rank":            {"analysis", "analysis/cause", "analysis/stat", "results"},
	"analysis/sizing":          {"analysis", "analysis/cause", "analysis/stat", "results"},
	"allocators":               {"results"},
	"results":                  {},
	"configs":                  {},
	"workloads":                {"allocators/link", "workloads/kit"},
}

// TestHouse holds the arrows between packages.
func TestHouse(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, "alloclab/")
		for _, i := range p.Imports {
			ours, ok := strings.CutPrefix(i, "alloclab/")
			if ok && !slices.Contains(house[name], ours) {
				t.Errorf("%s imports %s, which the house does not allow", name, ours)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// TestHouseHasNoLumber holds the rules on files: none longer than 400 lines,
// no package for whatever has no place.
func TestHouseHasNoLumber(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, name) {
				t.Errorf("%s is no name for a package", path)
			}
			if slices.Contains([]string{".git", "bin", "out", "testdata", "assets"}, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); ext != ".go" && ext != ".c" && ext != ".h" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := strings.Count(string(text), "\n"); n > 400 {
			t.Errorf("%s has %d lines: it is about more than one thing", path, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
