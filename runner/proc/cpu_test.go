package proc

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCPU(t *testing.T) {
	yes, no := true, false
	for archive, want := range map[string]CPU{
		"host-hybrid-6.18.txtar": {
			Model: "Intel(R) Xeon(R) Processor", Microcode: "0x1",
			Flags:  "fpu sse2 ss ht nx rdtscp constant_tsc aes avx2 hypervisor lahf_lm",
			Online: "0-1", Cores: 2, Affinity: "0-1", AffinityCPUs: 2,
			SMT: "notsupported", Governor: Unknown, Turbo: Unknown, Hypervisor: &yes,
		},
		"host-v2.txtar": {
			Model: "AMD EPYC 7B13", Microcode: "0xa0011d1", Flags: "fpu sse2 aes",
			Online: "0-3,8-11", Cores: 8, Affinity: "0-3,8", AffinityCPUs: 5,
			SMT: "on", Governor: "performance,powersave", Turbo: "off", Hypervisor: &no,
		},
		"host-none.txtar": {SMT: Unknown, Governor: Unknown, Turbo: Unknown},
	} {
		if d := cmp.Diff(want, fixture(t, archive).cpu()); d != "" {
			t.Errorf("%s: %s", archive, d)
		}
	}
	if live := NewFS("/").cpu(); live.AffinityCPUs != runtime.NumCPU() || live.Cores < live.AffinityCPUs {
		t.Errorf("%+v, the runtime says %d", live, runtime.NumCPU())
	}
}

func TestTurboBoost(t *testing.T) {
	for text, want := range map[string]string{"1\n": "on", "0\n": "off", "2\n": Unknown} {
		root := t.TempDir()
		writeFixture(t, root, "sys/devices/system/cpu/cpufreq/boost", text)
		if got := NewFS(root).cpu().Turbo; got != want {
			t.Errorf("boost %q: %s, want %s", text, got, want)
		}
	}
}

func TestParseCPUList(t *testing.T) {
	for list, want := range map[string]int{"": 0, "0": 1, "0-1": 2, "0-3,8": 5, "5,7-9,65535": 5} {
		if got, err := parseCPUList(list); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", list, got, err, want)
		}
	}
	for _, bad := range []string{"x", "1-0", "-1", "0-", "0,0", "3,1", "0-99999999", "0-4294967296", "0,,1", "0-3:1/2"} {
		if got, err := parseCPUList(bad); err == nil {
			t.Errorf("%q: %d", bad, got)
		}
	}
}

func FuzzCPUList(f *testing.F) {
	f.Add("0-3,8")
	f.Fuzz(func(t *testing.T, list string) {
		if n, err := parseCPUList(list); err == nil && (n < 0 || n > maxCPU) {
			t.Errorf("%q: %d", list, n)
		}
	})
}

func FuzzCPUInfo(f *testing.F) {
	seed(f, "proc/cpuinfo")
	f.Fuzz(func(t *testing.T, text string) {
		for key := range parseCPUInfo(text) {
			if key == "" || strings.Contains(key, ":") {
				t.Errorf("%q: key %q", text, key)
			}
		}
	})
}
