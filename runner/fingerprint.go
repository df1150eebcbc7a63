package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"alloclab/results"
	"alloclab/runner/proc"
)

// fingerprint says on what machine and with which builds a run measures, and
// returns the boot's id besides.
func fingerprint(variants map[string]*variant, programs map[string]map[string]*placement) (f results.Fingerprint, boot string, err error) {
	h, err := proc.NewFS("/").Host()
	if err != nil {
		return f, "", err
	}
	f.Memory = results.Fields{
		results.FieldCores:    strconv.Itoa(h.CPU.AffinityCPUs),
		results.FieldPageSize: strconv.FormatInt(h.PageSize, 10),
		results.FieldTHP:      known(h.THP.Enabled),
		"thp_defrag":          known(h.THP.Defrag),
		results.FieldKernel:   kernelVersion(h.KernelRelease),
		results.FieldLibc:     "unknown",
		"architecture":        runtime.GOARCH,
		"overcommit_memory":   number(h.OvercommitMemory),
		"aslr":                number(h.RandomizeVASpace),
		"swap":                swap(h.Swaps),
	}
	f.Time = results.Fields{
		results.FieldCPU:      known(h.CPU.Model),
		results.FieldGovernor: known(h.CPU.Governor),
		"turbo":               known(h.CPU.Turbo),
		"smt":                 known(h.CPU.SMT),
		"microcode":           known(h.CPU.Microcode),
		"numa_nodes":          known(h.NUMANodes),
		"clocksource":         known(h.Clocksource),
		results.FieldHost:     virtual(h.CPU.Hypervisor),
	}
	f.Counts = results.Fields{
		"cpu_flags": digestOf(h.CPU.Flags), "architecture": runtime.GOARCH,
		results.FieldCores: f.Memory[results.FieldCores], results.FieldPageSize: f.Memory[results.FieldPageSize], // allocators make their arenas by them
	}
	for label, v := range variants {
		served, err := fileDigest(v.servedBy)
		if err != nil {
			return f, "", err
		}
		f.Memory["allocator "+label] = v.Version + " " + served
		f.Counts["allocator "+label] = v.Version + " " + served
		program := "binary " + v.allocator.Name
		if v.Libexec != "" {
			program = "binary " + label // of another build than the others of that allocator
		}
		if f.Counts[program], err = fileDigest(v.binary); err != nil {
			return f, "", err
		}
		if v.libc != "" {
			f.Memory[results.FieldLibc] = v.libc
		}
	}
	for name, placements := range programs {
		for _, l := range placements {
			if f.Memory["program "+name], err = fileDigest(l.path); err != nil {
				return f, "", err
			}
			f.Counts["program "+name] = f.Memory["program "+name]
		}
	}
	return f, h.BootID, nil
}

func known(s string) string {
	if s == "" {
		return proc.Unknown
	}
	return s
}

func number(n *int64) string {
	if n == nil {
		return proc.Unknown
	}
	return strconv.FormatInt(*n, 10)
}

func swap(list []proc.Swap) string {
	if list == nil {
		return proc.Unknown
	}
	return strconv.Itoa(len(list)) + " areas"
}

func virtual(h *bool) string {
	if h == nil {
		return proc.Unknown
	}
	return map[bool]string{true: "virtual machine", false: "none"}[*h]
}

// kernelVersion is "Linux 6.18" of "6.18.44-fc-v595": what changes memory
// accounting is in the first two numbers.
func kernelVersion(release string) string {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return known(release)
	}
	return "Linux " + parts[0] + "." + parts[1]
}

func digestOf(text string) string {
	if text == "" {
		return proc.Unknown
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// fileDigest is the beginning of a file's SHA-256.
func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the fingerprint: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("the fingerprint: %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}
