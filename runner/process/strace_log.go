package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Call is one system call of a log of strace.
type Call struct {
	Time   float64 // seconds since the log's first line, when it was seen to end
	Name   string
	Args   []string // as strace writes them
	Result string   // "0x7f…", "0"; "?" where the process ended in it
	Errno  string   // "ENOMEM"; "" where it succeeded
}

// StraceLog reads what strace writes with -f and relative timestamps, line by
// line. A call that was interrupted by another thread's line stands on two;
// they are put together.
type StraceLog struct {
	in   *bufio.Reader
	line int
	time float64
	open map[string]string // by pid: the beginning of a call whose end is to come
}

// NewStraceLog reads from r.
func NewStraceLog(r io.Reader) *StraceLog {
	return &StraceLog{in: bufio.NewReaderSize(r, maxStraceLine), open: map[string]string{}}
}

// maxStraceLine bounds a line: a call for memory takes some 150 characters.
const maxStraceLine = 64 << 10

// Unfinished is how many calls began and were not seen to end, so far.
func (l *StraceLog) Unfinished() int { return len(l.open) }

// Next is the next call that ended, in the order of their ends. After the last it
// returns io.EOF. A line that is not understood is an error: a count that leaves it out would be wrong.
func (l *StraceLog) Next() (Call, error) {
	for {
		text, err := l.in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return Call{}, io.EOF
		case errors.Is(err, bufio.ErrBufferFull):
			return Call{}, fmt.Errorf("strace's log, line %d: longer than %d characters", l.line+1, maxStraceLine)
		case err != nil && !errors.Is(err, io.EOF):
			return Call{}, fmt.Errorf("strace's log, line %d: %w", l.line+1, err)
		}
		l.line++
		c, whole, fault := l.take(strings.TrimRight(string(text), "\n"))
		if fault != "" {
			return Call{}, fmt.Errorf("strace's log, line %d: %s: %.200q", l.line, fault, text)
		}
		if whole {
			return c, nil
		}
	}
}

const (
	straceBreak   = "<unfinished ...>"
	straceResumed = " resumed>"
)

// take reads one line: "PID  SECONDS call(args) = result". Whole says that a call ended in it.
func (l *StraceLog) take(line string) (c Call, whole bool, fault string) {
	pid, rest, _ := strings.Cut(line, " ")
	if _, err := strconv.ParseUint(pid, 10, 32); err != nil {
		return c, false, "no process begins it"
	}
	since, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	seconds, err := strconv.ParseFloat(since, 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		return c, false, "no time follows the process"
	}
	l.time += seconds
	switch {
	case strings.HasPrefix(rest, "+++ "): // the thread or process ended: what it had begun never will
		return c, false, ""
	case strings.HasPrefix(rest, "--- "): // a signal, or a stop
		return c, false, ""
	case strings.HasPrefix(rest, "<... "):
		name, tail, ok := strings.Cut(rest[len("<... "):], straceResumed)
		begun, known := l.open[pid]
		if !ok || !known || !strings.HasPrefix(begun, name+"(") {
			return c, false, "it goes on with a call that did not begin"
		}
		delete(l.open, pid)
		rest = begun + strings.TrimLeft(tail, " ")
	}
	if begun, ok := strings.CutSuffix(rest, straceBreak); ok {
		if _, twice := l.open[pid]; twice || !strings.Contains(begun, "(") {
			return c, false, "it begins a call within another"
		}
		l.open[pid] = strings.TrimRight(begun, " ")
		return c, false, ""
	}
	rest = strings.Replace(rest, straceBreak, "", 1) // "mmap(NULL, 4096 <unfinished ...>) = ?": killed in it
	if _, twice := l.open[pid]; twice {
		return c, false, "it is within a call that did not end"
	}
	return l.call(rest)
}

// call reads "name(args) = result".
func (l *StraceLog) call(text string) (Call, bool, string) {
	at := strings.LastIndex(text, " = ")
	if at < 0 {
		return Call{}, false, "it has no result"
	}
	called := strings.TrimRight(text[:at], " ")
	name, args, ok := strings.Cut(called, "(")
	args, closed := strings.CutSuffix(args, ")")
	if !ok || !closed || name == "" || strings.ContainsAny(name, " <>") {
		return Call{}, false, "it is no call"
	}
	c := Call{Time: l.time, Name: name}
	if args = strings.TrimSpace(args); args != "" {
		c.Args = strings.Split(args, ", ")
	}
	c.Result, text, _ = strings.Cut(strings.TrimSpace(text[at+len(" = "):]), " ")
	if c.Result == "" {
		return Call{}, false, "it has no result"
	}
	if c.Result == "-1" {
		if c.Errno, _, _ = strings.Cut(text, " "); c.Errno == "" {
			return Call{}, false, "it failed for no reason"
		}
	}
	return c, true, ""
}
