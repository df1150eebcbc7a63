package configs

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// checkPlaces walks the tree that the library decoded beside the tree of
// places: they must have the same shape, and at each place must stand the key,
// or a text that decodes to the value.
func checkPlaces(t *testing.T, source, path string, v any, at *place) {
	t.Helper()
	if at == nil {
		t.Fatalf("%s has no place in\n%s", path, source)
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) != len(at.fields) {
			t.Fatalf("%s: %d keys, %d places in\n%s", path, len(v), len(at.fields), source)
		}
		for name, value := range v {
			field := at.fields[name]
			checkPlaces(t, source, path+"."+name, value, field)
			if text := textAt(t, source, field.key); !namesKey(text, name) {
				t.Fatalf("%s: its key is not at %v: %.40q in\n%s", path+"."+name, field.key, text, source)
			}
		}
	case []map[string]any, []any:
		list := reflect.ValueOf(v)
		if list.Len() != len(at.items) {
			t.Fatalf("%s: %d items, %d places in\n%s", path, list.Len(), len(at.items), source)
		}
		for i := range list.Len() {
			checkPlaces(t, source, fmt.Sprintf("%s[%d]", path, i), list.Index(i).Interface(), at.items[i])
		}
	default:
		if text := textAt(t, source, at.value); !decodesTo(text, v) {
			t.Fatalf("%s: its value %#v is not at %v: %.40q in\n%s", path, v, at.value, text, source)
		}
	}
}

// textAt is the text from a position on.
func textAt(t *testing.T, source string, at Position) string {
	t.Helper()
	lines := strings.SplitAfter(strings.TrimPrefix(source, byteOrderMark), "\n")
	if at.Line < 1 || at.Line > len(lines) || at.Column < 1 || at.Column > len([]rune(lines[at.Line-1]))+1 {
		t.Fatalf("%v is outside the text\n%s", at, source)
	}
	return string([]rune(lines[at.Line-1])[at.Column-1:]) + strings.Join(lines[at.Line:], "")
}

// namesKey says whether a text begins with the name, bare or quoted.
func namesKey(text, name string) bool {
	if !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, `'`) {
		return strings.HasPrefix(text, name) && name != ""
	}
	return decodesTo(text, name)
}

// decodesTo says whether a text begins with a value. It tries every length,
// which is slow and independent of the scanner.
func decodesTo(text string, want any) bool {
	for n := 1; n <= len(text); n++ {
		var got map[string]any
		if _, err := toml.Decode("v = "+text[:n], &got); err == nil && fmt.Sprint(got["v"]) == fmt.Sprint(want) {
			return true
		}
	}
	return false
}

var positionTexts = map[string]string{
	"empty":           "",
	"comment":         "# a = 1\n",
	"plain":           "a = 1\nb = 'x'\n",
	"no line end":     "a = 1",
	"crlf":            "a = 1\r\n# c\r\n[t]\r\nb = [\r\n 1,\r\n 2,\r\n]\r\n",
	"bom":             byteOrderMark + "a = 1\nb = 2\n",
	"bom and header":  byteOrderMark + "[a]\nb = 2\n",
	"dotted":          "a.b.c = 1\na.b.d = 2\n a . e = 3\n",
	"quoted":          "\"a b\" = 1\n'c.d'.e = 2\n\"\" = 3\n\"\\u0041\\t\".f = 4\n",
	"quoted headers":  "[\"a.b\".'c']\nd = 1\n[ e . f ]\ng = 1\n[[\"h i\"]]\nj = 1\n",
	"not ascii":       "a = 'äöü' # ß\nt = { k = '日本', l = 2 }\n",
	"inline":          "a = { b = 1, c.d = 2, e = { f = [] }, g = {} }\n",
	"inline lines":    "a = {\n b = 1, # c }\n c = 2,\n}\n",
	"lists":           "a = [1, [2, 3], [], [[]], ]\nb = [ # ]\n 'x', # 1\n \"]\",\n\n]\n",
	"inline tables":   "a = [{ b = 1 }, { b = 2, c = [{}] }, {}]\n",
	"strings":         "a = \"\\\"#\\\\\" # \"\nb = 'c:\\' # '\nc = \"\"\nd = ''\n",
	"multi-line":      "a = \"\"\"\nb = 1\n[c]\n\\\"\"\"\\\"\"\"\"\"\nd = '''\n'e' = \\'''\nf = \"\"\"\"\"\"\ng = '''''x'''''\nh = 1\n",
	"scalars":         "a = 1979-05-27 07:32:00Z # c\nb = 0x1F\nc = +1_0.5e3\nd = true\ne = [ 07:32:00,1979-05-27 ]\nf = -inf\n",
	"repeated tables": "[[v]]\na = 1\n[v.k]\nb = 1\n[[v]]\na = 2\n[[v.w]]\nc = 1\n[[v.w]]\nc = 2\n[v.k]\nb = 2\n[v.w.x]\nd=1\n",
	"late parent":     "[a.b]\nc = 1\n[a]\nd = 2\n",
	"table then list": "[a]\nb.c = 1\n[[a.d]]\n[[a.d]]\ne = { f.g = 1 }\n[a.h]\n",
	"deepest header":  "[a.b.c.d.e.f.g.h.i.j.k.l.m.n.o]\np = 1\n",
	"deepest key":     "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p = 1\n",
	"deepest value":   "a = [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]\n",
	"blank headers":   "  [ a ] # x\n\t[[ b ]] # y\n",
}

