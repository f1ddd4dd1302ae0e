package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

const (
	day = 24 * time.Hour
	// unanalysed is the part of each day that was written after its partition was analysed.
	unanalysed = time.Hour
	// pastPrefix begins the names of databases with a past, which stay for other runs.
	pastPrefix = "past_"
	// pastKept is how old a past may be: its calls must be well within the default retention of 90 days.
	pastKept = 7 * day
	// ofDay is the condition in SQL that a table, a row of pg_class, is of one day.
	ofDay = `relname ~ '_\d{8}$'`
	// pastConsumers write it, with what a batch's making takes beside the writing.
	pastConsumers = 4
)

// past is a database that has been written to for some weeks.
type past struct {
	database string
	noon     time.Time // when it ends
}

// lastNoon is the noon of today, in UTC, and in the first hour of a day that of yesterday: times until an hour after the
// next midnight are at most a day ahead, which a store takes.
func lastNoon() time.Time { return time.Now().Add(-time.Hour).UTC().Truncate(day).Add(12 * time.Hour) }

// past returns the database with the calls that so many functions made, which it makes where there is none of this schema
// and this seed. One that was made for another schema or seed, or some weeks ago, is dropped.
func (s *server) past(tb testing.TB, sz size, functions int) past {
	tb.Helper()
	prefix := pastPrefix + s.fingerprinted(tb) + "_"
	name := fmt.Sprintf("%s%d_%d_%d", prefix, functions, sz.days, sz.past)
	for _, other := range s.databases(tb, pastPrefix) {
		if !strings.HasPrefix(other, prefix) || strings.HasSuffix(other, unfinished) {
			s.drop(tb, other)
			continue
		}
		noon, err := time.Parse(time.RFC3339, storagetest.Value(tb, s.dsn,
			"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", other))
		switch {
		case err != nil || time.Since(noon) > pastKept:
			s.drop(tb, other)
		case other == name:
			return past{database: name, noon: noon}
		}
	}
	return s.makePast(tb, name, sz, functions)
}

// unfinished ends the name of a past while it is made.
const unfinished = "_new"

func (s *server) makePast(tb testing.TB, name string, sz size, functions int) past {
	tb.Helper()
	began := time.Now()
	made := past{database: name, noon: s.noon}
	s.create(tb, name+unfinished, "template0")
	f := filler{
		server: s, database: name + unfinished, size: sz, functions: functions,
		from: made.noon.Add(-time.Duration(sz.days) * day), until: made.noon,
	}
	f.fill(tb)
	storagetest.Exec(tb, s.dsn, fmt.Sprintf("COMMENT ON DATABASE %s%s IS '%s'", name, unfinished, made.noon.Format(time.RFC3339)))
	storagetest.Exec(tb, s.dsn, fmt.Sprintf("ALTER DATABASE %s%s RENAME TO %s", name, unfinished, name))
	tb.Logf("made %d calls of %d days from %d functions in %.0f s", sz.past, sz.days, functions, time.Since(began).Seconds())
	return made
}

// fingerprinted returns what tells one schema and seed from another.
func (s *server) fingerprinted(tb testing.TB) string {
	tb.Helper()
	if s.fingerprint != "" {
		return s.fingerprint
	}
	name := caseName()
	s.create(tb, name, "template0")
	defer s.drop(tb, name)
	openStore(tb, s.at(name)).Close()
	// Partitions are named after days.
	schema := storagetest.Value(tb, s.own(name), `SELECT md5(string_agg(DISTINCT regexp_replace(line, '\d{8}', 'DAY', 'g'), E'\n')) FROM (
		SELECT concat_ws(' ', attrelid::regclass, attnum, attname, atttypid::regtype, attnotnull) FROM pg_attribute
		JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'costkey'::regnamespace AND attnum > 0
		UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index
		JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'costkey'::regnamespace
		UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'costkey'::regnamespace
	) AS s (line)`)
	var marshaler ptrace.ProtoMarshaler
	at := time.Unix(0, 0).UTC()
	seeded, err := marshaler.MarshalTraces(seed.Traces(seed.Options{Calls: 100, From: at, Until: at.Add(time.Minute), Doubles: 0.5}))
	require.NoError(tb, err)
	sum := sha256.Sum256(append(seeded, schema...))
	s.fingerprint = hex.EncodeToString(sum[:6])
	return s.fingerprint
}

// filler writes a past as it comes about: through the exporter, in the order of time, each call with ids of its own, with
// maintenance in between. It leaves the statistics as stale as life does: every table was analysed when it was empty, each
// day's calls an hour before the day's end, and nothing after it. The table of all days was never analysed with rows, as
// autovacuum does not visit partitioned tables.
type filler struct {
	server      *server
	database    string
	size        size
	functions   int
	from, until time.Time
	writer      *writer
}

