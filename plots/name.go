package plots

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// fileName turns a cell's name into one that needs no quoting on a shell or in
// an address. Two cells never get the same: where a character is lost, part
// of a hash of the name follows.
func fileName(cell string) string {
	lost := false
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.', r == '=':
			return r
		case r >= 'A' && r <= 'Z': // some file systems hold a and A for the same
			lost = true
			return r + 'a' - 'A'
		case r == '/' || r == ',':
			return '-'
		default:
			lost = true
			return '-'
		}
	}, cell)
	if lost || strings.Contains(cell, "-") || strings.Contains(cell, ",") || len(name) > 80 || name == "" {
		sum := sha256.Sum256([]byte(cell))
		name = name[:min(len(name), 80)] + "-" + hex.EncodeToString(sum[:3])
	}
	return name
}
