package bench

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// BenchmarkBytesPerCall is what a call takes on disk, on the last whole day of a past, without bodies: "bytes/call". The table
// of what takes how much is logged. Relations of the day, its indexes and what is stored out of line among them, are shared
// by the calls of the day; all others, such as the hourly sums and what rows name by number, by the calls of all days.
// There is one row for each number of functions, as in BenchmarkBytesPerCall/40-functions.
func BenchmarkBytesPerCall(b *testing.B) {
	s := startServer(b, benchDir(b), nil)
	for _, functions := range []int{defaultFunctions, manyFunctions} {
		b.Run(fmt.Sprintf("%d-functions", functions), func(b *testing.B) {
			sizes := s.sizes(b, s.past(b, benchSize(b), functions))
			b.ReportMetric(0, "ns/op") // of no meaning
			b.ReportMetric(sizes.perCall(), "bytes/call")
			b.Log("\n" + sizes.String())
		})
	}
}

// diskSizes are the sizes of the relations that a past takes.
type diskSizes struct {
	dayCalls, calls float64
	relations       []relationSize
}

type relationSize struct {
	name, kind string // of a table or an index; its out-of-line store counts as the table's
	ofDay      bool   // of the day that is measured
	bytes      float64
}

// share is how many bytes a call has of a relation.
func (d *diskSizes) share(r relationSize) float64 {
	if r.ofDay {
		return r.bytes / d.dayCalls
	}
	return r.bytes / d.calls
}

func (d *diskSizes) perCall() float64 {
	sum := 0.0
	for _, r := range d.relations {
		sum += d.share(r)
	}
	return sum
}

func (d *diskSizes) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-44s %-6s %12s %11s\n", "relation", "kind", "bytes", "bytes/call")
	for _, r := range d.relations {
		fmt.Fprintf(&out, "%-44s %-6s %12.0f %11.2f\n", r.name, r.kind, r.bytes, d.share(r))
	}
	fmt.Fprintf(&out, "%-44s %-6s %12s %11.2f\n", "all", "", "", d.perCall())
	return out.String()
}

// sizes measures the last whole day of a past.
func (s *server) sizes(tb testing.TB, before past) *diskSizes {
	tb.Helper()
	own := s.own(before.database)
	today := before.noon.Truncate(day)
	yesterday := today.Add(-day)
	count := func(where string, args ...any) float64 {
		n, err := strconv.ParseFloat(storagetest.Value(tb, own, "SELECT count(*) FROM costkey.call "+where, args...), 64)
		require.NoError(tb, err)
		return n
	}
	out := &diskSizes{calls: count(""), dayCalls: count("WHERE started_at >= $1 AND started_at < $2", yesterday, today)}
	// A table of another day is neither of the day nor of all days.
	table := storagetest.Value(tb, own, `WITH t AS (
		SELECT oid, relname LIKE '%\_' || $1 AS of_day FROM pg_class
		WHERE relnamespace = 'costkey'::regnamespace AND relkind = 'r' AND (relname LIKE '%\_' || $1 OR NOT `+ofDay+`)
	), r AS (
		SELECT oid, 'table' AS kind, of_day, pg_table_size(oid) AS bytes FROM t
		UNION ALL
		SELECT indexrelid, 'index', of_day, pg_relation_size(indexrelid) FROM pg_index JOIN t ON t.oid = indrelid
	)
	SELECT string_agg(concat_ws(' ', oid::regclass, kind, of_day, bytes), E'\n' ORDER BY of_day DESC, bytes DESC) FROM r WHERE bytes > 0`,
		yesterday.Format("20060102"))
	for line := range strings.Lines(table) {
		var r relationSize
		var ofDay string
		_, err := fmt.Sscan(line, &r.name, &r.kind, &ofDay, &r.bytes)
		require.NoError(tb, err)
		r.ofDay = ofDay == "t"
		out.relations = append(out.relations, r)
	}
	return out
}

// requireSizes proves that the sizes are those of a past that is small: each call has something of its day's table, and
// the shares add up.
func requireSizes(t *testing.T, sizes *diskSizes, sz size) {
	t.Helper()
	assert.EqualValues(t, sz.past, sizes.calls)
	assert.InDelta(t, sz.past/sz.days, sizes.dayCalls, 1)
	require.True(t, sizes.relations[0].ofDay, sizes)
	assert.Contains(t, sizes.relations[0].name, "call_")
	assert.Greater(t, sizes.share(sizes.relations[0]), 100.0)
	assert.Contains(t, sizes.String(), "index")
	assert.Greater(t, sizes.perCall(), sizes.share(sizes.relations[0]))
}
