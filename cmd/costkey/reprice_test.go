package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/exporter/costkeyexporter"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// repricingStore opens a store on a migrated database whose clock stands at now.
func repricingStore(t *testing.T, dsn string, now time.Time) *storage.Store {
	t.Helper()
	s, err := storage.Open(storage.Config{DSN: dsn, Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// storeHost is a collector with nothing but the storage extension.
type storeHost map[component.ID]component.Component

func (h storeHost) GetExtensions() map[component.ID]component.Component { return h }

type storeExtension struct {
	component.StartFunc
	component.ShutdownFunc
	store *storage.Store
}

func (e storeExtension) Store() *storage.Store { return e.store }

// export stores traces as the collector does.
func export(t *testing.T, store *storage.Store, traces ...ptrace.Traces) {
	t.Helper()
	factory := costkeyexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*costkeyexporter.Config)
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	exporter, err := factory.CreateTraces(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, exporter.Start(t.Context(), storeHost{cfg.Storage: storeExtension{store: store}}))
	for _, td := range traces {
		require.NoError(t, exporter.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, exporter.Shutdown(context.Background()))
}

// captured reads the captures of real libraries and the time of the last span in them.
func captured(t *testing.T) (traces []ptrace.Traces, last time.Time) {
	t.Helper()
	files, err := filepath.Glob("../../genaispan/testdata/captures/*.json")
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(b)
		require.NoError(t, err, file)
		traces = append(traces, td)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if at := s.StartTimestamp().AsTime(); at.After(last) {
						last = at
					}
				}
			}
		}
	}
	return traces, last
}

func TestRepricingWithTheSameCatalogueChangesNothingOnAnyCapture(t *testing.T) {
	t.Parallel()
	traces, last := captured(t)
	require.NotEmpty(t, traces)
	store := repricingStore(t, migrated(t), last.Add(time.Hour))
	export(t, store, traces...)

	price, table := repricer(pricing.Embedded(), repriceRules{allowUnprice: true}), pricing.Embedded()
	seen, priced := 0, 0
	res, err := store.Reprice(t.Context(), storage.RepriceFilter{From: last.AddDate(0, 0, -90), To: last.Add(time.Hour)},
		func(c *storage.Call) storage.Priced {
			was, is := storage.PricedAs(c), price(c)
			seen++
			if is.Known {
				priced++
			}
			assert.Equal(t, was, is, "%s %s", c.ScopeName, c.ResponseModel)
			return is
		}, storage.RepriceOptions{Actor: "test", Catalogue: table.Version()})
	require.NoError(t, err)
	require.Equal(t, storage.RepriceResult{Run: 1, Seen: int64(seen)}, res)
	require.Greater(t, seen, len(traces)*3/4)
	require.Greater(t, priced, seen/2)
}

