package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/pricing"
)

// priceFlags choose the prices that a command works with.
type priceFlags struct{ file string }

func (f *priceFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "prices-file", "", "your own prices and discounts, the exporter's prices_file (default: $COSTKEY_PRICES_FILE)")
}

// table returns the built-in catalogue with the user's own prices on top.
func (f *priceFlags) table() (*pricing.Table, error) {
	file := f.file
	if file == "" {
		file = os.Getenv("COSTKEY_PRICES_FILE")
	}
	if file == "" {
		return pricing.Embedded(), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), data)
	if err != nil {
		return nil, fmt.Errorf("read prices %s: %w", file, err)
	}
	return table, nil
}
