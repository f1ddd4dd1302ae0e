package storage_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

func cost(amount string) func(*storage.Call) {
	return func(c *storage.Call) { c.CostUSD = usd(amount) }
}

// says lets the span say what the call cost.
func says(amount string) func(*storage.Call) {
	return func(c *storage.Call) { c.ReportedUSD, c.HasReported = usd(amount), true }
}

// unpriced is a call of a model that no price list knows.
func unpriced(c *storage.Call) {
	c.CostUSD, c.CostKnown, c.CostStatus, c.PricedModel, c.Catalogue = pricing.Money{}, false, "unknown_model", "", ""
}

// takesSaid is what the exporter makes of a call without a price when it is told to use what the span says.
func takesSaid(c *storage.Call) {
	c.CostUSD, c.CostKnown, c.CostStatus = c.ReportedUSD, c.HasReported, "reported"
}

func TestCallsThatSayAnotherCostAreListedByModel(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	of := func(provider, model string) func(*storage.Call) {
		return func(c *storage.Call) { c.Provider, c.PricedModel = provider, model }
	}
	var batch []storage.Call
	for n, changes := range [][]func(*storage.Call){
		{cost("0.01"), says("0.0101")},   // exactly 1 %
		{cost("0.01"), says("0.0099")},   // exactly 1 %, below
		{cost("0.01"), says("0.01")},     // equal
		{cost("0.01")},                   // says nothing
		{unpriced, says("7")},            // nothing to compare with
		{unpriced, says("7"), takesSaid}, // the same
		{cost("0.01"), says("0.010100000000000001")},
		{cost("0.01"), says("0")},
		{cost("0.000000000000000001"), says("1.000000000000000002"), of("openrouter", "openai/gpt-4o")},
		{cost("0"), says("0.5"), of("", ""), func(c *storage.Call) { c.CostStatus = "not_billed" }},
		{cost("0"), says("0"), of("ollama", "llama3"), func(c *storage.Call) { c.CostStatus = "free" }},
		{cost("1"), says("2"), func(c *storage.Call) { c.Project = "other" }},
		{cost("1"), says("2"), func(c *storage.Call) { c.StartMicros = noon.Add(time.Hour).UnixMicro() }},
	} {
		c := call(n)
		c.StartMicros = noon.Add(time.Duration(n) * time.Minute).UnixMicro()
		for _, change := range changes {
			change(&c)
		}
		batch = append(batch, c)
	}
	write(t, s, batch...)
	text := func(s string) *string { return &s }
	found, err := s.PriceDisagreements(t.Context(), "default", noon, noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []storage.PriceDisagreement{
		{
			Provider: "openrouter", PricedModel: "openai/gpt-4o", Calls: 1, CostUSD: "0.000000000000000001",
			ReportedUSD: "1.000000000000000002", DifferenceUSD: "1.000000000000000001", DifferencePercent: text("100000000000000000100.00"),
		},
		{Calls: 1, CostUSD: "0", ReportedUSD: "0.5", DifferenceUSD: "0.5"},
		{
			Provider: "openai", PricedModel: "gpt-4o", Calls: 2, CostUSD: "0.02", ReportedUSD: "0.010100000000000001",
			DifferenceUSD: "-0.009899999999999999", DifferencePercent: text("-49.50"),
		},
	}, found)

	for name, c := range map[string]struct {
		project  string
		from, to time.Time
		calls    int64
	}{
		"all projects":       {"", noon, noon.Add(2 * time.Hour), 2 + 1 + 1 + 2},
		"another project":    {"other", noon, noon.Add(time.Hour), 1},
		"nobody":             {"nobody", noon, noon.Add(time.Hour), 0},
		"from is inclusive":  {"default", noon.Add(7 * time.Minute), noon.Add(8 * time.Minute), 1},
		"to is not":          {"default", noon.Add(-time.Hour), noon.Add(6 * time.Minute), 0},
		"as if at that time": {"default", noon.Add(time.Hour), noon.Add(2 * time.Hour), 1},
	} {
		found, err := s.PriceDisagreements(t.Context(), c.project, c.from, c.to)
		require.NoError(t, err)
		var calls int64
		for _, d := range found {
			calls += d.Calls
		}
		assert.Equal(t, c.calls, calls, name)
	}
}

func TestReportedCostsCountInTheHourlySums(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	batch := calls(0, 5)
	for i := range 3 {
		unpriced(&batch[i])
		says("0.100000000000000001")(&batch[i])
		takesSaid(&batch[i])
	}
	unpriced(&batch[3])
	says("0.1")(&batch[3])
	write(t, s, batch...)
	requireSums(t, conn)
	require.Equal(t, "0.300000000000000003 of 4 calls, 1 without", one[string](t, conn, `SELECT sum(cost_usd)::text || ' of ' ||
		sum(calls)::text || ' calls, ' || sum(unpriced_calls)::text || ' without' FROM costkey.costs_hourly WHERE priced_model IS NULL`))
	_, err := s.Maintain(t.Context())
	require.NoError(t, err)
	requireSums(t, conn)
}

// TestAReportedCostOutlivesJoiningAndAPriceGoesBeforeIt lets two spans of one call bring what they know in both orders.
func TestAReportedCostOutlivesJoiningAndAPriceGoesBeforeIt(t *testing.T) {
	t.Parallel()
	noUsage := func(c *storage.Call) { c.Usage, c.UsageObject, c.CostStatus = usage.Usage{}, "", "no_usage" }
	for name, test := range map[string]struct {
		outer, inner []func(*storage.Call)
		want         string
	}{
		"the outer one says it, the inner one has the usage": {
			[]func(*storage.Call){unpriced, noUsage, withoutID, says("0.25"), takesSaid},
			[]func(*storage.Call){unpriced},
			"reported 0.25",
		},
		"the inner one says it, the outer one has the usage": {
			[]func(*storage.Call){unpriced},
			[]func(*storage.Call){unpriced, noUsage, says("0.25"), takesSaid},
			"reported 0.25",
		},
		"the outer one says it, with the same usage": {
			[]func(*storage.Call){unpriced, says("0.25"), takesSaid}, []func(*storage.Call){unpriced}, "reported 0.25",
		},
		"the outer one has a price": {
			nil, []func(*storage.Call){unpriced, says("0.25"), takesSaid}, "priced " + price,
		},
		"the inner one has a price": {
			[]func(*storage.Call){unpriced, says("0.25"), takesSaid}, nil, "priced " + price,
		},
		"what is said is not used": {
			[]func(*storage.Call){unpriced, says("0.25")}, []func(*storage.Call){unpriced}, "unknown_model ?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOrder(t, 2, func(t *testing.T, s *storage.Store, conn *pgx.Conn, order []int) {
				spans := []storage.Call{span(1, 0, test.outer...), span(2, 1, test.inner...)}
				for _, n := range order {
					write(t, s, spans[n])
					requireSums(t, conn)
				}
				require.Equal(t, "2 "+test.want, one[string](t, conn, `SELECT right(span_id, 1) || ' ' || cost_status || ' ' ||
					coalesce(cost_usd::text, '?') FROM costkey.calls WHERE project = 'default'`))
			})
		})
	}
}
