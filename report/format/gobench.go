package format

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"

	"alloclab/results"
)

// goBench writes a line for each trial that counts, in the Go benchmark data
// format (https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md):
// benchstat makes medians and tests of its own. Only facts of the machine
// stand above as keys, since benchstat makes a table for each value of a key.
func goBench(w io.Writer, r Run) error {
	var out strings.Builder
	out.WriteString("goos: linux\n")
	for _, f := range []struct{ key, value string }{
		{"kernel", r.Fingerprint.Memory[results.FieldKernel]}, {"libc", r.Fingerprint.Memory[results.FieldLibc]},
		{"thp", r.Fingerprint.Memory[results.FieldTHP]}, {"cpu", r.Fingerprint.Time[results.FieldCPU]},
	} {
		if f.value != "" {
			fmt.Fprintf(&out, "%s: %s\n", f.key, results.Plain(f.value))
		}
	}
	for _, m := range results.Metrics() {
		var properties []string
		if m.Better != "" {
			properties = append(properties, "better="+string(m.Better))
		}
		if m.Exact {
			properties = append(properties, "assume=exact")
		}
		if len(properties) > 0 {
			fmt.Fprintf(&out, "Unit %s %s\n", benchUnit(m), strings.Join(properties, " "))
		}
	}
	out.WriteString("\n")
	names := benchNames(r.Run)
	lines := map[[2]string]string{}
	for i := range r.Trials {
		if t := &r.Trials[i]; t.Counts() {
			if values := benchValues(t); values != "" {
				k := [2]string{t.Cell, t.Variant}
				lines[k] += fmt.Sprintf("%s %d%s\n", names[k], operations(t), values)
			}
		}
	}
	for _, c := range r.Cells { // in the experiment's order: columns are in that of lines
		for _, v := range r.Variants {
			out.WriteString(lines[[2]string{c.Name, v.Label}])
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// benchValues are the values of a trial. ns/op comes first, where there are
// operations: some readers take the first pair only.
func benchValues(t *results.Trial) string {
	var line strings.Builder
	if rate := t.Metrics[results.MetricOpsPerS]; t.Pass == results.PassTime && rate > 0 {
		fmt.Fprintf(&line, " %s ns/op", number(1e9/rate))
	}
	for _, m := range results.Metrics() {
		if v, ok := t.Metrics[m.Name]; ok && m.Pass() == t.Pass {
			fmt.Fprintf(&line, " %s %s", number(v), benchUnit(m))
		}
	}
	return line.String()
}

// operations is how many a trial did; 1 where nobody counted them, since a line must have it.
func operations(t *results.Trial) int64 {
	return max(1, int64(t.Metrics[results.MetricOpsPerS]*t.Metrics[results.MetricWall]+.5))
}

// number has all the digits of a value, and no exponent where people can do without.
func number(v float64) string {
	if a := math.Abs(v); a >= 1e-4 && a < 1e15 || a == 0 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// benchUnit is the metric's name with its unit: a unit that ends in B is
// printed in Ki and Mi; MB and ns would be rewritten.
func benchUnit(m results.Metric) string {
	name := m.Name
	switch m.Unit {
	case "B":
		name += "-B"
	case "s":
		name = strings.TrimSuffix(name, "_s") + "-sec"
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "_per_", "/"), "_", "-")
}

// benchNames are names of benchmarks: BenchmarkIobuf/threads=8/variant=jemalloc-2.
// A blank would end a name and a slash a part of it. Where two names become one
// by that, a part of the hash of what they were tells them apart. The number at
// the end is that of processors: without it a reader takes the end of a label for one.
func benchNames(run results.Run) map[[2]string]string {
	names, uses := map[[2]string]string{}, map[string]int{}
	for _, c := range run.Cells {
		cpus := strconv.Itoa(max(1, c.CPUs))
		if n, err := strconv.Atoi(run.Fingerprint.Memory[results.FieldCores]); c.CPUs == 0 && err == nil && n > 0 {
			cpus = strconv.Itoa(n)
		}
		for _, v := range run.Variants {
			workload, params, _ := strings.Cut(c.Name, "/")
			name := "Benchmark" + capital(benchPart(workload))
			for _, p := range strings.Split(params, ",") {
				if p != "" {
					name += "/" + benchPart(p)
				}
			}
			name += "/variant=" + benchPart(v.Label) + "-" + cpus
			names[[2]string{c.Name, v.Label}] = name
			uses[name]++
		}
	}
	for k, name := range names {
		if uses[name] > 1 {
			sum := sha256.Sum256([]byte(k[0] + "\x00" + k[1]))
			at := strings.LastIndexByte(name, '-')
			names[k] = name[:at] + "~" + hex.EncodeToString(sum[:3]) + name[at:]
		}
	}
	return names
}

func benchPart(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '/' || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, results.Plain(text))
}

// capital makes a name one that a reader takes for a benchmark's: no lower-case
// letter may follow "Benchmark".
func capital(name string) string {
	for i, r := range name {
		if i == 0 {
			return string(unicode.ToUpper(r)) + name[len(string(r)):]
		}
	}
	return "_"
}
