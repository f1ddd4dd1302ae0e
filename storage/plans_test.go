package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
	writing "github.com/costkey/costkey-otel/storage/internal/write"
)

// planner explains each statement of a store that has a name, where it runs: on its connection, in its transaction, with its
// arguments. It implements [pgx.QueryTracer].
type planner struct {
	mu    sync.Mutex
	ran   map[string]int
	plans map[string][]plan // by the statement's name
	errs  []error
}

// plan is a node of what EXPLAIN (FORMAT JSON) returns.
type plan struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Filter   string `json:"Filter"`
	Plans    []plan `json:"Plans"`
}

type explaining struct{}

var statementName = regexp.MustCompile(`^-- name: (\w+)`)

// TraceQueryStart implements [pgx.QueryTracer].
func (p *planner) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	name := statementName.FindStringSubmatch(data.SQL)
	if name == nil || ctx.Value(explaining{}) != nil || !p.isDue(name[1]) {
		return ctx
	}
	var out []struct {
		Plan plan `json:"Plan"`
	}
	var text []byte
	err := conn.QueryRow(context.WithValue(ctx, explaining{}, true), "EXPLAIN (FORMAT JSON) "+data.SQL, data.Args...).Scan(&text)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("explain %s: %w", name[1], err))
		return ctx
	}
	p.plans[name[1]] = append(p.plans[name[1]], out[0].Plan)
	return ctx
}

// isDue reports whether a statement that runs is explained: the first times, then now and then.
func (p *planner) isDue(statement string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ran[statement]++
	return p.ran[statement] < 20 || p.ran[statement]%10 == 0
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (p *planner) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// reading are the statements that are there to read a period: an operator's count.
var reading = map[string]bool{"count_priced_calls": true}

// growing are the tables that grow with history, and the columns one of which must lead to their rows.
var growing = []struct {
	table *regexp.Regexp
	by    []string
}{
	{regexp.MustCompile(`^call_\d{8}$`), []string{"trace_id", "response_hash", "parent_span_id"}},
	{regexp.MustCompile(`^call_body_\d{8}$`), []string{"trace_id"}},
	{regexp.MustCompile(`^hourly_\d{6}$`), []string{"hour"}},
	{regexp.MustCompile(`^(trace_node)$`), []string{"trace_id", "parent_span_id", "written_at"}},
	{regexp.MustCompile(`^(pending_trace|hourly_delta|dimension_set|call_path|call_attributes|tag_set)$`), []string{""}},
}

// faults returns what a plan reads without an index that leads to its rows.
func (n *plan) faults() (out []string) {
	for _, g := range growing {
		if !g.table.MatchString(n.Relation) || n.Type == "ModifyTable" || n.Type == "Tid Range Scan" { // of some blocks
			continue
		}
		led := func(column string) bool { return strings.Contains(n.Cond, column) }
		byIndex := n.Type == "Index Scan" || n.Type == "Index Only Scan"
		if !byIndex || !slices.ContainsFunc(g.by, led) {
			out = append(out, fmt.Sprintf("%s of %s by %s (%s)", n.Type, n.Relation, n.Index, n.Cond))
		}
	}
	for i := range n.Plans {
		out = append(out, n.Plans[i].faults()...)
	}
	return out
}

// pasts are ways in which life makes statistics wrong. Autovacuum does not mend them in time: here it is off.
var pasts = map[string]func(t *testing.T, conn *pgx.Conn, fill func(from, until time.Time)){
	"never analysed": func(_ *testing.T, _ *pgx.Conn, fill func(from, until time.Time)) {
		fill(noon.Add(-6*time.Hour), noon)
	},
	"analysed when empty": func(t *testing.T, conn *pgx.Conn, fill func(from, until time.Time)) {
		analyse(t, conn)
		fill(noon.Add(-6*time.Hour), noon)
	},
	"the newest hour lies beyond the histogram": func(t *testing.T, conn *pgx.Conn, fill func(from, until time.Time)) {
		fill(noon.Add(-6*time.Hour), noon.Add(-time.Hour))
		analyse(t, conn)
		fill(noon.Add(-time.Hour), noon)
	},
	"analysed": func(t *testing.T, conn *pgx.Conn, fill func(from, until time.Time)) {
		fill(noon.Add(-6*time.Hour), noon)
		analyse(t, conn)
	},
}

func analyse(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	_, err := conn.Exec(t.Context(), "ANALYZE")
	require.NoError(t, err)
}

// TestEveryStatementReachesItsRowsByIndexWhateverTheStatisticsSay explains each statement of the write path, of maintenance
// and of repricing as it runs, and fails for those of these rooms that did not run.
func TestEveryStatementReachesItsRowsByIndexWhateverTheStatisticsSay(t *testing.T) {
	t.Parallel()
	for name, past := range pasts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			conn := connect(t, dsn)
			p := &planner{ran: make(map[string]int), plans: make(map[string][]plan)}
			e := &exercise{T: t, dsn: dsn, conn: conn, clock: &testClock{at: noon}, tracer: p}
			e.prepare(past)
			e.write()
			e.reprice()
			e.maintain()
			require.NoError(t, errors.Join(p.errs...))
			for statement, plans := range p.plans {
				if reading[statement] {
					continue
				}
				for i := range plans {
					assert.Empty(t, plans[i].faults(), statement)
				}
			}
			for _, room := range []string{"write", "peers", "rollup", "rows", "reprice", "maintenance", "projects"} {
				files, err := filepath.Glob("internal/" + room + "/queries/*.sql")
				require.NoError(t, err)
				for _, file := range files {
					statement := strings.TrimSuffix(filepath.Base(file), ".sql")
					assert.NotEmpty(t, p.plans[statement], "%s did not run", statement)
				}
			}
		})
	}
}

