package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixtureFiles reads a txtar archive: lines "-- name --" begin a file.
func fixtureFiles(t testing.TB, archive string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", archive))
	if err != nil {
		t.Fatal(err)
	}
	files, name := map[string]string{}, ""
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(rest, " --\n") {
			name = strings.TrimSuffix(rest, " --\n")
			files[name] = ""
		} else if name != "" {
			files[name] += line
		}
	}
	return files
}

// fixture unpacks an archive and roots an FS at it.
func fixture(t testing.TB, archive string) FS {
	t.Helper()
	root := t.TempDir()
	for name, text := range fixtureFiles(t, archive) {
		writeFixture(t, root, name, text)
	}
	return NewFS(root)
}

func writeFixture(t testing.TB, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// openFixture opens a captured process.
func openFixture(t testing.TB, archive string, pid int) *Process {
	t.Helper()
	p, err := fixture(t, archive).Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// seed adds every file of the archives whose name ends so to a fuzz corpus.
func seed(f *testing.F, suffix string) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatal("no fixtures", err)
	}
	n := 0
	for _, a := range archives {
		for name, text := range fixtureFiles(f, filepath.Base(a)) {
			if strings.HasSuffix(name, suffix) {
				f.Add(text)
				n++
			}
		}
	}
	if n == 0 {
		f.Fatalf("no fixture ends in %s", suffix)
	}
}
