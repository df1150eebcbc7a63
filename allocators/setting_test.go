package allocators

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

// hostile is a value that every quoting must carry: no file of that name is
// ever opened.
var hostile = Setting{Environment: []string{
	"LD_PRELOAD=/opt/it's/$HOME/100%n/\"x\"/back\\slash/`id`/ü;&|<>*?#!~.so", "A=", "MALLOC_CONF=dirty_decay_ms:-1,thp:never", "B=two  words # no comment", `C=\`,
}}

func TestSettingForms(t *testing.T) {
	s, err := jemalloc.Setting(map[string]any{"background_thread": true, "dirty_decay_ms": 1000.0}, "/opt/libjemalloc.so.2")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		got  []string
		want []string
	}{
		{[]string{s.Shell()}, []string{"env LD_PRELOAD=/opt/libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:1000,background_thread:true"}},
		{s.Systemd(), []string{`Environment="LD_PRELOAD=/opt/libjemalloc.so.2"`, `Environment="MALLOC_CONF=dirty_decay_ms:1000,background_thread:true"`}},
		{s.Dockerfile(), []string{`ENV LD_PRELOAD="/opt/libjemalloc.so.2"`, `ENV MALLOC_CONF="dirty_decay_ms:1000,background_thread:true"`}},
		{s.Code, []string{`const char *malloc_conf = "dirty_decay_ms:1000,background_thread:true";`}},
		{[]string{s.Purge, s.Header}, []string{"", "jemalloc/jemalloc.h"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	s, err = ptmalloc.Setting(map[string]any{results.KnobPurgeEvery: 10.0}, "")
	if err != nil || s.Shell() != "" || s.Systemd() != nil || s.Dockerfile() != nil || s.Code != nil || s.Purge != "malloc_trim(0);" || s.PurgeEvery != 10 || s.Header != "malloc.h" {
		t.Errorf("a periodic purge needs no environment: %+v, %v", s, err)
	}
	s, err = ptmalloc.Setting(map[string]any{"arena_max": 1.0, "trim_threshold": int64(131072)}, "")
	if want := []string{"mallopt(M_ARENA_MAX, 1);", "mallopt(M_TRIM_THRESHOLD, 131072);"}; err != nil || !slices.Equal(s.Code, want) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = ptmalloc.Setting(map[string]any{"arena_max": int64(1), "tcache_count": int64(0)}, ""); err != nil || s.Code != nil || s.Header != "" {
		t.Errorf("mallopt knows no tcache: %+v, %v", s, err)
	}
}

func TestSettingRefuses(t *testing.T) {
	for _, test := range []struct {
		allocator string
		knobs     map[string]any
		library   string
		want      string
	}{
		{"jemalloc", nil, "/opt/my lib/l.so", "LD_PRELOAD takes spaces"},
		{"jemalloc", nil, "/opt/a:b/l.so", "LD_PRELOAD takes spaces"},
		{"jemalloc", map[string]any{"narenas": 1.5}, "/l.so", "want a whole number"},
		{"jemalloc", map[string]any{"arena_max": 1.0}, "/l.so", "no knob"},
		{"ptmalloc", map[string]any{"purge_every": "10s"}, "", "cannot be told every 10s seconds"},
		{"mimalloc", map[string]any{"purge_every": 10.0}, "/l.so", "cannot be told"},
		{"other", nil, "", "no library of its own"},
	} {
		if s, err := named(t, test.allocator).Setting(test.knobs, test.library); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %v %s: %+v, %v; want an error with %q", test.allocator, test.knobs, test.library, s, err, test.want)
		}
	}
}

// What is printed for a shell, given to real ones, sets what was meant.
func TestShellTakesIt(t *testing.T) {
	for _, shell := range []string{"bash", "dash", "sh"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		cmd := exec.Command(shell, "-c", "'env' -i "+strings.TrimPrefix(hostile.Shell(), "env ")+" env -0")
		cmd.Env = []string{"HOME=/wrong", "PATH=" + os.Getenv("PATH")}
		out, err := cmd.Output()
		got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		slices.Sort(got)
		want := slices.Clone(hostile.Environment)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", shell, got, err, want)
		}
	}
}

// Lines for a unit, read by the rules of systemd.syntax(7): between double
// quotes C's escapes are undone, and then %% is one %. Any other % would be a specifier.
func TestSystemdTakesIt(t *testing.T) {
	for i, line := range hostile.Systemd() {
		text, ok := strings.CutPrefix(line, `Environment="`)
		text, closed := strings.CutSuffix(text, `"`)
		var got strings.Builder
		for j := 0; j < len(text); j++ {
			switch c := text[j]; {
			case c == '"' || c == '%' && (j+1 == len(text) || text[j+1] != '%') || c == '\\' && (j+1 == len(text) || text[j+1] != '\\' && text[j+1] != '"'):
				t.Errorf("%s: %q at %d stands alone", line, c, j)
			case c == '\\' || c == '%':
				j++
				got.WriteByte(text[j])
			default:
				got.WriteByte(c)
			}
		}
		if !ok || !closed || got.String() != hostile.Environment[i] {
			t.Errorf("%s is read as %s", line, got.String())
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("systemd-analyze is not installed: its own opinion is missing")
		return
	}
	verify := func(lines []string) string {
		unit := filepath.Join(t.TempDir(), "pasted.service")
		text := "[Service]\nExecStart=/bin/true\n" + strings.Join(lines, "\n") + "\n"
		if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
		return string(out)
	}
	if said := verify(hostile.Systemd()); strings.Contains(said, "nvironment") {
		t.Errorf("systemd-analyze: %s", said)
	}
	if said := verify([]string{`Environment="A=100%n`, `Environment=1A=b`}); !strings.Contains(said, "nvironment") {
		t.Errorf("systemd-analyze has nothing against what is wrong: %q", said)
	}
}

// Lines for a Dockerfile, read by the rules of its reference: one NAME="value"
// a line; between the quotes a backslash escapes a backslash, a quote and $, and $ alone would be replaced.
func TestDockerfileTakesIt(t *testing.T) {
	for i, line := range hostile.Dockerfile() {
		text, ok := strings.CutPrefix(line, "ENV ")
		name, text, cut := strings.Cut(text, `="`)
		text, closed := strings.CutSuffix(text, `"`)
		var got strings.Builder
		for j := 0; j < len(text); j++ {
			switch c := text[j]; {
			case c == '"' || c == '$' || c == '\\' && (j+1 == len(text) || !strings.ContainsRune(`\"$`, rune(text[j+1]))):
				t.Errorf("%s: %q at %d stands alone", line, c, j)
			case c == '\\':
				j++
				got.WriteByte(text[j])
			default:
				got.WriteByte(c)
			}
		}
		if !ok || !cut || !closed || name+"="+got.String() != hostile.Environment[i] {
			t.Errorf("%s is read as %s=%s", line, name, got.String())
		}
	}
}

// Each remedy's line, as it is printed, is given to a shell in front of a
// program that is linked with no allocator: there the knobs are in effect, as
// far as the allocator, or for glibc the dynamic linker, tells.
func TestSettingsRoundTrip(t *testing.T) {
	program := build(t, "live")
	for _, a := range All() {
		for _, r := range a.Remedies() {
			if len(r.Knobs) == 0 {
				continue // a call of the program's, and no line
			}
			t.Run(a.Name+" "+r.Name, func(t *testing.T) {
				preloaded(t, a, nil) // skips where it is not installed
				s, err := a.Setting(r.Knobs, "")
				if err != nil {
					t.Fatal(err)
				}
				said := run(t, "/bin/sh", []string{"PATH=" + os.Getenv("PATH")}, "-c", s.Shell()+" "+program+" 1 10 100 2")
				if said.dialect != a.Dialect {
					t.Fatalf("dialect %s", said.dialect)
				}
				if a.Name == "ptmalloc" {
					if said.told.Tunables, err = ListTunables(context.Background(), "/lib64/ld-linux-x86-64.so.2", s.Environment); err != nil {
						t.Skipf("no dynamic linker that lists tunables: %v", err)
					}
				}
				effective, mismatches := a.Effective(r.Knobs, said.told)
				if len(mismatches) > 0 {
					t.Errorf("%v", mismatches)
				}
				for name := range r.Knobs {
					if effective[name] == Parsed && name != "tcache_count" {
						t.Errorf("%s is not read back", name)
					}
				}
			})
		}
	}
}

// The same from inside: the lines of C are compiled into a program, which asks
// the allocator what it took. glibc tells nothing but whether it took it.
func TestCodeIsEffective(t *testing.T) {
	libraries := map[string]string{"ptmalloc": "", "jemalloc": "-ljemalloc", "tcmalloc": "-ltcmalloc", "mimalloc": "-lmimalloc"}
	sources, err := filepath.Glob(filepath.Join(kit, "probe*.c"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("no probe: %v", err)
	}
	for _, a := range All() {
		for _, r := range a.Remedies() {
			s, err := a.Setting(r.Knobs, "")
			if err != nil || len(s.Code) == 0 {
				continue
			}
			t.Run(a.Name+" "+r.Name, func(t *testing.T) {
				preloaded(t, a, nil)
				dir := t.TempDir()
				program, code := filepath.Join(dir, "inside"), strings.Join(s.Code, "\n")
				if strings.Contains(code, "// C++") {
					compilePlusPlus(t, dir, code)
					code = "extern void from_plus_plus(void); from_plus_plus();"
				}
				where := "IN_A_FUNCTION"
				if strings.HasPrefix(code, "const ") {
					where = "AT_FILE_SCOPE"
				}
				header := "#ifdef AT_FILE_SCOPE\n#include <" + s.Header + ">\n#endif\n#ifdef " + where + "\n" + code + "\n#endif\n"
				if err := os.WriteFile(filepath.Join(dir, "settings.h"), []byte(header), 0o600); err != nil {
					t.Fatal(err)
				}
				args := append([]string{"-std=gnu11", "-O1", "-fPIC", "-I", kit, "-I", dir, "-o", program, "testdata/from_inside.c"}, sources...)
				if a.Name == "ptmalloc" {
					args = append(args, "-DMALLOPT_IS_CHECKED")
				}
				objects, _ := filepath.Glob(filepath.Join(dir, "*.o"))
				args = append(append(args, objects...), "-pthread", "-Wl,--no-as-needed")
				if library := libraries[a.Name]; library != "" {
					args = append(args, library)
				}
				if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
					t.Fatalf("cc: %v\n%s", err, out)
				}
				said := run(t, program, []string{"PATH=" + os.Getenv("PATH")})
				effective, mismatches := a.Effective(r.Knobs, said.told)
				if len(mismatches) > 0 || said.dialect != a.Dialect {
					t.Errorf("dialect %s, %v", said.dialect, mismatches)
				}
				for name := range r.Knobs {
					if a.Name != "ptmalloc" && effective[name] == Parsed {
						t.Errorf("%s is not read back", name)
					}
				}
			})
		}
	}
}

// compilePlusPlus makes an object of lines of C++.
func compilePlusPlus(t *testing.T, dir, code string) {
	t.Helper()
	if _, err := exec.LookPath("c++"); err != nil {
		t.Skip("no C++ compiler")
	}
	source := filepath.Join(dir, "from.cc")
	text := "#include <gperftools/malloc_extension.h>\nextern \"C\" void from_plus_plus(void) {\n" + code + "\n}\n"
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("c++", "-fPIC", "-c", "-o", filepath.Join(dir, "from.o"), source).CombinedOutput(); err != nil {
		t.Fatalf("c++: %v\n%s", err, out)
	}
}

// The page names every remedy, and its call where it is one.
func TestPageNamesEveryRemedy(t *testing.T) {
	page, err := os.ReadFile("../docs/remedies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range All() {
		for _, r := range a.Remedies() {
			if !strings.Contains(string(page), "`"+r.Name+"`") {
				t.Errorf("docs/remedies.md does not name %s of %s", r.Name, a.Name)
			}
		}
	}
}
