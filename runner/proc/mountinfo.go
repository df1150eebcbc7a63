package proc

import (
	"strings"
)

// mount is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	root    string // the directory of the file system that is mounted here
	point   string // where
	options string // of this mount: "rw,relatime"
	fstype  string
	super   string // options of the file system: a cgroup v1's controllers
}

// readOnly reports whether the mount or its file system is.
func (m mount) readOnly() bool { return hasOption(m.options, "ro") || hasOption(m.super, "ro") }

// hasOption reports whether a comma-separated list has the word.
func hasOption(list, word string) bool {
	for o := range strings.SplitSeq(list, ",") {
		if o == word {
			return true
		}
	}
	return false
}

// parseMountinfo reads lines "id parent major:minor root point options
// [optional fields…] - type source super".
func parseMountinfo(text string) ([]mount, error) {
	var mounts []mount
	for line := range strings.Lines(text) {
		left, right, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		f, g := strings.Split(left, " "), strings.Split(right, " ")
		if !ok || len(f) < 6 || len(g) < 3 {
			return nil, parseError("mountinfo", line)
		}
		mounts = append(mounts, mount{
			root: unescapeOctal(f[3]), point: unescapeOctal(f[4]), options: f[5],
			fstype: g[0], super: g[len(g)-1],
		})
	}
	return mounts, nil
}

// unescapeOctal restores what the kernel wrote as \040, \011, \012 and \134.
func unescapeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] <= '3' && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
