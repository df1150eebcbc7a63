package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
	"alloclab/runner"
)

// alloclab runs a command as a user would, in this process.
func alloclab(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv(runner.LibexecVariable, programs(t))
	var out, complaint strings.Builder
	root := newRoot(&out, &complaint)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	var c *coded
	switch {
	case err == nil:
	case errors.As(err, &c):
		code = c.code
	default:
		code = exitUsage
	}
	if err != nil {
		complaint.WriteString(err.Error())
	}
	return code, out.String(), complaint.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAB: a real sitting. What it finds depends on how busy the machine is; that it
// ends with one of its answers, after one of its looks, and leaves a whole run, does not.
func TestAB(t *testing.T) {
	experiment := write(t, "small.toml", `
[gate]
metrics = ["rss_idle"]
[[variant]]
allocator = "ptmalloc"
[[variant]]
allocator = "pages"
[[workload]]
name = "threads4k"
threads = 1
operations = 100
idle = "5ms"
`)
	dir := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := alloclab(t, "ab", experiment, "--base", "ptmalloc", "--new", "pages", "--out", dir)
	if !slices.Contains([]int{exitOK, exitRegression, exitInconclusive}, code) || !regexp.MustCompile(`(?m)^gate: .+: .+$`).MatchString(stdout) {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	run, err := results.ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, v := range run.Variants {
		labels = append(labels, v.Label)
	}
	_, judged := lookAt(run.Rounds)
	if !slices.Equal(labels, []string{"ptmalloc", "ptmalloc, again", "pages"}) || !judged || run.Planned() != 3*run.Rounds {
		t.Errorf("variants %q, %d rounds, %d trials planned", labels, run.Rounds, run.Planned())
	}
	if trials, warnings, err := readSound(dir, run); err != nil || len(warnings) > 0 || len(trials) != 3*run.Rounds {
		t.Errorf("%d trials of %d rounds: %v, %v", len(trials), run.Rounds, warnings, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--base", "ptmaloc", "--new", "pages"}, "--base ptmaloc: neither a variant of the experiment (ptmalloc; pages), nor"},
		{[]string{"--base", "pages", "--new", "pages"}, "--base and --new are both pages"},
		{[]string{"--base", "rev=HEAD", "--new", "rev=HEAD"}, "--base and --new are the same"},
		{[]string{"--base", "pages", "--new", "libexec=/nowhere"}, "--new libexec=/nowhere: no folder of measured programs"},
		{[]string{"--base", "pages", "--new", "/nowhere/lib.so"}, "no such file"},
		{[]string{"--base", "pages", "--new", "rev="}, "nothing stands behind the ="},
		{[]string{"--base", "pages", "--new", "ptmalloc", "--variant", "pages"}, "--variant goes with libraries and builds"},
		{[]string{"--base", "rev=HEAD", "--new", "rev=HEAD~1", "--variant", "x"}, "--variant x: the experiment has ptmalloc; pages"},
		{[]string{"--base", "rev=no-such-revision", "--new", "ptmalloc"}, "rev=no-such-revision: git rev-parse"},
	} {
		if code, _, stderr := alloclab(t, append([]string{"ab", experiment}, c.args...)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d, %s; want %s", c.args, code, stderr, c.want)
		}
	}
}

// patched builds workload-ptmalloc with a text of threads4k.c replaced, and
// returns its folder.
func patched(t *testing.T, old, new string) string {
	t.Helper()
	source, err := filepath.Abs("../../workloads/threads4k.c")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("threads4k.c does not hold %q", old)
	}
	dir := t.TempDir()
	changed := write(t, "threads4k.c", strings.ReplaceAll(string(text), old, new))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", write(t, "overlay.json", string(overlay)), "-tags", "alloc_ptmalloc",
		"-o", filepath.Join(dir, "workload-ptmalloc"), "./workloads")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// holding is one workload of the preset ci, smaller: what CI would see of a program
// that holds memory and lets it go: enough of it that 5 % are more than the floor of 256 KiB.
const holding = `
[gate]
metrics = ["rss_mean", "rss_idle"]
[[variant]]
allocator = "ptmalloc"
[[workload]]
name = "threads4k"
threads = 1
blocks = 10000
duration = "200ms"
idle = "600ms"
`

// TestSoakSittings: twenty real sittings in which nothing differs. Each has two pairs
// of the same thing, the A/A pair and the pair itself.
func TestSoakSittings(t *testing.T) {
	if os.Getenv("ALLOCLAB_SOAK") == "" {
		t.Skip("takes minutes; set ALLOCLAB_SOAK=1 (make soak)")
	}
	experiment := write(t, "holding.toml", holding)
	codes := map[int]int{}
	for i := range 20 {
		code, stdout, stderr := alloclab(t, "ab", experiment, "--base", "libexec="+programs(t), "--new", "ptmalloc", "--out", filepath.Join(t.TempDir(), "out"))
		t.Logf("sitting %d: exit code %d: %s", i+1, code, lastLine(stdout))
		if codes[code]++; code != exitOK && code != exitInconclusive || strings.Contains(stdout, "improved.") || strings.Contains(stdout, "unstable") {
			t.Errorf("an alarm, and nothing differs:\n%s\n%s", stdout, stderr)
		}
	}
	t.Logf("exit codes of 20 sittings: %v", codes)
}

// TestSoakChangedWorkload: the same program with 5 % more blocks, or that holds them
// 5 % longer, is found.
func TestSoakChangedWorkload(t *testing.T) {
	if os.Getenv("ALLOCLAB_SOAK") == "" {
		t.Skip("takes minutes; set ALLOCLAB_SOAK=1 (make soak)")
	}
	experiment := write(t, "holding.toml", holding)
	for _, c := range []struct{ name, old, new string }{
		{"5 % more", `kit_count(kit, "blocks")`, `(kit_count(kit, "blocks") * 105 / 100)`},
		{"5 % longer", `kit_number(kit, "duration") * 1e9`, `kit_number(kit, "duration") * 1.05e9`},
	} {
		t.Run(c.name, func(t *testing.T) {
			programs := patched(t, c.old, c.new)
			for i := range 3 {
				code, stdout, stderr := alloclab(t, "ab", experiment, "--base", "ptmalloc", "--new", "libexec="+programs, "--out", filepath.Join(t.TempDir(), "out"))
				t.Logf("sitting %d: exit code %d: %s", i+1, code, lastLine(stdout))
				if code != exitRegression || !strings.Contains(stdout, "rss_mean") {
					t.Errorf("not found:\n%s\n%s", stdout, stderr)
				}
			}
		})
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
