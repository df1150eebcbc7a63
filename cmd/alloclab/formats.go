package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"alloclab/analysis/change"
	"alloclab/configs"
	"alloclab/report/format"
)

// formats are the outputs that -o asked for. A wrong one is told before
// anything is run. Its zero value is none.
type formats []format.Output

// flag gives a command -o FORMAT=PATH.
func (f *formats) flag(c *cobra.Command) {
	c.Flags().VarP(f, "output", "o", "also write FORMAT=PATH, - for standard output; may be repeated. Formats: "+strings.Join(format.Names(), ", "))
	_ = c.RegisterFlagCompletionFunc("output", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.Contains(typed, "=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var names []string
		for _, known := range format.All() {
			names = append(names, known.Name+"=\t"+known.Doc)
		}
		return names, cobra.ShellCompDirectiveNoSpace
	}) // it fails for a flag that there is not
}

// Set, String and Type make it a flag.
func (f *formats) Set(text string) error {
	o, err := format.ParseOutput(text, configs.Hint)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(*f, func(other format.Output) bool { return other.Path == o.Path }) {
		return fmt.Errorf("two formats go to %s", o.Path)
	}
	*f = append(*f, o)
	return nil
}

func (f *formats) String() string { return "" }

// Type is what help calls the value.
func (f *formats) Type() string { return "FORMAT=PATH" }

// text is where a command's own words go: not among a format that goes to
// standard output, which another program reads.
func (f formats) text(stdout, stderr io.Writer) io.Writer {
	if slices.ContainsFunc(f, func(o format.Output) bool { return o.Path == "-" }) {
		return stderr
	}
	return stdout
}

// writeRun writes a run in all formats asked for.
func (f formats) writeRun(stdout io.Writer, r format.Run) error {
	return f.each(stdout, func(o format.Output, w io.Writer) error { return o.Format.Run(w, r) })
}

// holdComparison says, before anything is compared, which format cannot hold one.
func (f formats) holdComparison() error {
	for _, o := range f {
		if o.Format.Comparison == nil {
			return fmt.Errorf("the format %s holds trials and no comparison: alloclab report DIR -o %s=%s writes it of each side", o.Format.Name, o.Format.Name, o.Path)
		}
	}
	return nil
}

// writeComparison writes a comparison in all formats asked for.
func (f formats) writeComparison(stdout io.Writer, c change.Comparison) error {
	if err := f.holdComparison(); err != nil {
		return err
	}
	return f.each(stdout, func(o format.Output, w io.Writer) error { return o.Format.Comparison(w, c) })
}

// each writes every format, and joins what went wrong.
func (f formats) each(stdout io.Writer, write func(format.Output, io.Writer) error) error {
	var all error
	for _, o := range f {
		err := o.Write(stdout, func(w io.Writer) error { return write(o, w) })
		if err != nil && !errors.Is(err, syscall.EPIPE) {
			all = errors.Join(all, withCode(exitUnfit, fmt.Errorf("writing %s: %w", o.Format.Name, err)))
		}
	}
	return all
}
