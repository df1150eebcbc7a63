package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxSource is the size of an experiment file. The largest sensible one is a
// few KiB; the bound keeps a wrong path (/dev/zero, a core dump) harmless.
const maxSource = 64 << 10

// The keys that are no option of an allocator or a workload, with their
// bounds. A new pass is one word here.
var (
	seedOption      = Option{Name: "seed", Kind: KindCount, Max: math.MaxInt64}
	roundsOption    = Option{Name: "rounds", Kind: KindCount, Min: 1, Max: 1000}
	memoryOption    = Option{Name: "memory_limit", Kind: KindBytes, Min: 16 << 20, Max: 1 << 50}
	timeLimitOption = Option{Name: "time_limit", Kind: KindDuration, Min: 0.1, Max: 30 * 86400} // of a week and what comes after it
	remediesOption  = Option{Name: "remedies", Kind: KindBool}
	purgeOption     = Option{Name: "purge_every", Kind: KindDuration, Min: 0.001, Max: 7 * 86400}
	passesOption    = Option{Name: "passes", Kind: KindChoice, Choices: []string{"time", "latency", "census", "syscalls", "counts"}}
	runtimeOption   = Option{Name: "runtime", Kind: KindChoice, Choices: []string{"c", "go"}}
	cpusOption      = Option{Name: "cpus", Kind: KindCount, Min: 1, Max: 4096}
)

// Load reads an experiment from a file or, where there is no such file and
// the path is a plain name, from the preset of that name. See Parse for the
// errors that say what is wrong with the text.
func Load(path string, catalog Catalog) (*Experiment, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(path, '/') && filepath.Ext(path) != ".toml" {
		var names []string
		for _, preset := range Presets() {
			if preset.Name == path {
				return Parse(path, preset.Source, catalog)
			}
			names = append(names, preset.Name)
		}
		return nil, fmt.Errorf("%q is neither a file nor a preset; %s: %w", path, hint(path, names), fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the experiment: %w", err)
	}
	defer file.Close()
	source, err := io.ReadAll(io.LimitReader(file, maxSource+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the experiment: %w", err)
	}
	return Parse(path, source, catalog)
}

// Parse reads an experiment from its text. The error joins one *Error for
// each fault found, in the file's order, 20 at most; a text that is not TOML
// has one fault only, since nothing after it can be trusted.
func Parse(name string, source []byte, catalog Catalog) (*Experiment, error) {
	f := &faults{file: name}
	values, root := decode(string(source), f)
	if len(f.list) > 0 {
		return nil, f.err()
	}
	top := &section{faults: f, values: values, place: root}
	top.only("is no key of an experiment", "name", "seed", "rounds", "time_limit", "memory_limit", "passes", "remedies", "variant", "workload", "program", "gate")

	e := &Experiment{File: name, Source: slices.Clone(source), Seed: 1, Rounds: 5, TimeLimit: 10 * time.Minute, Passes: []string{"time"}}
	e.Name = experimentName(top, name)
	if v, ok := top.one(seedOption); ok {
		e.Seed = uint64(v.(int64))
	}
	if v, ok := top.one(roundsOption); ok {
		e.Rounds = int(v.(int64))
	}
	if v, ok := top.one(timeLimitOption); ok {
		e.TimeLimit = time.Duration(math.Round(v.(float64) * float64(time.Second)))
	}
	if v, ok := top.one(memoryOption); ok {
		e.MemoryLimit = v.(int64)
	}
	if passes, ok := top.axis(passesOption); ok {
		e.Passes = nil
		for _, pass := range passes {
			e.Passes = append(e.Passes, pass.(string))
		}
	}
	e.Variants = variants(top, catalog.Allocators)
	_, own := top.values["program"]
	if _, given := top.values["workload"]; given || !own {
		e.Workloads = workloads(top, catalog.Workloads, e.Passes)
	}
	if own {
		e.Programs = programs(top)
		e.apart(top)
	}
	e.Gate = gate(top, catalog.Metrics)
	if v, ok := top.one(remediesOption); ok && v.(bool) && len(f.list) == 0 {
		e.Remedies = true
		e.addRemedies(catalog.Allocators, f)
	}
	e.matrix(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	return e, nil
}

// decode gives the values of a TOML text and their places, or adds a fault.
func decode(source string, f *faults) (map[string]any, *place) {
	if len(source) > maxSource {
		f.add(Position{1, 1}, "", &Error{Text: fmt.Sprintf("the file is larger than %d KiB: is it an experiment?", maxSource>>10)})
		return nil, nil
	}
	if !utf8.ValidString(source) {
		bad := 0
		for r, size := utf8.DecodeRuneInString(source); r != utf8.RuneError || size > 1; r, size = utf8.DecodeRuneInString(source[bad:]) {
			bad += size
		}
		f.add(positionOf(source, bad), "", &Error{Text: "the file is not UTF-8 text: save it as UTF-8"})
		return nil, nil
	}
	root, deep := scan(source)
	if deep != nil {
		f.add(*deep, "", &Error{Text: fmt.Sprintf("keys and lists nest deeper than %d levels", maxDepth)})
		return nil, nil
	}
	values := map[string]any{}
	if _, err := toml.Decode(source, &values); err != nil {
		f.add(syntaxError(source, err))
		return nil, nil
	}
	return values, root
}

// syntaxError turns the library's error into one of ours. Its offset is
// counted from behind a byte order mark, and its message may quote the file.
func syntaxError(source string, err error) (Position, string, *Error) {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return Position{1, 1}, "", &Error{Text: "not valid TOML: " + printable(err.Error())}
	}
	offset := parse.Position.Start
	if strings.HasPrefix(source, byteOrderMark) {
		offset += len(byteOrderMark)
	}
	return positionOf(source, offset), "", &Error{Text: "not valid TOML: " + printable(parse.Message)}
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// experimentName is the file's word or the file's own name. It becomes part
// of paths, so it may not lead out of a directory.
func experimentName(top *section, file string) string {
	if _, given := top.values["name"]; given {
		return top.text("name", `/\`, "it names a directory")
	}
	name := strings.TrimSuffix(filepath.Base(file), ".toml")
	if _, err := text(name); err != nil || strings.Trim(name, ".") == "" || strings.ContainsRune(name, '/') {
		top.missing("name", "the file's own name makes no name for the experiment")
	}
	return name
}
