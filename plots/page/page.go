// Package page writes report.html: all of a run on one page that needs no
// other file and sends no request, so that it can be mailed, archived and
// opened from a disk.
//
// Names in it come from experiments and results that others wrote. They pass
// results.Plain and html/template, or stand as JSON in a script element of
// type application/json and reach the page as text nodes only.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"sort"
	"strings"

	"alloclab/analysis/cause"
	"alloclab/plots"
	"alloclab/report"
	"alloclab/results"
)

//go:embed assets
var assets embed.FS

func asset(name string) string {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded, or this does not compile
	}
	return string(text)
}

// Draw draws all figures of a run into its directory and writes its page. It
// returns the paths of the figures and of the page, and which samples could not be read.
func Draw(dir string, run results.Run, trials []results.Trial, warnings []string) (figures []string, path string, unread []error, err error) {
	p := newPage(run, trials, cause.Options{Series: results.SamplesIn(dir), Maps: results.HeapMapsIn(dir)}, warnings)
	figures, err = plots.Draw(dir, run, trials, p)
	if err != nil {
		return figures, "", p.unread, err
	}
	path = filepath.Join(dir, results.ReportFile)
	return figures, path, p.unread, results.WriteWhole(path, p.write)
}

// Unread takes what is wrong with a trial's samples.
func (p *page) Unread(err error) {
	p.unread = append(p.unread, err)
	p.Concerns++
	if len(p.unread) <= maxLost {
		p.Warnings = append(p.Warnings, results.Plain(err.Error()))
	}
}

// page is what the template is filled with.
type page struct {
	Name      string
	Facts     []string // one line each: where and when
	Tally     string
	Lost      []lostTrial
	LostTotal int
	Warnings  []string // of reading the run
	Concerns  int      // lost trials and warnings
	Answers   []report.Answer
	NoAnswer  string // why there are none
	Sweeps    []section
	Cells     []cellSection
	Scopes    []scope
	File      string
	Source    string
	Bound     string

	Policy    string
	Style     template.CSS
	ChartLib  template.JS
	PageLogic template.JS
	HeapLogic template.JS

	unread []error
	budget *budget
	dark   map[string]string
}

// section is a heading with figures.
type section struct {
	ID, Title string
	Figures   []inlined
}

// scope is one part of the fingerprint.
type scope struct {
	Name, Hash string
	Fields     [][2]string
}

func newPage(run results.Run, trials []results.Trial, o cause.Options, warnings []string) *page {
	p := &page{
		Name: results.Plain(run.Experiment.Name), Tally: report.Tally(trials), Answers: report.Answers(run, trials, o),
		File: results.Plain(run.Experiment.File), Source: plainLines(run.Experiment.Source),
		dark: plots.DarkColours(), budget: newBudget(run, trials),
	}
	p.NoAnswer = "No trial has ended yet."
	if len(trials) > 0 {
		p.NoAnswer = "This run measured neither memory nor speed; what it traced or counted is below."
	}
	if p.Name == "" {
		p.Name = results.Plain(run.Run)
	}
	for i, w := range warnings {
		if i == maxLost {
			p.Warnings = append(p.Warnings, fmt.Sprintf("and %d more", len(warnings)-maxLost))
			break
		}
		p.Warnings = append(p.Warnings, results.Plain(w))
	}
	p.Facts = []string{plots.Caption(run), results.Plain(fmt.Sprintf("%d rounds in random order, seed %d · passes: %s · begun %s · run %s",
		run.Rounds, run.Seed, strings.Join(run.Passes, ", "), run.Created, run.Run))}
	p.Lost, p.LostTotal = lost(trials)
	p.Concerns = p.LostTotal + len(warnings)
	for _, s := range []struct {
		name   string
		scope  results.Scope
		fields results.Fields
	}{
		{"memory", results.ScopeMemory, run.Fingerprint.Memory}, {"time (and all of memory)", results.ScopeTime, run.Fingerprint.Time}, {"counts", results.ScopeCounts, run.Fingerprint.Counts},
	} {
		p.Scopes = append(p.Scopes, scope{s.name, run.Fingerprint.Hash(s.scope), pairs(s.fields)})
	}
	return p
}

func pairs(fields results.Fields) [][2]string {
	var all [][2]string
	for name, value := range fields {
		all = append(all, [2]string{results.Plain(name), results.Plain(value)})
	}
	sort.Slice(all, func(i, j int) bool { return all[i][0] < all[j][0] })
	return all
}

// Sweep takes the figures over an axis.
func (p *page) Sweep(s plots.Sweep, drawings []plots.Drawing) error {
	figures, err := p.inline(drawings)
	if len(figures) > 0 {
		p.Sweeps = append(p.Sweeps, section{fmt.Sprintf("axis-%d", len(p.Sweeps)+1), results.Plain(s.Title), figures})
	}
	return err
}

func (p *page) write(w io.Writer) error {
	logic, heaps := asset("page.js"), asset("heapmap.js")
	library := asset("uplot-1.6.32.min.js")
	p.Style = template.CSS(asset("uplot-1.6.32.min.css") + asset("page.css") + p.darkStyle()) // our own text
	p.ChartLib, p.PageLogic, p.HeapLogic = template.JS(library), template.JS(logic), template.JS(heaps)
	// Nothing may be fetched, from anywhere; the three scripts are named by
	// their hashes, so that no other runs even if one got in.
	p.Policy = "default-src 'none'; script-src " + hash(library) + " " + hash(logic) + " " + hash(heaps) +
		"; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
	p.Bound = p.budget.words()
	return layout.Execute(w, p)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var layout = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"plain": results.Plain,
	"join":  strings.Join,
	"marked": func(text string) bool {
		return strings.HasSuffix(text, " !")
	},
	"unmark":   func(text string) string { return strings.TrimSuffix(text, " !") },
	"figure":   func(column int) bool { return column >= report.ColumnPeak && column <= report.ColumnLive },
	"topic":    report.Topic,
	"meanings": report.Meanings,
}).ParseFS(assets, "assets/page.html"))