func (f *filler) fill(tb testing.TB) {
	tb.Helper()
	own := f.server.own(f.database)
	// A crash while it is filled only means to begin again.
	f.writer = openWriter(tb, f.server.url(f.database, map[string]string{"synchronous_commit": "off"}))
	storagetest.Exec(tb, own, "ANALYZE")
	for from := f.from; from.Before(f.until); {
		until := from.Truncate(day).Add(day)
		if until.After(f.until) {
			until = f.until
		}
		f.write(tb, from, until.Add(-unanalysed))
		storagetest.Exec(tb, own, "ANALYZE costkey.call_"+from.Format("20060102"))
		f.write(tb, until.Add(-unanalysed), until)
		forget(tb, own)
		mergeSums(tb, f.writer)
		from = until
	}
	f.writer.close(tb)
	age(tb, own)
	storagetest.Exec(tb, own, "VACUUM")
	f.check(tb)
}

// mergeSums does rounds of maintenance until no sums are left to merge: a round may be bounded.
func mergeSums(tb testing.TB, w *writer) {
	tb.Helper()
	for {
		done, err := w.store.Maintain(tb.Context())
		require.NoError(tb, err)
		if done.MergedSums == 0 {
			return
		}
	}
}

// write writes the calls that start in [from, until).
func (f *filler) write(tb testing.TB, from, until time.Time) {
	tb.Helper()
	first, last := f.number(from), f.number(until)
	batches := (last - first + f.size.batch - 1) / f.size.batch
	at := func(n int) time.Time { return from.Add(until.Sub(from) / time.Duration(last-first) * time.Duration(n)) }
	spread(tb, batches, pastConsumers, func(part int) error {
		a, b := part*f.size.batch, min((part+1)*f.size.batch, last-first)
		return f.writer.write(seed.Traces(seed.Options{
			Calls: b - a, First: first + a, From: at(a), Until: at(b), Functions: f.functions,
		}))
	})
}

// number is how many calls start before t: they are spread evenly.
func (f *filler) number(t time.Time) int {
	return int(float64(f.size.past) * float64(t.Sub(f.from)) / float64(f.until.Sub(f.from)))
}

// check wants each call once, with ids of its own, and sums that are those of the calls.
func (f *filler) check(tb testing.TB) {
	tb.Helper()
	own := f.server.own(f.database)
	calls := strconv.Itoa(f.size.past)
	require.Equal(tb, calls+" "+calls+" 0", storagetest.Value(tb, own,
		"SELECT concat_ws(' ', count(*), count(DISTINCT span_id), count(response_id) - count(DISTINCT response_id)) FROM costkey.call"))
	require.Equal(tb, calls+" t", storagetest.Value(tb, own,
		"SELECT concat_ws(' ', sum(calls), sum(cost_usd) = (SELECT sum(cost_usd) FROM costkey.call)) FROM costkey.costs_hourly"))
}

// forget empties the tables in which the store keeps what it must remember of traces for some minutes: those with a trace_id that
// are not of a day. In as many days maintenance does it; in the few minutes of filling they would grow with each call.
func forget(tb testing.TB, own string) {
	tb.Helper()
	if tables := memoryOfTraces(tb, own); len(tables) > 0 {
		storagetest.Exec(tb, own, "TRUNCATE "+strings.Join(tables, ", "))
	}
}

// memoryOfTraces lists the tables that forget empties.
func memoryOfTraces(tb testing.TB, own string) []string {
	tb.Helper()
	return strings.Fields(storagetest.Value(tb, own, `SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'costkey'::regnamespace AND relkind = 'r' AND a.attname = 'trace_id' AND NOT a.attisdropped AND NOT `+ofDay))
}

// age makes what was written a day older: every time that the database itself set. A store that comes to the past is not
// in the company of those that made it.
func age(tb testing.TB, own string) {
	tb.Helper()
	statements := storagetest.Value(tb, own, `SELECT string_agg(format('UPDATE %s SET %I = %I - interval ''1 day''', c.oid::regclass, attname, attname), '; ')
		FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'costkey'::regnamespace AND relkind = 'r' AND NOT `+ofDay+` AND a.atttypid = 'timestamptz'::regtype
		AND pg_get_expr(d.adbin, d.adrelid) ~* 'now\(|_timestamp'`)
	if statements != "" {
		storagetest.Exec(tb, own, statements)
	}
}
