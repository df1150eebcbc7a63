package runner

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"alloclab/results"
)

// freePort is a TCP port that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// redisInfo is what redis-server said of its memory under an allocator, and what the lab saw right after.
type redisInfo struct {
	said    map[string]float64 // INFO memory and server
	bins    string             // MEMORY MALLOC-STATS
	trial   results.Trial
	samples []results.Sample
}

// askRedis has a redis-server take some 170,000 keys of 200 bytes and delete two of three, so that
// slabs are partly empty, and asks it right before the mark freed.
func askRedis(t *testing.T, allocator string) redisInfo {
	t.Helper()
	for _, name := range []string{"redis-server", "redis-cli", "redis-benchmark"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(name + " is not installed: make test-deps")
		}
	}
	victim(t) // builds the agent
	dir, port := t.TempDir(), freePort(t)
	number, _ := strconv.Atoi(port)
	ask := fmt.Sprintf("redis-cli -p %s memory malloc-stats > %s/bins; sleep 0.5; redis-cli -p %s info > %s/info", port, dir, port, dir)
	var r redisInfo
	r.trial = runProgram(t, ran{allocator: allocator, samples: &r.samples, Program: results.Program{
		Command: []string{"redis-server", "--port", port, "--save", "", "--loglevel", "warning", "--dir", dir}, ReadyPort: number,
		Load: [][]string{
			{"redis-benchmark", "-p", port, "-t", "set", "-n", "400000", "-r", "200000", "-d", "200", "-P", "16", "-q"},
			{"redis-benchmark", "-p", port, "-n", "200000", "-r", "200000", "-P", "16", "-q", "del", "key:__rand_int__"},
			{"sh", "-c", ask},
		}}})
	if r.trial.Status != results.StatusOK {
		t.Fatalf("%s: %s %q", allocator, r.trial.Status, r.trial.Warnings)
	}
	info, err := os.ReadFile(filepath.Join(dir, "info"))
	if err != nil {
		t.Fatal(err)
	}
	r.said = map[string]float64{}
	for line := range strings.Lines(string(info)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "redis_version" {
			value = strings.Join(strings.SplitN(value, ".", 3)[:2], ".") // 7.0 of 7.0.15
		}
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			r.said[name] = n
		}
	}
	bins, err := os.ReadFile(filepath.Join(dir, "bins"))
	if err != nil {
		t.Fatal(err)
	}
	r.bins = string(bins)
	return r
}

// smallFree adds up, from jemalloc's own table of bins, what slabs hold beyond blocks in use.
func (r redisInfo) smallFree(t *testing.T) float64 {
	t.Helper()
	_, merged, _ := strings.Cut(r.bins, "Merged arenas stats:")
	_, table, found := strings.Cut(merged, "bins:")
	if !found {
		t.Fatalf("no table of bins:\n%.2000s", r.bins)
	}
	sum, rows := 0.0, 0
	at := map[string]int{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(at) == 0 {
			for i, name := range fields {
				at[name] = i
			}
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(line), "-") {
			continue // bins that were never used
		}
		if len(fields) < len(at) {
			break // of large blocks
		}
		value := func(name string) float64 {
			n, err := strconv.ParseFloat(fields[at[name]], 64)
			if _, known := at[name]; !known || err != nil {
				t.Fatalf("%s of bin %q: %v", name, line, err)
			}
			return n
		}
		sum += (value("regs")*value("curslabs") - value("curregs")) * value("size")
		rows++
	}
	if rows < 10 || sum == 0 {
		t.Fatalf("%d bins hold %.0f free:\n%.3000s", rows, sum, merged)
	}
	return sum
}

// clients is what buffers of those who ask may hold, bytes.
const clients = 256 << 10

// near compares to a part of what is wanted and an absolute floor.
func near(t *testing.T, what string, got, want, part, floor float64) {
	t.Helper()
	t.Logf("%s: %.6g, redis says %.6g", what, got, want)
	if math.Abs(got-want) > part*want+floor {
		t.Errorf("%s is %.6g, redis says %.6g", what, got, want)
	}
}

// Where redis' INFO memory and the lab measure the same they agree, and the ratios are Redis' own:
// under jemalloc, which it can ask. Redis reads RSS with the lab's own in it, up to 0.1 s before.
func TestRedisRatios(t *testing.T) {
	r := askRedis(t, "jemalloc")
	m := r.trial.Mark(results.MarkFreed)
	stats, ratios := m.AllocatorStats, m.RedisRatios()
	near(t, "allocated", float64(*stats.WithCaches), r.said["allocator_allocated"], 0.01, clients)
	near(t, "active", float64(*stats.Active), r.said["allocator_active"], 0.01, clients)
	near(t, "resident", float64(*stats.Resident), r.said["allocator_resident"], 0.02, clients)
	r.agreesOnRSS(t)
	// Redis counts the blocks that it asked for itself; the allocator those of libraries too.
	near(t, "in use", float64(*stats.Allocated), r.said["used_memory"], 0.03, 0)

	lab, _ := m.Lab()
	withLab := float64(m.RSS) / float64(m.RSS-lab)
	const printed = 0.011 // two places behind the point
	near(t, "mem_fragmentation_ratio", ratios.Fragmentation.Value*withLab, r.said["mem_fragmentation_ratio"], 0.03, printed)
	near(t, "allocator_rss_ratio", ratios.Retained.Value, r.said["allocator_rss_ratio"], 0.02, printed)
	near(t, "rss_overhead_ratio", ratios.Overhead.Value*withLab, r.said["rss_overhead_ratio"], 0.02, printed)
	frag := ratios.Frag
	if r.said["redis_version"] >= 7.4 {
		frag = ratios.SmallFrag
	}
	near(t, "allocator_frag_ratio", frag.Value, r.said["allocator_frag_ratio"], 0.01, printed)
	if frag.Value < 1.05 {
		t.Errorf("most of its keys are deleted and the ratio is %.2f: the test shows nothing", frag.Value)
	}
	near(t, "allocator_frag_ratio from 7.4 on", ratios.SmallFrag.Value, 1+r.smallFree(t)/r.said["allocator_allocated"], 0.01, 0)
}

// agreesOnRSS compares the curve and the mark with what redis read from the kernel.
func (r redisInfo) agreesOnRSS(t *testing.T) {
	t.Helper()
	m := r.trial.Mark(results.MarkFreed)
	bound := float64(r.trial.Sampler.RSSError) + clients
	near(t, "RSS at the mark", float64(m.RSS), r.said["used_memory_rss"], 0.01, bound)
	var last results.Sample
	for _, s := range r.samples {
		if s.T <= m.T {
			last = s
		}
	}
	near(t, "RSS where the curve comes to the mark", float64(last.RSS), r.said["used_memory_rss"], 0.01, bound)
}

// Under another allocator redis' own ratios mean nothing, and here they are absent; what it reads from the kernel is right.
func TestRedisRatiosOfOthers(t *testing.T) {
	for allocator, known := range map[string][]bool{"ptmalloc": {true, false, false, false, false}, "tcmalloc": {true, true, false, true, true}} {
		r := askRedis(t, allocator)
		r.agreesOnRSS(t)
		for i, ratio := range r.trial.Mark(results.MarkFreed).RedisRatios().All() {
			if ratio.Known != known[i] {
				t.Errorf("%s: %s is %+v", allocator, results.RedisNames[i], ratio)
			}
		}
	}
}
