package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The variables that change what is measured and where.
const (
	dirVariable    = "COSTKEY_BENCH_DIR"
	callsVariable  = "COSTKEY_BENCH_CALLS"
	roundsVariable = "COSTKEY_BENCH_ROUNDS"
)

// size says how large a measurement is.
type size struct {
	past    int // calls of the days before
	days    int // before
	batch   int // calls in a batch
	batches int // in a round
	rounds  int
}

// benchSize is the size of the published figures: batches of 20,000, as the exporter's queue makes them at most, medians of
// ten rounds, ten million calls in the 30 days before.
func benchSize(tb testing.TB) size {
	tb.Helper()
	return size{past: number(tb, callsVariable, 10_000_000), days: 30, batch: 20_000, batches: 12, rounds: number(tb, roundsVariable, 10)}
}

// number reads a positive number from the environment.
func number(tb testing.TB, variable string, fallback int) int {
	tb.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	require.NoError(tb, err, variable)
	require.Positive(tb, n, variable)
	return n
}

// calls is how many calls all rounds write.
func (s size) calls() int { return s.rounds * s.batches * s.batch }

// benchDir is where the benchmarks' server keeps its data over runs, and collectors their queues.
func benchDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv(dirVariable)
	if dir == "" {
		cache, err := os.UserCacheDir()
		require.NoError(tb, err, "set %s to a directory on a disk", dirVariable)
		dir = filepath.Join(cache, "costkey-bench")
	}
	require.NoError(tb, os.MkdirAll(dir, 0o755), "set %s to another directory", dirVariable)
	return dir
}
