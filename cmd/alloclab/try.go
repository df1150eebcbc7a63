package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"alloclab/allocators"
	"alloclab/analysis/rank"
	"alloclab/configs"
	"alloclab/plots/page"
	"alloclab/report"
	"alloclab/results"
	"alloclab/runner"
)

// tryDir is where the remedies of a run are tried: a run of its own below it.
const tryDir = "try"

// tryRemedies reruns what a directory's run measured under the settings that
// could help, and prints what each saved and cost. What has been tried there before is
// completed or, where it is whole, only printed.
func tryRemedies(ctx context.Context, stdout, stderr io.Writer, dir string, rounds int) error {
	lab, err := findLab()
	if err != nil {
		return err
	}
	out := filepath.Join(dir, tryDir)
	experiment, resume, err := triedBefore(out, lab.catalog)
	if err == nil && !resume {
		experiment, err = remediesFor(dir, lab, rounds)
	}
	if err != nil {
		return err
	}
	if resume && experiment.Rounds != rounds {
		return fmt.Errorf("%s was tried with --rounds %d: ask for the same, or remove it to try anew", out, experiment.Rounds)
	}
	preview, err := runner.PreviewOf(experiment, lab.catalog, lab.binaries)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "note: %d variants in %d cells, %d rounds, %d passes: %d trials, about %v; Ctrl-C keeps what has been measured\n",
		len(experiment.Variants), len(preview.Cells), experiment.Rounds, len(experiment.Passes), len(preview.Trials), time.Duration(preview.Seconds*float64(time.Second)).Round(time.Second))
	if rounds < rank.FewestRounds {
		fmt.Fprintf(stderr, "note: fewer than %d rounds give ranges, not intervals of 95 %%\n", rank.FewestRounds)
	}
	run, err := runner.Run(ctx, runner.Options{
		Experiment: experiment, Catalog: lab.catalog, Binaries: lab.binaries, Dir: out, Resume: resume, Tool: version(),
		SampleRate: runner.DefaultRate, PollEvery: runner.DefaultPoll, Progress: newProgress(stderr).trial,
		Note: func(text string) { fmt.Fprintln(stderr, "note:", text) },
	})
	if run == nil {
		return unfitOrUsage(err)
	}
	if err != nil && ctx.Err() == nil {
		err = withCode(exitUnfit, err)
	}
	return errors.Join(err, concludeTry(stdout, out))
}

