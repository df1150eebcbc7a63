package proc

import (
	"os"
	"strings"
)

// THP is how transparent huge pages are set
// (Documentation/admin-guide/mm/transhuge.rst). "" is unknown.
type THP struct {
	Enabled string `json:"enabled"` // "always", "madvise" or "never"
	Defrag  string `json:"defrag"`
	Shmem   string `json:"shmem"`

	// Sizes has the setting of each size, by the kernel's name such as
	// "hugepages-64kB" (Linux 6.8); null where there are none.
	Sizes map[string]string `json:"sizes"`
}

// TransparentHugePages reads the machine's settings.
func (fs FS) TransparentHugePages() THP { return fs.thp() }

func (fs FS) thp() THP {
	const dir = "sys/kernel/mm/transparent_hugepage"
	t := THP{
		Enabled: selected(fs.readTrimmed(dir, "enabled")),
		Defrag:  selected(fs.readTrimmed(dir, "defrag")),
		Shmem:   selected(fs.readTrimmed(dir, "shmem_enabled")),
	}
	entries, err := os.ReadDir(fs.path(dir))
	if err != nil {
		return t
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "hugepages-") {
			continue
		}
		if s := selected(fs.readTrimmed(dir, e.Name(), "enabled")); s != "" {
			if t.Sizes == nil {
				t.Sizes = map[string]string{}
			}
			t.Sizes[e.Name()] = s
		}
	}
	return t
}

// selected is the choice in brackets of "always [madvise] never".
func selected(choices string) string {
	_, rest, ok := strings.Cut(choices, "[")
	if !ok {
		return ""
	}
	choice, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	return choice
}
