package costkeystorage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// watched is an extension whose metrics and log a test reads.
type watched struct {
	*storageExtension
	*host
	metrics *componenttest.Telemetry
	logs    *observer.ObservedLogs
}

// startWatched starts an extension on a database, with a round of maintenance each second.
func startWatched(t *testing.T, cfg *Config) *watched {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	w := &watched{host: newHost(), metrics: componenttest.NewTelemetry(), logs: logs}
	settings := extensiontest.NewNopSettings(Type)
	settings.TelemetrySettings = w.metrics.NewTelemetrySettings()
	settings.Logger = zap.New(core)
	cfg.MaintenanceInterval = time.Second
	ext, err := newExtension(cfg, settings)
	require.NoError(t, err)
	w.storageExtension = ext
	require.NoError(t, ext.Start(t.Context(), w.host))
	t.Cleanup(func() {
		require.NoError(t, ext.Shutdown(context.Background()))
		require.NoError(t, w.metrics.Shutdown(context.Background()))
	})
	return w
}

// value returns the value of a metric where it has an attribute; ok is false where there is none.
func (w *watched) value(name, key, value string) (n int64, ok bool) {
	got, err := w.metrics.GetMetric(name)
	if err != nil {
		return 0, false
	}
	points := []metricdata.DataPoint[int64]{}
	switch data := got.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	for _, p := range points {
		if v, has := p.Attributes.Value(attribute.Key(key)); has && v.AsString() == value {
			return p.Value, true
		}
	}
	return 0, false
}

// rounds waits for rounds of maintenance with an outcome, more than so many.
func (w *watched) rounds(t *testing.T, outcome string, more int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		n, _ := w.value("costkey.storage.maintenance.rounds", "outcome", outcome)
		return n > more
	}, patience, 10*time.Millisecond, outcome)
}

func TestMaintenanceRunsAndEveryMetricOfItIsDocumented(t *testing.T) {
	t.Parallel()
	w := startWatched(t, external(storagetest.DSN(t)))
	w.rounds(t, "success", 0)
	require.Eventually(t, func() bool {
		_, counted := w.value("costkey.storage.dead_letters", "reason", "failing")
		return counted
	}, patience, 10*time.Millisecond)
	var documented struct {
		Telemetry struct{ Metrics map[string]any }
	}
	content, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &documented))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)

	var all metricdata.ResourceMetrics
	require.NoError(t, w.metrics.Reader.Collect(t.Context(), &all))
	var names []string
	for _, scoped := range all.ScopeMetrics {
		for _, m := range scoped.Metrics {
			names = append(names, m.Name)
			assert.Contains(t, string(readme), "`"+m.Name+"`")
		}
	}
	want := make([]string, 0, len(documented.Telemetry.Metrics))
	for name := range documented.Telemetry.Metrics {
		want = append(want, name)
	}
	assert.ElementsMatch(t, want, names)
}

