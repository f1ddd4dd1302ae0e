package storage_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

var everything = storage.RepriceFilter{From: noon.AddDate(0, 0, -30), To: noon.AddDate(0, 0, 1)}

// at prices every call as model m at amount.
func at(m, amount, version string) func(*storage.Call) storage.Priced {
	return func(*storage.Call) storage.Priced {
		return storage.Priced{
			Status: "priced", Cost: usd(amount), Known: true, Model: m, Tier: "standard", Catalogue: version,
			Notes: []string{"repriced"},
		}
	}
}

func reprice(t testing.TB, s *storage.Store, price func(*storage.Call) storage.Priced, opts storage.RepriceOptions) storage.RepriceResult {
	t.Helper()
	opts.Actor, opts.Catalogue = "tester@host", "v2"
	res, err := s.Reprice(context.Background(), everything, price, opts)
	require.NoError(t, err)
	return res
}

func withoutPrice(c *storage.Call) {
	c.CostUSD, c.CostKnown, c.CostStatus, c.PricedModel = pricing.Money{}, false, "unknown_model", ""
}

func TestRepricingChangesCallsAndTheirSumsOnceAndRecordsIt(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	batch := calls(0, 50)
	for i := range 10 {
		withoutPrice(&batch[i])
	}
	batch[20].StartMicros -= 48 * 3600 * 1e6 // another day
	write(t, s, batch...)

	want := storage.RepriceResult{Seen: 50, Changed: 50, Priced: 10, Difference: usd("0.3733")} // 50 × 0.01 − 40 × 0.0031675
	require.Equal(t, want, reprice(t, s, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{DryRun: true, Batch: 7}))
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.price_changes"), "a dry run leaves no record")
	require.Equal(t, 40, one[int](t, conn, "SELECT count(cost_usd) FROM costkey.calls"), "a dry run writes nothing")

	told := 0
	want.Run = 1
	require.Equal(t, want, reprice(t, s, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{Batch: 7, Progress: func(n int) { told += n }}))
	assert.Equal(t, 50, told)
	requireSums(t, conn)
	require.Equal(t, "0.50", one[string](t, conn, `SELECT sum(cost_usd)::text FROM costkey.calls
		WHERE priced_model = 'gpt-x' AND cost_status = 'priced' AND notes = '{repriced}' AND service_tier = 'standard'`))
	require.Equal(t, 50, one[int](t, conn, `SELECT count(*) FROM costkey.calls WHERE call_path IS NOT NULL AND session_id = 's-1'
		AND tags <> '{}' AND provider_usage IS NOT NULL AND request_model = 'gpt-4o'`), "all else stays")
	_, err := s.Maintain(context.Background())
	require.NoError(t, err)
	requireSums(t, conn)

	require.Equal(t, storage.RepriceResult{Run: 2, Seen: 50}, reprice(t, s, at("gpt-x", "0.01", "v3"), storage.RepriceOptions{}),
		"the same price again, whatever the catalogue's version")
	changes, err := s.PriceChanges(context.Background())
	require.NoError(t, err)
	require.Len(t, changes, 2)
	got := changes[1]
	require.NotNil(t, got.FinishedAt)
	assert.Equal(t, "tester@host", got.Actor)
	assert.NotEmpty(t, got.DBRole)
	assert.Equal(t, "v2", got.Catalogue)
	assert.Equal(t, [5]int64{50, 50, 10, 0, 0},
		[5]int64{got.CallsSeen, got.CallsChanged, got.NewlyPriced, got.NewlyUnpriced, got.CallsSkipped})
	assert.Zero(t, usd(got.DifferenceUSD).Cmp(want.Difference))
	assert.True(t, got.FromTime.Equal(everything.From) && got.ToTime.Equal(everything.To) && got.Model == nil)
}

func TestRepricingLooksOnlyAtWhatItsFilterNames(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	batch := calls(0, 4)
	batch[0].Project = "other"
	batch[1].Provider = "anthropic"
	batch[2].PricedModel = "gpt-4o-mini"
	batch[3].StartMicros = noon.Add(-time.Hour).UnixMicro()
	write(t, s, batch...)
	for name, c := range map[string]struct {
		change func(*storage.RepriceFilter)
		want   int64
	}{
		"all":              {func(*storage.RepriceFilter) {}, 4},
		"project":          {func(f *storage.RepriceFilter) { f.Project = "other" }, 1},
		"provider":         {func(f *storage.RepriceFilter) { f.Provider = "anthropic" }, 1},
		"priced model":     {func(f *storage.RepriceFilter) { f.Model = "gpt-4o-mini" }, 1},
		"requested model":  {func(f *storage.RepriceFilter) { f.Model = "gpt-4o" }, 4},
		"until, exclusive": {func(f *storage.RepriceFilter) { f.To = noon.Add(-time.Hour) }, 0},
		"from, inclusive": {func(f *storage.RepriceFilter) {
			f.From, f.To = noon.Add(-time.Hour), noon.Add(-time.Hour+time.Microsecond)
		}, 1},
	} {
		f := everything
		c.change(&f)
		n, err := s.RepriceCount(context.Background(), f)
		require.NoError(t, err)
		assert.Equal(t, c.want, n, name)
		res, err := s.Reprice(context.Background(), f, storage.PricedAs, storage.RepriceOptions{DryRun: true})
		require.NoError(t, err)
		assert.Equal(t, storage.RepriceResult{Seen: c.want}, res, name)
	}
	f := everything
	f.To = f.From
	_, err := s.Reprice(context.Background(), f, storage.PricedAs, storage.RepriceOptions{})
	require.ErrorContains(t, err, "before the second")
	requireSums(t, conn)
}