// storedCall is a call of gpt-4o at 2.5 and 10 USD a million: 0.0035 USD.
func storedCall(n byte, change func(*storage.Call)) storage.Call {
	cost, _ := pricing.ParseMoney("0.0035")
	c := storage.Call{
		Project: "default", TraceID: [16]byte{n}, SpanID: [8]byte{n}, StartMicros: time.Now().Add(-time.Hour).UnixMicro(),
		DurationMicros: 1000, FirstTokenMicros: storage.Unknown, Provider: "openai", Operation: "chat", RequestModel: "gpt-4o",
		ResponseModel: "gpt-4o", PricedModel: "gpt-4o", ServiceTier: "standard", CostStatus: "priced", CostUSD: cost,
		CostKnown: true, Catalogue: "old", Usage: usage.Usage{Input: usage.Known(1000), Output: usage.Known(100)},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestRepriceOnTheCommandLine(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	unpriced := func(c *storage.Call) {
		c.CostUSD, c.CostKnown, c.CostStatus, c.PricedModel, c.ServiceTier = pricing.Money{}, false, "unknown_model", "", ""
	}
	gone := func(c *storage.Call) {
		c.ResponseModel, c.RequestModel, c.PricedModel = "gpt-gone", "gpt-gone", "gpt-gone"
	}
	store := repricingStore(t, dsn, time.Now())
	_, err := store.WriteCalls(t.Context(), []storage.Call{
		storedCall(1, nil), storedCall(2, unpriced), storedCall(3, gone),
		storedCall(4, func(c *storage.Call) { gone(c); c.CostStatus, c.PricedModel = "reported", "" }),
		storedCall(5, func(c *storage.Call) {
			c.Usage, c.CostUSD, c.CostStatus = usage.Usage{}, pricing.Money{}, "not_billed"
		}),
	})
	require.NoError(t, err)
	costs := func() string {
		var all []string
		filter := storage.RepriceFilter{From: time.Now().AddDate(0, 0, -2), To: time.Now()}
		_, err := store.Reprice(t.Context(), filter, func(c *storage.Call) storage.Priced { // in the order of their traces
			cost := "?"
			if c.CostKnown {
				cost = c.CostUSD.String()
			}
			all = append(all, c.CostStatus+" "+cost)
			return storage.PricedAs(c)
		}, storage.RepriceOptions{DryRun: true})
		require.NoError(t, err)
		return strings.Join(all, ", ")
	}

	before := costs()
	dry := listed(t, "reprice", "--from", "2d", "--dry-run", db)[0]
	assert.Nil(t, dry["run"])
	assert.Equal(t, []any{5., 1., 1., "0.0035"}, []any{dry["calls_seen"], dry["calls_changed"], dry["newly_priced"], dry["difference_usd"]})
	assert.Equal(t, before, costs())

	assert.EqualValues(t, 0, listed(t, "reprice", "--from", "2d", "--model", "gpt-gone", db)[0]["calls_changed"])
	done := listed(t, "reprice", "--from", "2d", "--project", "default", "--provider", "openai", db)[0]
	assert.EqualValues(t, 1, done["calls_changed"])
	assert.Equal(t, "priced 0.0035, priced 0.0035, priced 0.0035, reported 0.0035, not_billed 0", costs(),
		"what became unknown keeps its price")
	assert.EqualValues(t, 0, listed(t, "reprice", "--from", "2d", db)[0]["calls_changed"], "a second time")
	assert.EqualValues(t, 1, listed(t, "reprice", "--from", "2d", "--allow-unprice", db)[0]["newly_unpriced"])
	assert.Equal(t, "priced 0.0035, priced 0.0035, unknown_model ?, reported 0.0035, not_billed 0", costs())

	runs := listed(t, "reprice", "list", db)
	require.Len(t, runs, 4)
	own := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(own, []byte("prices: [{provider: openai, model: gpt-gone, rows: [{rates: {input: 4, output: 0}}]}]\n"), 0o600))
	withOwn := listed(t, "reprice", "--from", "2d", "--prices-file", own, db)[0]
	assert.EqualValues(t, 2, withOwn["calls_changed"], "own prices reach old calls, and go before what a span reported")
	assert.Equal(t, "priced 0.0035, priced 0.0035, priced 0.004, priced 0.004, not_billed 0", costs())
	assert.Equal(t, "-0.0035", runs[0]["difference_usd"])
	assert.Equal(t, []any{"default", "openai", nil, pricing.Embedded().Version()},
		[]any{runs[2]["project"], runs[2]["provider"], runs[2]["model"], runs[2]["catalogue"]})
	assert.Equal(t, "gpt-gone", runs[3]["model"])
	assert.Contains(t, runs[0]["actor"], "@")
	assert.NotNil(t, runs[0]["finished_at"])
	assert.Contains(t, costkey(t, "reprice", "list", db).stdout, "DIFFERENCE USD")
}

func TestRepricingKeepsWhatASpanSaidUntilThereIsAPrice(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	says := func(model, status string) func(*storage.Call) {
		return func(c *storage.Call) {
			c.ReportedUSD, _ = pricing.ParseMoney("0.009000000000000001")
			c.ResponseModel, c.RequestModel, c.PricedModel, c.HasReported = model, model, "", true
			c.CostStatus, c.CostUSD, c.CostKnown = status, pricing.Money{}, false
			if status == "reported" {
				c.CostUSD, c.CostKnown = c.ReportedUSD, true
			}
		}
	}
	store := repricingStore(t, dsn, time.Now())
	_, err := store.WriteCalls(t.Context(), []storage.Call{
		storedCall(1, says("gpt-4o", "reported")), storedCall(2, says("gpt-unheard-of", "reported")),
		storedCall(3, says("gpt-unheard-of", "unknown_model")),
	})
	require.NoError(t, err)
	changed := func(args ...string) []any {
		row := listed(t, append([]string{"reprice", "--from", "2d", db}, args...)...)[0]
		return []any{row["calls_changed"], row["newly_priced"], row["newly_unpriced"], row["from_reported"], row["difference_usd"]}
	}
	const own = "--prices-file"
	file := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(file, []byte("prices: [{provider: openai, model: gpt-unheard-of, rows: [{rates: {input: 4, output: 0}}]}]\n"), 0o600))

	want := []any{1., 0., 0., 1., "-0.005500000000000001"}
	assert.Equal(t, want, changed("--dry-run"), "the model is known now")
	assert.Equal(t, want, changed("--allow-unprice"))
	assert.Equal(t, []any{0., 0., 0., 0., "0"}, changed("--allow-unprice"), "what a span said never becomes unknown")

	want = []any{1., 1., 0., 0., "0.009000000000000001"}
	assert.Equal(t, want, changed("--use-reported-cost", "--dry-run"))
	assert.Equal(t, want, changed("--use-reported-cost"))
	assert.Equal(t, []any{0., 0., 0., 0., "0"}, changed("--use-reported-cost"), "a second time")
	assert.Equal(t, []any{2., 0., 0., 2., "-0.010000000000000002"}, changed(own, file), "the user's own prices know it")
	assert.Equal(t, []any{2., 0., 0., 0., "0.010000000000000002"}, changed("--use-reported-cost", "--allow-unprice"), "and forget it")
}

