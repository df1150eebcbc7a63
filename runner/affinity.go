package runner

import (
	"alloclab/results"
	"fmt"

	"golang.org/x/sys/unix"
)

// allowedCPUs are the CPUs that the lab itself may use, in ascending order.
func allowedCPUs() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cpus []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// affinity is the first n CPUs that the lab may use; for 0 it is nil, which
// leaves a process where the lab is.
func affinity(n int) []int {
	cpus := allowedCPUs()
	if n == 0 || n > len(cpus) {
		return nil
	}
	return cpus[:n]
}

// enoughCPUs refuses cells that ask for more CPUs than the lab may use.
func enoughCPUs(cells []results.Cell) error {
	for _, c := range cells {
		if n := len(allowedCPUs()); c.CPUs > n {
			return fmt.Errorf("%s asks for %d CPUs and this machine lets the lab use %d", c.Name, c.CPUs, n)
		}
	}
	return nil
}
