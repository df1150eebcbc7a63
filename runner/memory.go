package runner

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// Needs is what a trial of a cell takes, as the workload itself says.
type Needs struct {
	Threads int64
	Peak    int64   // bytes that the workload asks for at most, about
	Lab     int64   // bytes of the lab's own memory in the process
	Seconds float64 // about how long a trial takes
	Unfixed string  // what to give the workload so that its work is fixed; "" where it is
}

// Needs asks the program. Nothing is measured.
func (b Binaries) Needs(cell results.Cell) (Needs, error) {
	environment, _ := process.Environment()
	text := "workload=" + cell.Workload + "\n" + strings.Join(parameterLines(cell.Params), "\n")
	out, err := process.Run(environment, helperLimit, b.Workload("ptmalloc"), "--needs", text)
	if err != nil {
		return Needs{}, fmt.Errorf("what %s needs: %w", cell.Name, err)
	}
	said := wire.Lines(string(out), " ")
	n := Needs{Unfixed: said["unfixed"]}
	for name, at := range map[string]*int64{"threads": &n.Threads, "peak": &n.Peak, "lab": &n.Lab} {
		if *at, err = strconv.ParseInt(said[name], 10, 64); err != nil {
			return Needs{}, fmt.Errorf("what %s needs: %s: %w", cell.Name, name, err)
		}
	}
	if n.Seconds, err = strconv.ParseFloat(said["seconds"], 64); err != nil {
		return Needs{}, fmt.Errorf("what %s needs: seconds: %w", cell.Name, err)
	}
	return n, nil
}

// memoryShare is how much of the memory that is available a trial may take.
const memoryShare = 0.8

// memoryRoom is how many bytes one trial may have: a share of what is
// available, within the limit of the lab's own control group.
func memoryRoom(h proc.Host) int64 {
	room := int64(1) << 62
	if h.MemAvailable != nil {
		room = int64(memoryShare * float64(*h.MemAvailable))
	}
	if limit := h.Cgroup.MemoryMax; limit != nil && *limit >= 0 {
		room = min(room, int64(memoryShare*float64(*limit)))
	}
	return room
}

// TooLargeError is an experiment that this machine has no memory for.
type TooLargeError struct {
	Cell       string
	Need, Room int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s holds about %d MiB, and a trial may take %d MiB here (80 %% of what is available); make it smaller, or --force it",
		e.Cell, e.Need>>20, e.Room>>20)
}

// TooLongError is an experiment whose trials would all be ended at its time limit.
type TooLongError struct {
	Cell        string
	Need, Limit time.Duration
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("%s takes about %v a trial, and time_limit ends it after %v: set time_limit = \"%.0fs\", or --force it",
		e.Cell, e.Need.Round(time.Second), e.Limit, math.Ceil(1.2*e.Need.Seconds()))
}

// largest is the need of the largest cell, checked against the room and the time there is.
func largest(cells []results.Cell, binaries Binaries, room int64, limit time.Duration, force bool) (int64, error) {
	most := int64(0)
	for _, c := range cells {
		if c.Program != nil {
			continue // what it takes nobody knows before it has run
		}
		n, err := binaries.Needs(c)
		if err != nil {
			return 0, err
		}
		if need := n.Peak + n.Lab; need > room && !force {
			return 0, &TooLargeError{Cell: c.Name, Need: need, Room: room}
		}
		if need := time.Duration(n.Seconds * float64(time.Second)); need > limit && !force {
			return 0, &TooLongError{Cell: c.Name, Need: need, Limit: limit}
		}
		most = max(most, n.Peak+n.Lab)
	}
	return most, nil
}

// warmMemory touches as much memory as the largest trial will and gives it
// back: memory that a virtual machine's host never backed is slow at its first touch
// (0.37 instead of 2.5 GiB/s), which would fall to the first trials alone.
func warmMemory(bytes int64) error {
	const room = 1.25 // for what allocators hold beyond what is asked for
	size := int(float64(bytes) * room)
	if size == 0 {
		return nil
	}
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("touching %d MiB before the first round: %w", size>>20, err)
	}
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	return unix.Munmap(memory)
}