// triedBefore is the experiment of a run that the directory holds already.
func triedBefore(dir string, catalog configs.Catalog) (*configs.Experiment, bool, error) {
	run, err := results.ReadRun(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	e, err := configs.Parse(run.Experiment.File, []byte(run.Experiment.Source), catalog)
	if err != nil {
		return nil, false, fmt.Errorf("%s cannot be taken up: %w; remove it to try anew", dir, err)
	}
	e.Remedies = true
	return e, true, nil
}

// remediesFor is the experiment that tries what could help the run in the
// directory. It is written down as a file would be, so that the run can be resumed like any other.
func remediesFor(dir string, lab lab, rounds int) (*configs.Experiment, error) {
	run, err := results.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	e, err := configs.Parse(run.Experiment.File, []byte(run.Experiment.Source), lab.catalog)
	if err != nil {
		return nil, fmt.Errorf("%s: its experiment is not understood here: %w", dir, err)
	}
	e.Variants = slices.DeleteFunc(e.Variants, func(v configs.Variant) bool { return reference(v.Allocator) })
	if len(e.Variants) == 0 {
		return nil, fmt.Errorf("%s has no allocator for which a remedy could be tried", dir)
	}
	tried := e.Try(lab.catalog, otherAllocators(e, lab.binaries), rounds)
	text := tried.TOML(lab.catalog)
	e, err = configs.Parse(filepath.Join(dir, tryDir), []byte(text), lab.catalog)
	if err != nil {
		return nil, err
	}
	e.Remedies = true
	return e, nil
}

// reference says that an allocator is the lab's own: nobody can run on it.
func reference(name string) bool {
	a, ok := allocators.ByName(name)
	return ok && a.Bundled
}

// otherAllocators are those found on this machine that the experiment does not have.
func otherAllocators(e *configs.Experiment, binaries runner.Binaries) []string {
	var names []string
	for _, a := range allocators.All() {
		has := slices.ContainsFunc(e.Variants, func(v configs.Variant) bool { return v.Allocator == a.Name })
		if has || a.Bundled || len(a.Sonames) == 0 {
			continue
		}
		if a.Linked && !binaries.Has(a.Name) {
			continue
		}
		if _, err := a.FindLibrary(); err == nil {
			names = append(names, a.Name)
		}
	}
	return names
}

// concludeTry draws what was tried, and prints the rankings.
func concludeTry(stdout io.Writer, dir string) error {
	run, err := results.ReadRun(dir)
	if err != nil {
		return err
	}
	trials, warnings, err := readSound(dir, run)
	if err != nil {
		return err
	}
	shown := results.Salvage(trials)
	_, path, unread, err := page.Draw(dir, run, shown, warnings)
	if err != nil {
		return withCode(exitUnfit, err)
	}
	for _, u := range unread {
		warnings = append(warnings, u.Error())
	}
	var out strings.Builder
	for _, w := range warnings {
		fmt.Fprintln(&out, "warning:", w)
	}
	if err := printRankings(&out, dir, run, shown); err != nil {
		return err
	}
	fmt.Fprintf(&out, "\n%s\nResults: %s\nReport: %s\n", report.Tally(shown), dir, path)
	if _, err := io.WriteString(stdout, out.String()); err != nil {
		return err
	}
	failed := 0
	for i := range trials {
		if trials[i].Status != results.StatusOK && trials[i].Status != results.StatusInterrupted {
			failed++
		}
	}
	if failed > 0 {
		return withCode(exitFailed, fmt.Errorf("%d of %d trials failed; see %s", failed, len(trials), filepath.Join(dir, results.TrialsFile)))
	}
	return nil
}

// printRankings prints the ranking of every cell, and where its chart is.
func printRankings(out io.Writer, dir string, run results.Run, trials []results.Trial) error {
	pastes := map[string]report.Paste{}
	for _, v := range run.Variants {
		pastes[v.Label] = pasteOf(v, trials)
	}
	rankings := rank.Rank(run, trials)
	if len(rankings) == 0 {
		fmt.Fprintln(out, "Nothing can be ranked: of what all variants are held against no trial counts.")
	}
	for i, r := range rankings {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := report.Remedies(out, run, r, pastes); err != nil {
			return err
		}
	}
	charts, _ := filepath.Glob(filepath.Join(dir, results.FiguresDir, "pareto-*.svg")) // the pattern is well formed
	for _, chart := range charts {
		fmt.Fprintf(out, "\nChart: %s", chart)
	}
	if len(charts) > 0 {
		fmt.Fprintln(out)
	}
	return nil
}

// pasteOf says how a variant is had outside the lab.
func pasteOf(v results.Variant, trials []results.Trial) report.Paste {
	a, ok := allocators.ByName(v.Allocator)
	if !ok || a.Bundled {
		return report.Paste{Missing: "It is the lab's own, for reference: there is nothing to set."}
	}
	library := v.Library
	if library != "" {
		if absolute, err := filepath.Abs(library); err == nil {
			library = absolute
		}
	}
	for i := range trials { // the very one that was measured
		served := trials[i].Proof.ServedBy
		if a.Name == "ptmalloc" { // which all have, but a program that is linked with another allocator
			served = trials[i].Proof.Preloaded
		}
		if library == "" && trials[i].Variant == v.Label && filepath.IsAbs(served) {
			if _, err := os.Stat(served); err == nil {
				library = served
			}
		}
	}
	s, err := a.Setting(v.Knobs, library)
	if err != nil {
		return report.Paste{Missing: "No lines to paste: " + err.Error() + "."}
	}
	var p report.Paste
	add := func(what string, lines ...string) {
		for i, line := range lines {
			if i > 0 {
				what = ""
			}
			p.Lines = append(p.Lines, [2]string{what, results.Plain(line)})
		}
	}
	if s.Purge != "" {
		add("call", fmt.Sprintf("%s  /* <%s>, every %s or after each burst */", s.Purge, s.Header, results.Seconds(s.PurgeEvery)))
	}
	if shell := s.Shell(); shell != "" {
		add("shell", shell+" PROGRAM")
		add("systemd", s.Systemd()...)
		add("Dockerfile", s.Dockerfile()...)
	}
	if len(s.Code) > 0 {
		add("C", s.Code...)
	}
	return p
}
