package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// deadLetter keeps a call, as JSON, as the n-th dead letter of a test.
func deadLetter(t *testing.T, dsn string, n int, project string, reason storage.Reason, call string) {
	t.Helper()
	storagetest.Exec(t, dsn, `INSERT INTO costkey.dead_letter (project, trace_id, span_id, reason, sqlstate, error, call)
		VALUES ($1, lpad($2::integer::text, 32, '0')::uuid, $2::integer, $3, '22P05', 'write 1 calls: value refused', convert_to($4, 'UTF8'))`,
		project, n, string(reason), call)
}

// callAt is the n-th call of a test, as it is kept.
func callAt(t *testing.T, n byte, project string, start time.Time) string {
	t.Helper()
	kept, err := json.Marshal(storage.Call{
		Project: project, TraceID: [16]byte{15: n}, SpanID: [8]byte{7: n}, StartMicros: start.UnixMicro(),
		DurationMicros: storage.Unknown, FirstTokenMicros: storage.Unknown, CostStatus: "unknown_model",
	})
	require.NoError(t, err)
	return string(kept)
}

func TestDeadLettersAreListedByProjectAndReason(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	deadLetter(t, dsn, 1, "shop", storage.ReasonBadValue, "{}")
	deadLetter(t, dsn, 2, "shop", storage.ReasonClocks, "{}")
	deadLetter(t, dsn, 3, "blog", storage.ReasonClocks, `{"secret prompt": 1}`)
	for args, want := range map[string][]string{
		"": {"1", "2", "3"}, "--limit 2": {"1", "2"}, "--project shop": {"1", "2"}, "--reason clocks": {"2", "3"},
		"--project shop --reason clocks": {"2"}, "--project none": nil,
	} {
		var spans []string
		for _, l := range listed(t, append(strings.Fields("storage dead-letters list "+args), db)...) {
			spans = append(spans, strings.TrimLeft(l["span_id"].(string), "0"))
		}
		assert.Equal(t, want, spans, args)
	}
	first := listed(t, "storage", "dead-letters", "list", "--limit", "1", db)[0]
	assert.Equal(t, "00000000000000000000000000000001", first["trace_id"])
	assert.Equal(t, "bad_value", first["reason"])
	assert.Equal(t, "22P05", first["sqlstate"])
	assert.Equal(t, "write 1 calls: value refused", first["error"])
	assert.NotContains(t, costkey(t, "storage", "dead-letters", "list", db).stdout, "secret prompt")
}

func TestReplayStoresWhatCanBeStoredAndSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	now := time.Now()
	deadLetter(t, dsn, 1, "shop", storage.ReasonClocks, callAt(t, 1, "shop", now))
	deadLetter(t, dsn, 2, "shop", storage.ReasonClocks, callAt(t, 2, "shop", now.AddDate(-3, 0, 0)))
	deadLetter(t, dsn, 3, "shop", storage.ReasonFailing, callAt(t, 3, "shop", now))

	got := costkey(t, "storage", "dead-letters", "replay", "--reason", "clocks", "--format", "csv", db)
	assert.Equal(t, exitFailed, got.status)
	assert.Equal(t, "replayed,left\n1,1\n", got.stdout)
	assert.Contains(t, got.stderr, "1 dead letters are left: replay dead letter")
	assert.Equal(t, "1", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.calls"))

	all := costkey(t, "storage", "dead-letters", "replay", "--reason", "failing", "--format", "json", db)
	assert.Equal(t, exitDone, all.status, all.stderr)
	assert.JSONEq(t, `[{"replayed": 1, "left": 0}]`, all.stdout)
	assert.Equal(t, "2", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.calls"))
	assert.Len(t, listed(t, "storage", "dead-letters", "list", db), 1)
}

func TestDeadLettersAreDeletedByIDOrByWhatTheyAre(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	for n := 1; n <= 6; n++ {
		deadLetter(t, dsn, n, []string{"shop", "blog"}[n%2], storage.ReasonFailing, "{}")
	}
	assert.Equal(t, result{stdout: "deleted 2 dead letters\n"}, costkey(t, "storage", "dead-letters", "delete", "1", "2", "2", db))
	missing := costkey(t, "storage", "dead-letters", "delete", "1", "3", db)
	assert.Equal(t, exitFailed, missing.status)
	assert.Equal(t, "deleted 1 dead letters\n", missing.stdout)
	assert.Contains(t, missing.stderr, "1 of the ids are no dead letters")

	refused := costkey(t, "storage", "dead-letters", "delete", "--project", "shop", db)
	assert.Equal(t, exitMisuse, refused.status)
	assert.Contains(t, refused.stderr, "--yes")
	assert.Equal(t, result{stdout: "deleted 2 dead letters\n"},
		costkey(t, "storage", "dead-letters", "delete", "--project", "shop", "--reason", "failing", "--yes", db))
	assert.Len(t, listed(t, "storage", "dead-letters", "list", db), 1)
}

func TestWrongUseOfDeadLettersIsAMisuse(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"delete", "delete --yes", "delete x", "delete 0", "delete 1 --project shop --yes", "delete --reason odd --yes",
		"list --reason odd", "list --limit -1", "list x", "replay --reason expired", "replay x",
	} {
		got := costkey(t, strings.Fields("storage dead-letters "+args)...)
		assert.Equal(t, exitMisuse, got.status, args)
		assert.Empty(t, got.stdout, args)
	}
}
