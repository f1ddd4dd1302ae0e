package storage_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// maxTries is how often a batch may fail before it is narrowed down, by the patience of these tests.
const maxTries = 8

// writeNarrowed writes a batch until it is written, and returns after how many failures that was.
func writeNarrowed(t *testing.T, s *storage.Store, batch func() []storage.Call) (storage.WriteResult, int) {
	t.Helper()
	for failures := range maxTries {
		res, err := s.WriteCalls(t.Context(), batch())
		if err == nil {
			res.ByStatus = nil
			return res, failures
		}
		require.True(t, storage.IsRetryable(err), err)
	}
	require.Fail(t, "the batch was never written")
	return storage.WriteResult{}, maxTries
}

// raiseWhere makes every insert of a call fail for which a condition on NEW holds.
func raiseWhere(condition, sqlstate string) string {
	return fmt.Sprintf(`CREATE FUNCTION costkey.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF %s THEN RAISE EXCEPTION 'refused' USING ERRCODE = '%s'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON costkey.call FOR EACH ROW EXECUTE FUNCTION costkey.refuse()`, condition, sqlstate)
}

const dropRefuse = "DROP TRIGGER refuse ON costkey.call; DROP FUNCTION costkey.refuse()"

// causes are deterministic errors that one call of a batch brings about: number 7.
var causes = map[string]struct {
	cause, cure string
	reason      storage.Reason
	sqlstate    string
	failures    int // before it is narrowed down
}{
	"a trigger that raises": {
		raiseWhere("NEW.response_id = 'chatcmpl-7'", "P0001"), dropRefuse, storage.ReasonFailing, "P0001", 4,
	},
	"a trigger that raises what nobody foresaw": {
		raiseWhere("NEW.response_id = 'chatcmpl-7'", "XX000"), dropRefuse, storage.ReasonFailing, "XX000", 4,
	},
	"a unique violation that no look explains": {
		raiseWhere("NEW.response_id = 'chatcmpl-7'", "23505"), dropRefuse, storage.ReasonFailing, "23505", 4,
	},
	"a trigger that refuses a value": {
		raiseWhere("NEW.response_id = 'chatcmpl-7'", "22003"), dropRefuse, storage.ReasonBadValue, "22003", 0,
	},
	"a constraint": {
		"ALTER TABLE costkey.call ADD CONSTRAINT c CHECK (response_id <> 'chatcmpl-7')",
		"ALTER TABLE costkey.call DROP CONSTRAINT c", storage.ReasonBadValue, "23514", 0,
	},
	"a sequence at its end": {
		"SELECT setval('costkey.dimension_set_id_seq', 5); ALTER SEQUENCE costkey.dimension_set_id_seq MAXVALUE 5",
		"ALTER SEQUENCE costkey.dimension_set_id_seq NO MAXVALUE", storage.ReasonFailing, "2200H", 4,
	},
	"a missing table": {
		`CREATE TABLE costkey.gone (); CREATE FUNCTION costkey.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF NEW.response_id = 'chatcmpl-7' THEN PERFORM FROM costkey.gone; END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON costkey.call FOR EACH ROW EXECUTE FUNCTION costkey.refuse(); DROP TABLE costkey.gone`,
		dropRefuse, storage.ReasonFailing, "42P01", 4,
	},
}

func TestABatchThatFailsAgainAndAgainIsNarrowedDownToTheCallThatDoes(t *testing.T) {
	t.Parallel()
	for name, c := range causes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			write(t, s, calls(1000, 1003)...)
			_, err := conn.Exec(t.Context(), c.cause)
			require.NoError(t, err)
			batch := func() []storage.Call {
				out := calls(0, 40)
				out[7].FunctionName = "guilty" // names what is new
				return out
			}
			res, failures := writeNarrowed(t, s, batch)
			require.Equal(t, c.failures, failures)
			require.Equal(t, map[storage.Reason]int{c.reason: 1}, res.DeadLettered)
			require.Equal(t, 39, res.Written+res.Duplicate)
			requireOneDead(t, s, conn, c.reason, c.sqlstate)

			again, _ := writeNarrowed(t, s, batch)
			require.Equal(t, map[storage.Reason]int{c.reason: 1}, again.DeadLettered, "the batch once more")
			requireOneDead(t, s, conn, c.reason, c.sqlstate)
			replayed, left, err := s.ReplayDeadLetters(t.Context(), "", "")
			require.Error(t, err)
			require.Equal(t, [2]int{0, 1}, [2]int{replayed, left}, "while the cause is there")

			_, err = conn.Exec(t.Context(), c.cure)
			require.NoError(t, err)
			for n := range 2 {
				replayed, left, err := s.ReplayDeadLetters(t.Context(), "", "")
				require.NoError(t, err)
				require.Equal(t, [2]int{1 - n, 0}, [2]int{replayed, left})
				require.Equal(t, 43, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
			}
			requireSums(t, conn)
			counts, err := s.DeadLetterCounts(t.Context())
			require.NoError(t, err)
			require.Empty(t, counts)
		})
	}
}