func TestARunThatIsCutShortIsExactAndGoesOnWhenRunAgain(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	write(t, s, calls(0, 40)...)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := 0
	price := at("gpt-x", "0.0131675", "v2")
	opts := storage.RepriceOptions{Batch: 10, Actor: "tester", Catalogue: "v2", Progress: func(n int) {
		if done += n; done == 20 {
			cancel()
		}
	}}
	res, err := s.Reprice(ctx, everything, price, opts)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, int64(20), res.Changed)
	requireSums(t, conn)
	changes, err := s.PriceChanges(context.Background())
	require.NoError(t, err)
	require.Nil(t, changes[0].FinishedAt)
	require.Equal(t, int64(20), changes[0].CallsChanged)
	require.Zero(t, usd(changes[0].DifferenceUSD).Cmp(usd("0.2")))

	require.Equal(t, storage.RepriceResult{Run: 2, Seen: 40, Changed: 20, Difference: usd("0.2")},
		reprice(t, s, price, storage.RepriceOptions{Batch: 10}))
	requireSums(t, conn)
}

func TestAKnownCostThatBecomesUnknownIsNullAndCounted(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	write(t, s, calls(0, 3)...)
	res := reprice(t, s, func(*storage.Call) storage.Priced { return storage.Priced{Status: "unknown_model", Catalogue: "v2"} },
		storage.RepriceOptions{})
	require.Equal(t, int64(3), res.Unpriced)
	require.Equal(t, 3, one[int](t, conn, "SELECT sum(unpriced_calls)::int FROM costkey.costs_hourly WHERE cost_usd IS NULL AND priced_model IS NULL"))
	requireSums(t, conn)
}

func TestSumsEqualCallsWhileWritersJoinMaintenanceMergesAndTwoRunsReprice(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s, conn := openAt(t, dsn), connect(t, dsn)
	write(t, s, calls(0, 300)...)
	var writers, runs sync.WaitGroup
	stop := make(chan struct{})
	end := sync.OnceFunc(func() { close(stop); runs.Wait(); writers.Wait() })
	defer end()
	for w := range 2 {
		writers.Go(func() {
			for n := 0; n < 40; n++ {
				// Outer spans that came first, and then the inner ones that replace them: rows go and come.
				base := uint64(1000*(w+1) + 10*n)
				trace := func(c *storage.Call) { c.TraceID[15], c.TraceID[14], c.ResponseID = byte(w+10), byte(n), "" }
				outer, inner := span(base, 0, trace, func(c *storage.Call) { c.Client = false }), span(base+1, base, trace)
				inner.StartMicros, inner.DurationMicros = outer.StartMicros+1000, outer.DurationMicros-2000
				for _, c := range []storage.Call{outer, inner} {
					if _, err := s.WriteCalls(context.Background(), []storage.Call{c}); err != nil {
						assert.NoError(t, err)
					}
				}
			}
		})
	}
	for r := range 2 {
		runs.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				amount := []string{"0.01", "0.02", "0.03"}[(n+r)%3]
				opts := storage.RepriceOptions{Batch: 20, Actor: "tester", Catalogue: amount}
				_, err := s.Reprice(context.Background(), everything, at("gpt-"+amount, amount, amount), opts)
				assert.NoError(t, err)
				if r == 0 {
					_, err = s.Maintain(context.Background())
					assert.NoError(t, err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { writers.Wait(); close(finished) }()
	for open := true; open; {
		select {
		case <-finished:
			open = false
		default:
			requireSums(t, conn)
		}
	}
	end()
	requireSums(t, conn)

	res := reprice(t, s, at("gpt-last", "0.04", "v2"), storage.RepriceOptions{})
	require.Zero(t, res.Skipped)
	require.Equal(t, res.Seen, res.Changed)
	requireSums(t, conn)
	require.Equal(t, "gpt-last", one[string](t, conn, "SELECT string_agg(DISTINCT priced_model, ',') FROM costkey.calls"))
	changes, err := s.PriceChanges(context.Background())
	require.NoError(t, err)
	require.NotNil(t, changes[0].FinishedAt)
}
