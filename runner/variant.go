package runner

import (
	"context"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alloclab/allocators"
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// variant is an allocator with its knobs, ready to be started.
type variant struct {
	results.Variant
	allocator  allocators.Allocator
	binary     string
	preload    string   // as LD_PRELOAD names it, or ""
	library    string   // what must serve malloc, resolved; "" where any library of that name may
	dir        string   // where its processes run: what an allocator writes there goes with the run's end
	settings   []string // environment lines of its knobs
	purgeEvery float64  // seconds; 0 is never
	tunables   map[string]string
	servedBy   string // as the dry start proved
	libc       string // in its own words
	proof      results.Proof
}

// resolve finds what a variant needs. stage is a folder for links.
func resolve(v configs.Variant, binaries Binaries, stage string) (*variant, error) {
	a, ok := allocators.ByName(v.Allocator)
	if !ok {
		return nil, fmt.Errorf("there is no allocator %s", v.Allocator)
	}
	if v.PurgeEvery > 0 && a.Purge == "" {
		return nil, fmt.Errorf("%s has no call by which a program makes it give back: leave purge_every out", a.Name)
	}
	if v.Libexec != "" {
		binaries = Binaries{v.Libexec}
	}
	clock := a.Clock(v.Knobs).PurgedEvery(time.Duration(v.PurgeEvery * float64(time.Second)))
	r := &variant{
		Variant: results.Variant{
			Label: v.Label, Allocator: a.Name, Library: v.Library, Libexec: v.Libexec, Knobs: v.Knobs, Reference: a.Bundled,
			Clock: results.Clock{Text: clock.Sentence, Seconds: clock.Duration.Seconds(), Watch: clock.Watch.Seconds(), OnActivity: clock.OnActivity},
		},
		allocator: a,
		binary:    binaries.Workload(a.Name),
		dir:       stage,
	}
	r.Knobs = maps.Clone(v.Knobs)
	if r.Knobs == nil {
		r.Knobs = map[string]any{}
	}
	if v.PurgeEvery > 0 {
		r.Knobs[results.KnobPurgeEvery] = v.PurgeEvery
		r.purgeEvery = v.PurgeEvery
	}
	var err error
	if r.settings, err = a.Environment(v.Knobs); err != nil {
		return nil, err
	}
	library := v.Library
	switch {
	case library != "" || a.Linked:
	case a.Bundled:
		library = filepath.Join(binaries.Dir, a.Sonames[0])
	default:
		if library, err = a.FindLibrary(); err != nil {
			return nil, err
		}
	}
	if library == "" {
		if !binaries.Has(a.Name) {
			return nil, fmt.Errorf("%s was not built: install the package %s and run make build", r.binary, a.Package)
		}
		return r, nil
	}
	return r, r.preloadLibrary(library, binaries, stage)
}

// preloadLibrary puts the variant on a library that is preloaded into the
// program without an allocator of its own: one linked with an allocator would
// keep that one's memory in place.
func (v *variant) preloadLibrary(library string, binaries Binaries, stage string) error {
	if err := process.CheckLibrary(library); err != nil {
		return err
	}
	var err error
	if v.library, err = filepath.EvalSymlinks(library); err != nil {
		return err
	}
	if v.library, err = filepath.Abs(v.library); err != nil {
		return err
	}
	v.binary = binaries.Workload("ptmalloc")
	v.preload, err = process.PreloadPath(library, stage)
	return err
}

// environment is all that a measured process of this variant inherits.
func (v *variant) environment(add ...string) []string {
	environment, _ := process.Environment(v.settings...)
	if v.preload != "" {
		environment = append(environment, "LD_PRELOAD="+v.preload)
	}
	return append(environment, add...)
}

// start starts a measured process with the lab's two descriptors.
func (v *variant) start(runtime string, files []*os.File, cpus []int, add ...string) (*process.Process, error) {
	return process.Start(v.spec(runtime, files, cpus, add...))
}

// spec is a measured process with the lab's two descriptors.
func (v *variant) spec(runtime string, files []*os.File, cpus []int, add ...string) process.Spec {
	if runtime == "" {
		runtime = "c"
	}
	return process.Spec{
		Path:        v.binary,
		Dir:         v.dir,
		Environment: v.environment(append(add, wire.Environment+"=3:4:"+runtime)...),
		Files:       files,
		CPUs:        cpus,
	}
}

// prove checks who serves malloc and whether the knobs are in effect. Every
// trial is proved: preloads, linkers and tunables fail without a word.
func (v *variant) prove(id wire.Identity, output string) (results.Proof, error) {
	proof := results.Proof{ServedBy: id.ServedBy, Version: id.Version, Dialect: id.Dialect}
	effective, mismatches := v.allocator.Effective(v.Knobs, allocators.Told{Identify: id.Told, Tunables: v.tunables, Stderr: output})
	proof.KnobsEffective = effective
	if v.library != "" {
		served, err := filepath.EvalSymlinks(id.ServedBy)
		if err != nil || served != v.library {
			return proof, fmt.Errorf("%w: %s serves malloc and not %s, which was to be preloaded", errPreloadFailed, id.ServedBy, v.library)
		}
	}
	if want := string(v.allocator.Dialect); want != string(allocators.DialectUnknown) && id.Dialect != want {
		return proof, fmt.Errorf("%w: %s serves malloc and speaks the dialect of %s, not of %s", errWrongAllocator, id.ServedBy, id.Dialect, want)
	}
	if len(mismatches) > 0 {
		var texts []string
		for _, m := range mismatches {
			texts = append(texts, m.String())
		}
		return proof, fmt.Errorf("%w: %s", errTunableRejected, strings.Join(texts, "; "))
	}
	return proof, nil
}

// dryStart starts the variant once, before the first round, and proves it.
// What only a start can tell is told here, and not after an hour of trials.
func (v *variant) dryStart(ctx context.Context) (results.Proof, error) {
	if v.allocator.Dialect == allocators.DialectPtmalloc && len(v.settings) > 0 {
		loader, err := interpreter(v.binary)
		if err != nil {
			return results.Proof{}, err
		}
		if v.tunables, err = allocators.ListTunables(ctx, loader, v.environment()); err != nil {
			return results.Proof{}, err
		}
	}
	target, files, err := wire.NewTarget()
	if err != nil {
		return results.Proof{}, err
	}
	defer target.Close()
	p, err := v.start("c", files, nil)
	files[0].Close()
	if err != nil {
		return results.Proof{}, err
	}
	defer p.End(false)
	if err := target.SetDeadline(time.Now().Add(helperLimit)); err != nil {
		return results.Proof{}, err
	}
	id, err := target.Hello()
	if err == nil {
		err = target.Send(wire.Message{Type: wire.Bye})
	}
	if err != nil {
		p.End(true)
		return results.Proof{}, fmt.Errorf("variant %s does not start: %w%s", v.Label, err, quoted(p.Output.String()))
	}
	p.Wait(exitLimit) // all that it has to say is said only then
	p.End(true)
	proof, err := v.prove(id, p.Output.String())
	if err != nil {
		return proof, fmt.Errorf("variant %s: %w%s", v.Label, err, quoted(p.Output.String()))
	}
	v.Version, v.servedBy, v.libc, v.proof = shortVersion(id.Version), id.ServedBy, id.Told["libc"], proof
	return proof, nil
}

// shortVersion is "5.3.0" of "jemalloc 5.3.0-0-g54eaed1d…".
func shortVersion(own string) string {
	fields := strings.Fields(own)
	if len(fields) == 0 {
		return ""
	}
	version, _, _ := strings.Cut(fields[len(fields)-1], "-")
	return version
}

// quoted is a process's output as the end of an error's text.
func quoted(output string) string {
	if output = strings.TrimSpace(output); output == "" {
		return ""
	}
	return "\nIts output ended:\n" + output
}

// interpreter is the dynamic linker that a program asks for.
func interpreter(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err != nil {
				return "", fmt.Errorf("%s: %w", path, err)
			}
			return strings.TrimRight(string(b), "\x00"), nil
		}
	}
	return "", fmt.Errorf("%s names no dynamic linker: nothing can be preloaded into it", path)
}
