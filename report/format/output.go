package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alloclab/results"
)

// Output is a format and where it goes. Path "-" is standard output.
type Output struct {
	Format Format
	Path   string
}

// ParseOutput reads FORMAT=PATH; hint says what an unknown name may have meant.
func ParseOutput(text string, hint func(name string, known []string) string) (Output, error) {
	name, path, found := strings.Cut(text, "=")
	f, known := ByName(name)
	switch {
	case !known && !found:
		return Output{}, fmt.Errorf("%q is not FORMAT=PATH, such as markdown=summary.md; formats: %s", text, strings.Join(Names(), ", "))
	case !known:
		return Output{}, fmt.Errorf("there is no format %q: %s", name, hint(name, Names()))
	case path == "":
		return Output{}, fmt.Errorf("%s goes nowhere: write %s=PATH, or %s=- for standard output", name, name, name)
	}
	if path != "-" {
		dir := filepath.Dir(path)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return Output{}, fmt.Errorf("%s: there is no directory %s", text, dir)
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return Output{}, fmt.Errorf("%s: %s is a directory, and a file is wanted", text, path)
		}
	}
	return Output{f, path}, nil
}

// Write hands the place to write, which writes all of the text. A file is
// replaced whole or not at all; a format with a limit goes to the file's end;
// a pipe, a terminal or a link into /dev is written as it is.
func (o Output) Write(stdout io.Writer, write func(io.Writer) error) error {
	if o.Path == "-" {
		return write(stdout)
	}
	target := o.Path
	if real, err := filepath.EvalSymlinks(target); err == nil && !strings.HasPrefix(target, "/dev/") && !strings.HasPrefix(target, "/proc/") {
		target = real // the file behind a link is replaced, not the link
	}
	info, err := os.Lstat(target)
	if o.Format.Limit == 0 && (errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular()) {
		return results.WriteWhole(target, write)
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	held := int64(0)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		held = info.Size()
	}
	err = write(&appended{f, held})
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// appended is a file that held something before.
type appended struct {
	io.Writer
	held int64
}

// Written is what the file held before this text, in bytes.
func (a *appended) Written() int64 { return a.held }
