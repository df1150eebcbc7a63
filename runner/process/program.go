package process

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// UnfitError is a program into which no allocator can be preloaded.
type UnfitError struct {
	Program string
	Reason  string
	Remedy  string
}

func (e *UnfitError) Error() string { return e.Program + " " + e.Reason + "; " + e.Remedy }

// Program is an executable that the dynamic linker of glibc starts.
type Program struct {
	Path    string   // what was asked for
	ELF     string   // what the kernel runs: Path, or the interpreter of a script
	Exports bool     // it defines malloc for all, so that nothing preloaded can serve it
	Hidden  bool     // it holds a malloc of its own that it shows to nobody
	Needed  []string // libraries that it names itself
}

// scriptDepth is how many scripts may name each other as interpreters
// (exec_binprm in fs/exec.c).
const scriptDepth = 5

// CheckProgram says why nothing can be preloaded into a program, as an
// *UnfitError. The dynamic linker itself says nothing of most of it: a static or
// privileged program runs as if nothing had been asked for (ld.so(8)).
func CheckProgram(path string) (Program, error) {
	p := Program{Path: path, ELF: path}
	for range scriptDepth {
		interpreter, err := scriptInterpreter(p.ELF)
		if err != nil {
			return p, err
		}
		if interpreter == "" {
			return p, p.check()
		}
		p.ELF = interpreter
	}
	return p, &UnfitError{path, "is a script whose interpreter is a script, and so on", "name the program itself"}
}

// scriptInterpreter is what a script's first line names, or "".
func scriptInterpreter(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &UnfitError{path, "does not exist", "name a program that does"}
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	var head [256]byte // BINPRM_BUF_SIZE
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	line, isScript := bytes.CutPrefix(head[:n], []byte("#!"))
	if !isScript {
		return "", nil
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return "", &UnfitError{path, "begins with #! and names no interpreter", "write one"}
	}
	return words[0], nil
}

func (p *Program) check() error {
	unfit := func(reason, remedy string) error { return &UnfitError{p.Path, p.through() + reason, remedy} }
	info, err := os.Stat(p.ELF)
	if errors.Is(err, fs.ErrNotExist) {
		return unfit("does not exist", "install it or name another")
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return unfit("is no program that can be run", "name an executable file")
	}
	if reason := privileged(p.ELF, info); reason != "" {
		return unfit(reason+", and the dynamic linker ignores LD_PRELOAD for such programs", "run a copy of it without that privilege, or run alloclab as the user that it becomes")
	}
	if err := identifyProgram(p.ELF); err != nil {
		return unfit(err.Error(), "name a program for this machine")
	}
	f, err := elf.Open(p.ELF)
	if err != nil {
		return unfit("is truncated or damaged: "+err.Error(), "install it again")
	}
	defer f.Close()
	linker := elfInterpreter(f)
	switch base := filepath.Base(linker); {
	case linker == "":
		if info, err := buildinfo.ReadFile(p.ELF); err == nil {
			return unfit("is a Go program without cgo ("+info.GoVersion+"): its memory is the Go runtime's and no malloc serves it", "no allocator changes it; of a program that uses C libraries, build it with CGO_ENABLED=1")
		}
		return unfit("is linked statically: its malloc is a part of it", "link it dynamically, without -static")
	case strings.HasPrefix(base, "ld-musl"):
		return unfit("is linked against musl ("+linker+"), and the allocators here are built for glibc", "run a build of it for glibc")
	case !strings.HasPrefix(base, "ld-linux") && !strings.HasPrefix(base, "ld64.so") && !strings.HasPrefix(base, "ld.so"):
		return unfit("is started by "+linker+", which is not glibc's dynamic linker", "run a build of it for glibc")
	}
	if _, err := os.Stat(linker); err != nil {
		return unfit("asks for the dynamic linker "+linker+", which is not here", "install it")
	}
	p.Needed, _ = f.ImportedLibraries()
	p.Exports = defines(f.DynamicSymbols)
	p.Hidden = !p.Exports && defines(f.Symbols)
	return nil
}

// through names the interpreter of a script, as the subject of what follows.
func (p *Program) through() string {
	if p.ELF == p.Path {
		return ""
	}
	return "is a script for " + p.ELF + ", which "
}

// privileged says which privilege a program gains when it is started, or "":
// then the kernel sets AT_SECURE (getauxval(3)).
func privileged(path string, info fs.FileInfo) string {
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && info.Mode()&fs.ModeSetuid != 0 && int(owner.Uid) != os.Getuid():
		return "is setuid"
	case ok && info.Mode()&fs.ModeSetgid != 0 && int(owner.Gid) != os.Getgid():
		return "is setgid"
	}
	if n, err := unix.Getxattr(path, "security.capability", nil); err == nil && n > 0 && os.Getuid() != 0 {
		return "has file capabilities"
	}
	return ""
}

func elfInterpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err == nil {
				return strings.TrimRight(string(b), "\x00")
			}
		}
	}
	return ""
}

// defines says whether a table of symbols has a malloc of the file's own.
func defines(table func() ([]elf.Symbol, error)) bool {
	symbols, err := table()
	return err == nil && slices.ContainsFunc(symbols, func(s elf.Symbol) bool {
		return s.Name == "malloc" && s.Section != elf.SHN_UNDEF && elf.ST_TYPE(s.Info) == elf.STT_FUNC
	})
}
