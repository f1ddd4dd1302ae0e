package storage_test

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestSeveralProgramsMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	var wg sync.WaitGroup
	for range 4 {
		s := openAt(t, dsn)
		wg.Go(func() { assert.NoError(t, s.Migrate(t.Context())) })
	}
	wg.Wait()
	s := openAt(t, dsn)
	require.NoError(t, s.Migrate(t.Context()), "once more")
	steps, err := s.Migrations(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for _, step := range steps {
		require.False(t, step.AppliedAt.IsZero(), step.Name)
	}
	require.Equal(t, storage.WriteResult{Written: 3}, write(t, s, calls(0, 3)...))
}

func TestASchemaOfBefore010IsNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	storagetest.Exec(t, dsn, "CREATE SCHEMA costkey; CREATE TABLE costkey.cell (); CREATE TABLE costkey.schema_migration (version integer, applied_at timestamptz)")
	s := openAt(t, dsn)
	err := s.Migrate(t.Context())
	require.ErrorIs(t, err, storage.ErrOldSchema)
	require.False(t, storage.IsRetryable(err))
	_, err = s.WriteCalls(t.Context(), calls(0, 3))
	require.ErrorContains(t, err, "before 0.1.0")
	require.True(t, storage.IsRetryable(err), "calls wait")
	require.Equal(t, "2", storagetest.Value(t, dsn, "SELECT count(*) FROM pg_class WHERE relnamespace = 'costkey'::regnamespace"))
	storagetest.Exec(t, dsn, "ALTER SCHEMA costkey RENAME TO costkey_old")
	require.NoError(t, s.Migrate(t.Context()))
	require.Equal(t, storage.WriteResult{Written: 3}, write(t, s, calls(0, 3)...))
}

// TestAProgramThatIsTooOldWorksWithNothingAndItsCallsWait raises what the schema asks of programs.
func TestAProgramThatIsTooOldWorksWithNothingAndItsCallsWait(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	clock := &testClock{at: time.Now()}
	running := openWith(t, storage.Config{DSN: dsn}, func(c *database.Config) { c.LocalNow = clock.now })
	write(t, running, startingNear(0, time.Now()))
	storagetest.Exec(t, dsn, "INSERT INTO costkey.schema_migration VALUES (2, 'later')")
	require.Equal(t, storage.WriteResult{Written: 1}, write(t, openAt(t, dsn), call(1)), "a step that older programs may ignore")

	storagetest.Exec(t, dsn, "UPDATE costkey.database_identity SET oldest_program = 2")
	clock.forward(time.Minute) // the running one looks from time to time
	for _, s := range []*storage.Store{running, openAt(t, dsn)} {
		for range 5 { // more often than a batch fails until it is narrowed down
			_, err := s.WriteCalls(t.Context(), []storage.Call{startingNear(2, time.Now())})
			require.ErrorContains(t, err, storage.ErrNewerSchema.Error())
			require.True(t, storage.IsRetryable(err), "calls wait for the newer program")
		}
	}
	s := openAt(t, dsn)
	_, err := s.CountCalls(t.Context(), "", noon)
	require.ErrorIs(t, err, storage.ErrNewerSchema)
	require.False(t, storage.IsRetryable(err))
	_, err = s.Reprice(t.Context(), everything, at("x", "1", "v"), storage.RepriceOptions{})
	require.ErrorIs(t, err, storage.ErrNewerSchema)
	_, err = s.Maintain(t.Context())
	require.ErrorIs(t, err, storage.ErrNewerSchema)
	require.ErrorIs(t, s.Migrate(t.Context()), storage.ErrNewerSchema)
	require.Equal(t, "0", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.dead_letter"))
	require.Equal(t, "2", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.call"))
}

func TestADatabaseThatCannotHoldEveryTextIsRefused(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	name := u.Path[1:] + "_latin1"
	storagetest.Exec(t, dsn, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
	u.Path = "/" + name
	s := openAt(t, u.String())
	err = s.Migrate(t.Context())
	require.ErrorIs(t, err, storage.ErrEncoding)
	require.False(t, storage.IsRetryable(err))
	s.Close()
	storagetest.Exec(t, dsn, "DROP DATABASE "+name)
}
