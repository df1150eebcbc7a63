package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"alloclab/allocators"
	"alloclab/configs"
)

// side is one side of ab: what is done to a variant of the experiment.
type side struct {
	variant  *configs.Variant // takes the place of the subject
	library  string
	programs string
	revision string // whose programs are to be built
}

// parseSide reads the value of --base or --new.
func parseSide(text string, e *configs.Experiment) (side, error) {
	for i := range e.Variants {
		if e.Variants[i].Label == text {
			return side{variant: &e.Variants[i]}, nil
		}
	}
	key, value, keyed := strings.Cut(text, "=")
	switch {
	case keyed && value == "":
		return side{}, errors.New("nothing stands behind the =")
	case keyed && key == "rev":
		return side{revision: value}, nil
	case keyed && key == "libexec":
		dir, err := filepath.Abs(value)
		if err != nil {
			return side{}, err
		}
		_, err = os.Stat(filepath.Join(dir, "workload-ptmalloc"))
		if err != nil {
			return side{}, fmt.Errorf("no folder of measured programs: %w", err)
		}
		return side{programs: dir}, nil
	case strings.ContainsRune(text, filepath.Separator):
		_, err := os.Stat(text)
		return side{library: text}, err
	}
	return side{}, fmt.Errorf("neither a variant of the experiment (%s), nor the path of a library, libexec=DIR or rev=REVISION", strings.Join(labelsOf(e.Variants), "; "))
}

func labelsOf(variants []configs.Variant) []string {
	var list []string
	for _, v := range variants {
		list = append(list, v.Label)
	}
	return list
}

// apply makes the subject this side's.
func (s *side) apply(subject configs.Variant) configs.Variant {
	if s.variant != nil {
		subject = *s.variant
	}
	if s.library != "" {
		subject.Library = s.library
	}
	if s.programs != "" {
		subject.Libexec = s.programs
	}
	return subject
}

// subjects are the variants of the experiment that are compared: the one that a
// side names, else those of --variant, else all that have the library's allocator.
func (f abFlags) subjects(e *configs.Experiment, base, new side) ([]configs.Variant, error) {
	for _, s := range []side{base, new} {
		if s.variant != nil {
			if len(f.variants) > 0 {
				return nil, errors.New("--variant goes with libraries and builds; here --base or --new names the variant")
			}
			if base.variant != nil && new.variant != nil && base.variant == new.variant {
				return nil, fmt.Errorf("--base and --new are both %s", base.variant.Label)
			}
			return []configs.Variant{*s.variant}, nil
		}
	}
	if base == new {
		return nil, errors.New("--base and --new are the same")
	}
	var list []configs.Variant
	for _, label := range f.variants {
		i := slices.IndexFunc(e.Variants, func(v configs.Variant) bool { return v.Label == label })
		if i < 0 {
			return nil, fmt.Errorf("--variant %s: the experiment has %s", label, strings.Join(labelsOf(e.Variants), "; "))
		}
		list = append(list, e.Variants[i])
	}
	if len(list) > 0 {
		return list, nil
	}
	for _, v := range e.Variants {
		if fits(v, base.library) && fits(v, new.library) {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no variant of the experiment has the library's allocator: name one with --variant")
	}
	return list, nil
}

// fits says whether a library is by its name one of the variant's allocator:
// libjemalloc-5.3.so of libjemalloc.so.2.
func fits(v configs.Variant, library string) bool {
	if library == "" {
		return true
	}
	a, _ := allocators.ByName(v.Allocator)
	return slices.ContainsFunc(a.Sonames, func(soname string) bool {
		stem, _, _ := strings.Cut(soname, ".so")
		return strings.HasPrefix(filepath.Base(library), stem)
	})
}

// build builds the programs of a revision in a work tree of its own, and
// returns what removes it.
func (s *side) build(ctx context.Context, out io.Writer) (remove func(), err error) {
	if s.revision == "" {
		return func() {}, nil
	}
	repository, err := tell(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("rev=%s: %w", s.revision, err)
	}
	commit, err := tell(ctx, repository, "git", "rev-parse", "--verify", "--end-of-options", s.revision+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("rev=%s: %w", s.revision, err)
	}
	stage, err := os.MkdirTemp("", "alloclab-rev-")
	if err != nil {
		return nil, err
	}
	tree := filepath.Join(stage, "tree")
	remove = func() {
		// Not under ctx: a run that was interrupted leaves no work tree either.
		_, err := tell(context.Background(), repository, "git", "worktree", "remove", "--force", tree)
		if err := errors.Join(err, os.RemoveAll(stage)); err != nil {
			fmt.Fprintln(out, "warning: the work tree of", s.revision, "is left:", err)
		}
	}
	if _, err := tell(ctx, repository, "git", "worktree", "add", "--detach", tree, commit); err != nil {
		return nil, errors.Join(fmt.Errorf("rev=%s: %w", s.revision, err), os.RemoveAll(stage))
	}
	fmt.Fprintf(out, "note: building the measured programs of %s (%.12s)\n", s.revision, commit)
	if _, err := tell(ctx, tree, "make", "build"); err != nil {
		remove()
		return nil, withCode(exitUnfit, fmt.Errorf("rev=%s does not build: %w", s.revision, err))
	}
	s.programs = filepath.Join(tree, "bin")
	return remove, nil
}

// tell runs a program in a directory and gives its output's first line; the
// error ends with what it said.
func tell(ctx context.Context, dir, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	var output, complaint strings.Builder
	c.Stdout, c.Stderr = &output, &complaint
	if err := c.Run(); err != nil {
		said := strings.TrimSpace(complaint.String())
		if len(said) > 2000 {
			said = "…" + said[len(said)-2000:]
		}
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	first, _, _ := strings.Cut(output.String(), "\n")
	return first, nil
}
