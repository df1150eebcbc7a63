package format

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"alloclab/analysis/change"
	"alloclab/results"
)

// The elements of JUnit XML, with what the stricter of its schemas asks for (it
// has none of its own): that of Apache Ant's reports has every attribute here,
// and its order of elements.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Package    string          `xml:"package,attr"`
		ID         int             `xml:"id,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Host       string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out"`
		Err        string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitOutcome `xml:"failure"`
		Error   *junitOutcome `xml:"error"`
		Skipped *junitSkipped `xml:"skipped"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitOutcome struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junitRun has a case for each cell, variant and pass: an error where trials
// failed, skipped where none counts.
func junitRun(w io.Writer, r Run) error {
	s := junitSuite{Name: nameOr(results.Plain(r.Experiment.Name), "run"), Properties: []junitProperty{{"run", results.Plain(r.Run.Run)}, {"alloclab", results.Plain(r.Tool)}}}
	if t, err := time.Parse(time.RFC3339, r.Created); err == nil {
		s.Timestamp = t.UTC().Format(junitTime)
	}
	total := 0.0
	for _, g := range groups(r) {
		c := junitCase{Class: nameOr(g.Cell, "cell"), Name: g.Variant + ", pass " + g.Pass, Time: seconds(g.Seconds)}
		total += g.Seconds
		switch {
		case len(g.Failed) > 0:
			var all []string
			for _, t := range g.Failed {
				line := "round " + strconv.Itoa(t.Round) + ": " + results.Plain(string(t.Status))
				for _, text := range t.Warnings {
					line += "; " + results.Plain(text)
				}
				if t.Exit.Stderr != "" {
					line += "; stderr ends: " + results.Plain(t.Exit.Stderr)
				}
				all = append(all, line)
			}
			c.Error = &junitOutcome{Type: results.Plain(string(g.Failed[0].Status)), Message: g.failure(), Text: strings.Join(all, "\n")}
		case g.nothing() != "":
			c.Skipped = &junitSkipped{Message: g.nothing()}
		}
		s.Cases = append(s.Cases, c)
	}
	s.Time = seconds(total)
	s.Out = strings.Join(plainTexts(r.Warnings), "\n")
	return s.write(w)
}

// junitComparison has a case for each metric that decides: a failure where it
// regressed, skipped where nothing can be said.
func junitComparison(w io.Writer, c change.Comparison) error {
	c = plainComparison(c)
	s := junitSuite{Name: "compare " + c.Base + " " + c.New, Time: "0", Properties: []junitProperty{{"base", c.Base}, {"new", c.New}}}
	for _, ch := range c.Changes {
		if !ch.Gated {
			continue
		}
		t := junitCase{Class: nameOr(ch.Cell, "cell"), Name: ch.Variant + " " + ch.Metric.Name, Time: "0"}
		switch text := describe(ch); {
		case c.Unstable != "":
			t.Skipped = &junitSkipped{Message: "unstable: " + c.Unstable, Text: text}
		case ch.Verdict == change.Regressed:
			t.Failure = &junitOutcome{Type: string(ch.Verdict), Message: text, Text: ch.Metric.Doc}
		case ch.Verdict == change.Inconclusive:
			t.Skipped = &junitSkipped{Message: "inconclusive: " + text}
		}
		s.Cases = append(s.Cases, t)
	}
	for i, r := range c.Refused {
		if r.Gated {
			s.Cases = append(s.Cases, junitCase{Class: "compare", Name: "comparable " + strconv.Itoa(i+1), Time: "0", Error: &junitOutcome{Type: "refused", Message: refusalWords(r)}})
		}
	}
	if c.Failed > 0 {
		s.Cases = append(s.Cases, junitCase{Class: "compare", Name: "trials", Time: "0", Error: &junitOutcome{Type: "failed", Message: failedWords(c)}})
	}
	if len(s.Cases) == 0 { // an empty suite is green everywhere, and nothing compared is no success
		s.Cases = []junitCase{{Class: "compare", Name: "anything compared", Time: "0",
			Error: &junitOutcome{Type: "empty", Message: "nothing that decides was compared"}}}
	}
	s.Out = strings.Join(c.Warnings, "\n")
	return s.write(w)
}

const junitTime = "2006-01-02T15:04:05" // a time zone may not be named

func (s junitSuite) write(w io.Writer) error {
	s.Package, s.Host = "alloclab", "localhost" // whose name nobody needs to know
	if s.Timestamp == "" {
		s.Timestamp = "1970-01-01T00:00:00"
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func nameOr(name, other string) string {
	if strings.TrimSpace(name) == "" {
		return other
	}
	return name
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }
