package counters_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/internal/counters"
)

func TestEachLineMakesItsCounter(t *testing.T) {
	t.Parallel()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = tel.Shutdown(t.Context()) })
	meter := tel.NewTelemetrySettings().MeterProvider.Meter("test")
	var calls, spans metric.Int64Counter
	require.NoError(t, counters.Make(meter,
		counters.Counter{To: &calls, Name: "costkey.test.calls", Unit: "{call}", Counts: "Calls."},
		counters.Counter{To: &spans, Name: "costkey.test.spans", Unit: "{span}", Counts: "Spans."}))
	spans.Add(t.Context(), 3)
	got, err := tel.GetMetric("costkey.test.spans")
	require.NoError(t, err)
	assert.Equal(t, "{span}", got.Unit)
	assert.Equal(t, "Spans.", got.Description)
	_, err = tel.GetMetric("costkey.test.calls")
	assert.Error(t, err, "nothing was counted")
}

func TestANameThatIsNoneIsAnErrorAndTheOthersAreMade(t *testing.T) {
	t.Parallel()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = tel.Shutdown(t.Context()) })
	var bad, good metric.Int64Counter
	err := counters.Make(tel.NewTelemetrySettings().MeterProvider.Meter("test"),
		counters.Counter{To: &bad, Name: "1 bad name"}, counters.Counter{To: &good, Name: "good"})
	require.ErrorContains(t, err, "1 bad name")
	good.Add(t.Context(), 1)
	_, err = tel.GetMetric("good")
	assert.NoError(t, err)
}
