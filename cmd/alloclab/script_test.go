package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"alloclab/runner"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"alloclab": main})
}

// TestScript runs the commands as a user would, on the real programs.
func TestScript(t *testing.T) {
	libexec := programs(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv(runner.LibexecVariable, libexec)
			e.Setenv("TMPDIR", e.Getenv("WORK"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "madeup": makeUp},
	})
}

// exits CODE COMMAND ARGS… runs a command that must end with that very code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := err.(*exec.ExitError); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got := fmt.Sprint(code); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// programs is a folder with the measured programs: the one that make test
// names, or one built now.
func programs(t *testing.T) string {
	if dir := os.Getenv(runner.LibexecVariable); dir != "" {
		return dir
	}
	dir := t.TempDir()
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		cmd := exec.Command("go", "build", "-tags", "alloc_"+allocator, "-o", filepath.Join(dir, "workload-"+allocator), "./workloads")
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building workload-%s: %v\n%s", allocator, err, out)
		}
	}
	cmd := exec.Command("cc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread",
		"-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-realloc", "-fno-builtin-free",
		"-o", filepath.Join(dir, "libpages.so"), "../../workloads/reference/pages.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building libpages.so: %v\n%s", err, out)
	}
	agent, _ := filepath.Glob("../../workloads/agent/*.c")
	probes, _ := filepath.Glob("../../workloads/kit/probe*.c")
	cmd = exec.Command("cc", append(append([]string{"-std=gnu11", "-O2", "-DPROBE_PRELOADED", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden",
		"-I../../workloads", "-o", filepath.Join(dir, "libagent.so")}, agent...), probes...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building libagent.so: %v\n%s", err, out)
	}
	return dir
}
