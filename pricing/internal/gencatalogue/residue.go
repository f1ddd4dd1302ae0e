package main

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxQuotedDecimals is the most decimal places that price lists quote. A figure with more is the residue of a division:
// the list quotes another unit.
const maxQuotedDecimals = 7

// origins are the divisors that lead from the unit a kind is quoted in to ours. Sources: OpenAI, Google and Groq quote
// transcription by the minute or the hour; Google quotes the storage of a cache by the hour, and OpenRouter passes on
// the twelfth part of it, five minutes, as the price of writing one.
var origins = map[string][]int64{
	"audio_second":       {60, 3600},
	"input_audio_second": {60, 3600},
	"cache_write":        {12},
}

// restate returns a rate as it is quoted at its origin: "0.0002833333333333333" a second is "0.017/60", USD 0.017 a
// minute. Rates with few decimals stay as they are. A residue of unknown origin is an error: someone has to look.
func restate(kind, text string) (string, error) {
	_, decimals, _ := strings.Cut(text, ".")
	if len(decimals) <= maxQuotedDecimals {
		return text, nil
	}
	rate, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("%q is not a number", text)
	}
	for _, divisor := range origins[kind] {
		for places := 0; places <= 4; places++ {
			quoted := new(big.Rat).Mul(rate, big.NewRat(divisor, 1)).FloatString(places)
			if restates(quoted, divisor, rate, len(decimals)) {
				return trimZeros(quoted) + "/" + strconv.FormatInt(divisor, 10), nil
			}
		}
	}
	return "", fmt.Errorf("%q has a residue of unknown origin", text)
}

// restates reports whether quoted/divisor is the rate as far as it was printed: less than one unit of its last decimal
// away.
func restates(quoted string, divisor int64, rate *big.Rat, decimals int) bool {
	q, ok := new(big.Rat).SetString(quoted)
	if !ok || q.Sign() == 0 {
		return false
	}
	q.Quo(q, big.NewRat(divisor, 1))
	diff := new(big.Rat).Sub(q, rate)
	diff.Abs(diff)
	unit := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	return diff.Cmp(unit) < 0
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
