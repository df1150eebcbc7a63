package runner

import (
	"slices"
	"testing"

	"alloclab/runner/wire"
)

func TestReportedTLSReplacesTheGuess(t *testing.T) {
	lab, guess, known := wire.Region{Start: 1 << 12, End: 2 << 12, Kind: wire.RegionLab},
		wire.Region{Start: 4 << 12, End: 8 << 12, Kind: wire.RegionTLS}, wire.Region{Start: 6 << 12, End: 8 << 12, Kind: wire.RegionTLS}
	if got := joined([]wire.Region{lab, guess}, []wire.Region{known}); !slices.Equal(got, []wire.Region{lab, known}) {
		t.Errorf("%v", got)
	}
}
