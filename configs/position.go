package configs

import (
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxDepth is how deep keys, tables and lists may nest. An experiment needs
// four levels; the limit stands because the TOML library takes time and memory
// that grow with the square of the depth (a header of 100 KB took 20 s, an
// inline table of 150 KB all of the memory), so it is checked before the
// library sees the text.
const maxDepth = 16

// place says where a key and its value stand in the file. The tree of places
// mirrors the tree that the TOML library decodes, which carries no positions
// for keys in tables that are decoded into maps.
type place struct {
	key    Position // for an item of a list the item itself; for a table the name in its header
	value  Position
	depth  int
	fields map[string]*place
	items  []*place
}

// scan gives the places of all keys and values of a TOML text, and where the
// text nests deeper than maxDepth, or nil. It does not judge the text: where
// it meets what TOML does not allow it stops, and leaves it to the library to
// say what is wrong.
func scan(source string) (root *place, deep *Position) {
	s := newScanner(source)
	root = &place{key: s.here(), value: s.here()}
	table := root
	for s.skip(); !s.done(); s.skip() {
		if s.source[s.offset] == '[' {
			table = s.header(root)
		} else {
			s.pair(table)
		}
	}
	return root, s.deep
}

// positionOf is the position of a byte offset, which may also be the text's end.
func positionOf(source string, offset int) Position {
	s := newScanner(source)
	s.offset = min(max(offset, s.offset), len(source))
	return s.here()
}

const byteOrderMark = "\xef\xbb\xbf"

// part is one name of a dotted key.
type part struct {
	name string
	at   Position
}

type scanner struct {
	source string
	offset int
	seen   int      // the offset that at belongs to: positions are only ever asked for going forward
	at     Position // of seen
	deep   *Position
}

func newScanner(source string) *scanner {
	s := &scanner{source: source, at: Position{1, 1}}
	s.take(byteOrderMark)
	s.seen = s.offset
	return s
}

func (s *scanner) done() bool { return s.offset >= len(s.source) }

// stop ends the scan: every loop ends at the end of the text.
func (s *scanner) stop() { s.offset = len(s.source) }

func (s *scanner) take(token string) bool {
	found := strings.HasPrefix(s.source[s.offset:], token)
	if found {
		s.offset += len(token)
	}
	return found
}

func (s *scanner) here() Position {
	for s.seen < s.offset {
		r, size := utf8.DecodeRuneInString(s.source[s.seen:])
		s.seen += size
		if s.at.Column++; r == '\n' {
			s.at = Position{s.at.Line + 1, 1}
		}
	}
	return s.at
}

// until moves on to the first of the given bytes, or to the end.
func (s *scanner) until(bytes string) {
	if i := strings.IndexAny(s.source[s.offset:], bytes); i >= 0 {
		s.offset += i
	} else {
		s.stop()
	}
}

func (s *scanner) blanks() {
	for s.take(" ") || s.take("\t") {
	}
}

// skip passes blanks, line ends and comments.
func (s *scanner) skip() {
	for {
		before := s.offset
		for s.blanks(); s.take("\n") || s.take("\r"); s.blanks() {
		}
		if s.take("#") {
			s.until("\n")
		}
		if s.offset == before {
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and gives the table that it opens.
func (s *scanner) header(root *place) *place {
	end := "]]"
	if !s.take("[[") {
		s.take("[")
		end = "]"
	}
	path := s.path()
	if !s.take(end) {
		s.stop()
		return root
	}
	table := s.descend(root, path[:len(path)-1])
	last := path[len(path)-1]
	if end == "]" {
		return s.descend(table, path[len(path)-1:])
	}
	list := s.child(table, last)
	item := &place{key: last.at, value: last.at, depth: list.depth + 1}
	list.items = append(list.items, item)
	return item
}

// pair reads key = value into a table.
func (s *scanner) pair(table *place) {
	path := s.path()
	if !s.take("=") {
		s.stop()
		return
	}
	s.blanks()
	field := s.child(s.descend(table, path[:len(path)-1]), path[len(path)-1])
	field.value = s.here()
	s.value(field)
}

// path reads a dotted key; it has one part at least.
func (s *scanner) path() []part {
	var path []part
	for {
		s.blanks()
		at := s.here()
		path = append(path, part{s.name(), at})
		s.blanks()
		if !s.take(".") {
			return path
		}
		if len(path) == maxDepth {
			s.tooDeep(at)
			return path
		}
	}
}

// name reads one bare or quoted name of a key.
func (s *scanner) name() string {
	start := s.offset
	if s.done() || s.source[start] != '"' && s.source[start] != '\'' {
		s.until(" \t\r\n.=[]{},#\"'")
		return s.source[start:s.offset]
	}
	s.text()
	quoted := s.source[start:s.offset]
	if len(quoted) < 2 {
		return ""
	}
	if quoted[0] == '\'' || !strings.Contains(quoted, `\`) {
		return quoted[1 : len(quoted)-1]
	}
	// The library unescapes, so that both trees hold the same name.
	var decoded struct{ K string }
	if _, err := toml.Decode("K = "+quoted, &decoded); err != nil {
		s.stop()
	}
	return decoded.K
}

// descend follows names from a table, into the last table of a list of tables.
func (s *scanner) descend(table *place, path []part) *place {
	for _, p := range path {
		table = s.child(table, p)
		if n := len(table.items); n > 0 {
			table = table.items[n-1]
		}
	}
	return table
}

// child is the field of a table, made where the file names it first.
func (s *scanner) child(table *place, p part) *place {
	field := table.fields[p.name]
	if field == nil {
		field = &place{key: p.at, value: p.at, depth: table.depth + 1}
		if table.fields == nil {
			table.fields = map[string]*place{}
		}
		table.fields[p.name] = field
	}
	return field
}

func (s *scanner) tooDeep(at Position) {
	if s.deep == nil {
		s.deep = &at
	}
	s.stop()
}

// value reads a value into its place.
func (s *scanner) value(v *place) {
	switch {
	case v.depth > maxDepth:
		s.tooDeep(v.value)
	case s.take("["):
		s.sequence("]", func() {
			item := &place{key: s.here(), value: s.here(), depth: v.depth + 1}
			v.items = append(v.items, item)
			s.value(item)
		})
	case s.take("{"):
		s.sequence("}", func() { s.pair(v) })
	case strings.HasPrefix(s.source[s.offset:], `"`), strings.HasPrefix(s.source[s.offset:], `'`):
		s.text()
	default:
		s.until(",]}#\n")
	}
}

// sequence reads elements divided by commas up to the closing bracket.
func (s *scanner) sequence(end string, element func()) {
	for s.skip(); !s.done() && !s.take(end); s.skip() {
		before := s.offset
		element()
		s.skip()
		s.take(",")
		if s.offset == before {
			s.stop()
		}
	}
}

// text passes a string of any of the four kinds.
func (s *scanner) text() {
	quote := s.source[s.offset : s.offset+1]
	end := quote
	if s.take(quote + quote + quote) {
		end = quote + quote + quote
	} else {
		s.take(quote)
	}
	for !s.take(end) {
		if s.done() {
			return
		}
		if quote == `"` && s.take(`\`) && s.done() {
			return
		}
		s.offset++
	}
	// Up to two quotes before the closing three belong to the text.
	for i := 0; i < 2 && len(end) == 3 && s.take(quote); i++ {
	}
}
