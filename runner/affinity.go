package runner

import "golang.org/x/sys/unix"

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
