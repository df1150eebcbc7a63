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

// slowdown is about how many times longer a pass's trial works. Under callgrind
// threads take turns, and there is no idle window.
var slowdown = map[string]float64{results.PassSyscalls: 1.5, results.PassCounts: 80}

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
		idle := idleOf(c)
		for _, pass := range e.Passes {
			if !c.Takes(pass) {
				continue
			}
			seconds := n.Seconds + trialOverhead
			switch factor := slowdown[pass]; {
			case pass == results.PassCounts:
				seconds = 2 * (factor*max(0, n.Seconds-idle) + 15*trialOverhead) // counted again
			case factor > 0:
				seconds = factor*max(0, n.Seconds-idle) + idle + trialOverhead
			}
			p.Seconds += seconds * float64(len(labels)*plan.Rounds(pass, e.Rounds))
		}
	}
	return p, nil
}

// idleOf is how long a cell's idle window is: a parameter of that name, in
// every workload that has one.
func idleOf(c results.Cell) float64 {
	for _, p := range c.Params {
		if p.Name == "idle" {
			seconds, _ := p.Value.(float64)
			return seconds
		}
	}
	return 0
}
