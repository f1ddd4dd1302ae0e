package bench

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// grounds are what a row is measured on: a database with nothing in it, and one with a past.
var grounds = []string{"empty", "past"}

// BenchmarkExporter is pdata → PostgreSQL with hourly sums, a row for each workload and ground, such as
// BenchmarkExporter/midnight/past. Metrics:
//
//	ratio       against pgx's binary COPY of the same rows into an identical table with the same indexes
//	ratio-raw   against COPY of bytes that are encoded already
//	of-noon     against the workload noon on the same ground, in the same rounds
//	slowest-ms  the slowest statement that a store sent, maintenance included; its text is logged
//
// What is compared takes turns, in an order that rotates from round to round, after a checkpoint each. What was stored is
// checked: the number of calls, sums against calls, copies against what they copy.
func BenchmarkExporter(b *testing.B) {
	s := startServer(b, benchDir(b), nil)
	for _, work := range workloads {
		for _, ground := range grounds {
			b.Run(work.name+"/"+ground, func(b *testing.B) {
				sz := benchSize(b)
				sz.rounds *= b.N
				measure(b, s, work, ground, sz).report(b)
			})
		}
	}
}

// figures are what came of a row: the seconds of each subject, round by round.
type figures struct {
	calls                   float64 // in a round
	ours, copied, raw, noon []float64
	slowest                 statement
}

func (f *figures) report(b *testing.B) {
	b.Helper()
	ours := median(f.ours)
	b.ReportMetric(0, "ns/op") // of no meaning
	b.ReportMetric(median(f.copied)/ours, "ratio")
	b.ReportMetric(median(f.raw)/ours, "ratio-raw")
	if len(f.noon) > 0 {
		b.ReportMetric(median(f.noon)/ours, "of-noon")
	}
	b.ReportMetric(f.calls/ours, "calls/s")
	b.ReportMetric(f.calls/median(f.copied), "copy-rows/s")
	b.ReportMetric(f.calls/median(f.raw), "raw-rows/s")
	b.ReportMetric(f.slowest.ms, "slowest-ms")
	b.Logf("slowest statement: %s", f.slowest)
}

// row is one workload on one ground while it is measured.
type row struct {
	server     *server
	size       size
	ours, noon *target // noon is nil where the workload is noon itself
	// source is where the same calls are stored beforehand, unmeasured; the copies of its rows stand beside it.
	source     *target
	plain, raw *storagetest.Baseline
}

// target is a database that a workload is written to.
type target struct {
	server   *server
	database string
	load     *load
	writers  []*writer
	tables   string // those that are not of a day
}

// measure runs all rounds of a row and checks what they stored.
func measure(tb testing.TB, s *server, work workload, ground string, sz size) *figures {
	tb.Helper()
	require.LessOrEqual(tb, time.Duration(sz.rounds*sz.batches)*slot, 11*time.Hour, "%s is too large: the calls would not be of one day", roundsVariable)
	r := &row{server: s, size: sz}
	r.ours = newTarget(tb, s, work, ground, sz)
	defer r.ours.drop(tb)
	alone := work
	alone.collectors = 1
	r.source = newTarget(tb, s, alone, ground, sz)
	defer r.source.drop(tb)
	if work.name != noon.name {
		r.noon = newTarget(tb, s, noon, ground, sz)
		defer r.noon.drop(tb)
	}
	days := r.source.load.days()
	r.plain = storagetest.NewBaseline(tb, s.at(r.source.database), "plain", benchConnections, days...)
	r.raw = storagetest.NewBaseline(tb, s.at(r.source.database), "raw", benchConnections, days...)
	out := &figures{calls: float64(sz.batches * sz.batch)}
	mark := s.mark(tb)
	for round := range sz.rounds {
		r.round(tb, round, out)
	}
	out.slowest = mark.slowest(tb, r.ours.database)
	r.check(tb)
	return out
}

// newTarget makes a database for a workload and writes to it what need not be measured.
func newTarget(tb testing.TB, s *server, work workload, ground string, sz size) *target {
	tb.Helper()
	at, template := s.noon, "template0"
	if ground == "past" {
		before := s.past(tb, sz, work.functionCount())
		at, template = before.noon, before.database
	}
	t := &target{server: s, database: caseName(), load: newLoad(work, sz, at)}
	s.create(tb, t.database, template)
	for range work.writers() {
		t.writers = append(t.writers, openWriter(tb, s.at(t.database)))
	}
	require.NoError(tb, t.writers[0].write(t.load.warm()))
	t.tables = storagetest.Value(tb, s.own(t.database), `SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
		WHERE relnamespace = 'costkey'::regnamespace AND relkind = 'r' AND NOT `+ofDay)
	return t
}

func (t *target) drop(tb testing.TB) {
	tb.Helper()
	for _, w := range t.writers {
		w.close(tb)
	}
	t.server.drop(tb, t.database)
}

