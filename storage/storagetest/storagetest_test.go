package storagetest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

func exec(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func TestEachTestGetsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run(fmt.Sprint("database ", i), func(t *testing.T) {
			t.Parallel()
			dsn := storagetest.DSN(t)
			storagetest.Exec(t, dsn, "CREATE TABLE mine AS SELECT $1::int AS i", i)
			assert.Equal(t, fmt.Sprint(i), storagetest.Value(t, dsn, "SELECT i FROM mine"))
		})
	}
}

func TestPreparedCopiesWhatWasMadeOnce(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	prepare := func(ctx context.Context, dsn string) error {
		made.Add(1)
		return exec(ctx, dsn, "CREATE TABLE made AS SELECT 1 AS i")
	}
	key := rand.Text() // of its own, so that -count runs it anew
	for range 3 {
		dsn := storagetest.Prepared(t, key, prepare)
		require.NoError(t, exec(t.Context(), dsn, "ALTER TABLE made RENAME TO taken"))
	}
	assert.EqualValues(t, 1, made.Load())
}

func TestAServerKeepsItsDataAndItsDSNOverAnOutage(t *testing.T) {
	t.Parallel()
	server := storagetest.NewServer(t)
	dsn := server.DSN()
	require.NoError(t, exec(t.Context(), dsn, "CREATE TABLE kept (i int)"))
	require.NoError(t, server.Stop())
	require.Error(t, exec(t.Context(), dsn, "SELECT 1"))
	require.NoError(t, server.Start())
	assert.Equal(t, dsn, server.DSN())
	require.NoError(t, exec(t.Context(), dsn, "TABLE kept"))
}

func TestADurableServerIsTheCollectorsOwn(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "on", storagetest.Value(t, storagetest.NewDurableServer(t).DSN(), "SELECT current_setting('fsync')"))
}
