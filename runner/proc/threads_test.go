package proc

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestThreads makes a thread and looks for it and its processor time.
func TestThreads(t *testing.T) {
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	tid, done, ended := make(chan int), make(chan bool), make(chan bool)
	onOwnThread(func() {
		defer close(ended)
		for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
			continue
		}
		tid <- unix.Gettid()
		<-done
	})
	id := <-tid
	list, err := p.Threads()
	if err != nil || !slices.Contains(list, id) || !slices.IsSorted(list) || !slices.Contains(list, os.Getpid()) {
		t.Errorf("%v lacks %d: %v", list, id, err)
	}
	s, err := p.Schedstat(id)
	if Unsupported(err) {
		t.Skip("the kernel has no schedstat")
	}
	if err != nil || s.RunNs < 1e6 || s.RunNs > 10e9 || s.Timeslices < 1 {
		t.Errorf("%+v, %v: it ran for up to 20 ms", s, err)
	}
	close(done)
	<-ended
	for range 1000 {
		if _, err = p.Schedstat(id); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(err, ErrExited) {
		t.Errorf("an ended thread: %v", err)
	}
}

func TestSchedstat(t *testing.T) {
	p := openFixture(t, "process-6.18.txtar", 42)
	got, err := p.Schedstat(42)
	if want := (Schedstat{RunNs: 48384366, WaitNs: 66455835, Timeslices: 38}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	list, err := p.Threads()
	if err != nil || !slices.Equal(list, []int{42}) {
		t.Errorf("%v, %v", list, err)
	}
	for _, bad := range []string{"", "1 2", "1 2 3 4", "1 x 3", "1 -2 3"} {
		if s, err := parseSchedstat(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, s, err)
		}
	}
}

func FuzzSchedstat(f *testing.F) {
	seed(f, "/schedstat")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSchedstat(text); err == nil && (s.RunNs < 0 || s.WaitNs < 0) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
