package proc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSwaps(t *testing.T) {
	got, err := parseSwaps(fixtureFiles(t, "host-v2.txtar")["proc/swaps"])
	want := []Swap{
		{Filename: "/dev/zram0", Type: "partition", Size: 4194300 * 1024, Used: 1024 * 1024},
		{Filename: "/swap file", Type: "file", Size: 1048572 * 1024},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	none, err := parseSwaps(fixtureFiles(t, "host-hybrid-6.18.txtar")["proc/swaps"])
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("no swap is an empty list, not unknown: %v, %v", none, err)
	}
	for _, bad := range []string{"h\na b 1 2\n", "h\na b x 2 3\n", "h\na b 1 -2 3\n"} {
		if got, err := parseSwaps(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func FuzzSwaps(f *testing.F) {
	seed(f, "proc/swaps")
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := parseSwaps(text)
		for _, s := range list {
			if s.Size < 0 || s.Used < 0 {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
