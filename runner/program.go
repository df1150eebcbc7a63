package runner

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// program is one of the user's programs, found and fit to be preloaded into.
type program struct {
	results.Program
	name        string
	path        string
	checked     process.Program
	environment []string // all that it inherits but the variant's
	stage       string   // a folder for the linker's answers
	agent       string   // preloaded before the allocator; "" is none
	census      string   // preloaded between the two in pass census; "" is none
}

// placement is a program under a variant.
type placement struct {
	*program
	variant *variant
	preload []string          // in the linker's order
	library string            // what must serve malloc, links resolved
	proof   results.Proof     // by the dynamic linker's own word
	served  map[string]string // by executable: who serves malloc in it under this variant, "" where it cannot be said
}

// findProgram finds and checks the program of a cell.
func findProgram(name string, p results.Program, stage string) (*program, error) {
	r := &program{Program: p, name: name, stage: stage}
	environment, _ := process.Environment()
	r.environment = overlay(environment, p.Environment)
	if info, err := os.Stat(r.directory()); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("program %s: its directory %s is not there", name, p.Directory)
	}
	var err error
	if r.path, err = r.find(p.Command[0]); err != nil {
		return nil, fmt.Errorf("program %s: %w", name, err)
	}
	for _, helper := range append(slices.Clone(p.Load), p.StopCommand) {
		if len(helper) == 0 {
			continue
		}
		if _, err := r.find(helper[0]); err != nil {
			return nil, fmt.Errorf("program %s: %w", name, err)
		}
	}
	if r.checked, err = process.CheckProgram(r.path); err != nil {
		return nil, err
	}
	if r.checked.Exports {
		return nil, &process.UnfitError{Program: r.path, Reason: "defines malloc itself and shows it to all its libraries, so that nothing preloaded can take its place",
			Remedy: "build it without an allocator of its own"}
	}
	return r, nil
}

// directory is where its processes run.
func (p *program) directory() string {
	if p.Directory == "" {
		return "."
	}
	return p.Directory
}

// find is the executable that a command's first word names: a path, from the
// program's own directory on, or a name in its PATH.
func (p *program) find(word string) (string, error) {
	var candidates []string
	if strings.ContainsRune(word, '/') {
		if !filepath.IsAbs(word) {
			word = filepath.Join(p.directory(), word)
		}
		candidates = []string{word}
	} else {
		for _, dir := range filepath.SplitList(variableOf(p.environment, "PATH")) {
			candidates = append(candidates, filepath.Join(dir, word))
		}
	}
	for _, path := range candidates {
		path, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		if _, err := exec.LookPath(path); err == nil {
			return path, nil
		}
	}
	if len(candidates) == 1 {
		return "", fmt.Errorf("there is no program %s", word)
	}
	return "", fmt.Errorf("there is no program %s in PATH", word)
}

// overlay puts lines over an environment; a later one of the same name counts.
func overlay(environment, lines []string) []string {
	all := slices.Clone(environment)
	for _, line := range lines {
		name, _, _ := strings.Cut(line, "=")
		all = slices.DeleteFunc(all, func(l string) bool { return strings.HasPrefix(l, name+"=") })
		all = append(all, line)
	}
	return all
}

