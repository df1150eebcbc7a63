package main

import (
	"alloclab/configs"
	"alloclab/runner"
)

// lab is what is installed here: the measured programs and what they offer.
type lab struct {
	binaries  runner.Binaries
	workloads []runner.Workload
	catalog   configs.Catalog
}

func findLab() (lab, error) {
	binaries, err := runner.FindBinaries()
	if err != nil {
		return lab{}, withCode(exitUnfit, err)
	}
	workloads, err := binaries.Manifest()
	if err != nil {
		return lab{}, withCode(exitUnfit, err)
	}
	return lab{binaries, workloads, runner.Catalog(workloads)}, nil
}
