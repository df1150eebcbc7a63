package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"alloclab/runner"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"alloclab": main})
}

// cleaned removes the programs built for the tests, once all have run.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	code := c.M.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	return code
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

// built is the folder of the measured programs where the tests built them.
var built string

// programs is a folder with the measured programs: the one that make test
// names, or one built once for all tests of this package.
func programs(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(runner.LibexecVariable); dir != "" && dir != built {
		return dir
	}
	if built == "" {
		dir, err := os.MkdirTemp("", "alloclab-test-")
		if err != nil {
			t.Fatal(err)
		}
		built = dir
		if out, err := exec.Command("make", "-C", "../..", "--no-print-directory", "BIN="+dir, "build").CombinedOutput(); err != nil {
			t.Fatalf("make build: %v\n%s", err, out)
		}
	}
	return built
}
