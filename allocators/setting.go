package allocators

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"alloclab/results"
)

// Setting is what puts a program of the user's own on an allocator with its
// knobs, in the forms in which it is pasted.
type Setting struct {
	// Environment are NAME=value lines, LD_PRELOAD among them; empty where there is
	// nothing to set.
	Environment []string
	// Code are lines of C, or of C++ where they say so, that do the same from inside; a
	// program that is linked with the allocator needs no environment then. Empty where a
	// knob can be set by the environment only.
	Code   []string
	Header string // what declares them
	// Purge is the call that the program has to make every PurgeEvery seconds; "" where
	// the setting needs none.
	Purge      string
	PurgeEvery float64
}

// Setting says how this allocator under these knobs is had outside the lab.
// The values may come from JSON: a whole float64 stands for an int64. library is
// what is preloaded, "" for the one that the dynamic linker finds. It is an error if a knob is
// refused, the library is not found, or LD_PRELOAD cannot carry its path.
func (a Allocator) Setting(knobs map[string]any, library string) (Setting, error) {
	own, s := map[string]any{}, Setting{}
	for name, value := range knobs {
		if name != results.KnobPurgeEvery {
			own[name] = a.typed(name, value)
			continue
		}
		every, ok := value.(float64)
		if !ok || !(every > 0) || a.Purge == "" {
			return Setting{}, fmt.Errorf("%s cannot be told every %v seconds to give back", a.Name, value)
		}
		s.Purge, s.PurgeEvery, s.Header = a.Purge, every, a.Header
	}
	set, err := a.settings(own)
	if err != nil {
		return Setting{}, err
	}
	if len(set) > 0 {
		paste := a.environment
		if a.pasted != nil {
			paste = a.pasted
		}
		s.Environment = paste(set)
	}
	if a.code != nil && len(set) > 0 {
		if s.Code = a.code(set); s.Code != nil {
			s.Header = a.Header
		}
	}
	if library == "" && a.Name != ptmalloc.Name { // which every program has
		if library, err = a.FindLibrary(); err != nil {
			return Setting{}, err
		}
	}
	if library != "" {
		if strings.ContainsAny(library, " \t\n:") {
			return Setting{}, fmt.Errorf("LD_PRELOAD takes spaces and colons for ends of names: put %q under a path without them", library)
		}
		s.Environment = append([]string{"LD_PRELOAD=" + library}, s.Environment...)
	}
	for _, line := range s.Environment {
		if strings.ContainsAny(line, "\x00\n\r") {
			return Setting{}, errors.New("a line break in a value has no place in an environment")
		}
	}
	return s, nil
}

// typed is a value as the knob wants it: JSON has no whole numbers.
func (a Allocator) typed(name string, value any) any {
	k, _ := a.Knob(name)
	if f, ok := value.(float64); ok && (k.Kind == KindCount || k.Kind == KindBytes) && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return value
}

// Shell is the start of a command line that runs a program under the setting;
// "" where there is nothing to set.
func (s Setting) Shell() string {
	if len(s.Environment) == 0 {
		return ""
	}
	words := []string{"env"}
	for _, line := range s.Environment {
		words = append(words, shellWord(line))
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a POSIX shell, where it must be.
func shellWord(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Systemd are the lines for the [Service] section of a unit. Within quotes
// systemd undoes C's escapes, and % begins a specifier everywhere
// (systemd.syntax(7), QUOTING; systemd.unit(5), SPECIFIERS). $ means nothing there.
func (s Setting) Systemd() []string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`)
	var lines []string
	for _, line := range s.Environment {
		lines = append(lines, `Environment="`+escape.Replace(line)+`"`)
	}
	return lines
}

// Dockerfile are the lines for a Dockerfile. Within double quotes a backslash
// escapes, and $ begins a variable unless it is escaped.
// https://docs.docker.com/reference/dockerfile/#environment-replacement
func (s Setting) Dockerfile() []string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`)
	var lines []string
	for _, line := range s.Environment {
		name, value, _ := strings.Cut(line, "=")
		lines = append(lines, "ENV "+name+`="`+escape.Replace(value)+`"`)
	}
	return lines
}
