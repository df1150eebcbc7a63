package plots

import (
	"strings"

	"alloclab/results"
)

// Caption says where and with what a run's figures were taken.
func Caption(run results.Run) string {
	var facts []string
	for _, name := range []string{results.FieldKernel, results.FieldLibc} {
		if v := run.Fingerprint.Memory[name]; v != "" {
			facts = append(facts, v)
		}
	}
	if n := run.Fingerprint.Memory[results.FieldCores]; n != "" {
		facts = append(facts, n+" cores")
	}
	if v := run.Fingerprint.Memory[results.FieldTHP]; v != "" {
		facts = append(facts, "THP "+v)
	}
	seen := map[string]bool{}
	for _, v := range run.Variants {
		if name := strings.TrimSpace(v.Allocator + " " + v.Version); !seen[name] {
			seen[name] = true
			facts = append(facts, name)
		}
	}
	if run.Tool != "" {
		facts = append(facts, "alloclab "+run.Tool)
	}
	return results.Plain(strings.Join(facts, " · "))
}
