package pricelist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/pricing"
)

// maxExponent bounds the exponent of a figure, and maxFigureLen its text: no price needs more, and more would fill the
// memory with zeros.
const (
	maxExponent  = 30
	maxFigureLen = 60
)

var errFigure = errors.New("not a price")

// scaled returns a figure as it is written in JSON, "1.25e-06", times 10^shift, as a plain decimal of at most
// pricing.MoneyScale places. It is exact, or an error.
func scaled(figure string, shift int) (string, error) {
	if len(figure) > maxFigureLen {
		return "", fmt.Errorf("read %.40q: %w", figure, errFigure)
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(figure), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n < -maxExponent || n > maxExponent {
			return "", fmt.Errorf("read %.40q: %w", figure, errFigure)
		}
	}
	v, ok := new(big.Rat).SetString(figure)
	if !ok || strings.Contains(figure, "/") || v.Sign() < 0 {
		return "", fmt.Errorf("read %.40q: %w", figure, errFigure)
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift < 0 {
		v.Quo(v, new(big.Rat).SetInt(ten))
	} else {
		v.Mul(v, new(big.Rat).SetInt(ten))
	}
	text := v.FloatString(pricing.MoneyScale)
	if back, _ := new(big.Rat).SetString(text); back.Cmp(v) != 0 {
		return "", fmt.Errorf("read %.40q: %w: more than %d decimals", figure, errFigure, pricing.MoneyScale)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), "."), nil
}

// figure returns the text of a JSON number, or of a number in a JSON string; false for anything else.
func figure(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		raw = []byte(strings.TrimSpace(quoted))
	}
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return "", false
	}
	return n.String(), n != ""
}

// isZero reports whether a plain decimal is 0.
func isZero(decimal string) bool { return strings.Trim(decimal, "0.") == "" }

// tokens reads a count of tokens that may be written as a float, 32000.0.
func tokens(raw json.RawMessage) (int64, bool) {
	text, ok := figure(raw)
	if !ok {
		return 0, false
	}
	plain, err := scaled(text, 0)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(plain, 10, 64)
	return n, err == nil
}
