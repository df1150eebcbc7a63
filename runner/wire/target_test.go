package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// scripted is a target whose process is this goroutine: it answers each message with the next of answers.
func scripted(t *testing.T, answers ...Message) *Target {
	t.Helper()
	target, files, err := NewTarget()
	if err != nil {
		t.Fatal(err)
	}
	if err := target.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer files[0].Close()
		var b [headBytes + TextMax]byte
		for _, a := range answers {
			if a.Type != Hello {
				if n, err := files[0].Read(b[:]); n == 0 || err != nil {
					return
				}
			}
			if _, err := files[0].Write(encode(a)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { target.Close(); <-ended })
	return target
}

func TestHello(t *testing.T) {
	text := "version=1\npid=42\nruntime=go\ndialect=jemalloc\nserved_by=/lib/x=y.so\nallocator_version=5.3.0\nopt.narenas=8\nnonsense\n"
	id, err := scripted(t, Message{Type: Hello, A: Version, Text: text}).Hello()
	if err != nil {
		t.Fatal(err)
	}
	if id.PID != 42 || id.Runtime != "go" || id.Dialect != "jemalloc" || id.ServedBy != "/lib/x=y.so" || id.Version != "5.3.0" || id.Told["opt.narenas"] != "8" {
		t.Errorf("%+v", id)
	}
	if _, err := scripted(t, Message{Type: Hello, A: Version + 1, Text: text}).Hello(); err == nil || !strings.Contains(err.Error(), "build both again") {
		t.Errorf("a program of another version: %v", err)
	}
	if _, err := scripted(t, Message{Type: Hello, A: Version, Text: "pid=none\n"}).Hello(); err == nil {
		t.Error("a hello without a pid was taken")
	}
	if _, err := scripted(t).Hello(); !errors.Is(err, ErrClosed) {
		t.Errorf("a program that says nothing: %v", err)
	}
}

func TestStart(t *testing.T) {
	target := scripted(t, Message{Type: Ready})
	if err := target.Start("x", []string{"a=1"}); err == nil || !strings.Contains(err.Error(), "has only 0 bytes") {
		t.Errorf("ready without memory: %v", err)
	}
	target = scripted(t, Message{Type: Fail, A: uint64(FailUsage), Text: "there is no workload x"})
	var fail *FailError
	if err := target.Start("x", nil); !errors.As(err, &fail) || fail.Kind != FailUsage {
		t.Errorf("%v", err)
	}
	target = scripted(t, Message{Type: Mark})
	var unexpected *UnexpectedError
	if err := target.Start("x", nil); !errors.As(err, &unexpected) {
		t.Errorf("a mark before ready: %v", err)
	}
}

// ready lays out the memory as a target would and attaches it.
func ready(t *testing.T, target *Target) {
	t.Helper()
	h := layout()
	if err := target.Memory.File().Truncate(16384); err != nil {
		t.Fatal(err)
	}
	put(t, target.Memory, 0, bytesOf(&h))
	if err := target.Memory.Attach(); err != nil {
		t.Fatal(err)
	}
}

func TestEachBlock(t *testing.T) {
	target := scripted(t, Message{Type: Done, A: 2, B: 1}, Message{Type: Done, A: 0, B: 1}, Message{Type: Done, A: 1})
	ready(t, target)
	block := Block{Address: 8, Requested: 1, Usable: 8}
	put(t, target.Memory, 8192, bytesOf(&block))
	var sizes []int
	if err := target.EachBlock(func(b []Block) {
		sizes = append(sizes, len(b))
		if len(b) > 0 && b[0] != block {
			t.Errorf("%+v", b[0])
		}
	}); err != nil || !slices.Equal(sizes, []int{2, 0, 1}) {
		t.Errorf("%v, %v", sizes, err)
	}
	target = scripted(t, Message{Type: Done, A: 1 << 60})
	ready(t, target)
	if err := target.EachBlock(func([]Block) { t.Error("a list that cannot be was handed on") }); err == nil {
		t.Error("2^60 blocks in one page")
	}
	// A target that dies in the middle of its list.
	target = scripted(t, Message{Type: Done, A: 1, B: 1})
	ready(t, target)
	if err := target.EachBlock(func([]Block) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("half a list: %v", err)
	}
}

func TestStatisticsAndRanges(t *testing.T) {
	target := scripted(t, Message{Type: Done, A: 4}, Message{Type: Done, A: 4, B: 1}, Message{Type: Done, A: 4097}, Message{Type: Done, A: 1}, Message{Type: Done, A: 4096})
	ready(t, target)
	put(t, target.Memory, 8192, []byte("a 1\n"))
	if text, err := target.Statistics(); err != nil || text != "a 1\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := target.Statistics(); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("truncated statistics: %v", err)
	}
	if _, err := target.Statistics(); err == nil {
		t.Error("more statistics than the window holds")
	}
	region := Region{Start: 4096, End: 8192, Kind: RegionTLS}
	put(t, target.Memory, 8192, bytesOf(&region))
	ranges, err := target.Ranges()
	if err != nil || len(ranges) != 1 || ranges[0] != region {
		t.Errorf("%v, %v", ranges, err)
	}
	put(t, target.Memory, 8192, make([]byte, 64)) // the window is used again: what was returned is a copy
	if ranges[0] != region {
		t.Error("regions were not copied")
	}
	if _, err := target.Ranges(); err == nil {
		t.Error("more regions than the window holds")
	}
}

func TestLines(t *testing.T) {
	got := Lines("a=1\nb=x=y\nnothing\n=empty\nc=", "=")
	if len(got) != 4 || got["a"] != "1" || got["b"] != "x=y" || got[""] != "empty" || got["c"] != "" {
		t.Errorf("%q", got)
	}
}
