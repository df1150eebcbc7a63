package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alloclab/results"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// sanitized builds kit and workloads as they are, without Go around them: the
// entry is a constructor of the program, so that an empty main is enough.
func sanitized(t *testing.T, sanitizer string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/main.c", []byte("int main(void) { return 2; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	kit, _ := filepath.Glob("../workloads/kit/*.c")
	workloads, _ := filepath.Glob("../workloads/*.c")
	if len(kit) == 0 || len(workloads) == 0 {
		t.Fatal("no C files")
	}
	program := dir + "/workload-ptmalloc"
	args := []string{"-std=gnu11", "-O1", "-g", "-fPIC", "-pthread", "-DSTACK_BYTES=(4u << 20)", "-fno-builtin-malloc", "-fno-builtin-free", "-fno-omit-frame-pointer",
		"-fno-sanitize-recover=all", "-fsanitize=" + sanitizer, "-I../workloads", "-o", program, dir + "/main.c"}
	args = append(append(append(args, kit...), workloads...), "-ldl", "-lm")
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" && strings.Contains(string(out), "cannot find") {
			t.Skipf("the sanitizer's library is not installed: %s", out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// conversation takes a program through one trial of a workload, every command
// included, and returns what it printed and how it ended. There is no census:
// the sanitizers' shadow is terabytes of address space.
func conversation(t *testing.T, program, workload string, parameters ...string) (output string, p *process.Process) {
	t.Helper()
	target, files, err := wire.NewTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	environment, _ := process.Environment(wire.Environment+"=3:4:c", "ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1", "TSAN_OPTIONS=halt_on_error=0:exitcode=66")
	p, err = process.Start(process.Spec{Path: program, Environment: environment, Files: files})
	files[0].Close()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		p.Wait(time.Minute)
		p.End(true)
		output = p.Output.String()
	}()
	if err := target.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	step := func(what string, err error) bool {
		if err != nil {
			t.Logf("%s: %v", what, err)
		}
		return err == nil
	}
	if _, err := target.Hello(); !step("hello", err) || !step("start", target.Start(workload, parameters)) {
		return output, p
	}
	look := func() bool {
		_, err := target.Statistics()
		if !step("statistics", err) {
			return false
		}
		_, err = target.Ranges()
		return step("regions", err) && step("list", target.EachBlock(func([]wire.Block) {}))
	}
	for _, mark := range []string{results.MarkBaseline, results.MarkHold, results.MarkFreed, results.MarkIdle} {
		if _, err := target.Expect(wire.Mark); !step(mark, err) || !look() {
			return output, p
		}
		if mark != results.MarkIdle && !step("resume", target.Send(wire.Message{Type: wire.Resume})) {
			return output, p
		}
	}
	for _, command := range []wire.Type{wire.Purge, wire.Flush, wire.Purge, wire.Retire, wire.Purge} {
		if _, err := target.Ask(command, 0); !step(command.String(), err) || !look() {
			return output, p
		}
	}
	step("bye", target.Send(wire.Message{Type: wire.Bye}))
	return output, p
}

func TestSanitizers(t *testing.T) {
	for _, c := range []struct{ name, sanitizer string }{{"address", "address,undefined"}, {"thread", "thread"}} {
		t.Run(c.name, func(t *testing.T) {
			program := sanitized(t, c.sanitizer)
			for _, words := range [][]string{
				{"threads4k", "threads=4", "blocks=50", "operations=2000", "idle=0.01", "seed=1", "pass=time"},
				{"threads4k", "threads=3", "blocks=20000", "operations=100", "idle=0", "seed=2", "pass=latency"}, // a list of many windows
				{"heaptop", "guard=1024", "idle=0.01", "seed=1", "pass=time"},
				{"metaserver", "behaviour=fragment", "memory=4194304", "bursts=3", "duration=0.03", "idle=0", "seed=1", "pass=time"},
				{"metaserver", "behaviour=retain", "memory=4194304", "bursts=3", "duration=0.03", "idle=0", "seed=2", "pass=latency"},
			} {
				workload, parameters := words[0], words[1:]
				out, p := conversation(t, program, workload, parameters...)
				if s := p.Status(); !s.Exited() || s.ExitStatus() != 0 || strings.Contains(out, "Sanitizer") || strings.Contains(out, "runtime error") {
					t.Errorf("%s %v: %v\n%s", workload, parameters, s, out)
				}
			}
			if c.name != "address" {
				return
			}
			// The sanitizer is there and sees what it should.
			out, p := conversation(t, program, "faults", "kind=overflow")
			if s := p.Status(); s.ExitStatus() == 0 || !strings.Contains(out, "SUMMARY: AddressSanitizer: heap-buffer-overflow") {
				t.Errorf("an overflow passes: %v\n%s", s, out)
			}
		})
	}
}

// A header in a subfolder is no part of Go's build cache key by itself: plain
// go build must see that it changed, or a stale program would be measured.
func TestHeaderChangeRebuilds(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"workloads", "allocators/link"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile("../" + file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	build := func() (string, error) {
		cmd := exec.Command("go", "build", "-o", "program", "./workloads")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := build(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Each change is an error that only the workloads' own files meet: the
	// kit's, which are compiled again in any case, include internal.h first.
	const change = "\n#ifndef ALLOCLAB_KIT_INTERNAL_H\n#error the workloads were compiled again\n#endif\n"
	for _, header := range []string{"kit.h", "wire.h", "rng.h", "latency.h"} {
		path := filepath.Join(dir, "workloads/kit", header)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(before[:len(before):len(before)], change...), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := build(); err == nil || !strings.Contains(out, "the workloads were compiled again") {
			t.Errorf("%s changed and the workloads were not compiled again: %v\n%s", header, err, out)
		}
		if err := os.WriteFile(path, before, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
