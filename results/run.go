package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Names of the files of a run directory.
const (
	RunFile     = "run.json"
	TrialsFile  = "trials.jsonl"
	SamplesDir  = "samples" // one N.csv a trial
	FiguresDir  = "figures"
	HeapMapsDir = "heapmaps" // one N.json a trial
	ReportFile  = "report.html"
	maxRunBytes = 64 << 20 // a resolved plan of 100,000 trials is a tenth of it
)

// Run is what all trials of a run share: run.json. It is written before the
// first trial starts, so that a run that dies can be read and resumed.
type Run struct {
	V           int             `json:"v"`
	Run         string          `json:"run"`
	Created     string          `json:"created"` // wall clock, RFC 3339: a label, never a duration
	Tool        string          `json:"tool"`    // version of alloclab
	Experiment  Experiment      `json:"experiment"`
	Plan        json.RawMessage `json:"plan,omitempty"` // resolved: every trial in its order
	PlanHash    string          `json:"plan_hash"`      // what Trial.Plan repeats
	Seed        uint64          `json:"seed"`
	Rounds      int             `json:"rounds"`
	Passes      []string        `json:"passes"`
	Variants    []Variant       `json:"variants"` // in the experiment's order, which is the order of rows
	Cells       []Cell          `json:"cells"`    // in the experiment's order
	Manifest    json.RawMessage `json:"manifest,omitempty"`
	Fingerprint Fingerprint     `json:"fingerprint"`
	BootID      string          `json:"boot_id"` // rounds on two sides of a reboot are not one round
}

// Experiment is the file that the run was asked for, kept as it was.
type Experiment struct {
	Name   string `json:"name"`
	File   string `json:"file"` // as given; for a preset its name
	Source string `json:"source"`
	// Remedies says that variants are to be ranked as remedies of the first that has none.
	Remedies bool `json:"remedies,omitempty"`
}

// Variant is an allocator with its knobs, under a label.
type Variant struct {
	Label     string         `json:"label"`
	Allocator string         `json:"allocator"`
	Version   string         `json:"version"` // "2.36", "5.3.0"; "" while unknown
	Library   string         `json:"library,omitempty"`
	Libexec   string         `json:"libexec,omitempty"` // folder of the measured programs, where it is not the lab's own
	Knobs     map[string]any `json:"knobs"`
	Clock     Clock          `json:"clock"`
	// Reference says that it bounds the charts and is no choice: an allocator of the lab's own.
	Reference bool `json:"reference,omitempty"`
}

// Clock says when a variant returns memory by itself.
type Clock struct {
	// Text is the clock in words: "10 s, on activity", "never below the top".
	Text string `json:"text"`
	// Seconds is the clock's own time, a decay of 10 s for instance; 0 for a
	// variant that has no clock of time.
	Seconds float64 `json:"seconds,omitempty"`
	// Watch is how long to watch before all that is free has surely gone back,
	// which may be longer than Seconds.
	Watch float64 `json:"watch_s,omitempty"`
	// OnActivity says that the clock is looked at only inside calls of the
	// allocator: in a silent process it stands still.
	OnActivity bool `json:"on_activity,omitempty"`
}

// Cell is one workload at one parameter point: what variants are compared in.
type Cell struct {
	Name     string  `json:"cell"` // what Trial.Cell repeats
	Workload string  `json:"workload"`
	Runtime  string  `json:"runtime,omitempty"`
	CPUs     int     `json:"cpus,omitempty"` // how many CPUs it is bound to; 0 is all
	Params   []Param `json:"params"`         // in the workload's own order
	// Silent says that no thread calls the allocator in the idle window.
	Silent bool `json:"silent,omitempty"`
	// Passes that the cell takes of the run's; empty for all.
	Passes []string `json:"passes,omitempty"`
	// Program is the user's own program that this cell runs; nil for a workload.
	Program *Program `json:"program,omitempty"`
}

// Takes says whether trials of that pass are of the cell.
func (c Cell) Takes(pass string) bool { return len(c.Passes) == 0 || slices.Contains(c.Passes, pass) }

// Param is one parameter of a cell. Value is a number (bytes and seconds in
// the base unit), a bool or a string; a number that was read is a float64.
type Param struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // count, bytes, duration, fraction, bool, choice
	Value   any    `json:"value"`
	Default bool   `json:"default,omitempty"` // Value is the workload's own default
}

// Variant returns the variant of that label, or nil.
func (r *Run) Variant(label string) *Variant {
	for i := range r.Variants {
		if r.Variants[i].Label == label {
			return &r.Variants[i]
		}
	}
	return nil
}

// Cell returns the cell of that name, or nil.
func (r *Run) Cell(name string) *Cell {
	for i := range r.Cells {
		if r.Cells[i].Name == name {
			return &r.Cells[i]
		}
	}
	return nil
}

// WriteRun writes run.json into the directory, whole or not at all.
func WriteRun(dir string, r Run) error {
	r.V = Version
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, RunFile), err)
	}
	return WriteWhole(filepath.Join(dir, RunFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// ReadRun reads run.json from the directory.
func ReadRun(dir string) (Run, error) {
	path := filepath.Join(dir, RunFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("%s is not a run directory: %w", dir, err)
	}
	if err != nil {
		return Run{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRunBytes+1))
	if err != nil {
		return Run{}, err
	}
	if len(text) > maxRunBytes {
		return Run{}, fmt.Errorf("%s: longer than %d bytes, which no run is", path, maxRunBytes)
	}
	if err := checkVersion(text); err != nil {
		return Run{}, fmt.Errorf("%s: %w", path, err)
	}
	var r Run
	if err := json.Unmarshal(text, &r); err != nil {
		return Run{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
