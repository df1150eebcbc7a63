package proc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTHP(t *testing.T) {
	for archive, want := range map[string]THP{
		"host-hybrid-6.18.txtar": {Enabled: "madvise", Defrag: "madvise", Shmem: "never", Sizes: map[string]string{
			"hugepages-16kB": "never", "hugepages-32kB": "never", "hugepages-64kB": "never", "hugepages-128kB": "never",
			"hugepages-256kB": "never", "hugepages-512kB": "never", "hugepages-1024kB": "never", "hugepages-2048kB": "inherit",
		}},
		"host-v2.txtar":   {Sizes: map[string]string{"hugepages-64kB": "always"}},
		"host-none.txtar": {},
	} {
		if d := cmp.Diff(want, fixture(t, archive).thp()); d != "" {
			t.Errorf("%s: %s", archive, d)
		}
	}
	for choices, want := range map[string]string{
		"always defer defer+madvise [madvise] never": "madvise", "[always] never": "always",
		"": "", "always": "", "[always": "", "a] [b": "", "[]": "",
	} {
		if got := selected(choices); got != want {
			t.Errorf("%q: %q, want %q", choices, got, want)
		}
	}
}
