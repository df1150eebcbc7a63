package results

import "encoding/json"

// OfPlan keeps the trials of one plan, and counts the others: a file that was
// put together from two experiments must not pass for one. Trials of several
// runs of one plan belong together.
func OfPlan(trials []Trial, hash string) (of []Trial, foreign int) {
	for i := range trials {
		if trials[i].Plan != hash {
			foreign++
			continue
		}
		of = append(of, trials[i])
	}
	return of, foreign
}

// Planned is how many trials the run's plan has.
func (r *Run) Planned() int {
	var plan []json.RawMessage
	if json.Unmarshal(r.Plan, &plan) != nil {
		return 0
	}
	return len(plan)
}
