package storage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// The traps are cases in which other tools got the bill wrong: docs/billing-traps.md. Those of prices are held here where
// the money is looked at, in calls and in the hourly sums.

// ask is a call without a price yet, with an id of its own.
func ask(n int, provider, requested, answered string, u usage.Usage) storage.Call {
	c := call(n)
	c.Provider, c.RequestModel, c.ResponseModel, c.Usage = provider, requested, answered, u
	c.ServiceTier, c.UsageObject = "", ""
	c.StartMicros = noon.Add(-time.Duration(n) * time.Second).UnixMicro()
	unpriced(&c)
	return c
}

// by prices calls by table.
func by(table *pricing.Table) func(*storage.Call) storage.Priced {
	return func(c *storage.Call) storage.Priced {
		res := table.Price(&pricing.Query{
			Provider: c.Provider, RequestModel: c.RequestModel, ResponseModel: c.ResponseModel, ServiceTier: c.ServiceTier,
			AtNanos: c.StartMicros * int64(time.Microsecond), Usage: &c.Usage,
		})
		return storage.Priced{
			Status: string(res.Status), Cost: res.Cost, Known: res.Status == pricing.StatusPriced || res.Status == pricing.StatusFree,
			Model: res.Model, Tier: res.Tier, Catalogue: table.Version(),
		}
	}
}

// own is the built-in catalogue with a user's prices on top.
func own(t testing.TB, file string) *pricing.Table {
	t.Helper()
	table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), []byte(file))
	require.NoError(t, err)
	return table
}

// billed is what calls and the hourly sums say of the calls of an answered or requested model.
func billed(t testing.TB, conn *pgx.Conn) string {
	t.Helper()
	requireSums(t, conn)
	return strings.TrimSpace(one[string](t, conn, `SELECT coalesce(string_agg(model || ': ' || calls || ' calls, ' || unpriced || ' unpriced, ' ||
			coalesce(cost::text, 'unknown') || ' USD', E'\n' ORDER BY model), '')
		FROM (SELECT model, sum(calls) AS calls, sum(unpriced_calls) AS unpriced, trim_scale(sum(cost_usd)) AS cost
		      FROM costkey.costs_hourly GROUP BY model HAVING sum(calls) <> 0) AS m`))
}

// priceTraps are the rows of part C: what is called, what the bill says when it was priced by the built-in catalogue, and
// after a reprice by later prices.
var priceTraps = map[string]struct {
	calls []storage.Call
	want  string
	later string // the user's prices file of the reprice; "" is none
	then  string
}{
	"C1 cached input has a rate of its own": {
		calls: []storage.Call{
			ask(1, "openai", "gpt-4o", "gpt-4o", usage.Usage{Input: usage.Known(1_000), CacheRead: usage.Known(800), Output: usage.Known(0)}),
		},
		want: "gpt-4o: 1 calls, 0 unpriced, 0.0015 USD",
	},
	"C2 an unknown model has no price, and takes none from its neighbours": {
		calls: []storage.Call{
			ask(1, "openai", "gpt-4o-mini-2099-01-01", "gpt-4o-mini-2099-01-01", usage.Usage{Input: usage.Known(1_000_000)}),
			ask(2, "openai", "gpt-4o-mini", "gpt-4o-mini", usage.Usage{Input: usage.Known(1_000_000)}),
		},
		want: "gpt-4o-mini: 1 calls, 0 unpriced, 0.15 USD\ngpt-4o-mini-2099-01-01: 1 calls, 1 unpriced, unknown USD",
	},
	"C3 free is 0 and unknown is not": {
		calls: []storage.Call{
			ask(1, "openrouter", "allenai/molmo-7b-d:free", "", usage.Usage{Input: usage.Known(10), Output: usage.Known(10)}),
			ask(2, "openrouter", "allenai/molmo-7b-d:paid", "", usage.Usage{Input: usage.Known(10), Output: usage.Known(10)}),
		},
		want: "allenai/molmo-7b-d:free: 1 calls, 0 unpriced, 0 USD\nallenai/molmo-7b-d:paid: 1 calls, 1 unpriced, unknown USD",
	},
	"C4 a call is long by all of its input": {
		calls: []storage.Call{
			ask(1, "anthropic", "claude-sonnet-4-5", "", usage.Usage{Input: usage.Known(200_000), CacheRead: usage.Known(199_000), Output: usage.Known(0)}),
			ask(2, "anthropic", "claude-sonnet-4-5", "", usage.Usage{
				Input: usage.Known(200_001), CacheRead: usage.Known(150_000), CacheWrite: usage.Known(50_000), Output: usage.Known(1_000),
			}),
		},
		want: "claude-sonnet-4-5: 2 calls, 0 unpriced, 0.550206 USD", // 0.0627 and 0.487506
	},
	"C5 a newer list needs no release, and old calls get its prices": {
		calls: []storage.Call{ask(1, "openai", "gpt-7", "gpt-7", usage.Usage{Input: usage.Known(1_000), Output: usage.Known(1_000)})},
		want:  "gpt-7: 1 calls, 1 unpriced, unknown USD",
		later: "prices: [{provider: openai, model: gpt-7, rows: [{rates: {input: 1, output: 2}}]}]",
		then:  "gpt-7: 1 calls, 0 unpriced, 0.003 USD",
	},
	"C6 a corrected price reaches old calls, each by its own time": {
		calls: []storage.Call{
			ask(1, "openai", "gpt-4o", "gpt-4o", usage.Usage{Input: usage.Known(1_000_000)}),
			ask(3600, "openai", "gpt-4o", "gpt-4o", usage.Usage{Input: usage.Known(1_000_000)}), // an hour before
		},
		want: "gpt-4o: 2 calls, 0 unpriced, 5 USD",
		later: `prices: [{provider: openai, model: gpt-4o, rows: [
			{rates: {input: 3}, until: 2026-11-20T11:30:00Z}, {rates: {input: 4}, from: 2026-11-20T11:30:00Z}]}]`,
		then: "gpt-4o: 2 calls, 0 unpriced, 7 USD",
	},
	"C7 a deployment is what answered, else what the user says, else unknown": {
		calls: []storage.Call{
			ask(1, "azure.ai.openai", "prod-4o", "gpt-4o-2024-11-20", usage.Usage{Input: usage.Known(1_000), Output: usage.Known(1_000)}),
			ask(2, "azure.ai.openai", "prod-4o", "", usage.Usage{Input: usage.Known(1_000), Output: usage.Known(1_000)}),
			ask(3, "azure.ai.openai", "other", "", usage.Usage{Input: usage.Known(1_000), Output: usage.Known(1_000)}),
		},
		want: "gpt-4o-2024-11-20: 1 calls, 0 unpriced, 0.01375 USD\nother: 1 calls, 1 unpriced, unknown USD\n" +
			"prod-4o: 1 calls, 1 unpriced, unknown USD",
		later: "prices: [{provider: azure.ai.openai, model: our-4o, aliases: [prod-4o], rows: [{rates: {input: 2.75, output: 11}}]}]",
		then: "gpt-4o-2024-11-20: 1 calls, 0 unpriced, 0.01375 USD\nother: 1 calls, 1 unpriced, unknown USD\n" +
			"our-4o: 1 calls, 0 unpriced, 0.01375 USD",
	},
}

