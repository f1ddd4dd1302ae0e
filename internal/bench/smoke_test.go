package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// smokeSize proves the harness, and measures nothing.
var smokeSize = size{past: 20_000, days: 3, batch: 300, batches: 4, rounds: 2}

// TestTheRowsOfTheExporterHoldAtASmallSize runs each workload through the harness of the benchmarks with all its checks: on
// one past, but for the one that would need another.
func TestTheRowsOfTheExporterHoldAtASmallSize(t *testing.T) {
	s := startServer(t, t.TempDir(), map[string]string{
		"fsync": "off", "full_page_writes": "off", "log_min_duration_statement": "0",
	})
	for _, work := range workloads {
		ground := "past"
		if work.functions > 0 {
			ground = "empty"
		}
		t.Run(work.name+" "+ground, func(t *testing.T) {
			f := measure(t, s, work, ground, smokeSize)
			assert.Len(t, f.ours, smokeSize.rounds)
			assert.Len(t, f.copied, smokeSize.rounds)
			assert.Len(t, f.raw, smokeSize.rounds)
			assert.Equal(t, work.name != noon.name, len(f.noon) == smokeSize.rounds)
			assert.Positive(t, f.slowest.ms, "the log of statements was not read")
		})
	}
	t.Run("bytes per call", func(t *testing.T) {
		requireSizes(t, s.sizes(t, s.past(t, smokeSize, defaultFunctions)), smokeSize)
	})
}
