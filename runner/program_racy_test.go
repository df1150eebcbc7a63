package runner

import (
	"testing"

	"alloclab/results"
)

// A look whose accounts disagree with RSS is told of in both passes: pass census has a
// ledger there, pass time has what is resident.
func TestProgramRacy(t *testing.T) {
	for pass, m := range map[string]results.Mark{
		results.PassCensus: {Name: results.MarkFreed, RSS: 10 << 12, Racy: true, Ledger: &results.Ledger{Empty: 13 << 12}},
		results.PassTime:   {Name: results.MarkFreed, RSS: 10 << 12, Racy: true, Resident: &results.Resident{Heap: 13 << 12}},
	} {
		tr := &trial{}
		if err := tr.judgeTree(&m); err != nil {
			t.Errorf("%s: %v", pass, err)
		}
		if !mentions(tr.record, "the accounts of freed disagree with RSS by 12288 bytes, twice") {
			t.Errorf("%s: %q", pass, tr.record.Warnings)
		}
	}
}
