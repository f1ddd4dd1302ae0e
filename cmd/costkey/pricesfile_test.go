package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
