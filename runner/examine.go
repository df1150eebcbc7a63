package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"alloclab/allocators"
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// Found is an allocator as it was started and proved here, or why it was not.
type Found struct {
	Allocator allocators.Allocator
	Proof     results.Proof
	Err       error
}

// FindAllocators starts a program under every allocator that the lab knows.
func FindAllocators(ctx context.Context, binaries Binaries) []Found {
	var found []Found
	stage, err := newStage()
	if err != nil {
		return []Found{{Err: err}}
	}
	defer os.RemoveAll(stage)
	for _, a := range allocators.All() {
		if len(a.Sonames) == 0 || a.Internal {
			continue // whatever library the user names; and what only tests use
		}
		f := Found{Allocator: a}
		v, err := resolve(configs.Variant{Allocator: a.Name, Label: a.Name}, binaries, stage)
		if err == nil {
			f.Proof, err = v.dryStart(ctx)
		}
		f.Err = err
		found = append(found, f)
	}
	return found
}

// DefaultText is a parameter's default as an experiment file would say it.
func DefaultText(o configs.Option) string {
	return plan.Text(results.Param{Name: o.Name, Kind: string(o.Kind), Value: o.Default})
}

// Finding is one thing that doctor looked at.
type Finding struct {
	Subject string
	Grade   Grade
	Text    string
	Remedy  string
}

// Grade is how bad a finding is.
type Grade int

// The grades: fit, unfit (figures will be worse than they could be), missing
// (nothing can be measured).
const (
	Fit Grade = iota
	Unfit
	Missing
)

// Examine looks at all that measuring depends on.
func Examine(ctx context.Context) []Finding {
	findings := examineAllocators(ctx)
	findings = append(findings, examineTracers()...)
	findings = append(findings, examineSelf()...)
	host, err := proc.NewFS("/").Host()
	if err != nil {
		return append(findings, Finding{"/proc", Missing, err.Error(), "mount it: mount -t proc proc /proc"})
	}
	return append(findings, examineHost(host)...)
}

func examineAllocators(ctx context.Context) []Finding {
	binaries, err := FindBinaries()
	if err != nil {
		return []Finding{{"measured programs", Missing, err.Error(), "make build"}}
	}
	var findings []Finding
	for _, f := range FindAllocators(ctx, binaries) {
		if f.Err == nil {
			findings = append(findings, Finding{f.Allocator.Name, Fit, f.Proof.Version + ", " + f.Proof.ServedBy, ""})
			continue
		}
		grade := Unfit
		if f.Allocator.Name == "ptmalloc" {
			grade = Missing
		}
		findings = append(findings, Finding{f.Allocator.Name, grade, f.Err.Error(), "make deps build (Debian's package is " + f.Allocator.Package + ")"})
	}
	return findings
}

// examineTracers tries what passes syscalls and counts run trials under. No
// other pass needs them.
func examineTracers() []Finding {
	var findings []Finding
	add := func(name, version, passes string, err error) {
		f := Finding{name, Fit, version + ", for " + passes, ""}
		if err != nil {
			f = Finding{name, Unfit, err.Error(), ""}
		}
		var tool *ToolError
		if errors.As(err, &tool) && errors.Is(err, fs.ErrNotExist) {
			f.Text, f.Remedy = "not installed; needed for "+passes+" only", tool.Remedy()
		}
		findings = append(findings, f)
	}
	version := func(v string) string { _, v, _ = strings.Cut(strings.Replace(v, "-", " ", 1), " "); return v }
	strace, err := process.FindStrace(results.PassSyscalls)
	add("strace", version(strace.Version), "passes syscalls and counts", err)
	callgrind, err := process.FindCallgrind(results.PassCounts)
	add("valgrind", version(callgrind.Version), "pass counts", err)
	return findings
}

// examineSelf reads what is needed of every measured process from the lab's own.
func examineSelf() []Finding {
	p, err := proc.NewFS("/").Open(os.Getpid())
	if err != nil {
		return []Finding{{"/proc", Missing, err.Error(), "mount it: mount -t proc proc /proc"}}
	}
	defer p.Close()
	var findings []Finding
	if _, err := p.SmapsRollup(); err != nil {
		findings = append(findings, Finding{"smaps_rollup", Missing, err.Error(), "the ledger needs Linux 4.14 or later"})
	} else {
		bound := proc.RSSErrorBound(kernelRelease(), len(allowedCPUs()), 1)
		text := "exact"
		if bound > 0 {
			text = fmt.Sprintf("up to %d KiB off between marks (kernels 6.2 to 6.15 and before); at marks exact", bound>>10)
		}
		findings = append(findings, Finding{"RSS while running", Fit, text, ""})
	}
	if m, err := p.OpenPagemap(); err != nil {
		findings = append(findings, Finding{"pagemap", Missing, err.Error(), "the ledger needs to read /proc/PID/pagemap of its own children: check ptrace restrictions of the container"})
	} else {
		m.Close()
		findings = append(findings, Finding{"pagemap", Fit, "readable", ""})
	}
	return append(findings, examinePriority())
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// examinePriority tries what the sampler will ask for, on a thread that ends.
func examinePriority() Finding {
	got := make(chan string)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its priority
		got <- raisePriority()
	}()
	switch p := <-got; p {
	case "fifo":
		return Finding{"sampler's priority", Fit, "real time", ""}
	case "nice":
		return Finding{"sampler's priority", Fit, "raised", ""}
	default:
		return Finding{"sampler's priority", Unfit, "normal: ticks will be late on busy CPUs", "run as root, or allow it: setcap cap_sys_nice+ep on alloclab"}
	}
}

func examineHost(h proc.Host) []Finding {
	findings := []Finding{{"CPUs", Fit, fmt.Sprintf("%d, %s", h.CPU.AffinityCPUs, known(h.CPU.Model)), ""}}
	if h.CPU.AffinityCPUs < 2 {
		findings[0] = Finding{"CPUs", Unfit, "only one: the sampler takes turns with the workload", "use a machine with two or more"}
	}
	switch h.CPU.Governor {
	case "performance":
	case proc.Unknown:
		findings = append(findings, Finding{"CPU frequency", Unfit, "the machine does not tell its governor, as most virtual machines do not", "trust speeds only within one run, where variants are interleaved"})
	default:
		findings = append(findings, Finding{"CPU frequency", Unfit, "governor " + h.CPU.Governor, "cpupower frequency-set -g performance"})
	}
	findings = append(findings, Finding{"transparent huge pages", Fit, known(h.THP.Enabled) + " (part of the fingerprint: it changes RSS)", ""})
	if h.Loadavg != nil && h.Loadavg[0] > 0.5*float64(max(1, h.CPU.AffinityCPUs)) {
		findings = append(findings, Finding{"load", Unfit, fmt.Sprintf("%.1f processes want to run", h.Loadavg[0]), "wait until neighbours are quiet: starved trials are repeated"})
	}
	if len(h.Swaps) > 0 {
		findings = append(findings, Finding{"swap", Unfit, "on: pages that were swapped out are missing from RSS", "swapoff -a while measuring"})
	}
	if _, err := os.Lstat("/etc/malloc.conf"); err == nil {
		findings = append(findings, Finding{"/etc/malloc.conf", Unfit, "exists: every jemalloc here reads it", "remove it"})
	}
	if _, left := process.Environment(); len(left) > 0 {
		findings = append(findings, Finding{"environment", Fit, "these are kept from measured processes: " + strings.Join(left, " "), ""})
	}
	return findings
}