// exercise does all that writing, repricing and maintenance do, on a database with a past.
type exercise struct {
	*testing.T
	dsn    string
	conn   *pgx.Conn
	clock  *testClock
	tracer *planner
}

func (e *exercise) exec(sql string, args ...any) {
	e.Helper()
	_, err := e.conn.Exec(e.Context(), sql, args...)
	require.NoError(e, err)
}

func (e *exercise) open(how writing.Testing) *storage.Store {
	s := openWith(e.T, storage.Config{DSN: e.dsn, Now: e.clock.now}, func(c *database.Config) {
		c.Configure = func(pc *pgxpool.Config) { pc.ConnConfig.Tracer = e.tracer }
	})
	s.SetTesting(how)
	return s
}

// prepare makes two days, which statistics know by way of past.
func (e *exercise) prepare(past func(*testing.T, *pgx.Conn, func(from, until time.Time))) {
	s := openAt(e.T, e.dsn)
	for slug, days := range map[string]int{"short": 30, "long": 90} {
		require.NoError(e, s.CreateProject(e.Context(), storage.Project{Slug: slug, RetentionDays: days}))
	}
	e.exec(`SELECT costkey.ensure_day(d) FROM unnest('{2026-11-18,2026-11-19,2026-11-20}'::date[]) AS d`)
	e.exec(`DO $$ DECLARE t regclass; BEGIN
		FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'costkey'::regnamespace AND relkind = 'r' LOOP
			EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', t);
		END LOOP; END $$`)
	past(e.T, e.conn, func(from, until time.Time) {
		e.writeDistinct(s, from, until)
		for seed := range 4 { // each time double
			e.exec(`INSERT INTO costkey.call (started_at, span_id, parent_span_id, duration_us, project_id, attributes_id, tag_set_id,
					trace_id, input_tokens, cost_usd, response_hash, response_id)
				SELECT started_at + interval '1 microsecond', hashint8extended(span_id, $3), hashint8extended(parent_span_id, $3), duration_us,
					project_id, attributes_id, tag_set_id, gen_random_uuid(), input_tokens, cost_usd, hashint8extended(response_hash, $3), response_id
				FROM costkey.call WHERE started_at >= $1 AND started_at < $2`, from, until, seed)
			e.exec(`INSERT INTO costkey.call_body
				SELECT started_at, hashint8extended(span_id, $3), project_id, gen_random_uuid(), request_body, response_body
				FROM costkey.call_body WHERE started_at >= $1 AND started_at < $2`, from, until, seed)
		}
		e.exec(`INSERT INTO costkey.trace_node (project_id, trace_id, span_id, parent_span_id)
			SELECT project_id, trace_id, hashint8extended(span_id, 9), span_id FROM costkey.call WHERE started_at >= $1 AND started_at < $2`,
			from, until)
		e.exec(`INSERT INTO costkey.pending_trace (project_id, trace_id, started_at)
			SELECT project_id, trace_id, started_at FROM costkey.call WHERE started_at >= $1 AND started_at < $2`, from, until)
		_, err := s.Maintain(e.Context()) // some sums are merged
		require.NoError(e, err)
	})
	s.Close()
}

