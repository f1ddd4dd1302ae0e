package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

func costs() []storage.FunctionCost {
	amount := "0.000012345678901234"
	return []storage.FunctionCost{
		{Function: "shop.Answer", File: "shop/answer.go", Calls: 12, InputTokens: 3456, OutputTokens: 78, CostUSD: &amount},
		{Function: "shop.Évil\x1b[2J", File: `a,"b".go`, Calls: 1, UnpricedCalls: 1},
		{Calls: 1},
	}
}

func TestOneListingInEachFormat(t *testing.T) {
	t.Parallel()
	for as, want := range map[format]string{
		formatTable: `FUNCTION       FILE            CALLS  UNPRICED  INPUT  OUTPUT              COST USD
shop.Answer    shop/answer.go     12         0   3456      78  0.000012345678901234
shop.Évil?[2J  a,"b".go            1         1      0       0                     -
-              -                   1         0      0       0                     -
`,
		formatCSV: `function,file,calls,unpriced_calls,input_tokens,output_tokens,cost_usd
shop.Answer,shop/answer.go,12,0,3456,78,0.000012345678901234
` + "shop.Évil\x1b[2J" + `,"a,""b"".go",1,1,0,0,
,,1,0,0,0,
`,
		formatJSON: `[
  {"function": "shop.Answer", "file": "shop/answer.go", "calls": 12, "unpriced_calls": 0, "input_tokens": 3456, "output_tokens": 78, "cost_usd": "0.000012345678901234"},
  {"function": "shop.Évil\u001b[2J", "file": "a,\"b\".go", "calls": 1, "unpriced_calls": 1, "input_tokens": 0, "output_tokens": 0, "cost_usd": null},
  {"function": null, "file": null, "calls": 1, "unpriced_calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": null}
]
`,
	} {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, functionListing(costs()).write(&out, as))
			assert.Equal(t, want, out.String())
			if as == formatJSON {
				assert.True(t, json.Valid(out.Bytes()))
			}
		})
	}
}

func TestSinceIsATimeOrAnAge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          time.Unix(0, 0),
		"24h":                       now.AddDate(0, 0, -1),
		"90s":                       now.Add(-90 * time.Second),
		"2026-01-31T00:00:00Z":      time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		"2026-01-31T02:00:00+02:00": time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
	} {
		got, err := sinceTime(text, now)
		require.NoError(t, err, text)
		assert.True(t, want.Equal(got), text)
	}
	for _, text := range []string{"-1h", "yesterday", "2026-01-31"} {
		_, err := sinceTime(text, now)
		require.Error(t, err, text)
	}
}
