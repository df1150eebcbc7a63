package proc

import (
	"errors"
	"testing"
)

func TestParseMountinfo(t *testing.T) {
	list, err := parseMountinfo("40 30 0:30 /a\\040b /c\\134d ro,nosuid shared:1 master:2 - cgroup none rw,cpu,cpuacct\n" +
		"41 30 0:31 / /x rw - ext4 /dev/a rw\n")
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	want := mount{root: "/a b", point: `/c\d`, options: "ro,nosuid", fstype: "cgroup", super: "rw,cpu,cpuacct"}
	if list[0] != want || !list[0].readOnly() || list[1].readOnly() {
		t.Errorf("%+v, want %+v", list, want)
	}
	if !hasOption("rw,cpu", "cpu") || hasOption("rw,cpuacct", "cpu") || hasOption("", "cpu") {
		t.Error("hasOption")
	}
	for _, bad := range []string{"\n", "x\n", "40 30 0:30 / /x rw cgroup none rw\n", "40 30 0:30 /x rw - a b c\n", "40 30 0:30 / /x rw - a b\n"} {
		if list, err := parseMountinfo(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, list, err)
		}
	}
}

func TestUnescapeOctal(t *testing.T) {
	for s, want := range map[string]string{
		`a\040b`: "a b", `\011\012\134`: "\t\n\\", `\0`: `\0`, `\04`: `\04`, `\400`: `\400`, `\377`: "\xff", `\`: `\`, `\08x`: `\08x`,
	} {
		if got := unescapeOctal(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzMountinfo(f *testing.F) {
	seed(f, "/mountinfo")
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := parseMountinfo(text)
		for _, m := range list {
			_ = m.readOnly()
			if len(unescapeOctal(m.point)) > len(m.point) {
				t.Errorf("%q grew", m.point)
			}
		}
	})
}