// round measures each subject once.
func (r *row) round(tb testing.TB, round int, out *figures) {
	tb.Helper()
	spread(tb, r.size.batches, benchConsumers, func(part int) error {
		return r.source.writers[0].write(r.source.load.plain(round*r.size.batches + part))
	})
	subjects := []func(){
		func() { out.ours = append(out.ours, r.ours.run(tb, round)) },
		func() { out.copied = append(out.copied, r.copyPlain(tb, round)) },
		func() { out.raw = append(out.raw, r.copyRaw(tb, round)) },
	}
	if r.noon != nil {
		subjects = append(subjects, func() { out.noon = append(out.noon, r.noon.run(tb, round)) })
	}
	for i := range subjects {
		subjects[(i+round)%len(subjects)]()
	}
	for _, t := range []*target{r.source, r.ours, r.noon} {
		if t != nil {
			t.maintain(tb)
		}
	}
}

// run writes the batches of a round and returns the seconds that it took.
func (t *target) run(tb testing.TB, round int) float64 {
	tb.Helper()
	batches := t.load.round(tb, round)
	t.server.checkpoint(tb)
	return seconds(tb, len(batches), benchConsumers*len(t.writers), func(part int) error {
		return t.writers[part%len(t.writers)].write(batches[part])
	})
}

func (r *row) copyPlain(tb testing.TB, round int) float64 {
	tb.Helper()
	batches := r.plain.Read(tb, r.source.load.roundWindows(round))
	for _, batch := range batches {
		require.Equal(tb, r.size.batch, batch.Len())
	}
	r.server.checkpoint(tb)
	return seconds(tb, len(batches), benchConsumers, func(part int) error {
		return r.plain.Copy(context.Background(), batches[part])
	})
}

func (r *row) copyRaw(tb testing.TB, round int) float64 {
	tb.Helper()
	batches := r.raw.ReadRaw(tb, r.source.load.roundWindows(round))
	r.server.checkpoint(tb)
	return seconds(tb, len(batches), benchConsumers, func(part int) error {
		return r.raw.CopyRaw(context.Background(), batches[part])
	})
}

// maintain does what a collector does every half minute, and what autovacuum would do for the tables that it empties. It
// leaves statistics alone.
func (t *target) maintain(tb testing.TB) {
	tb.Helper()
	_, err := t.writers[0].store.Maintain(tb.Context())
	require.NoError(tb, err)
	storagetest.Exec(tb, t.server.own(t.database), "VACUUM "+t.tables)
}

// check holds what was stored against what was sent, and the copies against what they copy.
func (r *row) check(tb testing.TB) {
	tb.Helper()
	want := r.ours.check(tb)
	require.Equal(tb, want, r.source.check(tb), "the rows that were copied are not those of the exporter")
	if r.noon != nil {
		r.noon.check(tb)
	}
	last := r.source.load.roundWindows(r.size.rounds - 1)[r.size.batches-1]
	r.plain.RequireSame(tb, last...)
	r.raw.RequireSame(tb, last...)
	if r.ours.load.work.identified {
		r.ours.requireNothingRemembered(tb)
	}
}

// check wants as many calls as were sent, and hourly sums that are those of the calls. It returns the sums.
func (t *target) check(tb testing.TB) string {
	tb.Helper()
	hull := t.load.hull()
	own := t.server.own(t.database)
	// Of the table, not of the view calls: with statistics this stale its joins take minutes.
	const sums = "sum(cost_usd), sum(input_tokens::numeric), sum(output_tokens::numeric), sum(cache_read_tokens::numeric)"
	stored := storagetest.Value(tb, own,
		"SELECT concat_ws(' ', count(*), "+sums+") FROM costkey.call WHERE started_at >= $1 AND started_at < $2", hull.From, hull.Until)
	require.Regexp(tb, "^"+strconv.Itoa(t.load.size.calls())+" ", stored)
	from, until := hull.From.Truncate(time.Hour), hull.Until.Add(time.Hour-1).Truncate(time.Hour)
	differ := storagetest.Value(tb, own, fmt.Sprintf(`SELECT hours IS DISTINCT FROM called FROM
		(SELECT sum(calls), %s FROM costkey.costs_hourly WHERE hour >= $1 AND hour < $2) AS hours,
		(SELECT count(*)::numeric, %[1]s FROM costkey.call WHERE started_at >= $1 AND started_at < $2) AS called`, sums), from, until)
	require.Equal(tb, "false", differ, "the hourly sums are not those of the calls")
	return stored
}

// requireNothingRemembered fails if something was kept of a trace beside its calls.
func (t *target) requireNothingRemembered(tb testing.TB) {
	tb.Helper()
	own := t.server.own(t.database)
	for _, table := range memoryOfTraces(tb, own) {
		require.Equal(tb, "0", storagetest.Value(tb, own, "SELECT count(*) FROM "+table+" WHERE trace_id IS NOT NULL"), table)
	}
}
