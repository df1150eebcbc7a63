package main

import (
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // nil: an error
	}{
		{"redis-cli -p 7777 flushall", []string{"redis-cli", "-p", "7777", "flushall"}},
		{"  a\tb\n", []string{"a", "b"}},
		{`a 'b c' "d 'e'" f\ g`, []string{"a", "b c", "d 'e'", "f g"}},
		{`--save ""`, []string{"--save", ""}},
		{`'a\b' "a\"b"`, []string{`a\b`, `a"b`}},
		{`a'b'c $HOME *`, []string{"abc", "$HOME", "*"}},
		{"", nil}, {"   ", nil}, {`a "b`, nil}, {`a\`, nil},
	} {
		got, err := split(c.text)
		if (err != nil) != (c.want == nil) || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
}

// What is quoted comes out of TOML as it was.
func FuzzQuote(f *testing.F) {
	f.Add("plain")
	f.Add("a\"b\\c\n\t\x7f\x00é\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		text = string([]rune(text)) // a command line that is no UTF-8 is refused later
		var got struct{ X string }
		if _, err := toml.Decode("X = "+quote(text), &got); err != nil || got.X != text {
			t.Errorf("%q became %q: %v", text, got.X, err)
		}
	})
}
