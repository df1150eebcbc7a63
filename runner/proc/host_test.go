package proc

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHost(t *testing.T) {
	got, err := fixture(t, "host-hybrid-6.18.txtar").Host()
	if err != nil || got.Problems != nil {
		t.Fatal(err, got.Problems)
	}
	// These have tests of their own.
	got.CPU, got.THP, got.Cgroup, got.Limits = CPU{}, THP{}, Cgroup{}, Limits{}
	want := Host{
		KernelRelease: "6.18.44",
		KernelVersion: "Linux version 6.18.44 (builder@host) (gcc (GCC) 15.3.0, GNU ld (GNU Binutils) 2.46) #1 SMP PREEMPT_DYNAMIC",
		Cmdline:       "mitigations=auto console=ttyS0 quiet psi=1",
		BootID:        "00000000-1111-2222-3333-444444444444",
		PageSize:      int64(os.Getpagesize()),
		// awk '{print FILENAME, $1}' of the fixture's one-value files.
		OvercommitMemory: ptr(int64(0)), OvercommitRatio: ptr(int64(50)), Swappiness: ptr(int64(60)),
		RandomizeVASpace: ptr(int64(2)), NUMABalancing: ptr(int64(0)), NUMANodes: "0", Clocksource: "tsc",
		Swaps: []Swap{}, Zram: map[string]int64{}, // zram0 is there and not set up
		MemTotal: ptr(int64(25276514304)), MemAvailable: ptr(int64(24444932096)),
		Loadavg:     &[3]float64{3.44, 2.11, 1.12},
		CPUPressure: &Pressure{Some10: 70.39, SomeTotal: 132.807341},
		MemPressure: &Pressure{SomeTotal: 22.833483, FullTotal: 20.902037},
		IOPressure:  &Pressure{Some10: 0.12, SomeTotal: 18.278782, FullTotal: 6.758175},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHostUnknown reads a host that tells nothing: no figure is a zero.
func TestHostUnknown(t *testing.T) {
	h, err := fixture(t, "host-none.txtar").Host()
	if err != nil || h.Problems != nil {
		t.Fatal(err, h.Problems)
	}
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for key, v := range all {
		switch key {
		case "page_size_bytes", "cpu", "cgroup", "limits", "thp":
		default:
			if v != nil && v != "" {
				t.Errorf("%s is %v, want null or \"\"", key, v)
			}
		}
	}
	if h.CPU.Governor != Unknown || h.CPU.Turbo != Unknown || h.CPU.Hypervisor != nil || h.Cgroup.Kind != "none" {
		t.Errorf("%+v %+v", h.CPU, h.Cgroup)
	}
	if _, err := NewFS(t.TempDir()).Host(); !errors.Is(err, ErrMount) {
		t.Errorf("%v, want ErrMount", err)
	}
}

func TestHostZram(t *testing.T) {
	h, err := fixture(t, "host-v2.txtar").Host()
	if err != nil || h.Zram["zram0"] != 4294967296 || len(h.Swaps) != 2 || h.NUMANodes != "0-1" || *h.NUMABalancing != 1 {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestHostProblems keeps the rest when one file is not understood.
func TestHostProblems(t *testing.T) {
	root := t.TempDir()
	writeFixture(t, root, "proc/self/limits", "x\n")
	writeFixture(t, root, "proc/self/mountinfo", "x\n")
	writeFixture(t, root, "proc/meminfo", "MemTotal: x kB\n")
	writeFixture(t, root, "proc/swaps", "header\nx\n")
	writeFixture(t, root, "proc/loadavg", "x\n")
	writeFixture(t, root, "proc/pressure/io", "x\n")
	writeFixture(t, root, "proc/version", "Linux\n")
	h, err := NewFS(root).Host()
	if err != nil || h.KernelVersion != "Linux" {
		t.Fatal(h, err)
	}
	all := strings.Join(h.Problems, "\n")
	for _, name := range []string{"limits", "mountinfo", "meminfo", "swaps", "loadavg", "pressure"} {
		if !strings.Contains(all, name+":") {
			t.Errorf("no problem with %s: %s", name, all)
		}
	}
}

// TestHostLive asks this machine by other routes.
func TestHostLive(t *testing.T) {
	h, err := NewFS("/").Host()
	if err != nil || h.Problems != nil {
		t.Fatal(err, h.Problems)
	}
	if out, err := exec.Command("uname", "-r").Output(); err == nil && strings.TrimSpace(string(out)) != h.KernelRelease {
		t.Errorf("release %s, uname says %s", h.KernelRelease, out)
	}
	if h.BootID == "" || h.MemTotal == nil || h.MemAvailable == nil || *h.MemAvailable > *h.MemTotal || h.Loadavg == nil {
		t.Errorf("%+v", h)
	}
}

func FuzzLoadavg(f *testing.F) {
	seed(f, "/loadavg")
	f.Fuzz(func(t *testing.T, text string) {
		load, err := parseLoadavg(text)
		if err == nil && !(load[0] >= 0 && load[1] >= 0 && load[2] >= 0) {
			t.Errorf("%q: %v", text, load)
		}
	})
}
