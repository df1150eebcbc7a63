package results

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary starts itself as a writer that is to be killed, or whose
// files may not grow.
func TestMain(m *testing.M) {
	switch path := os.Getenv("RESULTS_TEST_FILE"); os.Getenv("RESULTS_TEST_WRITER") {
	case "endless":
		fmt.Fprintln(os.Stderr, appendEndlessly(path))
		os.Exit(1)
	case "limited":
		fmt.Fprint(os.Stdout, appendLimited(path))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func writer(t *testing.T, kind, path string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "RESULTS_TEST_WRITER="+kind, "RESULTS_TEST_FILE="+path)
	return c
}

// fatTrial fills many pages, so that a write of it can end anywhere.
func fatTrial(number int) *Trial {
	t := soundTrial(number)
	t.Exit.Stderr = strings.Repeat("0123456789abcdef", 4096)
	return t
}

func appendEndlessly(path string) error {
	a, _, err := OpenAppender(path)
	if err != nil {
		return err
	}
	trials, _, err := ReadTrials(path)
	for i := len(trials); err == nil; i++ {
		err = a.Append(fatTrial(i))
	}
	return err
}

// TestKilledWhileAppending kills a writer at any instant, again and again.
// What it leaves behind is always every trial up to some number.
func TestKilledWhileAppending(t *testing.T) {
	path := filepath.Join(t.TempDir(), TrialsFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := 0
	for range 12 {
		c := writer(t, "endless", path)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		trials, _, err := ReadTrials(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range trials {
			if trials[i].Trial != i || len(trials[i].Exit.Stderr) != 65536 {
				t.Fatalf("trial %d is in place %d", trials[i].Trial, i)
			}
		}
		if len(trials) < before {
			t.Fatalf("%d trials were there, %d are left", before, len(trials))
		}
		before = len(trials)
	}
	if before == 0 {
		t.Error("no writer ever got to write: the test proves nothing")
	}
}

// appendLimited fills a file up to the limit of its size; what it prints is
// checked by the test that starts it.
func appendLimited(path string) string {
	signal.Ignore(syscall.SIGXFSZ)
	limit := unix.Rlimit{Cur: 150_000, Max: 150_000}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return "skip: " + err.Error()
	}
	return fillUp(path, syscall.EFBIG)
}

// fillUp appends until it fails with want, and says "" if all is as promised.
func fillUp(path string, want syscall.Errno) string {
	a, _, err := OpenAppender(path)
	if err != nil {
		return err.Error()
	}
	stored := 0
	for ; stored < 100; stored++ {
		if err = a.Append(fatTrial(stored)); err != nil {
			break
		}
	}
	switch {
	case !errors.Is(err, want):
		return fmt.Sprintf("the error is %v, not %v", err, want)
	case !strings.Contains(err.Error(), path):
		return fmt.Sprintf("the error does not name the file: %v", err)
	case stored == 0:
		return "nothing was stored at all"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if n := bytes.Count(text, []byte("\n")); n != stored || text[len(text)-1] != '\n' {
		return fmt.Sprintf("%d whole lines for %d trials; the last byte is %q", n, stored, text[len(text)-1])
	}
	if err := a.Append(soundTrial(stored)); err != nil { // a small one has room
		return fmt.Sprintf("the appender is of no use after the error: %v", err)
	}
	trials, warnings, err := ReadTrials(path)
	if err != nil || len(warnings) != 0 || len(trials) != stored+1 {
		return fmt.Sprintf("%d trials read, warnings %q, error %v", len(trials), warnings, err)
	}
	return ""
}

func TestFileSizeLimit(t *testing.T) {
	out, err := writer(t, "limited", filepath.Join(t.TempDir(), TrialsFile)).CombinedOutput()
	if strings.HasPrefix(string(out), "skip: ") {
		t.Skip(string(out))
	}
	if err != nil || len(out) != 0 {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=160k"); err != nil {
		t.Skipf("a small file system cannot be mounted here (%v); TestFileSizeLimit has tried the like", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if fault := fillUp(filepath.Join(dir, TrialsFile), syscall.ENOSPC); fault != "" {
		t.Error(fault)
	}
	// A file that is written whole must leave the old one, and no rubbish.
	if err := WriteRun(dir, Run{Run: "old"}); err != nil {
		t.Fatal(err)
	}
	big := Run{Run: "new", Experiment: Experiment{Source: strings.Repeat("x", 200_000)}}
	err := WriteRun(dir, big)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), filepath.Join(dir, RunFile)) {
		t.Errorf("error is %v", err)
	}
	if r, err := ReadRun(dir); err != nil || r.Run != "old" {
		t.Errorf("the old run is %+v, %v", r, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(names) != 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
}

func TestAppendRefusesWhatJSONCannotHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), TrialsFile)
	a, _, err := OpenAppender(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	bad := soundTrial(7)
	bad.Params["x"] = func() {}
	if err := a.Append(bad); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "trial 7") {
		t.Errorf("error is %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestOpenAppenderRefusesNewer(t *testing.T) {
	path := writeFile(t, []byte(`{"v":999}`))
	if _, _, err := OpenAppender(path); !errors.Is(err, ErrNewer) {
		t.Errorf("error is %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != `{"v":999}` {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

func TestOpenAppenderCutsALongTear(t *testing.T) {
	whole := lines(t, soundTrial(0))
	// Zeros are what a power cut leaves of a line on some file systems.
	path := writeFile(t, append(bytes.Clone(whole), make([]byte, 300_000)...))
	a, torn, err := OpenAppender(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if torn == nil || torn.Offset != int64(len(whole)) || torn.Bytes != 300_000 {
		t.Errorf("torn is %v", torn)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, whole) {
		t.Errorf("%d bytes are left, want %d; %v", len(text), len(whole), err)
	}
}
