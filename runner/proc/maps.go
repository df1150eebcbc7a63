package proc

import (
	"strconv"
	"strings"
)

// Mapping is one line of /proc/PID/maps.
type Mapping struct {
	Start  uint64 // first address
	End    uint64 // address behind the last
	Perms  string // "rwxp": p is private (copy on write), s is shared
	Offset uint64 // in the file, bytes
	Dev    string // "fe:00", hexadecimal major and minor
	Inode  uint64 // 0 is no file

	// Path is a file, a name in brackets such as [heap], or "". It is as the
	// kernel writes it, with " (deleted)" behind an unlinked file; only the
	// newline, the one byte that the kernel escapes here, is restored.
	Path string
}

// Maps reads the process's mappings in address order. The kernel writes them
// page by page, so the list is of one moment only while the process is
// stopped.
func (p *Process) Maps() ([]Mapping, error) {
	b, err := p.readFile("maps", limitMaps)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, noMemory(p.pid, "maps")
	}
	return parseMaps(string(b))
}

// Size is the mapping's length in bytes.
func (m Mapping) Size() uint64 { return m.End - m.Start }

// Private reports whether what is written stays in the process.
func (m Mapping) Private() bool { return len(m.Perms) == 4 && m.Perms[3] == 'p' }

// Writable reports whether it may be written.
func (m Mapping) Writable() bool { return len(m.Perms) == 4 && m.Perms[1] == 'w' }

// Executable reports whether it may be executed.
func (m Mapping) Executable() bool { return len(m.Perms) == 4 && m.Perms[2] == 'x' }

// NoAccess reports whether no access at all is allowed (PROT_NONE): addresses
// that are reserved.
func (m Mapping) NoAccess() bool { return strings.HasPrefix(m.Perms, "---") }

// PrivateAnonymous reports whether the memory belongs to no file and to this
// process: malloc's memory, [heap], [anon:NAME] and [stack] too, for the
// kernel treats it alike. A name that prctl(PR_SET_VMA_ANON_NAME) gave does
// not matter. A private mapping of /dev/zero has a path and an inode here yet
// is anonymous memory (mmap_zero in drivers/char/mem.c), so it counts.
func (m Mapping) PrivateAnonymous() bool {
	if !m.Private() {
		return false
	}
	if m.Inode != 0 {
		return m.Path == "/dev/zero"
	}
	return m.Path == "" || m.Heap() || m.Stack() || strings.HasPrefix(m.Path, "[anon:")
}

// Heap reports whether it lies in the range of brk(2). Several mappings may.
func (m Mapping) Heap() bool { return m.Path == "[heap]" }

// Stack reports whether it is the first thread's stack, or another thread's
// as kernels before 4.5 named it. Thread stacks have no name today.
func (m Mapping) Stack() bool {
	return m.Path == "[stack]" || strings.HasPrefix(m.Path, "[stack:")
}

// Special reports whether the kernel made the mapping for itself: [vdso],
// [vvar], [vvar_vclock], [vsyscall], [uprobes]. They are read as any other
// mapping, except that vsyscall lies outside pagemap.
func (m Mapping) Special() bool {
	return m.Inode == 0 && strings.HasPrefix(m.Path, "[") &&
		!m.Heap() && !m.Stack() && !strings.HasPrefix(m.Path, "[anon")
}

// Vsyscall reports whether it is the legacy page outside the user's address
// space. It is no part of RSS, and pagemap ends before it.
func (m Mapping) Vsyscall() bool { return m.Path == "[vsyscall]" }

// deleted is what the kernel puts behind an unlinked file's path.
const deleted = " (deleted)"

// Deleted reports whether the file was unlinked. A file whose name really
// ends so cannot be told apart.
func (m Mapping) Deleted() bool { return m.Inode != 0 && strings.HasSuffix(m.Path, deleted) }

// File is the path of the mapped file without " (deleted)", or "" where there
// is no file. It need not begin with a slash: "anon_inode:[perf_event]".
func (m Mapping) File() string {
	if m.Inode == 0 {
		return ""
	}
	return strings.TrimSuffix(m.Path, deleted)
}

// parseMaps reads the whole file. Paths share text's memory.
func parseMaps(text string) ([]Mapping, error) {
	list := make([]Mapping, 0, strings.Count(text, "\n"))
	for text != "" {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, parseError("maps: no newline", line)
		}
		m, ok := parseMapping(line)
		if !ok {
			return nil, parseError("maps", line)
		}
		list, text = append(list, m), rest
	}
	return list, nil
}

// parseMapping reads "start-end perms offset dev inode   path". The path
// begins behind blanks that pad the line and may itself end in blanks.
func parseMapping(line string) (m Mapping, ok bool) {
	var f [5]string
	for i := range f {
		f[i], line, _ = strings.Cut(line, " ")
		if f[i] == "" {
			return m, false
		}
	}
	from, to, ok := strings.Cut(f[0], "-")
	if !ok || len(f[1]) != 4 || !strings.Contains(f[3], ":") {
		return m, false
	}
	var errs [4]error
	m.Start, errs[0] = strconv.ParseUint(from, 16, 64)
	m.End, errs[1] = strconv.ParseUint(to, 16, 64)
	m.Offset, errs[2] = strconv.ParseUint(f[2], 16, 64)
	m.Inode, errs[3] = strconv.ParseUint(f[4], 10, 64)
	if errs != [4]error{} || m.Start >= m.End {
		return m, false
	}
	m.Perms, m.Dev = f[1], f[3]
	m.Path = strings.TrimLeft(line, " ")
	if strings.Contains(m.Path, `\012`) {
		m.Path = strings.ReplaceAll(m.Path, `\012`, "\n")
	}
	return m, true
}
