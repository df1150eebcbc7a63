package inspect

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"alloclab/runner/proc"
)

// object is the program or a library, as far as it matters here.
type object struct {
	file    string // its path
	program bool
	base    uint64          // what is added to its addresses
	defines map[string]bool // of the names asked for: those that others may bind to
	inside  map[string]bool // and those that are only in its symbol table, or defined too
	calls   []uint64        // places that hold the address of malloc once it is bound
	from    []proc.Mapping  // its mappings
}

// Limits of what is read of one object: a file may lie about its tables.
const (
	maxSymbols     = 4 << 20
	maxRelocations = 4 << 20
	maxSection     = 512 << 20
)

// objects reads the program and each library that is mapped.
func (l *look) objects() (all []*object) {
	type key struct {
		dev   string
		inode uint64
	}
	seen := map[key]*object{}
	for _, u := range l.uses {
		if u.Inode == 0 || u.File() == "" || strings.HasPrefix(u.File(), "/dev/") || !l.isObject(u.Mapping) {
			continue
		}
		k := key{u.Dev, u.Inode}
		if o := seen[k]; o != nil {
			o.from = append(o.from, u.Mapping)
			continue
		}
		o := &object{file: u.File(), program: u.Path == l.out.Process.Exe, from: []proc.Mapping{u.Mapping}}
		seen[k] = o
		all = append(all, o)
	}
	var failed []string
	var first error
	for _, o := range all {
		if err := l.readObject(o); err != nil {
			failed = append(failed, o.file)
			if first == nil {
				first = err
			}
		}
	}
	if len(failed) > 0 {
		l.missing("symbols of "+strings.Join(failed, ", "), first, "allocators in them are told by their names alone")
	}
	return all
}

func (l *look) readObject(o *object) error {
	var f *os.File
	var err error
	if o.program {
		f, err = l.p.OpenExe()
	} else {
		f, err = l.p.OpenMapped(o.from[0])
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return o.read(f, uint64(os.Getpagesize()))
}

// read takes symbols and places of calls from the file.
func (o *object) read(r io.ReaderAt, pageSize uint64) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	defer f.Close()
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return fmt.Errorf("%s: only 64-bit little-endian files are read", o.file)
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS && s.Size > maxSection && (s.Type == elf.SHT_SYMTAB || s.Type == elf.SHT_DYNSYM || s.Type == elf.SHT_STRTAB || s.Type == elf.SHT_RELA) {
			return fmt.Errorf("%s: section %s has %d bytes", o.file, s.Name, s.Size)
		}
	}
	o.place(f, pageSize)
	o.defines, o.inside = map[string]bool{}, map[string]bool{}
	dynamic, _ := f.DynamicSymbols() // a static program has none
	for _, s := range dynamic {
		if s.Section != elf.SHN_UNDEF && telling(s.Name) {
			o.defines[s.Name], o.inside[s.Name] = true, true
		}
	}
	if o.program || len(dynamic) == 0 {
		symbols, _ := f.Symbols() // a stripped file has none
		for _, s := range symbols {
			if s.Section != elf.SHN_UNDEF && telling(s.Name) {
				o.inside[s.Name] = true
			}
		}
	}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_RELA && int(s.Link) < len(f.Sections) && f.Sections[s.Link].Type == elf.SHT_DYNSYM {
			text, err := s.Data()
			if err != nil {
				return fmt.Errorf("%s: %w", o.file, err)
			}
			o.calls = append(o.calls, mallocPlaces(text, dynamic)...)
		}
	}
	return nil
}

// place finds what was added to the file's addresses when it was mapped.
func (o *object) place(f *elf.File, pageSize uint64) {
	if f.Type == elf.ET_EXEC {
		return
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		i := slices.IndexFunc(o.from, func(m proc.Mapping) bool { return m.Offset == p.Off&^(pageSize-1) })
		if i >= 0 {
			o.base = o.from[i].Start - p.Vaddr&^(pageSize-1)
			return
		}
	}
}

// mallocPlaces are the addresses, in the file's own terms, into which the
// linker writes that of malloc: relocations of 24 bytes (elf(5), Elf64_Rela).
func mallocPlaces(rela []byte, symbols []elf.Symbol) (places []uint64) {
	for ; len(rela) >= 24 && len(places) < maxRelocations; rela = rela[24:] {
		info := binary.LittleEndian.Uint64(rela[8:])
		if i := info >> 32; i > 0 && i <= uint64(len(symbols)) && symbols[i-1].Name == "malloc" && symbols[i-1].Section == elf.SHN_UNDEF {
			places = append(places, binary.LittleEndian.Uint64(rela))
		}
	}
	return places
}

// signs are symbols that tell an allocator: one of its own calls, under every
// name that it is built with.
var signs = []struct {
	allocator string
	symbols   []string
}{
	{"jemalloc", []string{"mallctl", "je_mallctl", "_rjem_mallctl", "je_malloc", "_rjem_malloc", "jemalloc_mallctl", "je_mallctlnametomib"}},
	{"tcmalloc", []string{"tc_malloc", "MallocExtension_GetNumericProperty", "MallocExtension_Internal_GetStats", "TCMallocInternalMalloc", "TCMalloc_Internal_GetStats"}},
	{"mimalloc", []string{"mi_malloc", "mi_version"}},
	{"tbbmalloc", []string{"scalable_malloc"}},
	{"snmalloc", []string{"sn_malloc", "sn_rust_alloc"}},
	{"rpmalloc", []string{"rpmalloc", "rpmalloc_initialize"}},
	{"ptmalloc", []string{"__libc_malloc", "mallinfo2", "malloc_trim"}},
}

func telling(name string) bool {
	if name == "malloc" || name == "free" {
		return true
	}
	for _, s := range signs {
		if slices.Contains(s.symbols, name) {
			return true
		}
	}
	return false
}

// allocator is which one an object holds, and the symbol that says so; "" is none.
func (o *object) allocator() (name, sign string) {
	for _, s := range signs {
		for _, symbol := range s.symbols {
			if o.inside[symbol] {
				return s.allocator, symbol
			}
		}
	}
	base := path.Base(o.file)
	switch {
	case strings.HasPrefix(base, "ld-linux"), strings.HasPrefix(base, "ld-2."):
		return "", "" // the dynamic linker has a malloc for itself
	case strings.HasPrefix(base, "ld-musl"), strings.HasPrefix(base, "libc.musl"):
		return "musl", "its name"
	}
	for _, name := range []string{"jemalloc", "tcmalloc", "mimalloc", "tbbmalloc", "snmalloc", "rpmalloc"} {
		if strings.HasPrefix(base, "lib"+name) {
			return name, "its name"
		}
	}
	if o.defines["malloc"] && o.defines["free"] {
		return "unknown", "malloc"
	}
	return "", ""
}