// requireOneDead holds what is there beside the guilty call.
func requireOneDead(t *testing.T, s *storage.Store, conn *pgx.Conn, reason storage.Reason, sqlstate string) {
	t.Helper()
	require.Equal(t, 42, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	requireSums(t, conn)
	letters, err := s.DeadLetters(t.Context(), "default", reason, 0, 10)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, sqlstate, letters[0].SQLState)
	require.NotEmpty(t, letters[0].Error)
	require.NotContains(t, letters[0].Error, "chatcmpl-7")
	counts, err := s.DeadLetterCounts(t.Context())
	require.NoError(t, err)
	require.Len(t, counts, 1)
	require.Equal(t, int64(1), counts[0].Calls)
}

// TestADayThatRefusesIsNarrowedDown writes as a role that may not write to yesterday's partition.
func TestADayThatRefusesIsNarrowedDown(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	role, asRole := storagetest.Role(t, dsn)
	owner, conn := openAt(t, dsn), connect(t, dsn)
	ctx := t.Context()
	require.NoError(t, owner.Grant(ctx, role, storage.AccessWrite))
	yesterday := func(n int) storage.Call {
		c := call(n)
		c.StartMicros -= 24 * 3600 * 1e6
		return c
	}
	write(t, owner, call(1000), yesterday(1001))
	_, err := conn.Exec(ctx, "REVOKE INSERT ON costkey.call_20261119 FROM "+role)
	require.NoError(t, err)
	s := openAt(t, asRole)
	res, failures := writeNarrowed(t, s, func() []storage.Call {
		return append(calls(0, 30), yesterday(31), yesterday(32), yesterday(33))
	})
	require.Equal(t, 4, failures)
	require.Equal(t, map[storage.Reason]int{storage.ReasonFailing: 3}, res.DeadLettered)
	require.Equal(t, 32, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	_, err = conn.Exec(ctx, "GRANT INSERT ON costkey.call_20261119 TO "+role)
	require.NoError(t, err)
	replayed, left, err := s.ReplayDeadLetters(ctx, "default", storage.ReasonFailing)
	require.NoError(t, err)
	require.Equal(t, [2]int{3, 0}, [2]int{replayed, left})
	require.Equal(t, 35, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	requireSums(t, conn)
}

// TestWhereTheWholeDatabaseRefusesNoCallIsToBlame keeps a batch waiting, however often it is tried.
func TestWhereTheWholeDatabaseRefusesNoCallIsToBlame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cause, cure string }{
		"a trigger that raises for every row": {raiseWhere("true", "P0001"), dropRefuse},
		"a trigger that refuses every value":  {raiseWhere("true", "22003"), dropRefuse},
		"a constraint that refuses every row": {"ALTER TABLE costkey.call ADD CONSTRAINT c CHECK (project_id IS NULL) NOT VALID", "ALTER TABLE costkey.call DROP CONSTRAINT c"},
		"the sums' table is gone":             {"ALTER TABLE costkey.hourly_delta RENAME TO hidden", "ALTER TABLE costkey.hidden RENAME TO hourly_delta"},
		"a column that this program lacks":    {"ALTER TABLE costkey.call ADD later text NOT NULL DEFAULT 'x'; ALTER TABLE costkey.call ALTER later DROP DEFAULT", "ALTER TABLE costkey.call DROP later"},
		"read only": {
			`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`,
			`SET default_transaction_read_only = off; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, conn := open(t)
			write(t, first, calls(1000, 1001)...)
			_, err := conn.Exec(t.Context(), c.cause)
			require.NoError(t, err)
			s := openAt(t, conn.Config().ConnString())
			for range maxTries {
				_, err := s.WriteCalls(t.Context(), calls(0, 20))
				require.Error(t, err)
				require.True(t, storage.IsRetryable(err), err)
			}
			require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.dead_letter"))
			require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.call"))
			_, err = conn.Exec(t.Context(), c.cure)
			require.NoError(t, err)
			s = openAt(t, conn.Config().ConnString())
			require.Equal(t, storage.WriteResult{Written: 20}, write(t, s, calls(0, 20)...))
			requireSums(t, conn)
		})
	}
}

// TestADeadLetterIsWrittenAsTheCallWouldHaveBeen compares a call that was a dead letter for a while with the same one that
// was not.
func TestADeadLetterIsWrittenAsTheCallWouldHaveBeen(t *testing.T) {
	t.Parallel()
	full := func() storage.Call {
		c := call(7)
		c.ParentSpanID, c.FirstTokenMicros, c.Streaming, c.HTTPStatus, c.ErrorType = [8]byte{0xff, 1}, 500_000, true, 200, "timeout"
		c.Notes, c.ServiceTier, c.Host = []string{"ambiguous_cache", `odd "note\`}, "standard", "api.example.com"
		c.ReportedUSD, c.HasReported, c.CostUSD = usd("0.004"), true, usd("123456789012345.123456789012345678")
		c.RequestBody, c.ResponseBody, c.UserID = "[question \u2028]", "[answer <&>]", "Zoë"
		c.Usage.WebSearches, c.Usage.CacheWrite1h = c.Usage.Output, c.Usage.Reasoning
		return c
	}
	s, conn := open(t)
	ctx := t.Context()
	const row = `SELECT to_jsonb(c)::text || (SELECT to_jsonb(b)::text FROM costkey.call_bodies b) FROM costkey.calls c`
	write(t, s, full())
	want := one[string](t, conn, row)
	_, err := conn.Exec(ctx, "TRUNCATE costkey.call, costkey.call_body, costkey.hourly_delta; "+
		"ALTER TABLE costkey.call ADD CONSTRAINT c CHECK (user_id <> 'Zoë')")
	require.NoError(t, err)
	require.Equal(t, map[storage.Reason]int{storage.ReasonBadValue: 1}, write(t, s, full()).DeadLettered)
	_, err = conn.Exec(ctx, "ALTER TABLE costkey.call DROP CONSTRAINT c")
	require.NoError(t, err)
	replayed, _, err := s.ReplayDeadLetters(ctx, "default", "")
	require.NoError(t, err)
	require.Equal(t, 1, replayed)
	require.Equal(t, want, one[string](t, conn, row))
	requireSums(t, conn)
}

// TestAStoredRowThatCannotBeReadHoldsUpItsOwnTraceOnly breaks a stored row, which spans of its trace are compared with.
func TestAStoredRowThatCannotBeReadHoldsUpItsOwnTraceOnly(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	othersWrote(t, conn.Config().ConnString(), noon) // it looks
	write(t, s, span(1, 0, inTrace(1), withoutID), span(1, 0, inTrace(2), withoutID))
	_, err := conn.Exec(t.Context(), "UPDATE costkey.call SET reported_cost_usd = 'NaN' WHERE trace_id::text LIKE '00000002%'") // the first
	require.NoError(t, err)
	batch := func() []storage.Call {
		return append(calls(1000, 1020), span(2, 1, inTrace(1)), span(2, 1, inTrace(2)))
	}
	writeNarrowed(t, s, batch)
	require.Equal(t, 20, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE response_id ~ '^chatcmpl-10[0-9][0-9]$'"))
	require.Equal(t, "2 "+price, rowsOf(t, conn, 2))
	_, err = conn.Exec(t.Context(), "UPDATE costkey.call SET reported_cost_usd = NULL WHERE reported_cost_usd = 'NaN'")
	require.NoError(t, err)
	_, left, err := s.ReplayDeadLetters(t.Context(), "", "")
	require.NoError(t, err)
	require.Zero(t, left)
	require.Equal(t, "2 "+price, rowsOf(t, conn, 1))
	requireSums(t, conn)
}

// TestASpanThatIsToldWithTwoStartsIsNotInTheWayOfOthers sends one span twice in a batch, a day apart, as a sender with a
// wrong clock does; both are told by an answer that is stored.
func TestASpanThatIsToldWithTwoStartsIsNotInTheWayOfOthers(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	early := func(c *storage.Call) { c.StartMicros -= 24 * 3600 * 1e6 }
	strangers := func(c *storage.Call) { c.TraceID = [16]byte{9} }
	write(t, s, span(5, 0, strangers, scope("a")), span(6, 0, strangers, scope("a"), early))
	batch := func() []storage.Call {
		return append(calls(1000, 1010), span(1, 0, scope("a")), span(1, 0, scope("a"), early))
	}
	for range maxTries {
		res, err := s.WriteCalls(context.Background(), batch())
		require.NoError(t, err)
		require.Empty(t, res.DeadLettered)
	}
	require.Equal(t, 10, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE response_id ~ '^chatcmpl-10[0-9][0-9]$'"))
	require.Equal(t, 1, one[int](t, conn, "SELECT count(DISTINCT span_id) FROM costkey.calls WHERE trace_id = $1", fmt.Sprintf("01%030x", 0)))
	requireSums(t, conn)
}

// TestLinksThatCannotBeKeptTakeNoCallWithThem makes the table of spans without a row refuse everything.
func TestLinksThatCannotBeKeptTakeNoCallWithThem(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	keepAlive(t, s)
	_, err := conn.Exec(t.Context(), "ALTER TABLE costkey.trace_node ADD CONSTRAINT c CHECK (span_id <> 5)")
	require.NoError(t, err)
	f := family{links: [][2]uint64{{5, 1}}}
	var res storage.WriteResult
	for range maxTries {
		if res, err = s.WriteCalls(t.Context(), calls(1000, 1010), f.link(0, 0)); err == nil {
			break
		}
	}
	require.NoError(t, err)
	require.Empty(t, res.DeadLettered)
	require.Equal(t, 11, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
	require.Equal(t, "0", storagetest.Value(t, conn.Config().ConnString(), "SELECT count(*) FROM costkey.dead_letter"))
}
