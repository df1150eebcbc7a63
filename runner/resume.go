package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"alloclab/results"
	"alloclab/runner/plan"
)

// MismatchError is a run that cannot be gone on with here: its trials would
// not be comparable with those that it has.
type MismatchError struct {
	Dir  string
	What string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s cannot be resumed here: %s; run the experiment anew", e.Dir, e.What)
}

// takeUp makes the session go on with the run that the directory holds: the
// same plan in the same order, less what has been measured.
func (s *session) takeUp() error {
	before, err := results.ReadRun(s.Dir)
	if err != nil {
		return err
	}
	if before.PlanHash != s.run.PlanHash {
		return &MismatchError{s.Dir, "its plan is another (" + before.PlanHash + ", now " + s.run.PlanHash + "): workloads, variants or an allocator's version have changed"}
	}
	for _, scope := range []results.Scope{results.ScopeMemory, results.ScopeTime, results.ScopeCounts} {
		if before.Fingerprint.Hash(scope) != s.run.Fingerprint.Hash(scope) {
			return &MismatchError{s.Dir, "the machine or the builds differ in what " + string(scope) + " depends on"}
		}
	}
	trials, _, err := results.ReadTrials(filepath.Join(s.Dir, results.TrialsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	trials, foreign := results.OfPlan(trials, before.PlanHash)
	if foreign > 0 {
		s.note("%d lines of %s are of another plan and are passed over", foreign, results.TrialsFile)
	}
	s.done = measured(trials)
	if before.BootID != s.run.BootID {
		if n := dropHalfRounds(s.plan, s.done); n > 0 {
			s.note("the machine was started anew since: %d trials of unfinished rounds are measured again", n)
		}
	}
	s.run.Run, s.run.Created = before.Run, before.Created
	s.run.Experiment.Remedies = before.Experiment.Remedies
	s.note("%d of %d trials are there already", len(s.done), len(s.plan))
	return nil
}

// measured are the trials that have an outcome. One that failed has: it is a
// result. One that the user interrupted has none.
func measured(trials []results.Trial) map[int]bool {
	done := map[int]bool{}
	for _, t := range trials {
		repeat := t.Status == results.StatusOK && t.Starved() && t.Attempt < attempts
		if t.Status != results.StatusInterrupted && t.Status != results.StatusSkipped && !repeat {
			done[t.Trial] = true
		}
	}
	return done
}

// dropHalfRounds takes out of done all trials of rounds that are not whole: a
// round compares variants under the same conditions, and a reboot changes them.
func dropHalfRounds(order []plan.Trial, done map[int]bool) (dropped int) {
	type round struct {
		cell, pass string
		round      int
	}
	whole := map[round]bool{}
	for _, p := range order {
		r := round{p.Cell, p.Pass, p.Round}
		known, ok := whole[r]
		whole[r] = (!ok || known) && done[p.Trial]
	}
	for _, p := range order {
		if done[p.Trial] && !whole[round{p.Cell, p.Pass, p.Round}] {
			delete(done, p.Trial)
			dropped++
		}
	}
	return dropped
}
