package storage_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// failOver makes of a database another one under living connections, as behind a pooler: a standby that took over without
// the last interned rows. Their ids go to others.
const failOver = `
	TRUNCATE costkey.dimension_set, costkey.call_attributes, costkey.call_path, costkey.tag_set RESTART IDENTITY;
	INSERT INTO costkey.dimension_set (project_id, key, used_on, created_on, streaming, cost_status, function_name)
		SELECT 1, gen_random_uuid(), now(), now(), false, 'priced', 'another' FROM generate_series(1, 20);
	INSERT INTO costkey.call_attributes (project_id, key, used_on, created_on, dimension_set_id, client)
		SELECT 1, gen_random_uuid(), now(), now(), n, false FROM generate_series(1, 20) AS n;
	INSERT INTO costkey.tag_set (project_id, key, used_on, created_on, tags)
		SELECT 1, gen_random_uuid(), now(), now(), '{"of": "another"}' FROM generate_series(1, 20) AS n;
	UPDATE costkey.database_identity SET generation = gen_random_uuid()`

// requireOwnIDs holds that no call names what another server had by its id.
func requireOwnIDs(t *testing.T, conn *pgx.Conn, want int) {
	t.Helper()
	require.Equal(t, want, one[int](t, conn, `SELECT count(*) FROM costkey.calls WHERE function_name = 'github.com/acme/shop.Describe'
		AND provider = 'openai' AND tags = '{"plan": "pro", "seats": 3}' AND provider_usage IS NOT NULL`))
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.calls WHERE function_name = 'another' OR tags ? 'of'"))
}

func TestNoIDOfAnotherServerIsWrittenWhereItChangesUnderAConnection(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	s := openAt(t, dsn)
	for round := range 3 {
		require.Equal(t, storage.WriteResult{Written: 30}, write(t, s, calls(round*100, round*100+30)...))
		requireOwnIDs(t, conn, 30)
		requireSums(t, conn)
		storagetest.Exec(t, dsn, "TRUNCATE costkey.call, costkey.hourly, costkey.hourly_delta")
		storagetest.Exec(t, dsn, failOver)
	}
	write(t, s, span(1, 0, withoutID))
	storagetest.Exec(t, dsn, "UPDATE costkey.database_identity SET generation = gen_random_uuid()")
	write(t, s, span(2, 1)) // joins what was read of the one with what is written to the other
	require.Equal(t, "2 "+price, rowsOf(t, conn, 1<<24-1))
	requireSums(t, conn)
}

// TestNoIDIsKeptThatWasReadBeforeTheServerChanged changes the server when a writer has read ids and not used them yet, at each
// of its statements in turn; another batch of the same store notices.
func TestNoIDIsKeptThatWasReadBeforeTheServerChanged(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	write(t, openAt(t, dsn), call(0)) // the project is there
	for _, table := range []string{"dimension_set", "call_path", "call_attributes", "tag_set"} {
		for _, verb := range []string{"WITH found", "WITH r AS"} { // look up, write
			storagetest.Exec(t, dsn, "TRUNCATE costkey.call, costkey.hourly, costkey.hourly_delta")
			s, r := openRecorded(t, dsn, atNoon)
			write(t, s, call(1))
			s.Forget()
			var changed atomic.Bool
			r.after = func(_ context.Context, sql string) {
				if strings.HasPrefix(sql, verb) && strings.Contains(sql, "costkey."+table+" ") && !changed.Swap(true) {
					storagetest.Exec(t, dsn, failOver)
					write(t, s, call(3000))
				}
			}
			batch := calls(10, 20)
			batch[9].FunctionName, batch[9].LineNumber = "github.com/acme/shop.Describe", 43 // something is new
			batch[9].Tags = append(batch[9].Tags[:1:1], storage.Tag{Key: "seats", Value: "3"})
			if verb == "WITH r AS" {
				storagetest.Exec(t, dsn, strings.Split(failOver, ";")[0]) // all is new
			}
			write(t, s, batch...)
			require.True(t, changed.Load(), "%s of %s", verb, table)
			require.Zero(t, one[int](t, conn, `SELECT count(*) FROM costkey.calls
				WHERE response_id <> 'chatcmpl-1' AND (function_name = 'another' OR tags ? 'of' OR provider IS NULL)`), "%s of %s", verb, table)
			write(t, s, calls(30, 40)...)
			require.Equal(t, 21, one[int](t, conn, `SELECT count(*) FROM costkey.calls
				WHERE response_id <> 'chatcmpl-1' AND function_name = 'github.com/acme/shop.Describe' AND tags ->> 'plan' = 'pro'`), "%s of %s", verb, table)
		}
	}
}
