package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
)

func TestLookupShowsAnOwnPriceAndItsDiscount(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
prices: [{provider: openai, model: ours, rows: [{rates: {input: 4}}]}]
discounts: [{provider: openai, multiplier: 0.75}]
`), 0o600))
	var out, errs bytes.Buffer
	args := []string{"prices", "lookup", "ours", "--provider", "openai", "--input", "1000000", "--prices-file", file}
	require.Equal(t, exitDone, run(t.Context(), append(args, "--format", "json"), &out, &errs), errs.String())
	assert.Contains(t, out.String(), `"cost_usd": "3"`)
	assert.Contains(t, out.String(), `"discount": "0.75"`)
	out.Reset()
	require.Equal(t, exitDone, run(t.Context(), args, &out, &errs), errs.String())
	assert.Contains(t, out.String(), "Discount: rates are those listed × 0.75")
}

func TestLookupTellsWhereAPricesFileIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(file, []byte("prices:\n  - colour: red\n"), 0o600))
	var out, errs bytes.Buffer
	require.Equal(t, exitFailed, run(t.Context(), []string{"prices", "lookup", "gpt-4o", "--prices-file", file}, &out, &errs))
	assert.Contains(t, errs.String(), `line 2: unknown key "colour"`)
	assert.Empty(t, out.String())
}

func TestTheCommandsPriceByTheVersionThatACollectorHas(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "prices.yaml")
	const discount = "discounts: [{provider: openai, multiplier: 0.75}]"
	require.NoError(t, os.WriteFile(own, []byte(discount), 0o600))
	for name, days := range map[string]int{"a newer catalogue": 1, "one that gives way to the built-in one": 0} {
		flags := priceFlags{file: own, catalogue: write(t, renewed(t, days)), db: new(database)}
		table, err := flags.table()
		require.NoError(t, err, name)
		read, err := pricing.ReadCatalogue([]byte(renewed(t, days)))
		require.NoError(t, err, name)
		collectors, err := pricing.BuiltIn().Newer(read).WithOwn([]byte(discount))
		require.NoError(t, err, name)
		assert.Equal(t, collectors.Version(), table.Version(), name)
		assert.Equal(t, days == 1, table.AsOf().After(pricing.Embedded().AsOf()), name)
	}
}
