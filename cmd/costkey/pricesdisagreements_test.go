package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

func TestDisagreementsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	db := "--database-url=" + dsn
	says := func(amount string) func(*storage.Call) {
		return func(c *storage.Call) {
			c.HasReported = true
			c.ReportedUSD, _ = pricing.ParseMoney(amount)
		}
	}
	store := repricingStore(t, dsn, time.Now())
	_, err := store.WriteCalls(t.Context(), []storage.Call{
		storedCall(1, says("0.007000000000000001")), storedCall(2, says("0.0035")), storedCall(3, nil),
		storedCall(4, func(c *storage.Call) {
			says("0.01")(c)
			c.CostUSD, c.CostStatus, c.PricedModel, c.Project = pricing.Money{}, "not_billed", "", "other"
		}),
	})
	require.NoError(t, err)

	got := costkey(t, "prices", "disagreements", "--format", "json", db)
	require.Equal(t, exitDone, got.status, got.stderr)
	assert.JSONEq(t, `[
		{"provider": "openai", "priced_model": null, "calls": 1, "cost_usd": "0", "reported_cost_usd": "0.01",
		 "difference_usd": "0.01", "difference_percent": null},
		{"provider": "openai", "priced_model": "gpt-4o", "calls": 1, "cost_usd": "0.0035",
		 "reported_cost_usd": "0.007000000000000001", "difference_usd": "0.003500000000000001", "difference_percent": "100.00"}
	]`, got.stdout)
	assert.Equal(t, "provider,priced_model,calls,cost_usd,reported_cost_usd,difference_usd,difference_percent\n"+
		"openai,gpt-4o,1,0.0035,0.007000000000000001,0.003500000000000001,100.00\n",
		costkey(t, "prices", "disagreements", "--project", "default", "--from", "2h", "--format", "csv", db).stdout)
	assert.Contains(t, costkey(t, "prices", "disagreements", db).stdout, "DIFFERENCE %")
	assert.Equal(t, "[]\n", costkey(t, "prices", "disagreements", "--from", "2d", "--to", "1d", "--format", "json", db).stdout)
}

func TestThePeriodOfAListingMustBeInOrder(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"no time":         "--from soon",
		"a wrong end":     "--to later",
		"end before from": "--from 2026-02-01 --to 2026-01-01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			status := run(t.Context(), append([]string{"prices", "disagreements"}, strings.Fields(args)...), &out, &errs)
			assert.Equal(t, exitMisuse, status)
			assert.Empty(t, out.String())
		})
	}
}
