package runner

import (
	"alloclab/results"
	"alloclab/runner/inspect"
	"alloclab/runner/proc"
)

// Inspect looks at a running process from outside. An *inspect.AccessError comes
// with what may be read of any process.
func Inspect(pid int) (results.Inspection, error) {
	return inspect.Look(proc.NewFS("/"), pid)
}
