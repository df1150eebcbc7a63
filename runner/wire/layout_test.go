package wire

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unsafe"
)

// message is struct wire_message, which Conn encodes by hand.
type message struct {
	Type, Length uint32
	A, B         uint64
}

var mirrored = map[string]reflect.Type{
	"wire_message": reflect.TypeFor[message](),
	"wire_header":  reflect.TypeFor[header](),
	"wire_lane":    reflect.TypeFor[lane](),
	"wire_latency": reflect.TypeFor[latency](),
	"wire_block":   reflect.TypeFor[Block](),
	"wire_region":  reflect.TypeFor[Region](),
}

// constants of the headers. Every WIRE_ and KIT_ constant that is declared
// there and stands for the protocol must be here, and the other way round.
func constants() map[string]string {
	c := map[string]string{
		"WIRE_VERSION":          fmt.Sprint(uint64(Version)),
		"WIRE_MAGIC":            fmt.Sprint(uint64(Magic)),
		"WIRE_ENVIRONMENT":      Environment,
		"WIRE_TEXT_MAX":         fmt.Sprint(TextMax),
		"WIRE_LATENCY_CLASSES":  fmt.Sprint(LatencyClasses),
		"WIRE_LATENCY_SUB":      fmt.Sprint(LatencySub),
		"WIRE_LATENCY_BUCKETS":  fmt.Sprint(LatencyBuckets),
		"WIRE_REGION_LAB":       fmt.Sprint(RegionLab),
		"WIRE_REGION_STACK":     fmt.Sprint(RegionStack),
		"WIRE_REGION_LOAD":      fmt.Sprint(RegionLoad),
		"WIRE_REGION_TLS":       fmt.Sprint(RegionTLS),
		"WIRE_REGION_RUNTIME":   fmt.Sprint(RegionRuntime),
		"WIRE_REGION_UNMANAGED": fmt.Sprint(RegionUnmanaged),
		"KIT_USAGE":             fmt.Sprint(uint64(FailUsage)),
		"KIT_OUT_OF_MEMORY":     fmt.Sprint(uint64(FailOutOfMemory)),
		"KIT_CORRUPTION":        fmt.Sprint(uint64(FailCorruption)),
		"KIT_INTERNAL":          fmt.Sprint(uint64(FailInternal)),
		"WIRE_STAMP_ADDRESS":    fmt.Sprint(uint64(StampAddress)),
		"WIRE_STAMP_STEP":       fmt.Sprint(StampStep),
	}
	for t, name := range typeNames {
		c["WIRE_"+strings.ToUpper(name)] = fmt.Sprint(uint32(t))
	}
	return c
}

// snake is the C name of a Go field: WorkCPUNS is work_cpu_ns.
func snake(name string) string {
	name = strings.NewReplacer("CPU", "Cpu", "NS", "Ns").Replace(name)
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if name == "_" {
		return "reserved"
	}
	return b.String()
}

var (
	comment    = regexp.MustCompile(`(?s)/\*.*?\*/`)
	structure  = regexp.MustCompile(`(?s)struct (wire_\w+) \{(.*?)\n\};`)
	field      = regexp.MustCompile(`(\w+)(?:\[\w+\])*[;,]`)
	definition = regexp.MustCompile(`(?m)^#define (WIRE_\w+) `)
	enumerator = regexp.MustCompile(`\b(WIRE_\w+) = \d+`)
	failure    = regexp.MustCompile(`enum kit_failure \{(.*?)\}`)
)

// TestLayout compiles the headers and compares every offset, size and
// constant with this package, in both directions.
func TestLayout(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no C compiler: ", err)
		}
		t.Skip("no C compiler: ", err)
	}
	kit, err := filepath.Abs("../../workloads/kit")
	if err != nil {
		t.Fatal(err)
	}
	header := comment.ReplaceAllString(readText(t, kit+"/wire.h"), "")
	var lines []string
	for _, s := range structure.FindAllStringSubmatch(header, -1) {
		lines = append(lines, fmt.Sprintf(`printf("sizeof %s %%zu\n", sizeof(struct %s));`, s[1], s[1]))
		for _, f := range field.FindAllStringSubmatch(s[2], -1) {
			lines = append(lines, fmt.Sprintf(`printf("%s.%s %%zu %%zu\n", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s));`,
				s[1], f[1], s[1], f[1], s[1], f[1]))
		}
	}
	names := append(definition.FindAllStringSubmatch(header, -1), enumerator.FindAllStringSubmatch(header, -1)...)
	for _, name := range names {
		if name[1] == "WIRE_ENVIRONMENT" {
			lines = append(lines, `printf("WIRE_ENVIRONMENT %s\n", WIRE_ENVIRONMENT);`)
			continue
		}
		lines = append(lines, fmt.Sprintf(`printf("%s %%llu\n", (unsigned long long)%s);`, name[1], name[1]))
	}
	for name := range strings.SplitSeq(failure.FindStringSubmatch(readText(t, kit+"/kit.h"))[1], ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
		lines = append(lines, fmt.Sprintf(`printf("%s %%llu\n", (unsigned long long)%s);`, name, name))
	}

	dir := t.TempDir()
	source := "#include <stddef.h>\n#include <stdio.h>\n#include \"kit.h\"\nint main(void)\n{\n" + strings.Join(lines, "\n") + "\nreturn 0;\n}\n"
	if err := os.WriteFile(dir+"/layout.c", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-std=gnu11", "-I", kit, "-o", dir+"/layout", dir+"/layout.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, source)
	}
	out, err := exec.Command(dir + "/layout").Output()
	if err != nil {
		t.Fatal(err)
	}

	want := map[string]string{}
	for line := range strings.Lines(string(out)) {
		i := strings.IndexByte(line, ' ')
		if strings.HasPrefix(line, "sizeof ") {
			i = strings.LastIndexByte(line, ' ')
		}
		want[line[:i]] = strings.TrimSpace(line[i:])
	}
	got := constants()
	for name, typ := range mirrored {
		got["sizeof "+name] = fmt.Sprint(typ.Size())
		for i := range typ.NumField() {
			f := typ.Field(i)
			got[name+"."+snake(f.Name)] = fmt.Sprint(f.Offset, f.Type.Size())
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q in C and %q in Go", name, value, got[name])
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is %q in Go and not in C", name, value)
		}
	}
	if len(want) < 60 {
		t.Errorf("only %d offsets, sizes and constants were found in the header", len(want))
	}
	if headBytes != unsafe.Sizeof(message{}) {
		t.Errorf("a message's head has %d bytes, Conn writes %d", unsafe.Sizeof(message{}), headBytes)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
