package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines is the text of trials.jsonl that holds the trials.
func lines(t testing.TB, trials ...*Trial) []byte {
	t.Helper()
	var text []byte
	for _, trial := range trials {
		line, err := json.Marshal(trial)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	return text
}

func writeFile(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), TrialsFile)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFixtureV1 holds the format still: a file of version 1 must be read for
// ever, and no field of it may be lost on the way through.
func TestFixtureV1(t *testing.T) {
	path := filepath.Join("testdata", "v1.jsonl")
	trials, warnings, err := ReadTrials(path)
	if err != nil || len(warnings) != 0 || len(trials) != 2 {
		t.Fatalf("%d trials, warnings %q, error %v", len(trials), warnings, err)
	}
	if err := trials[0].Validate(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var want, got any
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(lines(t, &trials[i]), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("line %d changed on the way (-file +read):\n%s", i+1, diff)
		}
	}
	if m := trials[0].Mark(MarkIdle); m == nil || m.Ledger.Empty != 500 || m.Claims[ClaimDecay] != 500 || *m.AllocatorStats.Arenas != 3 {
		t.Errorf("mark idle is %+v", m)
	}
	if trials[1].Status != StatusSignal || trials[1].Exit.Signal != "SIGSEGV" {
		t.Errorf("second trial is %+v", trials[1])
	}
}

// TestTruncationAtEveryByte cuts a file anywhere: what is read is always the
// whole trials before the cut, with a word about the rest.
func TestTruncationAtEveryByte(t *testing.T) {
	a, b := soundTrial(0), soundTrial(1)
	first, text := len(lines(t, a)), lines(t, a, b)
	for cut := range len(text) + 1 {
		path := writeFile(t, text[:cut])
		trials, warnings, err := ReadTrials(path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want, torn := 0, cut != 0
		if cut >= first-1 { // all but the line end is a whole trial
			want, torn = 1, cut > first
		}
		if cut >= len(text)-1 {
			want, torn = 2, false
		}
		if len(trials) != want || (len(warnings) == 1) != torn {
			t.Fatalf("cut at %d of %d: %d trials, want %d; warnings %q", cut, len(text), len(trials), want, warnings)
		}
		for i, trial := range []*Trial{a, b}[:want] {
			if diff := cmp.Diff(*trial, trials[i]); diff != "" {
				t.Fatalf("cut at %d: %s", cut, diff)
			}
		}
		if cut%11 != 0 && (cut < first-3 || cut > first+3 && cut < len(text)-3) {
			continue // each append is flushed to the disk, which takes its time
		}
		appender, cutOff, err := OpenAppender(path)
		if err != nil || (cutOff != nil) != torn {
			t.Fatalf("cut at %d: opened for appending: torn %v, error %v", cut, cutOff, err)
		}
		if err := appender.Append(b); err != nil {
			t.Fatal(err)
		}
		_ = appender.Close()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all := append(lines(t, []*Trial{a, b}[:want]...), lines(t, b)...)
		if !bytes.Equal(got, all) {
			t.Fatalf("cut at %d: after the next append the file is\n%s\nwant\n%s", cut, got, all)
		}
	}
}

func TestCorruptLineElsewhere(t *testing.T) {
	first := lines(t, soundTrial(0))
	text := append(append(bytes.Clone(first), `{"v":1,"run":`+"\n"...), lines(t, soundTrial(1))...)
	trials, _, err := ReadTrials(writeFile(t, text))
	var at *LineError
	if !errors.As(err, &at) || at.Line != 2 || at.Offset != int64(len(first)) {
		t.Errorf("error is %v", err)
	}
	if len(trials) != 1 {
		t.Errorf("%d trials come with the error, want the one before it", len(trials))
	}
}

func TestParseTrialRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`{"v":999,"metrics":"other"}`: "written by a newer alloclab: version 999, and this one reads up to 1: update",
		`{"run":"x"}`:                 `no version`,
		`null`:                        `no version`,
		`{"v":0}`:                     "no such version: 0",
		`{"v":1} {"v":1}`:             "after top-level value",
		`{"v":1,"trial":"x"}`:         "trial",
		``:                            "unexpected end",
		"\x00\x00\x00":                "invalid character",
	} {
		if _, err := ParseTrial([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", line, want, err)
		}
	}
	if _, _, err := ReadTrials(writeFile(t, []byte(`{"v":999}`))); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer last line without its end is %v, not a tear", err)
	}
	if _, err := ParseTrial([]byte(`{"v":1,"added_later":{"x":1}}`)); err != nil {
		t.Errorf("an added field keeps the version: %v", err)
	}
}

