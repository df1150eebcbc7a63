package runner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestStage: the stage of a killed run goes, and no other directory.
func TestStage(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(os.TempDir(), fmt.Sprintf("alloclab-%d-1", ended.Process.Pid))
	others := []string{
		filepath.Join(os.TempDir(), fmt.Sprintf("alloclab-%d-1", os.Getppid())), // that process lives
		filepath.Join(os.TempDir(), "alloclab-notes-1"), filepath.Join(os.TempDir(), "alloclab-1"),
	}
	for _, dir := range append([]string{killed}, others...) {
		if err := os.MkdirAll(filepath.Join(dir, "inside"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	stage, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(others, stage) {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("%v: it should have stayed", err)
		}
	}
	if _, err := os.Stat(killed); err == nil {
		t.Errorf("%s is there, though its process has ended", killed)
	}
}
