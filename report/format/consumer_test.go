package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"alloclab/analysis/change"
	"alloclab/results"
)

// program finds a reader's own program, or ends the test with the reason.
func program(t *testing.T, name, of string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" && of != "" {
			t.Fatalf("%s is missing, and CI is set: install %s", name, of)
		}
		t.Skipf("%s is missing: what it makes of the text is not known", name)
	}
	return path
}

// TestJUnitSchema: xmllint finds each text valid against the schema of Jenkins'
// xUnit plugin (MIT licence, in the file), also with payloads for names.
func TestJUnitSchema(t *testing.T) {
	xmllint := program(t, "xmllint", "libxml2-utils")
	dir := t.TempDir()
	var files []string
	add := func(r Run, c change.Comparison) {
		for name, text := range texts(t, r, c) {
			if strings.HasPrefix(name, "junit.") {
				path := filepath.Join(dir, fmt.Sprintf("%d-%s.xml", len(files), name))
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				files = append(files, path)
			}
		}
	}
	add(fixture(cells, variants, 7), verdicts(cells[0], variants[1]))
	add(fixture(nil, nil, 0), change.Comparison{})
	for _, p := range payloads {
		add(everywhere(p))
	}
	args := append([]string{"--noout", "--schema", "testdata/junit-10.xsd"}, files...)
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	} else if n := bytes.Count(out, []byte(" validates")); n != len(files) || n < 2*len(payloads) {
		t.Errorf("%d of %d files were looked at", n, len(files))
	}
	broken := filepath.Join(dir, "broken.xml")
	if err := os.WriteFile(broken, []byte("<testsuites><testsuite name='x'/></testsuites>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exec.Command(xmllint, "--noout", "--schema", "testdata/junit-10.xsd", broken).Run() == nil {
		t.Error("the schema takes anything")
	}
}

// TestSoakPromtool: Prometheus' own linter has nothing to say, also of payloads.
// Its package brings a server and 300 MB, so make test does not install it.
func TestSoakPromtool(t *testing.T) {
	promtool := program(t, "promtool", "")
	check := func(name, text string) string {
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Sprintf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	metrics := func(r Run, c change.Comparison) {
		for name, text := range texts(t, r, c) {
			if strings.HasPrefix(name, "openmetrics.") {
				if complaint := check(name, text); complaint != "" {
					t.Errorf("%s\n%s", complaint, text)
				}
				// The linter reads the older text format; this is the parser of OpenMetrics,
				// which wants to know when.
				dir := t.TempDir()
				timed := regexp.MustCompile(`(?m)^([^#].*)$`).ReplaceAllString(text, "$1 1700000000")
				if err := os.WriteFile(dir+"/m", []byte(timed), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", dir+"/m", dir+"/blocks").CombinedOutput(); err != nil {
					t.Errorf("%s: %v: %s\n%s", name, err, out, text)
				}
			}
		}
	}
	all := fixture(cells, variants, 7)
	for _, m := range results.Metrics() { // each metric's name and unit
		for i := range all.Trials {
			if all.Trials[i].Pass == m.Pass() {
				all.Trials[i].Metrics[m.Name] = 1.5
			}
		}
	}
	metrics(all, verdicts(cells[0], variants[1]))
	for _, p := range []string{"a\"b\\c\nd", "\x1b[2J", "\xff"} {
		metrics(everywhere(p))
	}
	if check("broken", "a{b=\"c} 1\n") == "" {
		t.Error("promtool takes anything")
	}
}

// benchstatVersion is pinned: its output is read below.
const benchstatVersion = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

// TestBenchstat: benchstat reads the text without a word of complaint and finds
// the medians that this package finds.
func TestBenchstat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.txt")
	r := fixture(cells, append(variants, "=1", "x-8", "ünï cödé"), 8)
	var text bytes.Buffer
	if err := goBench(&text, r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", benchstatVersion, "-format", "csv", path)
	cmd.Dir = t.TempDir() // outside of this module
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && (strings.Contains(complaints.String(), "dial tcp") || strings.Contains(complaints.String(), "no such host") || strings.Contains(complaints.String(), "module lookup disabled")) {
			t.Skipf("benchstat is not in the module cache and cannot be had: %s", complaints.String())
		}
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	for _, line := range strings.Split(strings.TrimSpace(complaints.String()), "\n") { // it numbers its notes by cell
		if line != "" {
			t.Errorf("benchstat says: %s", line)
		}
	}
	units := map[string]results.Metric{}
	for _, m := range results.Metrics() {
		units[benchUnit(m)] = m
	}
	want := map[[2]string]change.Summary{}
	names := benchNames(r.Run)
	all, _ := r.summaries()
	for _, s := range all {
		want[[2]string{strings.TrimPrefix(names[[2]string{s.Cell, s.Variant}], "Benchmark"), s.Metric.Name}] = s
	}
	reader := csv.NewReader(bytes.NewReader(out))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var metric results.Metric
	found := 0
	for _, row := range rows {
		if len(row) > 1 && row[0] == "" {
			metric = units[row[1]]
			continue
		}
		s, ok := want[[2]string{row[0], metric.Name}]
		if !ok || len(row) < 2 {
			continue
		}
		found++
		if got, err := strconv.ParseFloat(row[1], 64); err != nil || math.Abs(got-s.Median) > 1e-6*math.Abs(s.Median) {
			t.Errorf("%s %s: benchstat finds %s, and the median is %g", row[0], metric.Name, row[1], s.Median)
		}
	}
	if found != len(want) {
		t.Errorf("%d of %d medians were found:\n%s", found, len(want), out)
	}
}
