package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/storagetest"
	"github.com/costkey/costkey-otel/usage"
)

// noon is the clock of these tests: far from midnight, where batches look before they write.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// open returns a migrated store on a database of its own, and a connection to look at it.
func open(t testing.TB) (*storage.Store, *pgx.Conn) {
	t.Helper()
	dsn := migrated(t)
	return openAt(t, dsn), connect(t, dsn)
}

// migrated returns a migrated database of the test's own: a copy of one that is migrated once. It remembers that a store
// that is none of the test's wrote an hour before noon: one that is alone since then knows from memory what is there.
func migrated(t testing.TB) string {
	t.Helper()
	return storagetest.Prepared(t, "migrated", func(ctx context.Context, dsn string) error {
		s, err := storage.Open(storage.Config{DSN: dsn})
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.Migrate(ctx); err != nil {
			return err
		}
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, othersWroteAt(noon.Add(-time.Hour)))
		return errors.Join(err, conn.Close(ctx))
	})
}

// openAt opens a store on a migrated database.
func openAt(t testing.TB, dsn string) *storage.Store {
	t.Helper()
	return openWith(t, storage.Config{DSN: dsn, Now: func() time.Time { return noon }}, func(*database.Config) {})
}

func openWith(t testing.TB, cfg storage.Config, change func(*database.Config)) *storage.Store {
	t.Helper()
	s, err := storage.OpenWith(cfg, change)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func othersWroteAt(at time.Time) string {
	return fmt.Sprintf(`INSERT INTO costkey.writer VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', '%s')
		ON CONFLICT (id) DO UPDATE SET wrote_at = excluded.wrote_at`, at.Format(time.RFC3339Nano))
}

// othersWrote lets a store that is none of the test's have written at a time.
func othersWrote(t testing.TB, dsn string, at time.Time) {
	t.Helper()
	storagetest.Exec(t, dsn, othersWroteAt(at))
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// call makes the n-th call of a test: calls 3k to 3k+2 share a trace.
func call(n int) storage.Call {
	c := storage.Call{
		Project: "default", StartMicros: noon.Add(-time.Duration(n) * time.Second).UnixMicro(), DurationMicros: 1_500_000,
		FirstTokenMicros: storage.Unknown, ServiceName: "shop", ServiceVersion: "1.2.3", Environment: "prod",
		ScopeName: "scope", Client: true, Provider: "openai", Operation: "chat", RequestModel: "gpt-4o",
		ResponseModel: "gpt-4o-2024-08-06", PricedModel: "gpt-4o", ResponseID: fmt.Sprintf("chatcmpl-%d", n),
		Usage: usage.Usage{
			Input: usage.Known(1207), CacheRead: usage.Known(1024), Output: usage.Known(143), Reasoning: usage.Known(64),
		},
		CostUSD: usd("0.0031675"), CostKnown: true, CostStatus: "priced", Catalogue: "2026-09-23",
		UsageObject:  `{"prompt_tokens":1207,"completion_tokens":143,"prompt_tokens_details":{"cached_tokens":1024},"tier":"default"}`,
		FunctionName: "github.com/acme/shop.Describe", FilePath: "shop/describe.go", LineNumber: 42,
		CallPath:  []string{"main.main (main.go:10)", "github.com/acme/shop.Describe (shop/describe.go:42)"},
		SessionID: "s-1", UserID: "u-1", Tags: []storage.Tag{{Key: "plan", Value: `"pro"`}, {Key: "seats", Value: "3"}},
	}
	binary.BigEndian.PutUint64(c.TraceID[:], uint64(n/3)+1)
	binary.BigEndian.PutUint64(c.SpanID[:], uint64(n)+1)
	return c
}

func calls(from, until int) []storage.Call {
	var out []storage.Call
	for n := from; n < until; n++ {
		out = append(out, call(n))
	}
	return out
}

func usd(s string) pricing.Money {
	m, err := pricing.ParseMoney(s)
	if err != nil {
		panic(err)
	}
	return m
}

func write(t testing.TB, s *storage.Store, calls ...storage.Call) storage.WriteResult {
	t.Helper()
	res, err := s.WriteCalls(context.Background(), calls)
	require.NoError(t, err)
	written := 0
	for _, n := range res.ByStatus {
		written += n
	}
	require.Equal(t, res.Written, written, "calls written by status")
	res.ByStatus = nil
	return res
}

func one[T any](t testing.TB, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, conn.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

// requireSums holds costs_hourly against calls, to the last digit, in one statement.
func requireSums(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	const sql = `WITH a AS (
		SELECT project, date_trunc('hour', started_at) AS hour, service_name, service_version, environment, provider,
		       operation, coalesce(priced_model, response_model, request_model) AS model, priced_model, function_name, file_path,
		       count(*)::bigint AS calls, count(error_type)::bigint AS errors, (count(*) - count(cost_usd))::bigint AS unpriced_calls,
		       coalesce(sum(input_tokens), 0)::bigint AS i, coalesce(sum(cache_read_tokens), 0)::bigint AS r,
		       coalesce(sum(cache_write_tokens), 0)::bigint AS w, coalesce(sum(output_tokens), 0)::bigint AS o,
		       coalesce(sum(reasoning_tokens), 0)::bigint AS t, coalesce(sum(cost_usd), 0) AS cost
		FROM costkey.calls GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	), b AS (
		SELECT project, hour, service_name, service_version, environment, provider, operation, model, priced_model,
		       function_name, file_path, sum(calls)::bigint, sum(errors)::bigint, sum(unpriced_calls)::bigint,
		       coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(cache_read_tokens), 0)::bigint,
		       coalesce(sum(cache_write_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint,
		       coalesce(sum(reasoning_tokens), 0)::bigint, coalesce(sum(cost_usd), 0)
		FROM costkey.costs_hourly GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
		HAVING (sum(calls), sum(coalesce(cost_usd, 0))) <> (0, 0)
	)
	SELECT count(*) FROM ((SELECT * FROM a EXCEPT ALL SELECT * FROM b) UNION ALL (SELECT * FROM b EXCEPT ALL SELECT * FROM a)) AS d`
	require.Zero(t, one[int](t, conn, sql), "rows that differ between costs_hourly and calls")
}

func TestEveryColumnComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	c := call(1)
	c.ParentSpanID = [8]byte{0xff, 1}
	c.FirstTokenMicros, c.Streaming, c.HTTPStatus = 500_000, true, 200
	c.Notes, c.ServiceTier = []string{"ambiguous_cache", `odd "note\`}, "standard"
	c.ReportedUSD, c.HasReported = usd("0.004"), true
	require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, c))

	rows, err := conn.Query(context.Background(), "SELECT to_jsonb(c) FROM costkey.calls c")
	require.NoError(t, err)
	got, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[map[string]any])
	require.NoError(t, err)
	started, err := time.Parse(time.RFC3339, got["started_at"].(string))
	require.NoError(t, err)
	assert.True(t, started.Equal(time.UnixMicro(call(1).StartMicros)))
	delete(got, "started_at")
	assert.Equal(t, map[string]any{
		"project": "default", "trace_id": "00000000000000010000000000000000", "trace_uuid": "00000000-0000-0001-0000-000000000000", "span_id": "0000000000000002",
		"parent_span_id": "ff01000000000000", "duration_ms": 1500.0, "time_to_first_token_ms": 500.0,
		"output_tokens_per_second": 143.0, "service_name": "shop", "service_version": "1.2.3", "environment": "prod",
		"provider": "openai", "operation": "chat", "request_model": "gpt-4o", "response_model": "gpt-4o-2024-08-06",
		"priced_model": "gpt-4o", "input_tokens": 1207.0, "cache_read_tokens": 1024.0, "cache_write_tokens": nil,
		"output_tokens": 143.0, "reasoning_tokens": 64.0, "cost_usd": 0.0031675, "cost_status": "priced",
		"function_name": "github.com/acme/shop.Describe", "file_path": "shop/describe.go", "line_number": 42.0,
		"call_path": []any{"main.main (main.go:10)", "github.com/acme/shop.Describe (shop/describe.go:42)"},
		"streaming": true, "http_status": 200.0, "error_type": nil, "session_id": "s-1", "user_id": "u-1",
		"tags": map[string]any{"plan": "pro", "seats": 3.0}, "has_body": false, "response_id": "chatcmpl-1",
		"service_tier": "standard", "reported_cost_usd": 0.004,
		"provider_usage": map[string]any{
			"prompt_tokens": 1207.0, "completion_tokens": 143.0, "tier": "default",
			"prompt_tokens_details": map[string]any{"cached_tokens": 1024.0},
		},
		"notes": []any{"ambiguous_cache", `odd "note\`},
	}, got)
	requireSums(t, conn)
}

func TestCostsKeepEveryDigit(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	var batch []storage.Call
	amounts := []string{
		"0", "0.000000000000000001", "0.1", "1", "12.5", "9999.9999", "10000", "123456789012345.123456789012345678", "0.00000001",
		"0.0001", "0.00001", "99999999",
	}
	for n, amount := range amounts {
		c := call(n)
		c.CostUSD = usd(amount)
		batch = append(batch, c)
	}
	write(t, s, batch...)
	for n, amount := range amounts {
		assert.Equal(t, amount, one[string](t, conn, "SELECT cost_usd::text FROM costkey.calls WHERE response_id = $1", fmt.Sprintf("chatcmpl-%d", n)))
	}
	requireSums(t, conn)
}

func TestTheSameBatchIsStoredOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.Equal(t, storage.WriteResult{Written: 90}, write(t, s, calls(0, 90)...))
	require.Equal(t, storage.WriteResult{Duplicate: 90}, write(t, s, calls(0, 90)...))
	require.Equal(t, storage.WriteResult{Written: 10, Duplicate: 90}, write(t, s, calls(0, 100)...))
	require.Equal(t, storage.WriteResult{Duplicate: 200}, write(t, s, append(calls(0, 100), calls(0, 100)...)...))
	require.Equal(t, 100, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	requireSums(t, conn)
}

func TestTheSameBatchFromTwoCollectorsAtOnceIsStoredOnce(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	collectors := []*storage.Store{openAt(t, dsn), openAt(t, dsn), openAt(t, dsn)}
	var wg sync.WaitGroup
	for round := range 5 {
		for _, s := range collectors {
			wg.Go(func() {
				for {
					_, err := s.WriteCalls(context.Background(), calls(round*300, (round+1)*300))
					if err == nil {
						return
					}
					if !assert.True(t, storage.IsRetryable(err), err) {
						return
					}
				}
			})
		}
	}
	for range 20 {
		_, err := collectors[0].Maintain(context.Background())
		require.NoError(t, err)
		requireSums(t, conn)
	}
	wg.Wait()
	require.Equal(t, 1500, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	requireSums(t, conn)
}

func TestUnknownIsNullAndFreeIsZero(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	unknown, free := call(1), call(2)
	unknown.Usage, unknown.CostKnown, unknown.CostStatus, unknown.PricedModel = usage.Usage{}, false, "unknown_model", ""
	free.CostUSD, free.CostStatus, free.FunctionName = pricing.Money{}, "free", "other"
	write(t, s, unknown, free)
	assert.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE cost_usd IS NULL AND input_tokens IS NULL"))
	assert.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE cost_usd = 0 AND cost_status = 'free'"))
	assert.Equal(t, 1, one[int](t, conn, `SELECT count(*) FROM costkey.costs_hourly
		WHERE unpriced_calls = 1 AND cost_usd IS NULL AND input_tokens IS NULL AND model = 'gpt-4o-2024-08-06'`))
	assert.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.costs_hourly WHERE unpriced_calls = 0 AND cost_usd = 0"))
	requireSums(t, conn)
}

func TestABadCallIsRepairedOrSetAsideAndTheRestIsWritten(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	at := func(n int, change func(*storage.Call)) storage.Call {
		c := call(n)
		change(&c)
		return c
	}
	res := write(t, s,
		at(1, func(c *storage.Call) { c.FunctionName = "nul\x00byte" }),
		at(2, func(c *storage.Call) { c.UserID = "bad\xff\xfeutf8" }),
		at(3, func(c *storage.Call) {
			c.Tags = []storage.Tag{{Key: "k\x00", Value: `"a\u0000b"`}, {Key: "l", Value: "not json"}}
		}),
		at(4, func(c *storage.Call) { c.ErrorType = strings.Repeat("é", 5000) }),
		at(5, func(c *storage.Call) { c.TraceID = [16]byte{} }),
		at(6, func(c *storage.Call) { c.SpanID = [8]byte{} }),
		at(7, func(c *storage.Call) { c.StartMicros, c.DurationMicros = 0, noon.UnixMicro() }),
		at(8, func(c *storage.Call) { c.StartMicros, c.DurationMicros = 0, storage.Unknown }),
		at(9, func(c *storage.Call) { c.StartMicros = noon.Add(-365 * 24 * time.Hour).UnixMicro() }),
		at(10, func(c *storage.Call) { c.StartMicros = noon.Add(48 * time.Hour).UnixMicro() }),
		at(11, func(c *storage.Call) { c.StartMicros = -1 << 62 }),
		at(12, func(c *storage.Call) { c.Project = "Not A Slug" }),
		at(13, func(c *storage.Call) { c.CostStatus = "no such status" }),
		at(14, func(c *storage.Call) { c.Usage.Input = usage.Known(3 * usage.MaxCount) }),
		at(15, func(*storage.Call) {}),
		at(16, func(c *storage.Call) { c.StartMicros = noon.Add(20 * time.Hour).UnixMicro() }),
		at(17, func(c *storage.Call) { c.UsageObject = `{"weird?":1}` }),
	)
	assert.Equal(t, storage.WriteResult{
		Written: 9, Repaired: 5, SetAside: map[storage.Reason]int{
			storage.ReasonBadID: 2, storage.ReasonBadTime: 3, storage.ReasonExpired: 1, storage.ReasonBadProject: 1,
		},
		DeadLettered: map[storage.Reason]int{storage.ReasonBadValue: 1},
	}, res)
	letters, err := s.DeadLetters(t.Context(), "default", storage.ReasonBadValue, 0, 10)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	dead, err := letters[0].Call()
	require.NoError(t, err)
	assert.Equal(t, "no such status", dead.CostStatus)
	assert.Equal(t, "nulbyte", one[string](t, conn, "SELECT function_name FROM costkey.calls WHERE response_id = 'chatcmpl-1'"))
	assert.Equal(t, `{"k": "ab", "l": "not json"}`, one[string](t, conn, "SELECT tags::text FROM costkey.calls WHERE response_id = 'chatcmpl-3'"))
	assert.Equal(t, noon, one[time.Time](t, conn, "SELECT started_at FROM costkey.calls WHERE response_id = 'chatcmpl-7'").UTC())
	assert.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE response_id = 'chatcmpl-14' AND input_tokens IS NULL"))
	requireSums(t, conn)
}

func TestProjectsThatDataNamesAreBounded(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	var batch []storage.Call
	for n := range storage.DefaultProjectLimit + 20 {
		c := call(n)
		c.Project = fmt.Sprintf("p%d", n)
		batch = append(batch, c)
	}
	res := write(t, s, batch...)
	assert.Equal(t, len(batch), res.Written)
	assert.Len(t, res.Redirected, 20)
	assert.Equal(t, storage.DefaultProjectLimit+1, one[int](t, conn, "SELECT count(*) FROM costkey.projects"))
	for project, n := range res.Redirected {
		assert.Equal(t, 1, n)
		assert.Equal(t, `"`+project+`" "pro"`, one[string](t, conn, `SELECT concat_ws(' ', tags->'costkey.project', tags->'plan')
			FROM costkey.calls WHERE project = 'default' AND tags->>'costkey.project' = $1`, project), "beside its own tags")
	}
	again := func() (out []storage.Call) {
		for n := range batch {
			c := call(n)
			c.Project = fmt.Sprintf("p%d", n)
			out = append(out, c)
		}
		return out
	}
	assert.Equal(t, len(batch), write(t, s, again()...).Duplicate, "a resend finds them")
	requireSums(t, conn)
}

func TestTwoProjectsMayShareTraceSpanAndResponseIDs(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	a, b := call(1), call(1)
	b.Project = "other"
	require.Equal(t, 1, write(t, s, a).Written)
	require.Equal(t, 1, write(t, s, b).Written)
	requireSums(t, conn)
}

func TestBodiesAreStoredWhereTheyCome(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	with := call(1)
	with.RequestBody, with.ResponseBody = "[question]", "[answer\x00]"
	write(t, s, with, call(2))
	assert.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE has_body"))
	assert.Equal(t, "[answer]", one[string](t, conn, "SELECT response_body FROM costkey.call_bodies WHERE span_id = '0000000000000002'"))
}

func TestADroppedSchemaIsARetryableErrorAndWritingGoesOnAfterMigration(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	write(t, s, calls(0, 30)...)
	_, err := conn.Exec(context.Background(), "DROP SCHEMA costkey CASCADE")
	require.NoError(t, err)
	_, err = s.WriteCalls(context.Background(), calls(0, 30))
	require.Error(t, err)
	require.True(t, storage.IsRetryable(err), err)
	require.NoError(t, s.Migrate(context.Background()))
	require.Equal(t, 30, write(t, s, calls(0, 30)...).Written)
	require.Equal(t, 30, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE function_name IS NOT NULL"))
	requireSums(t, conn)
}

func TestSumsStayEqualWhileWritersAndAMergerWork(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	stores := []*storage.Store{openAt(t, dsn), openAt(t, dsn)}
	var wg sync.WaitGroup
	for w, s := range stores {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 7))
			for range 25 {
				from := r.IntN(2000) // overlapping: both writers meet each other's calls
				for {
					_, err := s.WriteCalls(context.Background(), calls(from, from+200))
					if err == nil || !assert.True(t, storage.IsRetryable(err), err) {
						break
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		_, err := stores[0].Maintain(context.Background())
		require.NoError(t, err)
		requireSums(t, conn)
	}
}

func TestNumbersOfAnotherServerAreForgotten(t *testing.T) {
	t.Parallel()
	server := storagetest.NewServer(t)
	s := openAt(t, server.DSN())
	require.NoError(t, s.Migrate(t.Context()))
	require.Equal(t, 30, write(t, s, calls(0, 30)...).Written)
	// As after a failover to a standby that lacked the last rows: their numbers go to others.
	storagetest.Exec(t, server.DSN(), "TRUNCATE costkey.dimension_set, costkey.call_attributes, costkey.call_path RESTART IDENTITY")
	storagetest.Exec(t, server.DSN(), `INSERT INTO costkey.dimension_set
		(project_id, key, used_on, created_on, streaming, cost_status, function_name)
		VALUES (1, gen_random_uuid(), now(), now(), false, 'priced', 'another')`)
	require.NoError(t, server.Stop())
	require.NoError(t, server.Start())
	for {
		batch := calls(30, 60)
		for i := range batch {
			batch[i].Project = "new" // not known yet, so that it is asked for on the first new connection
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := s.WriteCalls(ctx, batch)
		cancel()
		if err == nil {
			break
		}
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, storage.IsRetryable(err), err)
	}
	require.Equal(t, "30", storagetest.Value(t, server.DSN(),
		"SELECT count(*) FROM costkey.calls WHERE project = 'new' AND function_name = 'github.com/acme/shop.Describe'"))
}
