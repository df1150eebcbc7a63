package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"alloclab/analysis/change"
)

// payloads are what a label, a cell or a program's last words may hold.
var payloads = []string{
	"</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "javascript:alert(3)", "\"><svg onload=alert(4)>", "]]></failure><x/>",
	"\x1b[2Jgone", "\u202Egnp.exe", "\u2028\u2029", "\xff\xfe", "\x00\x08", "a\nb\r\nc\td",
	"=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "  =1", "＝1+1", "\r\n=1", "'=1",
	"::error title=x::forged", "a::b", "%0A::error::forged", "\n::set-output name=x::y", "50%",
	"| a | b |", "[x](https://evil.example)", "![x](https://evil.example/x.png)", "`code`", "``", "**bold**", "@octocat", "#1", "https://evil.example www.evil.example", "a\\|b", "<!--", "_x_", "{{.}}",
	"x\"} 1\nforged 2", "x\\", "BenchmarkForged 1 1 ns/op", "a b", "x-8", "",
	strings.Repeat("long", 5000),
}

func everywhere(p string) (Run, change.Comparison) {
	r := fixture([]string{p, "b" + p}, []string{p + "v", p}, 2)
	r.Run.Run, r.Tool, r.Experiment.Name, r.Created = p, p, p, p
	r.Warnings = []string{p}
	for _, fields := range []map[string]string{r.Fingerprint.Memory, r.Fingerprint.Time} {
		for name := range fields {
			if name != "cores" {
				fields[name] = p
			}
		}
	}
	for i := range r.Trials {
		t := &r.Trials[i]
		t.Warnings, t.Exit.Stderr = []string{p}, p
		t.Machine.Memory, t.Machine.Time = p, p
		if t.Round == 2 && i%3 == 0 {
			t.Status = "oom" // and below, one that there is not
		}
		if t.Round == 2 && i%5 == 0 {
			t.Status = "exit"
		}
	}
	c := verdicts(p, p)
	c.Base, c.New, c.Warnings, c.Differs = p, p, []string{p}, []string{p}
	for i := range c.Refused {
		c.Refused[i].Cell, c.Refused[i].Text = p, p
	}
	for i := range c.Changes {
		c.Changes[i].Warnings = []string{p}
	}
	return r, c
}

// TestNamesAreHarmless: whatever a name is, each text has the lines and the
// fields that it has with plain names, and nothing of it acts.
func TestNamesAreHarmless(t *testing.T) {
	lineOf := map[string]*regexp.Regexp{
		"gobench":            regexp.MustCompile(`^$|^(goos|kernel|libc|thp|cpu): |^Unit \S+ \S+=\S+$|^Benchmark[^a-z\s]\S* \d+( [0-9.e+-]+ \S+)+$`),
		"openmetrics":        regexp.MustCompile(`^# (EOF|(TYPE|UNIT|HELP) [a-z0-9_]+ .+)$|^[a-z0-9_]+\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\} [0-9.e+-]+$`),
		"github-annotations": regexp.MustCompile(`^::(error|warning|notice) title=[^:,]*::.*$`),
	}
	for _, p := range payloads {
		r, c := everywhere(p)
		plainRun, plainComparison := everywhere("p")
		plain := texts(t, plainRun, plainComparison)
		for name, text := range texts(t, r, c) {
			fault := func(what string) { t.Helper(); t.Errorf("%.60q in %s: %s\n%.1500s", p, name, what, text) }
			for _, bad := range []string{"\x1b", "\u202e", "\u2028", "\xff", "\x00", "\x08", "\r", "\t", "\n::set-output", "\n::error title=x::forged"} {
				if strings.Contains(text, bad) {
					fault("it holds " + bad)
				}
			}
			kind, _, _ := strings.Cut(name, ".")
			if kind != "gobench" && kind != "csv" && kind != "openmetrics" && kind != "github-annotations" { // those are text to all their readers
				for _, tag := range []string{"<script", "<img", "<svg", "<x/>", "<!--\n"} {
					if strings.Contains(text, tag) {
						fault("it holds " + tag)
					}
				}
			}
			if pattern := lineOf[kind]; pattern != nil {
				for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
					if !pattern.MatchString(line) {
						fault("line " + line)
						break
					}
				}
			}
			switch kind {
			case "csv":
				rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
				want, _ := csv.NewReader(strings.NewReader(plain[name])).ReadAll()
				if err != nil || len(rows) != len(want) {
					fault("it has other rows")
				}
				for _, row := range rows {
					for _, cell := range row {
						if trimmed := strings.TrimLeft(cell, " \ufffd"); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@") || strings.HasPrefix(trimmed, "＝") {
							fault("a formula: " + cell)
						}
					}
				}
			case "junit":
				for d := xml.NewDecoder(strings.NewReader(text)); ; {
					if _, err := d.Token(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						fault(err.Error())
						break
					}
				}
				if strings.Count(text, "<") != strings.Count(plain[name], "<") {
					fault("it has other elements")
				}
			case "action-smaller", "action-bigger", "bencher":
				if !json.Valid([]byte(text)) {
					fault("no JSON")
				}
			case "markdown", "github-summary":
				withoutCode := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "CODE")
				withoutCode = regexp.MustCompile(`&#[0-9]+;`).ReplaceAllString(withoutCode, "R")
				for _, bad := range []string{"](", "@o", "https://", "www.e", "**bold", "\\|", "#1", "<!--\n", "_x_"} {
					if strings.Contains(withoutCode, bad) {
						fault("outside code there is " + bad)
					}
				}
				// A | in a code span still ends a table's cell.
				if strings.Count(text, "|") != strings.Count(plain[name], "|") {
					fault("other cells")
				}
			}
		}
	}
}

// TestAnnotations: the text that the runner's parser gives back is the text.
func TestAnnotations(t *testing.T) {
	var a annotations
	a.add("error", "a: b, c%2C", "50 % of, x: y%0A")
	want := "::error title=a%3A b%2C c%252C::50 %25 of, x: y%250A\n"
	if got := a.out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for range 30 {
		a.add("error", "t", "x")
	}
	var out bytes.Buffer
	if err := a.write(&out); err != nil || strings.Count(out.String(), "::error") != maxAnnotations || !strings.Contains(out.String(), "and 22 more") {
		t.Errorf("%v: %s", err, out.String())
	}
}
