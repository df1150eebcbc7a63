package proc

import (
	"strconv"
	"strings"
)

// Status is the part of /proc/PID/status that says how much memory a process
// holds and how often it was switched. Sizes are bytes. HWM and RSS of one
// Status are of one moment; those of two are not.
type Status struct {
	Name      string // the command, escaped as the kernel does
	State     string // one letter: R, S, D, T (stopped), t (traced), Z, X, I
	Tgid      int
	Pid       int
	PPid      int
	TracerPid int   // of the process that traces this one (ptrace); 0: none
	VmPeak    int64 // the most that was ever mapped
	VmSize    int64 // mapped
	VmLck     int64 // locked by mlock(2)
	VmHWM     int64 // the peak of VmRSS; reset by execve
	VmRSS     int64 // RssAnon + RssFile + RssShmem
	VmData    int64
	VmStk     int64
	VmPTE     int64 // page tables

	RssAnon  int64 // resident anonymous memory (Linux 4.5)
	RssFile  int64 // resident file mappings
	RssShmem int64 // resident shared memory: System V, tmpfs, shared anonymous
	VmSwap   int64 // swapped anonymous memory, without shared memory

	Threads                  int
	VoluntaryCtxtSwitches    int64 // of the first thread alone
	NonvoluntaryCtxtSwitches int64 // of the first thread alone
	CpusAllowedList          string

	// THPEnabled is whether transparent huge pages may be used: false after
	// PR_SET_THP_DISABLE, which is inherited. It is nil before Linux 5.0
	// and for a process without an address space.
	THPEnabled *bool
}

// Status reads the process's status: about 8 us, of which the kernel takes 3. Of a zombie it returns both
// what there is (State is Z, no sizes) and ErrExited.
func (p *Process) Status() (Status, error) {
	b, err := p.read(&p.status, "status", make([]byte, 4096))
	if err != nil {
		return Status{}, err
	}
	s, mm, err := parseStatus(string(b))
	if err != nil {
		return Status{}, err
	}
	if !mm {
		return s, noMemory(p.pid, "status")
	}
	return s, nil
}

// parseStatus reads "Key:\tvalue" lines; keys that it does not know are
// skipped. mm is false where the process has no address space. Where it has
// one, the sizes that every kernel since 4.5 writes must be there.
func parseStatus(text string) (s Status, mm bool, err error) {
	sizes := map[string]*int64{
		"VmPeak": &s.VmPeak, "VmSize": &s.VmSize, "VmLck": &s.VmLck, "VmHWM": &s.VmHWM,
		"VmRSS": &s.VmRSS, "VmData": &s.VmData, "VmStk": &s.VmStk, "VmPTE": &s.VmPTE,
		"RssAnon": &s.RssAnon, "RssFile": &s.RssFile, "RssShmem": &s.RssShmem, "VmSwap": &s.VmSwap,
	}
	found := 0
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimPrefix(value, "\t")
		if at := sizes[key]; at != nil {
			if *at, ok = parseKB(value); !ok {
				return Status{}, false, parseError("status", line)
			}
			switch key {
			case "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap":
				found++
			}
			continue
		}
		if err := s.set(key, value); err != nil {
			return Status{}, false, parseError("status", line)
		}
	}
	if s.State == "" {
		return Status{}, false, parseError("status: no State", text)
	}
	if found != 0 && found != 6 {
		return Status{}, false, parseError("status: sizes missing", text)
	}
	return s, found == 6, nil
}

// set takes a value that is not a size.
func (s *Status) set(key, value string) (err error) {
	switch key {
	case "Name":
		s.Name = value
	case "State":
		s.State, _, _ = strings.Cut(value, " ")
	case "Tgid":
		s.Tgid, err = strconv.Atoi(value)
	case "Pid":
		s.Pid, err = strconv.Atoi(value)
	case "PPid":
		s.PPid, err = strconv.Atoi(value)
	case "TracerPid":
		s.TracerPid, err = strconv.Atoi(value)
	case "Threads":
		s.Threads, err = strconv.Atoi(value)
	case "voluntary_ctxt_switches":
		s.VoluntaryCtxtSwitches, err = strconv.ParseInt(value, 10, 64)
	case "nonvoluntary_ctxt_switches":
		s.NonvoluntaryCtxtSwitches, err = strconv.ParseInt(value, 10, 64)
	case "Cpus_allowed_list":
		s.CpusAllowedList = value
	case "THP_enabled":
		on := value == "1"
		if !on && value != "0" {
			return ErrParse
		}
		s.THPEnabled = &on
	}
	return err
}
