package costkeyexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/storage"
)

// said is a span of a call whose library says what it cost.
type said struct {
	model  string
	usage  bool
	cost   any // nil, a float64 or a string
	http   int64
	tier   string
	object string // the provider's usage object
}

// spansOf returns one trace of a span each.
func spansOf(t *testing.T, all ...said) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	scope := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for i, s := range all {
		span := scope.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, byte(i)})
		span.SetSpanID(pcommon.SpanID{byte(i + 1)})
		span.SetKind(ptrace.SpanKindClient)
		now := time.Now()
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		a := span.Attributes()
		a.PutStr("gen_ai.operation.name", "chat")
		a.PutStr("gen_ai.provider.name", "openai")
		a.PutStr("gen_ai.request.model", s.model)
		if s.usage {
			a.PutInt("gen_ai.usage.input_tokens", 1000)
			a.PutInt("gen_ai.usage.output_tokens", 100)
		}
		if s.http != 0 {
			a.PutInt("http.response.status_code", s.http)
		}
		if s.object != "" {
			a.PutStr("costkey.provider.usage", s.object)
		}
		if s.tier != "" {
			a.PutStr("openai.response.service_tier", s.tier)
		}
		if s.cost != nil {
			v, _ := a.GetOrPutEmpty("gen_ai.usage.cost")
			require.NoError(t, v.FromRaw(s.cost))
		}
	}
	return td
}

// costOf is what a row says of the cost, unknown as "-".
func costOf(c *storage.Call) string {
	cost := "-"
	if c.CostKnown {
		cost = c.CostUSD.String()
	}
	return c.CostStatus + " " + cost
}

func TestAReportedCostIsTheCostOnlyWhereOursIsUnknownAndTheConfigSaysSo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		span    said
		off, on string
	}{
		"a model that nobody knows":         {said{model: "no-such-model", usage: true, cost: "0.001230000000000001"}, "unknown_model -", "reported 0.001230000000000001"},
		"the same, as a double":             {said{model: "no-such-model", usage: true, cost: 0.1}, "unknown_model -", "reported 0.1"},
		"the same, without a cost":          {said{model: "no-such-model", usage: true}, "unknown_model -", "unknown_model -"},
		"the same, with a cost below 0":     {said{model: "no-such-model", usage: true, cost: -0.1}, "unknown_model -", "unknown_model -"},
		"a tier that the model has not":     {said{model: "gpt-3.5-turbo", usage: true, cost: 0.25, tier: "flex"}, "no_price -", "reported 0.25"},
		"a fee beside the user's own key":   {said{model: "no-such-model", usage: true, cost: 0.1, object: `{"is_byok":true}`}, "unknown_model -", "unknown_model -"},
		"a call without usage":              {said{model: "gpt-4o", cost: 0.0042}, "no_usage -", "reported 0.0042"},
		"a call with a price":               {said{model: "gpt-4o", usage: true, cost: 0.0042}, "priced 0.0035", "priced 0.0035"},
		"a refused call that says a cost":   {said{model: "gpt-4o", cost: 0.0042, http: 429}, "not_billed 0", "not_billed 0"},
		"a call whose library says nothing": {said{model: "gpt-4o", usage: true}, "priced 0.0035", "priced 0.0035"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for on, want := range map[bool]string{false: test.off, true: test.on} {
				store := new(fakeStore)
				e, _ := newTest(t, store, func(c *Config) { c.UseReportedCost = on })
				require.NoError(t, e.ConsumeTraces(t.Context(), spansOf(t, test.span)))
				rows := store.written()
				require.Len(t, rows, 1)
				assert.Equal(t, want, costOf(&rows[0]), "use_reported_cost: %v", on)
			}
		})
	}
}

func TestCallsWhoseSpanSaysAnotherCostAreCountedByModel(t *testing.T) {
	t.Parallel()
	e, tel := newTest(t, new(fakeStore), func(c *Config) { c.UseReportedCost = true })
	require.NoError(t, e.ConsumeTraces(t.Context(), spansOf(t,
		said{model: "gpt-4o", usage: true, cost: 0.0042},
		said{model: "gpt-4o", usage: true, cost: 0.0035},        // equal
		said{model: "gpt-4o", usage: true, cost: 0.003535},      // exactly 1 %
		said{model: "no-such-model", usage: true, cost: 0.0042}, // nothing to compare with
		said{model: "gpt-4o-mini", usage: true, cost: 0.5},
		said{model: "gpt-4o", cost: 0.0042, http: 429}, // refused, and still said to cost
	)))
	const name = "costkey.exporter.price_disagreements"
	assert.EqualValues(t, 3, counter(t, tel, name, ""))
	assert.EqualValues(t, 2, counter(t, tel, name, "gpt-4o"))
	assert.EqualValues(t, 1, counter(t, tel, name, "gpt-4o-mini"))
	assert.EqualValues(t, 3, counter(t, tel, name, "openai"))
}