func TestDuplicates(t *testing.T) {
	with := func(number int, run string, status Status, round int) *Trial {
		trial := soundTrial(number)
		trial.Run, trial.Status, trial.Round = run, status, round
		return trial
	}
	text := lines(t,
		with(1, "a", StatusSignal, 1),
		with(2, "a", StatusOK, 2),
		with(1, "a", StatusOK, 3),      // the repeat that succeeds stands
		with(2, "a", StatusTimeout, 4), // a later failure takes nothing away
		with(1, "b", StatusOK, 5),      // another run
		with(3, "a", StatusSignal, 6),
		with(3, "a", StatusTimeout, 7), // none is ok: the last
		with(2, "a", StatusOK, 8),      // two are ok: the last
	)
	trials, warnings, err := ReadTrials(writeFile(t, text))
	if err != nil {
		t.Fatal(err)
	}
	var rounds []int
	for _, trial := range trials {
		rounds = append(rounds, trial.Round)
	}
	if diff := cmp.Diff([]int{3, 8, 5, 7}, rounds); diff != "" {
		t.Error(diff)
	}
	want := []string{
		":1: trial 1 (signal) is passed over: line 3 holds it again",
		":4: trial 2 (timeout) is passed over: line 2 holds it again",
		":6: trial 3 (signal) is passed over: line 7 holds it again",
		":2: trial 2 (ok) is passed over: line 8 holds it again",
	}
	for i := range warnings {
		if i >= len(want) || !strings.HasSuffix(warnings[i], want[i]) {
			t.Errorf("warning %d is %q", i, warnings[i])
		}
	}
	if len(warnings) != len(want) {
		t.Errorf("%d warnings, want %d", len(warnings), len(want))
	}
}

func TestStarvedTrialIsReplacedWithoutAWord(t *testing.T) {
	starved, sound, late := soundTrial(1), soundTrial(1), soundTrial(1)
	starved.CPU.Obtained, late.CPU.Obtained = 1, 2
	sound.Round, late.Round = 2, 3
	trials, warnings, err := ReadTrials(writeFile(t, lines(t, starved, sound, late)))
	if err != nil || len(warnings) != 0 || len(trials) != 1 || trials[0].Round != 2 {
		t.Errorf("%d trials, round %d, warnings %q, %v", len(trials), trials[0].Round, warnings, err)
	}
}

func TestConcatenationIsAMerge(t *testing.T) {
	a, b := lines(t, soundTrial(0)), lines(t, soundTrial(1))
	trials, warnings, err := ReadTrials(writeFile(t, append(append(a, '\n'), b...)))
	if err != nil || len(warnings) != 0 || len(trials) != 2 {
		t.Errorf("%d trials, %q, %v", len(trials), warnings, err)
	}
}

func TestLongLines(t *testing.T) {
	long := soundTrial(0)
	long.Exit.Stderr = strings.Repeat("é\n", 1<<20) // far beyond bufio's 64 KiB
	trials, _, err := ReadTrials(writeFile(t, lines(t, long, soundTrial(1))))
	if err != nil || len(trials) != 2 || trials[0].Exit.Stderr != long.Exit.Stderr {
		t.Errorf("%d trials, %v", len(trials), err)
	}
	_, _, err = ReadTrials(writeFile(t, bytes.Repeat([]byte("x"), maxLine+1<<20)))
	if err == nil || !strings.Contains(err.Error(), "no file of trials") {
		t.Errorf("an endless line gives %v", err)
	}
}

func FuzzParseTrial(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "v1.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Add([]byte(`{"v":1,"marks":[{"ledger":null,"claims":{"x":-9223372036854775808}}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		trial, err := ParseTrial(line)
		if err != nil {
			return
		}
		_ = trial.Validate() // must not panic on whatever can be read
		again, err := json.Marshal(trial)
		if err != nil {
			t.Fatalf("read, but cannot be written: %v", err)
		}
		back, err := ParseTrial(again)
		if err != nil {
			t.Fatalf("written, but cannot be read: %v", err)
		}
		if diff := cmp.Diff(string(again), string(lines(t, back)[:len(again)])); diff != "" {
			t.Error(diff)
		}
	})
}
