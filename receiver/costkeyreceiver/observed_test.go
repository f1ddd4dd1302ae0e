package costkeyreceiver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// observed is a receiver whose metrics, log and status a test looks at.
type observed struct {
	url      string
	metrics  *componenttest.Telemetry
	log      *observer.ObservedLogs
	statuses chan componentstatus.Status
}

func observe(t *testing.T, next consumer.Traces, auth *keys) observed {
	t.Helper()
	o := observed{metrics: componenttest.NewTelemetry(), statuses: make(chan componentstatus.Status, 100)}
	t.Cleanup(func() { assert.NoError(t, o.metrics.Shutdown(context.WithoutCancel(t.Context()))) })
	core, log := observer.New(zapcore.WarnLevel)
	o.log = log
	set := receivertest.NewNopSettings(componentType)
	set.TelemetrySettings = o.metrics.NewTelemetrySettings()
	set.Logger = zap.New(core)
	o.url = startWith(t, set, host{statuses: o.statuses}, next, auth, nil)
	return o
}

// post sends a batch and returns the status.
func (o observed) post(t *testing.T, key, body string) int {
	t.Helper()
	code, _, _ := send(t, http.MethodPost, o.url+"/api/v1/events", key, body)
	return code
}

// count returns what a counter counted, of a reason where that is not empty; 0 where it counted nothing.
func (o observed) count(t *testing.T, name, reason string) (n int64) {
	t.Helper()
	m, err := o.metrics.GetMetric("costkey.receiver." + name)
	if err != nil {
		return 0 // a counter is known when it counts
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		if got, _ := p.Attributes.Value(attribute.Key("reason")); reason == "" || got.AsString() == reason {
			n += p.Value
		}
	}
	return n
}

func (o observed) healthy(t *testing.T) int64 {
	t.Helper()
	m, err := o.metrics.GetMetric("costkey.receiver.healthy")
	require.NoError(t, err)
	points := m.Data.(metricdata.Gauge[int64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}

func TestEachEventIsCountedOnce(t *testing.T) {
	t.Parallel()
	o := observe(t, consumertest.NewNop(), &keys{})
	require.Equal(t, http.StatusOK, o.post(t, "ck_good", strings.Replace(jsBatch, `"projectId":"shop"`, `"projectId":"the-keys"`, 1)))
	assert.EqualValues(t, 1, o.count(t, "accepted", ""))
	assert.Zero(t, o.count(t, "project_ignored", ""), "its own project is no other")
	assert.Zero(t, o.count(t, "repaired", ""))

	require.Equal(t, http.StatusOK, o.post(t, "ck_good", strings.Replace(jsBatch, `"inputTokens":1207`, `"inputTokens":[]`, 1)))
	assert.EqualValues(t, 2, o.count(t, "accepted", ""))
	assert.EqualValues(t, 1, o.count(t, "project_ignored", ""))
	assert.EqualValues(t, 1, o.count(t, "repaired", ""))

	const frames = `"lineNumber":12`
	for range 2 { // the site is known the second time
		require.Equal(t, http.StatusOK, o.post(t, "ck_good", strings.Replace(jsBatch, frames, `"lineNumber":[]`, 1)))
	}
	assert.EqualValues(t, 3, o.count(t, "repaired", ""), "frames count, too")

	require.Equal(t, http.StatusOK, o.post(t, "ck_good", `{"events":[{"id":"a","timestamp":"2026-03-01T10:00:00Z"},{"id":"b"},7]}`))
	assert.EqualValues(t, 5, o.count(t, "accepted", ""))
	assert.EqualValues(t, 2, o.count(t, "unreadable", ""))
	assert.Zero(t, o.count(t, "refused", ""))
}

func TestEachRefusalIsCountedByItsReason(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		key, body string
		auth      *keys
		next      error
	}{
		"unauthenticated":  {key: "ck_wrong", body: jsBatch},
		"forbidden":        {body: jsBatch, auth: &keys{err: status.Error(codes.PermissionDenied, "scope")}},
		"auth_unavailable": {body: jsBatch, auth: &keys{err: retryable(codes.Unavailable, time.Second)}},
		"rate_limited":     {key: "ck_good", body: jsBatch, auth: &keys{admit: retryable(codes.ResourceExhausted, time.Second)}},
		"malformed":        {key: "ck_good", body: "{"},
		"shape":            {key: "ck_good", body: `{"sdkVersion":"9","batches":[]}`},
		"too_many":         {key: "ck_good", body: `{"events":[` + strings.Repeat("{},", 1000) + `{}]}`},
		"too_large":        {key: "ck_good", body: strings.Repeat(" ", 21<<20)},
		"unavailable":      {key: "ck_good", body: jsBatch, next: fmt.Errorf("the queue is full")},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			auth, next := &keys{}, consumer.Traces(consumertest.NewNop())
			if c.auth != nil {
				auth = c.auth
			}
			if c.next != nil {
				next = consumertest.NewErr(c.next)
			}
			o := observe(t, next, auth)
			assert.GreaterOrEqual(t, o.post(t, c.key, c.body), 400)
			assert.EqualValues(t, 1, o.count(t, "refused", reason))
			assert.EqualValues(t, 1, o.count(t, "refused", ""), "and by no other")
			assert.Zero(t, o.count(t, "accepted", ""))
		})
	}
}

func TestANewerShapeIsSaidOnceForEachVersion(t *testing.T) {
	t.Parallel()
	o := observe(t, consumertest.NewNop(), nil)
	assert.EqualValues(t, 1, o.healthy(t))
	for range 3 {
		assert.Equal(t, http.StatusBadRequest, o.post(t, "", `{"sdkVersion":"9.0.0","spans":[{"text":"a secret"}]}`))
		assert.Equal(t, http.StatusOK, o.post(t, "", `{"sdkVersion":"9.1.0","events":[{"v":2,"text":"a secret"}]}`))
	}
	assert.EqualValues(t, 6, o.count(t, "unreadable", ""))
	assert.EqualValues(t, 0, o.healthy(t))
	said := o.log.All()
	require.Len(t, said, 2, "once for each version")
	for i, version := range []string{"9.0.0", "9.1.0"} {
		assert.Equal(t, version, said[i].ContextMap()["sdk_version"])
		assert.NotContains(t, fmt.Sprint(said[i]), "secret")
	}
	assert.Equal(t, componentstatus.StatusRecoverableError, <-o.statuses)
	assert.Empty(t, o.statuses, "once")

	require.Equal(t, http.StatusOK, o.post(t, "", jsBatch))
	assert.Equal(t, componentstatus.StatusOK, <-o.statuses)
	assert.EqualValues(t, 1, o.healthy(t))
}

func TestVersionsThatAreMadeUpDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	o := observe(t, consumertest.NewNop(), nil)
	for i := range 2 * maxSaid {
		o.post(t, "", fmt.Sprintf(`{"sdkVersion":"made-up-%d"}`, i))
	}
	assert.Len(t, o.log.All(), maxSaid)
}
