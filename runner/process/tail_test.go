package process

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTailAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		var tail Tail
		var all []byte
		for range r.IntN(12) {
			b := make([]byte, []int{1, 10, 1000, TailBytes - 1, TailBytes, TailBytes + 1, 3*TailBytes + 7}[r.IntN(7)])
			for i := range b {
				b[i] = byte('a' + r.IntN(26))
			}
			tail.add(b)
			all = append(all, b...)
			if want := string(all[max(0, len(all)-TailBytes):]); tail.String() != want {
				t.Fatalf("after %d bytes the tail is wrong", len(all))
			}
		}
	}
}

func TestTailReadFrom(t *testing.T) {
	text := strings.Repeat("0123456789", 20000)
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "in halves": iotest.HalfReader(strings.NewReader(text)), "with the end": iotest.DataErrReader(strings.NewReader(text))} {
		var tail Tail
		if n, err := tail.ReadFrom(r); n != int64(len(text)) || err != io.EOF || tail.String() != text[len(text)-TailBytes:] {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
	var tail Tail
	broken := errors.New("broken")
	if n, err := tail.ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))); n != 3 || err != broken || tail.String() != "abc" {
		t.Error(n, err, tail.String())
	}
}

func TestTailIsText(t *testing.T) {
	var tail Tail
	tail.add([]byte("\xff\xfe" + "é"))
	if got := tail.String(); got != "\uFFFDé" {
		t.Errorf("%q", got)
	}
	tail = Tail{}
	tail.add([]byte(strings.Repeat("é", TailBytes))) // cut in the middle of a letter or not
	tail.add([]byte("x"))
	if got := tail.String(); !strings.HasPrefix(got, "\uFFFDé") || !strings.HasSuffix(got, "éx") {
		t.Errorf("%q", got[:10])
	}
}

func TestLastLine(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "a\nb\n\n": "b", "\n": ""} {
		if got := lastLine([]byte(in)); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// The line is found wherever the pipe cuts it.
func TestTailSaid(t *testing.T) {
	for _, c := range []struct {
		line, text string
		want       bool
	}{
		{"Ready to accept", "1:M * Ready to accept connections\n", true},
		{"aab", "aaaaab", true}, {"x", "..x", true}, {"Ready", "Read", false}, {"Ready", "", false}, {"", "anything", false},
	} {
		for size := 1; size <= len(c.text)+1; size++ {
			tail := newTail(c.line)
			for at := 0; at < len(c.text); at += size {
				tail.add([]byte(c.text[at:min(at+size, len(c.text))]))
			}
			got := false
			select {
			case <-tail.Said():
				got = true
			default:
			}
			if got != c.want {
				t.Errorf("%q in %q in pieces of %d: %v", c.line, c.text, size, got)
			}
		}
	}
}
