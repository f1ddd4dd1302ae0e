package pricelist

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFiguresAreScaledExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		figure string
		shift  int
		want   string
	}{
		{"1.25e-06", 6, "1.25"},
		{"1.25E-6", 6, "1.25"},
		{"8.333333333333334e-08", 6, "0.08333333333333334"},
		{"0.000003", 6, "3"},
		{"0", 6, "0"},
		{"0.0", 6, "0"},
		{"2.5", -3, "0.0025"},
		{"1e3", 0, "1000"},
		{"0.1", 0, "0.1"},
	} {
		got, err := scaled(c.figure, c.shift)
		require.NoError(t, err, c.figure)
		assert.Equal(t, c.want, got, c.figure)
	}
	for _, figure := range []string{"", "-1", "-0.1", "NaN", "Inf", "1/3", "1e999999999", "1e-31", "1e", "1e-25", strings.Repeat("9", 61)} {
		_, err := scaled(figure, 6)
		assert.ErrorIs(t, err, errFigure, figure)
	}
}

func TestNoDigitOfAFigureIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		figure := fmt.Sprintf("%d.%06de%d", rapid.IntRange(0, 9999).Draw(t, "whole"), rapid.IntRange(0, 999_999).Draw(t, "decimals"),
			rapid.IntRange(-12, 4).Draw(t, "exponent"))
		got, err := scaled(figure, perMillion)
		require.NoError(t, err)
		want, _ := new(big.Rat).SetString(figure)
		want.Mul(want, big.NewRat(1_000_000, 1))
		back, ok := new(big.Rat).SetString(got)
		if !ok || back.Cmp(want) != 0 || strings.ContainsAny(got, "eE") || (strings.Contains(got, ".") && strings.HasSuffix(got, "0")) {
			t.Fatalf("%s is %s, want %s", figure, got, want.FloatString(20))
		}
	})
}

func TestAFigureMayBeInQuotes(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`1.25e-06`: "1.25e-06", ` 3 `: "3", `"5e-6"`: "5e-6", `" 2 "`: "2", `"x"`: "", `true`: "", `null`: "", `{}`: "", `""`: "", `[1]`: "", `"0x10"`: "",
	} {
		got, ok := figure(json.RawMessage(raw))
		assert.Equal(t, want, got, raw)
		assert.Equal(t, want != "", ok, raw)
	}
}
