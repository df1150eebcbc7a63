package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alloclab/configs"
	"alloclab/runner"
)

// execFlags are the options of exec: those of an experiment with one program.
type execFlags struct {
	run         runFlags
	variants    []string
	rounds      int
	duration    time.Duration
	after       time.Duration
	timeLimit   time.Duration
	readyPort   int
	readyLine   string
	load        []string
	stop        string
	environment []string
	name        string
	census      bool
	firstBytes  bool
}

func newExec() *cobra.Command {
	var f execFlags
	c := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENT]…",
		Short: "Run your own program under every allocator and print its table",
		Long: `Run a program that you name, unmodified, under several allocators: each is
preloaded, and the dynamic linker's own word proves that it serves malloc. A
server gets a load: a command of yours that drives it once it is ready. A program
without a load runs to its end, or for --duration. No shell reads the commands;
--load and --stop are split at blanks, and quotes hold words together.

Results are those of alloclab run: a directory that report, --resume and all
else reads. The same in a file is [[program]] of an experiment.`,
		Example: `  alloclab exec -- python3 script.py
  alloclab exec --variant ptmalloc --variant jemalloc,dirty_decay_ms=1000 --rounds 3 \
      --ready-port 7777 --load 'redis-benchmark -p 7777 -t set -n 200000 -r 100000 -d 200 -q' \
      --load 'redis-cli -p 7777 flushall' --after 5s -- redis-server --port 7777 --save ''
  alloclab exec --out p -- sqlite3 :memory: '.read big.sql' && jq -r '[.variant,.metrics.rss_peak]|@tsv' p/trials.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.run.resume != "" {
				return cobra.NoArgs(cmd, args)
			}
			if len(args) == 0 {
				return errors.New("which program? write it behind --, as in: alloclab exec -- redis-server --port 7777")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.exec(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	flags := c.Flags()
	flags.SetInterspersed(false) // what follows the program is the program's
	flags.StringArrayVar(&f.variants, "variant", nil, "an allocator with its knobs, NAME[,knob=value]…; repeat it (default ptmalloc, jemalloc, tcmalloc)")
	flags.IntVar(&f.rounds, "rounds", 3, "how often each variant runs")
	flags.DurationVar(&f.duration, "duration", 0, "end the load, or without one the program, after this time (default: its own end)")
	flags.DurationVar(&f.after, "after", 0, "watch it this long once the load has ended")
	flags.DurationVar(&f.timeLimit, "time-limit", 10*time.Minute, "of one trial")
	flags.IntVar(&f.readyPort, "ready-port", 0, "it is ready once this TCP port accepts a connection")
	flags.StringVar(&f.readyLine, "ready-line", "", "it is ready once a line that it prints holds this")
	flags.StringArrayVar(&f.load, "load", nil, "command that drives it; repeat it for several, which run in turn")
	flags.StringVar(&f.stop, "stop", "SIGTERM", "signal, or command, that ends it")
	flags.StringArrayVar(&f.environment, "env", nil, "variable NAME=value for it; it inherits PATH, HOME and a few more")
	flags.StringVar(&f.name, "name", "", "of the program in tables (default: the command's)")
	flags.BoolVar(&f.census, "census", false, "run a second pass in which every block is reported: accounts to the page, sizes of what is live")
	flags.BoolVar(&f.firstBytes, "first-bytes", false, "in that pass, group live blocks by their first 8 bytes too; these are stored")
	f.run.flags(c)
	c.MarkFlagsMutuallyExclusive("ready-port", "ready-line")
	_ = c.RegisterFlagCompletionFunc("variant", completeAllocators)
	_ = c.RegisterFlagCompletionFunc("stop", cobra.FixedCompletions(configs.Signals, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// completeAllocators offers the allocators by name.
func completeAllocators(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, a := range runner.Catalog(nil).Allocators {
		names = append(names, a.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (f *execFlags) exec(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	return loadAndRun(ctx, stdout, stderr, f.run, func(catalog configs.Catalog) (*configs.Experiment, error) {
		if f.run.resume != "" {
			return resumed(f.run.resume, catalog)
		}
		text, err := f.experiment(args)
		if err != nil {
			return nil, err
		}
		return configs.Parse("exec", []byte(text), catalog)
	})
}

// experiment is the experiment as a file would say it: kept with the run, it
// is what --resume goes on with and what a user may take further.
func (f *execFlags) experiment(args []string) (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	name := f.name
	if name == "" {
		name = filepath.Base(args[0])
	}
	var out strings.Builder
	fmt.Fprintf(&out, "name = %s\nrounds = %d\ntime_limit = %s\n", quote(name), f.rounds, quote(inSeconds(f.timeLimit)))
	if f.census || f.firstBytes {
		fmt.Fprintln(&out, `passes = ["time", "census"]`)
	}
	variants := f.variants
	if len(variants) == 0 {
		variants = []string{"ptmalloc", "jemalloc", "tcmalloc"}
	}
	for _, v := range variants {
		words := strings.Split(v, ",")
		fmt.Fprintf(&out, "\n[[variant]]\nallocator = %s\n", quote(words[0]))
		for i, knob := range words[1:] {
			key, value, ok := strings.Cut(knob, "=")
			if !ok || key == "" {
				return "", fmt.Errorf("--variant %s: %q is no knob: write knob=value", v, knob)
			}
			if i == 0 {
				fmt.Fprintln(&out, "[variant.knobs]")
			}
			fmt.Fprintf(&out, "%s = %s\n", quote(key), literal(value))
		}
	}
	fmt.Fprintf(&out, "\n[[program]]\nname = %s\ncommand = %s\ndirectory = %s\n", quote(name), argvText(args), quote(directory))
	if f.firstBytes {
		fmt.Fprintln(&out, "first_bytes = true")
	}
	if f.readyPort != 0 {
		fmt.Fprintf(&out, "ready = { port = %d }\n", f.readyPort)
	}
	if f.readyLine != "" {
		fmt.Fprintf(&out, "ready = { line = %s }\n", quote(f.readyLine))
	}
	if len(f.load) > 0 {
		fmt.Fprintln(&out, "load = [")
		for _, l := range f.load {
			words, err := split(l)
			if err != nil {
				return "", fmt.Errorf("--load %s: %w", l, err)
			}
			fmt.Fprintf(&out, "  %s,\n", argvText(words))
		}
		fmt.Fprintln(&out, "]")
	}
	if strings.HasPrefix(f.stop, "SIG") {
		fmt.Fprintf(&out, "stop = %s\n", quote(f.stop))
	} else {
		words, err := split(f.stop)
		if err != nil {
			return "", fmt.Errorf("--stop %s: %w", f.stop, err)
		}
		fmt.Fprintf(&out, "stop = %s\n", argvText(words))
	}
	if f.duration != 0 {
		fmt.Fprintf(&out, "duration = %s\n", quote(inSeconds(f.duration)))
	}
	if f.after != 0 {
		fmt.Fprintf(&out, "after = %s\n", quote(inSeconds(f.after)))
	}
	if len(f.environment) > 0 {
		fmt.Fprintln(&out, "[program.environment]")
	}
	for _, line := range f.environment {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return "", fmt.Errorf("--env %s: write NAME=value", line)
		}
		fmt.Fprintf(&out, "%s = %s\n", quote(key), quote(value))
	}
	return out.String(), nil
}

// inSeconds is a duration as an experiment says it.
func inSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// literal is a knob's value as TOML: a number or a truth as it is, all else text.
func literal(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil || value == "true" || value == "false" {
		return value
	}
	return quote(value)
}

// argvText is a command as a TOML list.
func argvText(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote is a TOML basic string.
func quote(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// split divides a command at blanks. Single and double quotes hold words
// together and a backslash takes the next character as it is, but not within
// single quotes; nothing else is special.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, escaped, quoting := false, false, rune(0)
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quoting != '\'':
			escaped, inWord = true, true
		case quoting != 0 && r == quoting:
			quoting = 0
		case quoting != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quoting, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	switch {
	case quoting != 0:
		return nil, fmt.Errorf("a quote %c is not closed", quoting)
	case escaped:
		return nil, errors.New("it ends with a backslash")
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("it names no program")
	}
	return words, nil
}
