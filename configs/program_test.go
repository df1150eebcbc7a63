package configs

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProgramWhole(t *testing.T) {
	source := `rounds = 2
[[variant]]
allocator = "ptmalloc"

[[program]]
name = "redis"
command = ["redis-server", "--port", "7777", "--save", ""]
directory = "/tmp"
environment = { B = "2", A = "one two" }
ready = { port = 7777 }
load = [["redis-benchmark", "-p", "7777"], ["redis-cli", "flushall"]]
stop = ["redis-cli", "shutdown"]
after = "5s"
duration = "1m"

[[program]]
command = ["/usr/bin/sort", "x"]
ready = { line = "Ready" }
load = ["drive"]
stop = "SIGINT"
`
	want := []Program{
		{
			Name: "redis", Command: []string{"redis-server", "--port", "7777", "--save", ""}, Directory: "/tmp", Environment: []string{"A=one two", "B=2"},
			Ready: Ready{Port: 7777}, Load: [][]string{{"redis-benchmark", "-p", "7777"}, {"redis-cli", "flushall"}},
			Stop: Stop{Command: []string{"redis-cli", "shutdown"}}, After: 5 * time.Second, Duration: time.Minute, At: Position{5, 3},
		},
		{Name: "sort", Command: []string{"/usr/bin/sort", "x"}, Ready: Ready{Line: "Ready"}, Load: [][]string{{"drive"}}, Stop: Stop{Signal: "SIGINT"}, At: Position{16, 3}},
	}
	e, err := Parse("x.toml", []byte(source), testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, e.Programs); diff != "" || len(e.Workloads) != 0 {
		t.Errorf("%d workloads (-want +got):\n%s", len(e.Workloads), diff)
	}
}