func TestWhereAnotherProgramDoesMaintenanceThisOneDoesNot(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	storagetest.Exec(t, dsn, "INSERT INTO costkey.maintenance_lease (holder, until) VALUES (gen_random_uuid(), now() + interval '1 hour')")
	w := startWatched(t, external(dsn))
	w.rounds(t, "elsewhere", 1)
	_, done := w.value("costkey.storage.maintenance.rounds", "outcome", "success")
	assert.False(t, done)
	assert.Equal(t, "0", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.maintenance_task"))
}

func TestATaskThatFailsIsNamedOnceAndKeepsNoOtherFromBeingDone(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	storagetest.Exec(t, dsn, "ALTER TABLE costkey.trace_node RENAME TO away")
	w := startWatched(t, external(dsn))
	w.rounds(t, "failure", 1)
	failed := w.logs.FilterField(zap.String("task", "forget_nodes"))
	require.Equal(t, 1, failed.Len(), "one line for rounds that fail alike")
	assert.Contains(t, failed.All()[0].ContextMap()["error"], "trace_node")
	assert.Equal(t, "true", storagetest.Value(t, dsn,
		"SELECT bool_and(finished_at IS NOT NULL AND error IS NULL) FROM costkey.maintenance_task WHERE task <> 'forget_nodes'"))

	storagetest.Exec(t, dsn, "ALTER TABLE costkey.away RENAME TO trace_node")
	w.rounds(t, "success", 0)
	assert.Equal(t, 1, w.logs.FilterMessage("maintenance works again").Len())
}

func TestDeadLettersAreCountedByReasonWithoutMaintenanceToo(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	storagetest.Exec(t, dsn, `INSERT INTO costkey.dead_letter (project, trace_id, span_id, reason, error, call)
		SELECT 'project-' || n % 2, gen_random_uuid(), n, CASE WHEN n < 4 THEN 'failing' ELSE 'clocks' END, 'write calls', '{}'
		FROM generate_series(1, 5) n`)
	cfg := external(dsn)
	cfg.Maintenance = false
	w := startWatched(t, cfg)
	for reason, want := range map[string]int64{"failing": 3, "clocks": 2, "bad_value": 0} {
		require.Eventually(t, func() bool {
			n, ok := w.value("costkey.storage.dead_letters", "reason", reason)
			return ok && n == want
		}, patience, 10*time.Millisecond, reason)
	}
	assert.Equal(t, "0", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.maintenance_task"))
}

func TestAWriterNeedsNoOwnership(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	owner, err := storage.Open(storage.Config{DSN: dsn})
	require.NoError(t, err)
	defer owner.Close()
	role, asRole := storagetest.Role(t, dsn)
	require.NoError(t, owner.Grant(t.Context(), role, storage.AccessWrite))

	cfg := external(asRole)
	cfg.Migrate, cfg.Maintenance = false, false
	w := startWatched(t, cfg)
	res, err := w.Store().WriteCalls(t.Context(), oneCall())
	require.NoError(t, err)
	assert.Equal(t, 1, res.Written)
	require.Eventually(t, func() bool {
		_, counted := w.value("costkey.storage.dead_letters", "reason", "failing")
		return counted
	}, patience, 10*time.Millisecond)
}

// TestAStuckRoundHidesNoOutage holds a lock that maintenance waits for, and keeps all others from the database.
func TestAStuckRoundHidesNoOutage(t *testing.T) {
	t.Parallel()
	dsn, admin := migrated(t), storagetest.DSN(t)
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	name := strings.TrimPrefix(u.Path, "/")
	released := make(chan struct{})
	go func() {
		defer close(released)
		storagetest.Exec(t, dsn, `DO $$ BEGIN
			LOCK TABLE costkey.maintenance_lease;
			LOOP
				PERFORM pg_sleep(0.02);
				EXIT WHEN (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) = 77;
			END LOOP;
		END $$`)
	}()
	defer func() {
		storagetest.Exec(t, admin, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", name))
		storagetest.Exec(t, admin, fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT 77", name))
		<-released
	}()
	waitFor := func(query string) {
		require.Eventually(t, func() bool { return storagetest.Value(t, admin, fmt.Sprintf(query, name)) == "true" },
			patience, 10*time.Millisecond, query)
	}
	waitFor(`SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE d.datname = '%s' AND l.mode = 'AccessExclusiveLock' AND l.granted`)
	w := startWatched(t, external(dsn))
	waitFor("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '%s' AND wait_event_type = 'Lock'")
	storagetest.Exec(t, admin, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", name))
	storagetest.Exec(t, admin, fmt.Sprintf(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = '%s' AND application_name = 'costkey' AND state = 'idle'`, name))
	w.wait(t, componentstatus.StatusRecoverableError)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, w.Shutdown(ctx), "the round is still stuck")
	require.NoError(t, ctx.Err())
}

func TestClocksThatDifferAreWarnedOfOnce(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	m := &maintainer{logger: zap.New(core)}
	for _, skew := range []time.Duration{
		time.Second, -5 * time.Minute, 6 * time.Minute, 7 * time.Minute, time.Minute, -2 * time.Hour, -2 * time.Hour,
	} {
		m.warnOfSkew(skew)
	}
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, 6*time.Minute, logs.All()[0].ContextMap()["ahead_of_database"])
	assert.Equal(t, -2*time.Hour, logs.All()[1].ContextMap()["ahead_of_database"])
}

func TestEachFailedTaskOfARoundHasItsLine(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	m := &maintainer{logger: zap.New(core)}
	a, b := errors.New("drop_days: drop the partitions of 2026-01-01: lock timeout"), errors.New("merge_sums: canceled")
	for _, err := range []error{nil, errors.Join(a), errors.Join(a, b), errors.Join(b), nil, nil} {
		m.logRound(err)
	}
	var lines []string
	for _, l := range logs.All() {
		lines = append(lines, fmt.Sprint(l.Message, " ", l.ContextMap()["task"]))
	}
	assert.Equal(t, []string{
		"maintenance failed; the next round tries it again drop_days", "maintenance failed; the next round tries it again merge_sums",
		"maintenance works again <nil>",
	}, lines)
}

// oneCall is a batch of one call of now.
func oneCall() []storage.Call {
	return []storage.Call{{
		Project: "shop", TraceID: [16]byte{1}, SpanID: [8]byte{1}, StartMicros: time.Now().UnixMicro(),
		DurationMicros: storage.Unknown, FirstTokenMicros: storage.Unknown, CostStatus: "unknown_model",
	}}
}

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