func TestTrapC_PricesInTheTables(t *testing.T) {
	t.Parallel()
	for name, trap := range priceTraps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			builtIn := by(pricing.Embedded())
			batch := append([]storage.Call(nil), trap.calls...)
			for i := range batch {
				p := builtIn(&batch[i])
				batch[i].CostStatus, batch[i].CostUSD, batch[i].CostKnown = p.Status, p.Cost, p.Known
				batch[i].PricedModel, batch[i].ServiceTier, batch[i].Catalogue = p.Model, p.Tier, p.Catalogue
				if !p.Known {
					batch[i].CostUSD = pricing.Money{}
				}
			}
			write(t, s, batch...)
			require.Equal(t, trap.want, billed(t, conn))
			_, err := s.Maintain(t.Context())
			require.NoError(t, err)
			require.Equal(t, trap.want, billed(t, conn), "after the sums were merged")
			if trap.later == "" {
				return
			}
			table := own(t, trap.later)
			opts := storage.RepriceOptions{Actor: "tester", Catalogue: table.Version()}
			_, err = s.Reprice(t.Context(), everything, by(table), opts)
			require.NoError(t, err)
			require.Equal(t, trap.then, billed(t, conn), "after the reprice")
			again, err := s.Reprice(t.Context(), everything, by(table), opts)
			require.NoError(t, err)
			require.Zero(t, again.Changed, "a second time")
		})
	}
}

// TestTrapC8_SumsAreExactAndOfOneSource adds up amounts that floats can't: every view says the same to the last digit.
func TestTrapC8_SumsAreExactAndOfOneSource(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	var batch []storage.Call
	for n := range 1000 {
		c := call(n)
		c.StartMicros = noon.Add(-time.Duration(n) * 10 * time.Second).UnixMicro()
		c.CostUSD = usd("0.100000000000000001")
		batch = append(batch, c)
	}
	write(t, s, batch...)
	const want = "100.000000000000001"
	for range 2 {
		require.Equal(t, want, one[string](t, conn, "SELECT trim_scale(sum(cost_usd))::text FROM costkey.calls"))
		require.Equal(t, want, one[string](t, conn, "SELECT trim_scale(sum(cost_usd))::text FROM costkey.costs_hourly"))
		byFunction, err := s.CostByFunction(t.Context(), "", noon.Add(-24*time.Hour))
		require.NoError(t, err)
		require.Len(t, byFunction, 1)
		require.Equal(t, want, *byFunction[0].CostUSD)
		requireSums(t, conn)
		_, err = s.Maintain(t.Context())
		require.NoError(t, err)
	}
}

// TestTrapA7_WhatWasCommittedIsNotStoredAgain lets a batch come again as after an answer that was lost: whole, in parts, in
// company, at another collector, and after the collector was started anew.
func TestTrapA7_WhatWasCommittedIsNotStoredAgain(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	first, second := openAt(t, dsn), openAt(t, dsn)
	write(t, first, calls(0, 30)...)
	before := billed(t, conn)
	for name, again := range map[string]struct {
		store *storage.Store
		calls []storage.Call
	}{
		"whole":                      {first, calls(0, 30)},
		"a part of it":               {first, calls(10, 20)},
		"twice in one batch":         {first, append(calls(0, 30), calls(0, 30)...)},
		"at another collector":       {second, calls(0, 30)},
		"at one that was just begun": {openAt(t, dsn), calls(0, 30)},
		"backwards, as single spans": {second, nil},
		"a part, at a fresh one too": {openAt(t, dsn), calls(5, 25)},
		"the last one alone":         {first, calls(29, 30)},
	} {
		if again.calls == nil {
			for n := 29; n >= 0; n-- {
				require.Equal(t, storage.WriteResult{Duplicate: 1}, write(t, again.store, call(n)), name)
			}
			continue
		}
		require.Equal(t, storage.WriteResult{Duplicate: len(again.calls)}, write(t, again.store, again.calls...), name)
	}
	require.Equal(t, before, billed(t, conn))
	require.Equal(t, storage.WriteResult{Written: 10, Duplicate: 30}, write(t, second, calls(0, 40)...), "beside new ones")
	requireSums(t, conn)
}