func TestThePriceOfAStoredCallHangsOnItsProvidersUsageWhereThatTellsMore(t *testing.T) {
	t.Parallel()
	price := repricer(pricing.Embedded(), repriceRules{})
	writes := usage.Usage{Input: usage.Known(3000), CacheWrite: usage.Known(3000)}
	for name, c := range map[string]struct {
		object, cost string
		change       func(*usage.Usage)
		notes        []string
	}{
		"nothing told":        {"", "0.01875", nil, []string{"a", pricing.NoteCacheWriteSplit}},
		"kept for an hour":    {`{"cache_creation":{"ephemeral_1h_input_tokens":1000}}`, "0.0225", nil, []string{"a"}},
		"more than there are": {`{"cache_creation":{"ephemeral_1h_input_tokens":9000}}`, "0.03", nil, []string{"a"}}, // all of the input
		"of another form":     {`{"cache_creation":7}`, "0.01875", nil, []string{"a", pricing.NoteCacheWriteSplit}},
		"searches":            {`{"server_tool_use":{"web_search_requests":1}}`, "0.02875", nil, []string{"a", pricing.NoteCacheWriteSplit}},
		"known otherwise": {
			`{"cache_creation":{"ephemeral_1h_input_tokens":1000}}`, "0.0225",
			func(u *usage.Usage) { u.CacheWrite1h = usage.Known(0) },
			[]string{"a"},
		},
	} {
		call := storedCall(1, func(s *storage.Call) {
			s.Provider, s.RequestModel, s.ResponseModel, s.Usage = "anthropic", "claude-opus-4-8", "claude-opus-4-8", writes
			s.Notes, s.UsageObject = []string{"a", pricing.NoteCacheWriteSplit}, c.object
			s.StartMicros = time.Date(2026, 9, 23, 12, 0, 0, 0, time.UTC).UnixMicro()
			if c.change != nil {
				c.change(&s.Usage)
			}
		})
		got := price(&call)
		assert.Equal(t, c.cost, got.Cost.String(), name)
		assert.Equal(t, c.notes, got.Notes, name)
	}
}

// TestRepricingReadsWhatAnEarlierVersionDidNot takes calls as a version stored them that knew fewer fields of their objects.
func TestRepricingReadsWhatAnEarlierVersionDidNot(t *testing.T) {
	t.Parallel()
	price := repricer(pricing.Embedded(), repriceRules{})
	for name, c := range map[string]struct {
		provider, model, object, cost string
		stored                        usage.Usage
	}{
		"OpenAI's cache writes": {
			"openai", "gpt-5.6-sol", `{"input_tokens":3300,"input_tokens_details":{"cache_write_tokens":3207},"output_tokens":10}`, "0.016607",
			usage.Usage{Input: usage.Known(3300), Output: usage.Known(10)},
		},
		"a compaction": {
			"anthropic", "claude-opus-4-6", `{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500}]}`,
			"1.1275",
			usage.Usage{Input: usage.Known(23000), Output: usage.Known(1000)},
		},
		"Bedrock's writes for an hour": {
			"aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", `{"inputTokens":10,"outputTokens":5,"cacheWriteInputTokens":10000,"cacheDetails":[{"ttl":"1h","inputTokens":10000}]}`,
			"0.060105",
			usage.Usage{Input: usage.Known(10010), CacheWrite: usage.Known(10000), Output: usage.Known(5)},
		},
	} {
		call := storedCall(1, func(s *storage.Call) {
			s.Provider, s.RequestModel, s.ResponseModel, s.Usage = c.provider, c.model, c.model, c.stored
			s.UsageObject, s.StartMicros = c.object, time.Date(2026, 9, 23, 12, 0, 0, 0, time.UTC).UnixMicro()
		})
		got := price(&call)
		assert.Equal(t, c.cost, got.Cost.String(), "%s: %s %s", name, got.Status, got.Model)
	}
}

func TestRepriceUsedWronglyIsAMisuse(t *testing.T) {
	t.Parallel()
	for args, problem := range map[string]string{
		"reprice": `"from" not set`, "reprice --from yesterday": "--from must be", "reprice lst --from 2d": "unknown command",
		"reprice --from 1d --to 2d": "before the second", "reprice --from 2026-01-01 --to x": "--to must be",
		"reprice list x": "x", "reprice list --format xml": "must be one of",
	} {
		got := costkey(t, strings.Fields(args)...)
		assert.Equal(t, exitMisuse, got.status, args)
		assert.Contains(t, got.stderr, problem, args)
		assert.Empty(t, got.stdout)
	}
}
