package process

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	if err := identify(path); err != nil {
		return fmt.Errorf("library %s %w", path, err)
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("library %s is truncated or damaged: %w", path, err)
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

// identify reads what every ELF file begins with, whatever its class: a file
// of another kind is told for what it is, and not for what else is odd in it.
func identify(path string) error {
	kind, err := identifyELF(path, "library")
	if err == nil && kind != elf.ET_DYN {
		err = fmt.Errorf("is not a shared library (%s)", kind)
	}
	return err
}

// identifyProgram is identify for what is to be run.
func identifyProgram(path string) error {
	kind, err := identifyELF(path, "program")
	if err == nil && kind != elf.ET_DYN && kind != elf.ET_EXEC {
		err = fmt.Errorf("is no program (%s)", kind)
	}
	return err
}

func identifyELF(path, what string) (elf.Type, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var b [20]byte // e_ident, e_type, e_machine
	if n, err := io.ReadFull(f, b[:]); n < 4 || string(b[:4]) != elf.ELFMAG {
		return 0, errors.New("is not an ELF file")
	} else if err != nil {
		return 0, errors.New("is truncated within its header")
	}
	kind, machine := elf.Type(binary.LittleEndian.Uint16(b[16:])), elf.Machine(binary.LittleEndian.Uint16(b[18:]))
	switch {
	case elf.Class(b[elf.EI_CLASS]) != elf.ELFCLASS64:
		return kind, fmt.Errorf("is a 32-bit %s; the measured programs have 64 bits", what)
	case elf.Data(b[elf.EI_DATA]) != elf.ELFDATA2LSB || machine != machines[runtime.GOARCH]:
		return kind, fmt.Errorf("is for another processor (%s, not %s)", machine, machines[runtime.GOARCH])
	}
	return kind, nil
}

// fits says whether the file holds all that the linker would map of it.
func fits(f *elf.File, size int64) error {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && (p.Off > uint64(size) || p.Filesz > uint64(size)-p.Off) {
			return fmt.Errorf("is truncated: it has %d bytes and a segment of %d at %d", size, p.Filesz, p.Off)
		}
	}
	return nil
}

// special are characters that LD_PRELOAD cannot hold in a path: the linker
// splits its list at spaces and colons and replaces $ORIGIN and its kin.
const special = " :\t\n;$"

// PreloadPath is a path that LD_PRELOAD can name. One that it cannot is
// reached through a link in dir.
func PreloadPath(path, dir string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if !strings.ContainsAny(path, special) {
		return path, nil
	}
	if strings.ContainsAny(dir, special) {
		return "", fmt.Errorf("neither %q nor the folder for temporary files %q can be named in LD_PRELOAD: set TMPDIR to a path without spaces, colons and $", path, dir)
	}
	link := filepath.Join(dir, fmt.Sprintf("preload-%x.so", sha256.Sum256([]byte(path))))
	if err := os.Symlink(path, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("a link to %s: %w", path, err)
	}
	return link, nil
}
