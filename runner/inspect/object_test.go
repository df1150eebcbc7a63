package inspect

import (
	"os"
	"strings"
	"testing"

	"alloclab/runner/proc"
)

func FuzzObject(f *testing.F) {
	for _, path := range []string{"/bin/true", "/lib64/ld-linux-x86-64.so.2"} {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(b[:min(len(b), 1<<16)])
		}
	}
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := &object{file: "/x", from: []proc.Mapping{{Start: 4096, End: 8192}}}
		if err := o.read(strings.NewReader(string(b)), 4096); err == nil && o.defines == nil {
			t.Error("read, and knows nothing")
		}
		o.allocator()
	})
}
