package results

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain makes text from outside (labels, paths, an allocator's own words) safe
// to print on a terminal and in a drawing. Control characters, which move the
// cursor and start escape sequences, marks of direction, which reorder what a
// person reads, other invisible characters and broken UTF-8 become U+FFFD; a
// tab or line end becomes a space.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			// IsPrint is false for all of Cc, Cf (bidi, zero width), Co, Cs
			// and Z but for the ASCII space.
			return utf8.RuneError
		default:
			return r
		}
	}, text)
}
