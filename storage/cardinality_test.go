package storage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

// openLimited opens a store with room for few new sets of dimensions a day, whose time a test sets.
func openLimited(t *testing.T, limit int) (*storage.Store, *testClock, *pgx.Conn) {
	t.Helper()
	dsn := migrated(t)
	clock := &testClock{at: noon}
	s := openWith(t, storage.Config{DSN: dsn, Now: clock.now, CardinalityLimit: limit}, func(*database.Config) {})
	return s, clock, connect(t, dsn)
}

// spread changes calls by their number.
func spread(from, n int, change func(i int, c *storage.Call)) []storage.Call {
	out := calls(from, from+n)
	for i := range out {
		change(i, &out[i])
	}
	return out
}

func interned(t *testing.T, conn *pgx.Conn, table string) int {
	t.Helper()
	return one[int](t, conn, "SELECT count(*) FROM costkey."+table)
}

func TestBeyondTheLimitOtherStandsForWhatDiffersAndTheSumsHold(t *testing.T) {
	t.Parallel()
	const limit, n = 20, 300
	for name, c := range map[string]struct {
		change   func(i int, c *storage.Call)
		shows    string // what the calls beyond the limit show
		overflow int
		rows     map[string]int // at most
	}{
		"functions": {
			func(i int, c *storage.Call) { c.FunctionName = fmt.Sprint("f", i) },
			"function_name = '(other)' AND file_path = '(other)' AND service_name = 'shop' AND priced_model = 'gpt-4o'",
			n - limit,
			map[string]int{"dimension_set": limit + 1, "call_attributes": limit + 1},
		},
		"errors": {
			func(i int, c *storage.Call) { c.ErrorType = fmt.Sprint("error ", i) },
			"error_type = '(other)'", n - limit,
			map[string]int{"dimension_set": limit + 2},
		},
		"services and models": {
			func(i int, c *storage.Call) {
				c.ServiceName, c.RequestModel, c.ResponseModel, c.PricedModel = fmt.Sprint("s", i), fmt.Sprint("m", i), "", ""
				c.CostStatus, c.CostKnown, c.CostUSD = "unknown_model", false, usd("0")
			},
			"function_name = '(other)' AND priced_model IS NULL AND (service_name = '(other)') = (request_model = '(other)')",
			n - limit,
			map[string]int{"dimension_set": 2*limit + 1},
		},
		"lines": {
			func(i int, c *storage.Call) { c.LineNumber = i + 1 },
			"line_number IS NULL AND call_path IS NULL AND function_name = 'github.com/acme/shop.Describe'",
			n - limit,
			map[string]int{"call_path": limit + 1, "call_attributes": limit + 3},
		},
		"hosts": {
			func(i int, c *storage.Call) { c.Host = fmt.Sprint("host", i) },
			"service_name = 'shop' AND request_model = '(other)' AND provider_usage IS NULL AND priced_model = 'gpt-4o'",
			n - 4*limit,
			map[string]int{"call_attributes": 4*limit + 2},
		},
		"hosts that call themselves other": {
			func(i int, c *storage.Call) { c.Host, c.ServiceTier = "(other)", fmt.Sprint("tier", i) },
			"service_tier = '(other)'", n - 4*limit,
			map[string]int{"call_attributes": 4*limit + 2},
		},
		"usage objects": {
			func(i int, c *storage.Call) { c.UsageObject = fmt.Sprintf(`{"k%d":1}`, i) },
			"provider_usage IS NULL", n - 4*limit,
			map[string]int{"call_attributes": 4*limit + 2},
		},
		"status codes": {
			func(i int, c *storage.Call) { c.HTTPStatus = 100_000 + i },
			"http_status IS NULL OR http_status < 1000", n - 4*limit,
			map[string]int{"call_attributes": 4*limit + 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, conn := openLimited(t, limit)
			overflowed := 0
			for from := 0; from < n; from += 60 {
				res := write(t, s, spread(0, n, c.change)[from:from+60]...)
				require.Equal(t, 60, res.Written)
				overflowed += res.Overflowed
			}
			require.Equal(t, c.overflow, overflowed)
			require.Equal(t, n, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
			require.Equal(t, overflowed, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE "+c.shows))
			require.Equal(t, fmt.Sprint(n), one[string](t, conn, "SELECT sum(calls)::text FROM costkey.costs_hourly"))
			requireSums(t, conn)
			for table, most := range c.rows {
				require.LessOrEqual(t, interned(t, conn, table), most, table)
			}
			require.Equal(t, storage.WriteResult{Duplicate: 60}, write(t, s, spread(0, n, c.change)[240:]...), "resent")
			maintain(t, s)
			requireSums(t, conn)
		})
	}
}

func TestTheNextDayHasRoomAgainAndOneProjectTakesNoneFromOthers(t *testing.T) {
	t.Parallel()
	s, clock, conn := openLimited(t, 5)
	functions := func(from, n int, project string) []storage.Call {
		return spread(from, n, func(i int, c *storage.Call) {
			c.FunctionName, c.Project, c.StartMicros = fmt.Sprint("f", from+i), project, clock.now().UnixMicro()
		})
	}
	require.Zero(t, write(t, s, functions(0, 5, "noisy")...).Overflowed)
	require.Equal(t, 5, write(t, s, functions(50, 5, "noisy")...).Overflowed)
	require.Zero(t, write(t, s, functions(0, 5, "quiet")...).Overflowed)
	require.Equal(t, 5, write(t, s, functions(100, 5, "noisy")...).Overflowed)
	clock.forward(day)
	require.Zero(t, write(t, s, functions(200, 5, "noisy")...).Overflowed, "the next day")
	require.Zero(t, write(t, s, functions(0, 5, "noisy")...).Overflowed, "what is known takes no room")
	requireSums(t, conn)
}

func TestTagsStandInTheRowWhereAProjectHasTooManySets(t *testing.T) {
	t.Parallel()
	const limit = 10
	s, _, conn := openLimited(t, limit)
	res := write(t, s, spread(0, 50, func(i int, c *storage.Call) {
		c.Tags = []storage.Tag{{Key: "order", Value: fmt.Sprint(i)}, {Key: "plan", Value: `"pro"`}}
	})...)
	require.Equal(t, storage.WriteResult{Written: 50}, res, "nothing is lost")
	require.Equal(t, 50, one[int](t, conn, "SELECT count(DISTINCT tags ->> 'order') FROM costkey.calls WHERE tags ->> 'plan' = 'pro'"))
	require.Equal(t, 2*limit, interned(t, conn, "tag_set"))
	require.Equal(t, 50-2*limit, one[int](t, conn, "SELECT count(*) FROM costkey.call WHERE tag_set_id IS NULL AND tags IS NOT NULL"))
	tagged := func(c *storage.Call) { c.Tags = []storage.Tag{{Key: "order", Value: "9999"}} }
	write(t, s, span(1, 0, inTrace(200), long, tagged)) // a row with its tags is joined and keeps them
	require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(2, 1, inTrace(200), withoutCode)))
	require.Equal(t, `{"order": 9999}`, one[string](t, conn, "SELECT tags::text FROM costkey.calls WHERE trace_id = $1", fmt.Sprintf("%08x%024x", 201, 0)))
	require.NotZero(t, reprice(t, s, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{}).Changed)
	require.Equal(t, 50, one[int](t, conn, "SELECT count(DISTINCT tags ->> 'order') FROM costkey.calls WHERE tags ->> 'plan' = 'pro'"))
	requireSums(t, conn)
}

func TestInternedRowsThatNothingNamesAreDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	s, clock, conn := openLimited(t, 0)
	ctx := t.Context()
	other := openWith(t, storage.Config{DSN: conn.Config().ConnString(), Now: clock.now}, func(*database.Config) {})
	tables := []string{"dimension_set", "call_path", "call_attributes", "tag_set"}
	now := func(n int) storage.Call { return startingNear(n, clock.now()) }
	write(t, s, now(0), span(1, 0, func(c *storage.Call) { c.FunctionName, c.LineNumber, c.Tags = "rare", 7, nil }))
	write(t, other, now(1)) // it has what is used in its cache
	round := func() storage.MaintenanceReport {
		_, err := conn.Exec(ctx, "DELETE FROM costkey.maintenance_task")
		require.NoError(t, err)
		return maintain(t, s)
	}
	for range 8 { // in use from time to time
		clock.forward(11 * day)
		write(t, s, now(10+int(clock.now().Sub(noon)/day)))
		require.Zero(t, round().DeletedUnused)
	}
	clock.forward(15 * day) // the first day has been dropped
	write(t, s, now(5000))
	deleted := int64(0)
	for rep := (storage.MaintenanceReport{DroppedDays: 1}); rep.DroppedDays > 0; {
		rep = round()
		deleted += rep.DeletedUnused
	}
	require.Equal(t, int64(2), deleted, "the attributes and the path of the rare call; its dimensions have sums")
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.call_path WHERE line_number = 7"))
	require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.dimension_set WHERE function_name = 'rare'"))
	clock.forward(100 * day)
	for round().DroppedDays > 0 {
	}
	round()
	for _, table := range tables[1:] {
		require.Zero(t, interned(t, conn, table), table)
	}
	write(t, other, now(6000))
	require.Equal(t, 1, one[int](t, conn, `SELECT count(*) FROM costkey.calls WHERE response_id = 'chatcmpl-6000'
		AND function_name = 'github.com/acme/shop.Describe' AND line_number = 42 AND tags ->> 'plan' = 'pro' AND provider = 'openai'`))
	clock.forward(time.Duration(27*31) * day)
	for round().DroppedDays > 0 {
	}
	round()
	round()
	require.Zero(t, interned(t, conn, "dimension_set"), "with the sums of their months")
	require.Equal(t, "0", one[string](t, conn, "SELECT count(*)::text FROM costkey.hourly"))
	write(t, s, now(7000))
	require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE function_name = 'github.com/acme/shop.Describe'"))
	requireSums(t, conn)
}

// TestABigTextTakesNoMoreThanItsShare writes texts beyond every limit.
func TestABigTextTakesNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	s, _, conn := openLimited(t, 0)
	huge := strings.Repeat("ü", 200_000)
	c := call(1)
	for _, text := range []*string{
		&c.ServiceName, &c.ServiceVersion, &c.Environment, &c.ScopeName, &c.Provider, &c.Operation, &c.RequestModel, &c.ResponseModel,
		&c.ServiceTier, &c.Host, &c.ErrorType, &c.FunctionName, &c.FilePath, &c.ResponseID, &c.SessionID, &c.UserID,
	} {
		*text = huge
	}
	c.CallPath, c.Notes = []string{huge, huge}, []string{huge}
	c.UsageObject = `{"a":"` + huge + `"}`
	require.Equal(t, storage.WriteResult{Written: 1, Repaired: 1}, write(t, s, c))
	require.Less(t, one[int](t, conn, "SELECT octet_length(c::text) FROM costkey.calls c"), 40_000)
	requireSums(t, conn)
}
