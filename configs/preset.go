package configs

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed presets/*.toml
var presetFiles embed.FS

// Preset is an experiment that comes with alloclab.
type Preset struct {
	Name   string // the file's name without .toml
	Doc    string // what it shows: the file's first line, a comment
	Source []byte
}

// Presets are the experiments that come with alloclab, in the order of their
// names. They are plain experiment files: print one to start your own from it.
func Presets() []Preset {
	var presets []Preset
	files, _ := fs.Glob(presetFiles, "presets/*.toml") // the pattern is well formed
	for _, file := range files {
		source, err := presetFiles.ReadFile(file)
		if err != nil {
			panic(err) // an embedded file that was just listed
		}
		first, _, _ := strings.Cut(string(source), "\n")
		presets = append(presets, Preset{
			Name:   strings.TrimSuffix(path.Base(file), ".toml"),
			Doc:    strings.TrimSpace(strings.TrimLeft(first, "#")),
			Source: source,
		})
	}
	return presets
}
