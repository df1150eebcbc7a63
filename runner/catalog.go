package runner

import (
	"alloclab/allocators"
	"alloclab/configs"
	"alloclab/results"
)

// Catalog is what an experiment may name: the allocators with their knobs,
// the workloads with their parameters, and the metrics that can be judged.
func Catalog(workloads []Workload) configs.Catalog {
	c := configs.Catalog{Metrics: results.Judged()}
	for _, a := range allocators.All() {
		entry := configs.Entry{Name: a.Name}
		for _, k := range a.Knobs {
			entry.Options = append(entry.Options, configs.Option{
				Name: k.Name, Kind: configs.Kind(k.Kind), Min: k.Min, Max: k.Max, Choices: k.Choices, Doc: k.Doc,
			})
		}
		for _, r := range a.Remedies() {
			entry.Remedies = append(entry.Remedies, configs.Remedy{Name: r.Name, Knobs: r.Knobs, PurgeEvery: r.PurgeEvery})
		}
		c.Allocators = append(c.Allocators, entry)
	}
	for _, w := range workloads {
		c.Workloads = append(c.Workloads, configs.Entry{Name: w.Name, Options: w.Options})
	}
	return c
}

// kindOf is a lookup of a parameter's kind.
func kindOf(c configs.Catalog) func(workload, parameter string) string {
	return func(workload, parameter string) string {
		for _, w := range c.Workloads {
			if w.Name != workload {
				continue
			}
			for _, o := range w.Options {
				if o.Name == parameter {
					return string(o.Kind)
				}
			}
		}
		return ""
	}
}