func TestPositionsAgree(t *testing.T) {
	for name, source := range positionTexts {
		t.Run(name, func(t *testing.T) { agree(t, source) })
	}
}

// agree checks the places of a text that the library must accept.
func agree(t *testing.T, source string) {
	t.Helper()
	var values map[string]any
	if _, err := toml.Decode(source, &values); err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	root, deep := scan(source)
	if deep != nil {
		t.Fatalf("too deep at %v in\n%s", *deep, source)
	}
	checkPlaces(t, source, "", values, root)
}

func TestPositionsOfRandomTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		agree(t, randomText(rnd))
	}
}

// randomText writes a valid text: distinct names, every kind of value, header
// and blank.
func randomText(rnd *rand.Rand) string {
	names := 0
	name := func() string {
		names++
		return fmt.Sprintf([]string{"k%d", `"k %d"`, "'k.%d'", `"\u00e9%d"`, `"é%d"`}[rnd.IntN(5)], names)
	}
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	key := func() string {
		k := name()
		for rnd.IntN(3) == 0 {
			k += pick(".", " . ", "\t.") + name()
		}
		return k
	}
	var value func(depth int) string
	value = func(depth int) string {
		if depth > 0 && rnd.IntN(3) == 0 {
			open, end, element := "[", "]", func() string { return value(depth - 1) }
			if rnd.IntN(2) == 0 {
				open, end, element = "{", "}", func() string { return key() + pick("=", " = ") + value(depth-1) }
			}
			var items []string
			for range rnd.IntN(4) {
				items = append(items, element())
			}
			gap := pick("", " ")
			if open == "[" {
				gap = pick("", " ", "\n\t", " # ],\n", "\r\n")
			}
			return open + gap + strings.Join(items, gap+","+gap) + gap + end
		}
		return pick("1", "-2.5", "true", `"a\"#]"`, `'\'`, "\"\"\"\n[x]\n\\\"\"\"\"\"", "'''y\n'z'''''", "1979-05-27 07:32:00", "'日本'", "inf", `""`)
	}
	var b strings.Builder
	b.WriteString(pick("", byteOrderMark))
	repeated := name()
	for range rnd.IntN(12) {
		switch rnd.IntN(6) {
		case 0:
			fmt.Fprintf(&b, "%s[%s]", pick("", "  "), key())
		case 1:
			fmt.Fprintf(&b, "[[%s%s ]]", pick("", " "), key())
		case 2:
			fmt.Fprintf(&b, "[[%s]]", repeated)
		default:
			b.WriteString(pick("", "\t") + key() + pick("=", " = ") + value(3))
		}
		b.WriteString(pick("\n", "\r\n", " # c\n", "\n\n# [[x]]\n"))
	}
	return b.String()
}
