package allocators

import (
	"bufio"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// FindLibrary returns the path at which the dynamic linker would find the
// allocator: in its cache, then in its default directories. Only a library of
// this machine's architecture counts.
func (a Allocator) FindLibrary() (path string, err error) {
	if len(a.Sonames) == 0 {
		return "", fmt.Errorf("%s has no library of its own: name one with library = \"/path/to/lib.so\"", a.Name)
	}
	return a.find(linkerCache(), defaultDirectories)
}

// The dynamic linker's default directories on multiarch systems and others
// (ld.so(8)), and where a local make install puts libraries.
var defaultDirectories = []string{
	"/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
}

func (a Allocator) find(cache map[string][]string, directories []string) (string, error) {
	for _, soname := range a.Sonames {
		candidates := slices.Clone(cache[soname])
		for _, pattern := range directories {
			// The only error is a malformed pattern, and these are constants.
			found, _ := filepath.Glob(filepath.Join(pattern, soname))
			candidates = append(candidates, found...)
		}
		for _, path := range candidates {
			if isOurs(path) {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s: no %s for this machine; Debian and Ubuntu have it in the package %s",
		a.Name, strings.Join(a.Sonames, " or "), a.Package)
}

// linkerCache reads /etc/ld.so.cache by ldconfig, which is often outside a
// user's PATH. Without it there is no cache: musl has none.
func linkerCache() map[string][]string {
	for _, program := range []string{"ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"} {
		if out, err := exec.Command(program, "-p").Output(); err == nil {
			return parseLinkerCache(string(out))
		}
	}
	return nil
}

// parseLinkerCache reads lines such as
//
//	libjemalloc.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libjemalloc.so.2
//
// and leaves out all others: the first and the last line are not of the list.
func parseLinkerCache(text string) map[string][]string {
	cache := map[string][]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		left, path, ok := strings.Cut(lines.Text(), " => ")
		soname, _, typed := strings.Cut(strings.TrimSpace(left), " (")
		if ok && typed && filepath.IsAbs(path) {
			cache[soname] = append(cache[soname], path)
		}
	}
	return cache
}

// isOurs is true for a shared object of the lab's own architecture. A library
// of another one can stand in the cache beside it.
func isOurs(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	machines := map[string]elf.Machine{
		"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386, "arm": elf.EM_ARM,
		"riscv64": elf.EM_RISCV, "ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390,
	}
	return f.Type == elf.ET_DYN && f.Machine == machines[runtime.GOARCH]
}
