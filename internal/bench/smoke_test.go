package bench

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smokeSize proves the harness, and measures nothing.
var smokeSize = size{past: 20_000, days: 3, batch: 300, batches: 3, rounds: 2}

// TestTheRowsOfTheExporterHoldAtASmallSize runs each workload through the harness of the benchmarks with all its checks: on
// one past, but for the one that would need another.
func TestTheRowsOfTheExporterHoldAtASmallSize(t *testing.T) {
	s := startServer(t, passableDir(t), map[string]string{
		"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "log_min_duration_statement": "0",
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

// passableDir returns a directory that the server's account can enter where the tests run as root, and with it everything
// that is removed at the end.
func passableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "costkey-bench-*")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711))
	return dir
}
