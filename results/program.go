package results

import (
	"path/filepath"
	"strings"
)

// Program is the user's own program as the experiment runs it.
type Program struct {
	Command     []string   `json:"command"`
	Directory   string     `json:"directory,omitempty"`
	Environment []string   `json:"environment,omitempty"` // "NAME=value"
	ReadyPort   int        `json:"ready_port,omitempty"`
	ReadyLine   string     `json:"ready_line,omitempty"`
	Load        [][]string `json:"load,omitempty"`
	StopSignal  string     `json:"stop_signal,omitempty"`
	StopCommand []string   `json:"stop_command,omitempty"`
	After       float64    `json:"after_s,omitempty"`
	Duration    float64    `json:"duration_s,omitempty"`
	FirstBytes  bool       `json:"first_bytes,omitempty"` // pass census groups live blocks by size and first 8 bytes
}

// Began says in words when the mark baseline is.
func (p *Program) Began() string {
	if p.ReadyPort == 0 && p.ReadyLine == "" {
		return "it started"
	}
	return "it was ready"
}

// words are the program's command and how long it is watched, for headings.
func (p *Program) words() string {
	const longest = 60
	var shown []string
	for _, word := range p.Command {
		if word == "" || strings.ContainsAny(word, " \t\n'\"") {
			word = "'" + word + "'"
		}
		shown = append(shown, word)
	}
	command := Plain(strings.Join(shown, " "))
	if r := []rune(command); len(r) > longest {
		command = string(r[:longest-1]) + "…"
	}
	if p.After > 0 {
		command += ", watched " + Seconds(p.After) + " after its load"
	}
	return command
}

// title is the program in words: its name where the command does not begin
// with it, and the command.
func (p *Program) title(name string) string {
	if filepath.Base(p.Command[0]) == name {
		return p.words()
	}
	return Plain(name) + "  " + p.words()
}

// Resident is where a program's resident memory lies when nobody knows its
// blocks: what is live, pinned or empty is not known then, and is not 0.
type Resident struct {
	Lab   int64 `json:"lab"`   // the lab's own memory in the process
	Other int64 `json:"other"` // program, libraries, the first stack, files
	Heap  int64 `json:"heap"`  // private anonymous memory that is none of it: the allocator's, the program's own mappings, thread stacks
}

// Total is the sum of all accounts: RSS of the measured process.
func (r Resident) Total() int64 { return r.Lab + r.Other + r.Heap }

// ProcessMemory is one process of a program's tree at a mark.
type ProcessMemory struct {
	Pid      int    `json:"pid"`
	Parent   int    `json:"parent"`
	Command  string `json:"command"` // the name that the kernel keeps, 15 bytes at most
	RSS      int64  `json:"rss_bytes"`
	PSS      int64  `json:"pss_bytes"`           // a page that n processes map counts 1/n
	Lab      int64  `json:"lab_bytes,omitempty"` // the lab's own part of both
	ServedBy string `json:"served_by,omitempty"` // who serves malloc in it; "" is not known
}

// SizeClass is how many live blocks have one usable size.
type SizeClass struct {
	Usable int64 `json:"usable_bytes,omitempty"` // 0: all sizes that are not listed
	Blocks int64 `json:"blocks"`
	Bytes  int64 `json:"bytes"`
}

// BlockKind is how many live blocks have one usable size and begin with the
// same 8 bytes: a type's virtual table, a length, a tag. It holds what the program keeps in
// memory, so it is stored only where the experiment asks for it.
type BlockKind struct {
	Usable int64  `json:"usable_bytes"`
	First  string `json:"first"` // the 8 bytes in hexadecimal, in the order of memory
	Blocks int64  `json:"blocks"`
	Bytes  int64  `json:"bytes"`
}

// Lab is the lab's own resident memory at the mark; false where nothing was
// counted.
func (m *Mark) Lab() (int64, bool) {
	switch {
	case m.Ledger != nil:
		return m.Ledger.Lab, true
	case m.Resident != nil:
		return m.Resident.Lab, true
	case len(m.Processes) > 0:
		return m.Processes[0].Lab, true
	default:
		return 0, false
	}
}

// Memory is what the mark holds, in bytes, the lab's own left out: RSS of one process, the sum
// of PSS of several. It is false where nothing was counted.
func (m *Mark) Memory() (int64, bool) {
	if len(m.Processes) < 2 {
		lab, ok := m.Lab()
		return m.RSS - lab, ok
	}
	sum := int64(0)
	for _, p := range m.Processes {
		sum += p.PSS - p.Lab
	}
	return sum, true
}

// resident checks the accounts of a program's mark.
func (v *validation) resident(m *Mark) {
	r := m.Resident
	v.check(r.Lab >= 0 && r.Other >= 0 && r.Heap >= 0, "mark %s: an account of resident memory is negative: %+v", m.Name, *r)
	if m.Racy {
		return
	}
	v.check(r.Total() == m.RSS, "mark %s: resident memory adds up to %d, rss_bytes is %d", m.Name, r.Total(), m.RSS)
}

// processes checks the processes of a program's mark.
func (v *validation) processes(m *Mark) {
	for _, p := range m.Processes {
		v.check(p.Pid > 0 && p.Lab >= 0 && p.Lab <= p.RSS && p.PSS >= 0 && p.PSS <= p.RSS, "mark %s: process %d has RSS %d, PSS %d and %d of the lab's", m.Name, p.Pid, p.RSS, p.PSS, p.Lab)
	}
}

// markMetric checks that the metric which repeats a mark's memory does.
func (v *validation) markMetric(m *Mark) {
	name, ok := markMetric[m.Name]
	if !ok {
		return
	}
	value, ok := v.trial.Metrics[name]
	memory, taken := m.Memory()
	v.check(!ok || !taken || value == float64(memory), "%s is %.0f, mark %s without the lab %d", name, value, m.Name, memory)
}