func variableOf(environment []string, name string) string {
	for _, line := range environment {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// place puts the program under a variant and has the dynamic linker prove it.
func (p *program) place(v *variant) (*placement, error) {
	library, err := v.sharedLibrary()
	if err != nil {
		return nil, err
	}
	l := &placement{program: p, variant: v, served: map[string]string{}}
	if l.library, err = filepath.EvalSymlinks(library); err != nil {
		return nil, err
	}
	// The C library is there anyway. It is preloaded only into a program that
	// would have another allocator.
	if v.library == "" && v.allocator.Dialect == allocators.DialectPtmalloc {
		if served, err := l.ask(p.checked.ELF); err == nil && same(served, l.library) {
			return l, l.prove(served)
		}
	}
	preload, err := process.PreloadPath(library, p.stage)
	if err != nil {
		return nil, err
	}
	l.preload = []string{preload}
	served, err := l.ask(p.checked.ELF)
	if err != nil {
		return nil, fmt.Errorf("program %s under %s: %w", p.name, v.Label, err)
	}
	return l, l.prove(served)
}

// ask asks the dynamic linker who serves malloc in an executable under this
// placement.
func (l *placement) ask(path string) (string, error) {
	bindings, err := process.AskLinker(l.start(), path, l.stage, helperLimit)
	if err != nil {
		return "", err
	}
	return bindings.ServedBy()
}

// prove says whether the right library serves the program.
func (l *placement) prove(served string) error {
	if !same(served, l.library) {
		return fmt.Errorf("program %s under %s: %w: by the dynamic linker's word %s serves malloc, not %s", l.name, l.variant.Label, errWrongAllocator, served, l.library)
	}
	l.proof = l.variant.proof
	l.proof.ServedBy = served
	if len(l.preload) > 0 {
		l.proof.Preloaded = served
	}
	return nil
}

// servedIn is who serves malloc in a process that runs an executable and has
// these files mapped; "" where it cannot be said.
func (l *placement) servedIn(executable string, mapped func(path string) bool) string {
	served, known := l.served[executable]
	if !known {
		if checked, err := process.CheckProgram(executable); err == nil {
			served, _ = l.ask(checked.ELF)
		}
		l.served[executable] = served
	}
	if served != "" && !mapped(served) {
		return "" // it was started without the variant's environment
	}
	return served
}

// start is all that the program inherits under this variant.
func (l *placement) start() []string { return l.preloading(l.preload) }

// startCensus is start with every block reported.
func (l *placement) startCensus() []string {
	return append(l.preloading(append([]string{l.census}, l.preload...)), fmt.Sprintf("%s=%d", wire.RingEnvironment, agentRing))
}

func (l *placement) preloading(preload []string) []string {
	environment := overlay(l.environment, l.variant.settings)
	if l.agent != "" { // first in the list, it is initialised last: when the allocator and all libraries are ready
		preload = append([]string{l.agent}, preload...)
	}
	if len(preload) > 0 {
		environment = append(environment, "LD_PRELOAD="+strings.Join(preload, ":"))
	}
	return environment
}

// same says whether two paths name one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// sharedLibrary is the allocator as a library that can be preloaded.
func (v *variant) sharedLibrary() (string, error) {
	if v.library != "" {
		return v.library, nil
	}
	if v.servedBy != "" && !same(v.servedBy, v.binary) {
		return v.servedBy, nil
	}
	library, err := v.allocator.FindLibrary()
	if err != nil {
		return "", errors.Join(fmt.Errorf("variant %s is linked statically here, and only a shared library can be preloaded into a program", v.Label), err)
	}
	return library, nil
}

// place finds all programs and puts each under every variant: what cannot be
// is told before the first round.
func (s *session) place(stage string) error {
	s.programs = map[string]map[string]*placement{}
	for _, c := range s.run.Cells {
		if c.Program == nil {
			continue
		}
		p, err := findProgram(c.Name, *c.Program, stage)
		if err != nil {
			return err
		}
		if agent := s.Binaries.Agent(); agent == "" {
			s.note("the agent was not built: programs tell no statistics and are not purged")
		} else if p.agent, err = process.PreloadPath(agent, stage); err != nil {
			return err
		}
		if slices.Contains(s.Experiment.Passes, results.PassCensus) {
			if err := p.takeCensus(s.Binaries); err != nil {
				return err
			}
		}
		s.programs[c.Name] = map[string]*placement{}
		for label, v := range s.variants {
			if s.programs[c.Name][label], err = p.place(v); err != nil {
				return err
			}
		}
		if p.checked.Hidden {
			s.note("program %s holds a malloc of its own that it does not show: what it takes from that one no variant changes", c.Name)
		}
	}
	return nil
}
