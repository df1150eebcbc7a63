package results

// soundTrial is a trial in which everything is said and all of it agrees.
func soundTrial(number int) *Trial {
	arenas, fall := int64(3), int64(4096)
	return &Trial{
		V: Version, Run: "r1", Plan: "p1", Machine: Machine{"m", "t", "c"},
		Trial: number, Cell: "iobuf/threads=8", Workload: "iobuf", Params: map[string]any{"threads": 8.0},
		Variant: "jemalloc", Allocator: "jemalloc", Knobs: map[string]any{}, Round: 1 + number/2, Pass: PassTime,
		Started: "2026-01-02T03:04:05Z", Status: StatusOK,
		Proof: Proof{ServedBy: "/usr/lib/libjemalloc.so.2", Version: "5.3.0", Dialect: "jemalloc", KnobsEffective: map[string]string{}},
		Metrics: map[string]float64{
			MetricOpsPerS: 1e6, MetricOpsPerCPUS: 5e5, MetricWall: 4, MetricCPU: 8, MetricRSSPeak: 2000,
			MetricRSSMean: 1500, MetricRSSHold: 1900, MetricRSSIdle: 900, MetricMinorFaults: 12, MetricArenas: 3,
		},
		Marks: []Mark{
			{Name: MarkBaseline, RSS: 300, HWM: 300, Ledger: &Ledger{Lab: 100, Other: 200}},
			{
				Name: MarkHold, T: 1, Parked: .01, RSS: 2000, HWM: 2100, Asked: 1500, Blocks: 10, Usable: 1600,
				Ledger: &Ledger{Lab: 100, Other: 200, Live: 1500, Rounding: 100, Pinned: 60, Empty: 40},
				Claims: Claims{ClaimDecay: 30, ClaimUnexplained: 10, ClaimBeyondRSS: 5000},
			},
			{
				Name: MarkIdle, T: 3, Parked: .01, RSS: 1000, HWM: 2100, Asked: 100, Blocks: 1, Usable: 128,
				Ledger: &Ledger{Lab: 100, Other: 200, Live: 100, Rounding: 28, Pinned: 72, Empty: 500},
				Claims: Claims{ClaimDecay: 500, ClaimUnexplained: 0}, AllocatorStats: &AllocatorStats{Arenas: &arenas},
			},
		},
		Sampler: Sampler{Ticks: 400, MaxGap: .02, Cost: .001, Priority: "nice"}, CPU: CPU{Obtained: 8, Wanted: 8},
		IdleFall: &fall, Warnings: []string{},
	}
}
