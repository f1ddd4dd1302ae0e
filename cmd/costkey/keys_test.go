package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// migrated returns the DSN of a database with the current schema.
func migrated(t *testing.T) string {
	t.Helper()
	return storagetest.Prepared(t, "migrated", func(ctx context.Context, dsn string) error {
		store, err := storage.Open(storage.Config{DSN: dsn})
		if err != nil {
			return err
		}
		defer store.Close()
		return store.Migrate(ctx)
	})
}

func listed(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	got := costkey(t, append(args, "--format", "json")...)
	require.Equal(t, exitDone, got.status, got.stderr)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &rows))
	return rows
}

func TestAKeysLifeOnTheCommandLine(t *testing.T) {
	t.Parallel()
	db := "--database-url=" + migrated(t)
	require.Equal(t, result{stdout: "shop\n"}, costkey(t, "projects", "create", "shop", db))
	made := costkey(t, "keys", "create", "--project", "shop", "--name", "checkout", "--scope", "ingest,read", "--expires", "90d", db)
	require.Equal(t, exitDone, made.status, made.stderr)
	secret := strings.TrimSuffix(made.stdout, "\n")
	prefix, ok := storage.KeyPrefix(secret)
	require.True(t, ok, "stdout holds the key and nothing else")

	keys := listed(t, "keys", "list", "--project", "shop", db)
	require.Len(t, keys, 1)
	assert.Equal(t, "ck_"+prefix, keys[0]["prefix"])
	assert.Equal(t, "active", keys[0]["status"])
	assert.Equal(t, "ingest,read", keys[0]["scopes"])
	assert.Nil(t, keys[0]["last_used_at"])
	assert.NotContains(t, costkey(t, "keys", "list", db).stdout, secret, "a key is shown once")

	id := strconv.Itoa(int(keys[0]["id"].(float64)))
	require.Equal(t, result{}, costkey(t, "keys", "revoke", id, db))
	assert.Equal(t, "revoked", listed(t, "keys", "list", db)[0]["status"])
	assert.Equal(t, exitFailed, costkey(t, "keys", "revoke", "999", db).status)
	assert.Equal(t, exitFailed, costkey(t, "keys", "create", "--project", "nowhere", db).status)
}

func TestAProjectsSettingsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	db := "--database-url=" + migrated(t)
	require.Equal(t, exitDone, costkey(t, "projects", "create", "shop", "--name", "The shop", "--retention-days", "30",
		"--tag", "team=a", "--tag", "tier=1", db).status)
	assert.Equal(t, exitFailed, costkey(t, "projects", "create", "shop", db).status, "the slug is taken")
	require.Equal(t, result{}, costkey(t, "projects", "set", "shop", "--capture-body", "--remove-tag", "tier", db))
	for _, p := range listed(t, "projects", "list", db) {
		if p["project"] == "shop" {
			assert.Equal(t, "The shop", p["name"])
			assert.EqualValues(t, 30, p["retention_days"])
			assert.Equal(t, true, p["capture_body"])
			assert.Equal(t, "team=a", p["default_tags"])
		}
	}
	assert.Equal(t, exitFailed, costkey(t, "projects", "set", "nowhere", "--name", "x", db).status)
}

func TestKeysAndProjectsThatCannotBeAreAMisuse(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"keys create", "keys create --project shop --scope admin", "keys create --project shop --expires yesterday",
		"keys create --project shop --expires -3d", "keys revoke ck_abc", "keys revoke",
		"projects create Not/a/slug", "projects create shop --retention-days 0", "projects create shop --tag =x",
		"projects set shop", "projects set shop --retention-days 401", "projects create shop --retention-days 401",
	} {
		got := costkey(t, strings.Fields(args)...)
		assert.Equal(t, exitMisuse, got.status, args)
		assert.Empty(t, got.stdout)
	}
}

func TestAnExpiryIsAnAgeOrATimeToCome(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "90d": now.AddDate(0, 0, 90), "12h": now.Add(12 * time.Hour),
		"2030-01-31T00:00:00Z": time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC),
	} {
		got, err := expiryTime(text, now)
		require.NoError(t, err)
		assert.True(t, want.Equal(got), text)
	}
	_, err := expiryTime("2020-01-31T00:00:00Z", now)
	require.ErrorContains(t, err, "to come")
}