// writeDistinct writes calls of which no two have a dimension in common.
func (e *exercise) writeDistinct(s *storage.Store, from, until time.Time) {
	const n = 1500
	batch := make([]storage.Call, n)
	for i := range batch {
		at := from.Add(until.Sub(from) * time.Duration(i) / n)
		c := call(int(at.Unix()))
		c.StartMicros, c.FunctionName, c.LineNumber = at.UnixMicro(), fmt.Sprint("f", at.Unix()), int(at.Unix()%1_000_000)
		c.CallPath = []string{fmt.Sprint("frame ", at.Unix())}
		c.Tags = []storage.Tag{{Key: "ticket", Value: fmt.Sprint(at.Unix())}}
		c.Project = []string{"short", "long"}[i%2]
		withBodies(&c)
		batch[i] = c
	}
	write(e.T, s, batch...)
}

// write brings every family of spans to two writers, span by span and again, on both sides of a midnight and at noon, reading
// traces whole and walking them.
func (e *exercise) write() {
	midnight := noon.Truncate(24 * time.Hour)
	trace := 1 << 20
	for _, how := range []writing.Testing{{}, {ShortTrace: 1}} {
		stores := []*storage.Store{e.open(how), e.open(how)}
		for _, at := range []time.Duration{0, midnight.Sub(noon)} {
			e.writeFamilies(stores, at, trace)
			trace += len(families)
		}
		c := span(1, 0, inTrace(trace), withoutID, withBodies, long)
		write(e.T, stores[0], c)
		write(e.T, stores[1], span(2, 1, inTrace(trace)))
		trace++
	}
}

func (e *exercise) writeFamilies(stores []*storage.Store, at time.Duration, trace int) {
	for n := range families {
		f, turn := &families[n], 0
		for range 2 {
			for i := range f.ids {
				c := f.told(i, trace+n)
				c.StartMicros += at.Microseconds()
				write(e.T, stores[turn%2], c)
				turn++
			}
			for i := range f.links {
				_, err := stores[turn%2].WriteCalls(e.Context(), nil, f.link(i, trace+n))
				require.NoError(e, err)
				turn++
			}
		}
	}
}

// reprice changes the price of all.
func (e *exercise) reprice() {
	s := e.open(writing.Testing{})
	f := storage.RepriceFilter{From: noon.Add(-24 * time.Hour), To: noon.Add(24 * time.Hour)}
	_, err := s.RepriceCount(e.Context(), f)
	require.NoError(e, err)
	res, err := s.Reprice(e.Context(), f, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{Actor: "tester@host", Catalogue: "v2"})
	require.NoError(e, err)
	require.Greater(e, res.Changed, int64(20_000))
	_, err = s.PriceChanges(e.Context())
	require.NoError(e, err)
}

// maintain lets a window end, then retentions.
func (e *exercise) maintain() {
	s := e.open(writing.Testing{})
	e.exec("UPDATE costkey.pending_trace SET written_at = written_at - interval '1 hour'")
	e.exec("UPDATE costkey.trace_node SET written_at = written_at - interval '1 hour'")
	e.exec("DELETE FROM costkey.maintenance_task") // all is due
	require.NoError(e, s.CreateProject(e.Context(), storage.Project{Slug: "third", RetentionDays: 30}))
	retention := 20
	require.NoError(e, s.SetProject(e.Context(), "third", storage.ProjectChange{RetentionDays: &retention}))
	_, err := s.Projects(e.Context())
	require.NoError(e, err)
	for _, after := range [...]time.Duration{0, 32 * day, day, day, 100 * day, day, day} {
		e.clock.forward(after)
		maintain(e.T, s)
	}
	_, err = s.MaintenanceTasks(e.Context())
	require.NoError(e, err)
}
