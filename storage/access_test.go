package storage_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestARoleThatMayWriteOwnsNothingAndMakesDays(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	role, asRole := storagetest.Role(t, dsn)
	owner, conn := openAt(t, dsn), connect(t, dsn)
	ctx := t.Context()
	write(t, owner, call(1000)) // a day that is there before the role
	for range 2 {
		require.NoError(t, owner.Grant(ctx, role, storage.AccessWrite))
	}
	s, as := openAt(t, asRole), connect(t, asRole)
	batch := calls(0, 30)
	for i := range batch { // of ten days and two months
		batch[i].StartMicros -= int64(i%10) * 3 * 24 * 3600 * 1e6
	}
	batch[0].Project, batch[1].RequestBody = "new", "[body]"
	require.Equal(t, storage.WriteResult{Written: 30}, write(t, s, batch...))
	require.Equal(t, storage.WriteResult{Duplicate: 40 - 30, Written: 20}, write(t, s, append(calls(30, 50), batch[20:]...)...))
	write(t, s, span(1, 0, withoutID))
	require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, span(2, 1)))
	require.NoError(t, s.PutCallGraph(ctx, "default", "1", []byte(`{}`)))
	n, err := s.CountCalls(ctx, "", noon.AddDate(0, -3, 0))
	require.NoError(t, err)
	require.Equal(t, int64(52), n)
	require.Equal(t, 10, one[int](t, conn, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'costkey.call'::regclass"))
	requireSums(t, conn)
	_, err = conn.Exec(ctx, "ALTER TABLE costkey.call ADD CONSTRAINT c CHECK (response_id <> 'chatcmpl-60')")
	require.NoError(t, err)
	require.Equal(t, map[storage.Reason]int{storage.ReasonBadValue: 1}, write(t, s, call(60)).DeadLettered)

	for _, forbidden := range []string{
		"DROP TABLE costkey.call_20261120", "ALTER TABLE costkey.call DETACH PARTITION costkey.call_20261120", "TRUNCATE costkey.call",
		"CREATE TABLE costkey.mine ()", "DELETE FROM costkey.project", "DELETE FROM costkey.hourly", "DROP VIEW costkey.calls",
		"UPDATE costkey.database_identity SET generation = gen_random_uuid()", "INSERT INTO costkey.schema_migration VALUES (99, 'x')",
		"INSERT INTO costkey.api_key (project_id, prefix, hash, name, scopes) VALUES (1, 'a', decode(repeat('00', 32), 'hex'), '', '{read}')",
		"SELECT costkey.copy_privileges('costkey.call', 'costkey.call_20261120')",
	} {
		_, err := as.Exec(ctx, forbidden)
		require.ErrorContains(t, err, "42501", forbidden)
	}
	rep, err := s.Maintain(ctx)
	require.Error(t, err, "maintenance is the owner's")
	require.Zero(t, rep.DroppedDays)
}

func TestARoleThatMayReadSeesTheViewsAndNoMore(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	role, asRole := storagetest.Role(t, dsn)
	owner := openAt(t, dsn)
	ctx := t.Context()
	require.NoError(t, owner.Grant(ctx, role, storage.AccessRead))
	write(t, owner, calls(0, 30)...)
	as := connect(t, asRole)
	for _, view := range []string{"calls", "costs_hourly", "costs_daily", "projects", "call_bodies", "price_changes"} {
		_, err := as.Exec(ctx, "SELECT * FROM costkey."+view)
		require.NoError(t, err, view)
	}
	costs, err := openAt(t, asRole).CostByFunction(ctx, "", noon.AddDate(0, 0, -1))
	require.NoError(t, err)
	require.Len(t, costs, 1)
	require.Equal(t, 3, one[int](t, as, "SELECT count(*) FROM costkey.trace($1)", fmt.Sprintf("%016x%016x", 1, 0)))
	for _, forbidden := range []string{
		"SELECT * FROM costkey.call", "SELECT * FROM costkey.call_20261120", "SELECT hash_key FROM costkey.database_identity",
		"SELECT * FROM costkey.api_key", "SELECT * FROM costkey.dead_letter", "SELECT costkey.ensure_day('2026-01-01')",
		"UPDATE costkey.projects SET name = 'x'",
	} {
		_, err := as.Exec(ctx, forbidden)
		require.ErrorContains(t, err, "42501", forbidden)
	}
}

// TestASchemaThatAnAdministratorMadeIsEnough migrates as a role that may make nothing in the database.
func TestASchemaThatAnAdministratorMadeIsEnough(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	role, asRole := storagetest.Role(t, dsn)
	ctx := t.Context()
	s := openAt(t, asRole)
	require.ErrorContains(t, s.Migrate(ctx), "42501")
	storagetest.Exec(t, dsn, "CREATE SCHEMA costkey AUTHORIZATION "+role)
	require.NoError(t, s.Migrate(ctx))
	require.Equal(t, storage.WriteResult{Written: 30}, write(t, s, calls(0, 30)...))
	maintain(t, s)
	requireSums(t, connect(t, asRole))
	require.ErrorContains(t, s.Grant(ctx, role, "own"), "access")
	_, err := s.WriteCalls(context.Background(), calls(0, 5))
	require.NoError(t, err)
}
