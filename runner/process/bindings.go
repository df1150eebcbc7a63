package process

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bindings is who serves malloc to whom, in the dynamic linker's own word: by
// the name of each object, the name of the one that it gets malloc from.
type Bindings map[string]string

// family are the functions by which an object takes memory.
var family = []string{"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "memalign"}

// AskLinker has the dynamic linker bind a program's symbols and say how, as
// ldd -r does: the program itself is not started. environment is what it would
// be started with, path an ELF program, and directory a place for the answer.
func AskLinker(environment []string, path, directory string, limit time.Duration) (Bindings, error) {
	// Of the 8,000 lines that redis-server gives, each output goes to a file of
	// its own: standard output holds the list of libraries.
	name := filepath.Join(directory, "bindings")
	environment = append(slices.Clone(environment),
		"LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=yes", "LD_BIND_NOW=yes", "LD_DEBUG=bindings", "LD_DEBUG_OUTPUT="+name)
	_, err := Run(environment, limit, path)
	answers, _ := filepath.Glob(name + ".*") // the pattern is well formed
	defer func() {
		for _, file := range answers {
			os.Remove(file)
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("the dynamic linker does not load it: %w", err)
	}
	bound := bound{}
	for _, file := range answers {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		err = bound.read(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("the dynamic linker's answer: %w", err)
		}
	}
	all := bound.bindings(path)
	if len(all) == 0 {
		return nil, fmt.Errorf("the dynamic linker binds malloc for none of its objects: nothing proves which allocator serves %s", path)
	}
	return all, nil
}

// bound is what the linker said: by symbol and object, the object that it was
// bound to.
type bound map[string]map[string]string

// read takes in lines of LD_DEBUG=bindings such as
//
//	31103:	binding file /usr/bin/redis-server [0] to /lib/…/libjemalloc.so.2 [0]: normal symbol `malloc'
func (b bound) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		from, to, symbol, ok := binding(lines.Text())
		if !ok || !slices.Contains(family, symbol) {
			continue
		}
		if b[symbol] == nil {
			b[symbol] = map[string]string{}
		}
		b[symbol][from] = to
	}
	return lines.Err()
}

// bindings are who serves each object: by malloc, or by another of the family
// where an object does not name malloc. A program that is not position
// independent and takes a function's address has a stub for it, which all others
// are bound to, the C library too: who serves them is who serves the program.
func (b bound) bindings(program string) Bindings {
	all := Bindings{}
	for _, symbol := range family {
		for from, to := range b[symbol] {
			if _, known := all[from]; known {
				continue
			}
			if own, stub := b[symbol][program]; to == program && stub {
				to = own
			}
			all[from] = to
		}
	}
	return all
}

// binding reads one line; false where it is of another kind.
func binding(line string) (from, to, symbol string, ok bool) {
	_, rest, ok := strings.Cut(line, "binding file ")
	if !ok {
		return "", "", "", false
	}
	left, rest, ok := strings.Cut(rest, "]: ")
	if !ok {
		return "", "", "", false
	}
	from, to, ok = strings.Cut(left, "] to ")
	if !ok {
		return "", "", "", false
	}
	from, to = withoutNamespace(from), withoutNamespace(to)
	_, symbol, ok = strings.Cut(rest, "symbol `")
	if !ok {
		return "", "", "", false
	}
	symbol, _, ok = strings.Cut(symbol, "'")
	return from, to, symbol, ok && from != "" && to != ""
}

// withoutNamespace takes " [0" off a name.
func withoutNamespace(name string) string {
	if i := strings.LastIndex(name, " ["); i >= 0 {
		return name[:i]
	}
	return name
}

// ServedBy is the one object that serves malloc to all others, or an error
// that names those which get it elsewhere. An object that serves only itself,
// as the library of an allocator that another one took the place of, is none
// of them.
func (b Bindings) ServedBy() (string, error) {
	by := map[string][]string{}
	for from, to := range b {
		if from != to {
			by[to] = append(by[to], from)
		}
	}
	var servers []string
	for to := range by {
		servers = append(servers, to)
	}
	slices.SortFunc(servers, func(x, y string) int { return len(by[y]) - len(by[x]) })
	switch len(servers) {
	case 0:
		for _, to := range b {
			return to, nil
		}
		return "", fmt.Errorf("nothing in it takes memory from malloc")
	case 1:
		return servers[0], nil
	}
	slices.Sort(by[servers[1]])
	return servers[0], fmt.Errorf("two allocators serve it: %s most objects, but %s gets its memory from %s", servers[0], by[servers[1]][0], servers[1])
}
