package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/pricing"
)

const (
	pricesFileVariable    = "COSTKEY_PRICES_FILE"
	catalogueFileVariable = "COSTKEY_CATALOGUE_FILE"
	catalogueFileName     = "catalogue.json" // in the data directory
)

// priceFlags choose the prices that a command works with, as the exporter's options do for a collector.
type priceFlags struct {
	file, catalogue string
	db              *database // for its data directory
}

func (f *priceFlags) add(flags *pflag.FlagSet, db *database) {
	f.db = db
	flags.StringVar(&f.file, "prices-file", "", "your own prices and discounts, the exporter's prices_file (default: $"+pricesFileVariable+")")
	flags.StringVar(&f.catalogue, "catalogue", "", "a catalogue to use where it is newer than the built-in one, the exporter's catalogue_file"+
		" (default: $"+catalogueFileVariable+", else "+catalogueFileName+" in the data directory, where there is one)")
}

// catalogueFile returns where a catalogue is kept if no flag says so: where the shipped configurations look for it.
func (d *database) catalogueFile() string {
	if file := os.Getenv(catalogueFileVariable); file != "" {
		return file
	}
	return filepath.Join(d.dir(), catalogueFileName)
}

// base returns the catalogue in force: that of the file where it is newer, else the one built in. A file that the user
// named must be there.
func (f *priceFlags) base() (*pricing.Catalogue, error) {
	file := f.catalogue
	if file == "" {
		file = f.db.catalogueFile()
	}
	read, err := readCatalogueFile(file)
	if errors.Is(err, fs.ErrNotExist) && f.catalogue == "" {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return pricing.BuiltIn().Newer(read), nil
}

// table returns the catalogue in force with the user's own prices on top.
func (f *priceFlags) table() (*pricing.Table, error) {
	base, err := f.base()
	if err != nil {
		return nil, err
	}
	file := f.file
	if file == "" {
		file = os.Getenv(pricesFileVariable)
	}
	if file == "" {
		return base.Table(), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	table, err := base.WithOwn(data)
	if err != nil {
		return nil, fmt.Errorf("read prices %s: %w", file, err)
	}
	return table, nil
}

// readCatalogueFile reads and checks a catalogue. A file that isn't there is fs.ErrNotExist.
func readCatalogueFile(file string) (*pricing.Catalogue, error) {
	data, err := readPriceFile(file)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	c, err := pricing.ReadCatalogue(data)
	if err != nil {
		return nil, fmt.Errorf("read catalogue %s: %w", file, err)
	}
	return c, nil
}

// errTooLarge is what readBounded wraps for what can't be a catalogue or a list of prices by its size alone.
var errTooLarge = errors.New("too large")

// readPriceFile reads a file of prices whole, up to the bound of a catalogue.
func readPriceFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

// readBounded reads to the end of r, and no more than a catalogue may have.
func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, pricing.MaxCatalogueBytes+1))
	if err == nil && len(data) > pricing.MaxCatalogueBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLarge, pricing.MaxCatalogueBytes)
	}
	return data, err
}
