package configs

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// maxFaults is how many faults one error reports; the last says how many more
// there are.
const maxFaults = 20

// faults collects what is wrong with one file.
type faults struct {
	file string
	list []*Error
}

// add places a fault. The text follows the key's name.
func (f *faults) add(at Position, key string, e *Error) {
	e.File, e.At, e.Key = f.file, at, key
	if key != "" {
		e.Text = key + " " + e.Text
	}
	f.list = append(f.list, e)
}

// err joins the faults in the file's order, or is nil.
func (f *faults) err() error {
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	if more := len(f.list) - maxFaults; more > 0 {
		f.list = f.list[:maxFaults]
		last := f.list[maxFaults-1]
		if last.Hint != "" {
			last.Hint += "; "
		}
		last.Hint += fmt.Sprintf("faults not shown: %d", more)
	}
	joined := make([]error, len(f.list))
	for i, e := range f.list {
		joined[i] = e
	}
	return errors.Join(joined...)
}

var bareName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// dotted writes a key as the user would, quoted where TOML needs it.
func dotted(path, name string) string {
	if !bareName.MatchString(name) {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
