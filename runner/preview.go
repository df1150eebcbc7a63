package runner

import (
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
)

// Preview is what an experiment would do.
type Preview struct {
	Cells   []results.Cell
	Needs   []Needs // of each cell
	Trials  []plan.Trial
	Seconds float64 // about, all trials together
	Room    int64   // bytes that a trial may take here
}

// trialOverhead is what a trial takes beyond its workload: start, marks, end.
const trialOverhead = 0.1 // seconds

// PreviewOf plans an experiment and measures nothing.
func PreviewOf(e *configs.Experiment, catalog configs.Catalog, binaries Binaries) (Preview, error) {
	host, err := proc.NewFS("/").Host()
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Cells: plan.Cells(e, kindOf(catalog)), Room: memoryRoom(host)}
	if e.MemoryLimit > 0 {
		p.Room = min(p.Room, e.MemoryLimit)
	}
	if err := enoughCPUs(p.Cells); err != nil {
		return Preview{}, err
	}
	var labels []string
	for _, v := range e.Variants {
		labels = append(labels, v.Label)
	}
	p.Trials = plan.Order(p.Cells, labels, e.Rounds, e.Passes, e.Seed)
	for _, c := range p.Cells {
		if c.Program != nil {
			p.Needs = append(p.Needs, Needs{Seconds: c.Program.Duration + c.Program.After})
			p.Seconds += (c.Program.Duration + c.Program.After) * float64(len(p.Trials)/len(p.Cells))
			continue
		}
		n, err := binaries.Needs(c)
		if err != nil {
			return Preview{}, err
		}
		p.Needs = append(p.Needs, n)
		p.Seconds += (n.Seconds + trialOverhead) * float64(len(p.Trials)/len(p.Cells))
	}
	return p, nil
}
