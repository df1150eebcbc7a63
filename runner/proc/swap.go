package proc

import (
	"os"
	"strconv"
	"strings"
)

// Swap is one area of /proc/swaps, in bytes.
type Swap struct {
	Filename string `json:"filename"`
	Type     string `json:"type"` // "partition" or "file"
	Size     int64  `json:"size_bytes"`
	Used     int64  `json:"used_bytes"`
}

// parseSwaps reads a table whose first line is the header. Blanks in names are
// escaped, so that lines have five fields.
func parseSwaps(text string) ([]Swap, error) {
	swaps := []Swap{}
	_, body, _ := strings.Cut(text, "\n")
	for line := range strings.Lines(body) {
		f := strings.Fields(line)
		if len(f) != 5 {
			return nil, parseError("swaps", line)
		}
		size, ok1 := parseKB(f[2] + " kB")
		used, ok2 := parseKB(f[3] + " kB")
		if !ok1 || !ok2 {
			return nil, parseError("swaps", line)
		}
		swaps = append(swaps, Swap{Filename: unescapeOctal(f[0]), Type: f[1], Size: size, Used: used})
	}
	return swaps, nil
}

// zram maps each compressed memory device that is set up to its size in
// bytes. Swapping to one costs processor time and memory, not I/O.
func (fs FS) zram() map[string]int64 {
	entries, err := os.ReadDir(fs.path("sys/block"))
	if err != nil {
		return nil
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "zram") {
			continue
		}
		n, err := strconv.ParseInt(fs.readTrimmed("sys/block", e.Name(), "disksize"), 10, 64)
		if err == nil && n > 0 {
			sizes[e.Name()] = n
		}
	}
	return sizes
}
