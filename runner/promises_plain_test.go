package runner

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"alloclab/results"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// What the lab costs the measured work: the same C file in the lab and as an
// ordinary program (bin/plain-threads4k).

// collected is callgrind's count of instructions.
var collected = regexp.MustCompile(`Collected : (\d+)`)

func instructions(b *testing.B, output string) float64 {
	b.Helper()
	m := collected.FindStringSubmatch(output)
	if m == nil {
		b.Fatalf("callgrind says no count:\n%s", output)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func plain(b *testing.B) string {
	b.Helper()
	path, err := filepath.Abs("../bin/plain-threads4k")
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkInstructions: fixed work takes the same instructions in the lab as
// in a plain program, to 0.5 %.
func BenchmarkInstructions(b *testing.B) {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		b.Skip("valgrind is not installed: make test-deps")
	}
	const operations = 1_000_000 // so many that start and end, which differ, do not count
	v := benchVariant(b, "ptmalloc")
	for b.Loop() {
		out, err := exec.Command(valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", plain(b),
			"threads=1", "idle=0", fmt.Sprintf("operations=%d", operations)).CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		alone := instructions(b, string(out))

		target, files, err := wire.NewTarget()
		if err != nil {
			b.Fatal(err)
		}
		p, err := process.Start(process.Spec{
			Path: valgrind, Args: []string{"--tool=callgrind", "--callgrind-out-file=/dev/null", v.binary},
			Environment: v.environment(wire.Environment + "=3:4:c"), Files: files,
		})
		files[0].Close()
		if err != nil {
			b.Fatal(err)
		}
		converse(b, target, []string{"threads=1", "idle=0", fmt.Sprintf("operations=%d", operations)})
		if !p.Wait(time.Minute) {
			b.Fatal("callgrind does not end")
		}
		p.End(false)
		target.Close()
		inLab := instructions(b, p.Output.String())
		promised(b, 100*(inLab/alone-1), "%more-instructions", 0.5)
	}
}

// converse takes a target from hello to bye without looking at anything.
func converse(b *testing.B, target *wire.Target, parameters []string) {
	b.Helper()
	if _, err := target.Hello(); err != nil {
		b.Fatal(err)
	}
	if err := target.Start("threads4k", parameters); err != nil {
		b.Fatal(err)
	}
	for i := range 4 {
		if _, err := target.Expect(wire.Mark); err != nil {
			b.Fatal(err)
		}
		next := wire.Resume
		if i == 3 {
			next = wire.Bye
		}
		if err := target.Send(wire.Message{Type: next}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainTime: the work is no slower in the lab than in a plain
// program, beyond 2.5 %.
func BenchmarkPlainTime(b *testing.B) {
	v := benchVariant(b, "ptmalloc")
	for b.Loop() {
		var alone, inLab []float64
		for pair := range 60 {
			if pair%2 == 0 { // neither is always the second
				alone = append(alone, plainSpeed(b))
			}
			t := benchTrial(b, v, DefaultRate, map[string]any{"duration": 0.5, "idle": 0.0})
			inLab = append(inLab, t.Metrics[results.MetricOpsPerCPUS])
			if pair%2 == 1 {
				alone = append(alone, plainSpeed(b))
			}
		}
		ratio, low, high := ratioInterval(alone, inLab)
		promised(b, 100*(1-ratio), "%slower", 2.5)
		b.ReportMetric(100*(1-high), "%slower-low")
		b.ReportMetric(100*(1-low), "%slower-high")
	}
}

// plainSpeed is the same work's operations per second of CPU time without the lab.
func plainSpeed(b *testing.B) float64 {
	b.Helper()
	out, err := exec.Command(plain(b), "threads=2", "duration=0.5", "idle=0").Output()
	if err != nil {
		b.Fatal(err)
	}
	var said struct {
		Operations float64 `json:"operations"`
		CPU        float64 `json:"cpu_s"`
	}
	if err := json.Unmarshal(out, &said); err != nil {
		b.Fatal(err)
	}
	return said.Operations / said.CPU
}
