package pricing

import (
	"bytes"
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

// BenchmarkPrice prices calls of known models. The target is 200 ns and no allocation.
func BenchmarkPrice(b *testing.B) {
	table := Embedded()
	cases := []struct {
		name  string
		query Query
		want  string
	}{
		{
			name: "exact id, cached input and reasoning",
			query: Query{
				Provider: "openai", ResponseModel: "gpt-4o-2024-08-06", RequestModel: "gpt-4o",
				ServiceTier: "default", AtNanos: asOfNanos,
				Usage: &usage.Usage{
					Input: usage.Known(1200), CacheRead: usage.Known(1000), Output: usage.Known(300), Reasoning: usage.Known(120),
				},
			},
			want: "0.00475",
		},
		{
			name: "tiers by size and time",
			query: Query{
				Provider: "anthropic", ResponseModel: "claude-sonnet-4-5-20250929", Host: "api.anthropic.com", AtNanos: asOfNanos,
				Usage: &usage.Usage{
					Input: usage.Known(250_000), CacheRead: usage.Known(200_000), CacheWrite: usage.Known(40_000),
					CacheWrite1h: usage.Known(10_000), Output: usage.Known(1000),
				},
			},
			want: "0.5475",
		},
		{
			name: "derived id, Bedrock inference profile in an ARN",
			query: Query{
				Provider:     "aws.bedrock",
				RequestModel: "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8-v1:0",
				AtNanos:      asOfNanos,
				Usage:        &usage.Usage{Input: usage.Known(1000), Output: usage.Known(1000)},
			},
			want: "0.033",
		},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			want, err := ParseMoney(c.want)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if got := table.Price(&c.query); got.Cost != want || got.Status != StatusPriced {
					b.Fatalf("price = %+v, want %s", got, want)
				}
			}
		})
	}
}

// BenchmarkLoad reads the embedded catalogue. The target is 30 ms.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(embeddedCatalogue)))
	for b.Loop() {
		if _, err := Load(bytes.NewReader(embeddedCatalogue)); err != nil {
			b.Fatal(err)
		}
	}
}
