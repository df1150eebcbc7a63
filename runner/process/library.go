package process

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// CheckLibrary says why the dynamic linker could not preload a file, or nil.
// The linker itself only warns and goes on without it, so that the wrong
// allocator would be measured; of a truncated file it dies with SIGBUS.
func CheckLibrary(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("library %s does not exist", path)
	}
	if err != nil {
		return fmt.Errorf("library %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("library %s is not a file", path)
	}
	if info.Size() == 0 {
		return fmt.Errorf("library %s is empty", path)
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("library %s is not an ELF file: %w", path, err)
	}
	defer f.Close()
	if err := fits(f, info.Size()); err != nil {
		return fmt.Errorf("library %s %w", path, err)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("library %s: its symbols cannot be read: %w", path, err)
	}
	found := map[string]bool{}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			found[s.Name] = true
		}
	}
	if !found["malloc"] || !found["free"] {
		return fmt.Errorf("library %s exports no malloc and free: it is no allocator", path)
	}
	return nil
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

func fits(f *elf.File, size int64) error {
	switch {
	case f.Class != elf.ELFCLASS64:
		return errors.New("is a 32-bit library; the measured programs have 64 bits")
	case f.Machine != machines[runtime.GOARCH]:
		return fmt.Errorf("is for another processor (%s, not %s)", f.Machine, machines[runtime.GOARCH])
	case f.Type != elf.ET_DYN:
		return fmt.Errorf("is not a shared library (%s)", f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Off+p.Filesz > uint64(size) {
			return fmt.Errorf("is truncated: it has %d bytes and should have at least %d", size, p.Off+p.Filesz)
		}
	}
	return nil
}

// PreloadPath is a path that LD_PRELOAD can name. The linker splits its list
// at spaces and colons, so such a path is reached through a link in dir.
func PreloadPath(path, dir string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if !strings.ContainsAny(path, " :\t\n;") {
		return path, nil
	}
	if strings.ContainsAny(dir, " :\t\n;") {
		return "", fmt.Errorf("neither %q nor the folder for temporary files %q can be named in LD_PRELOAD: set TMPDIR to a path without spaces and colons", path, dir)
	}
	link := filepath.Join(dir, fmt.Sprintf("preload-%x.so", path))
	if len(filepath.Base(link)) > 200 {
		link = filepath.Join(dir, fmt.Sprintf("preload-%x.so", path[len(path)-60:]))
	}
	if err := os.Symlink(path, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("a link to %s: %w", path, err)
	}
	return link, nil
}
