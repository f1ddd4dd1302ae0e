package costkeyexporter

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/costkey/costkey-otel/pricing"
)

// priceFile is a file that prices are read from.
type priceFile struct {
	option string            // the key of the configuration that names it
	path   string            // "" is none
	found  [sha256.Size]byte // what it held when it was last read
	used   [sha256.Size]byte // what it held when it was last used; zero is never
	failed error             // what is wrong with it, nil if nothing: told once
}

// changed returns what the file holds, nil where that is what was used last.
func (f *priceFile) changed() ([]byte, error) {
	if f.path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	f.found = sha256.Sum256(data)
	if f.found == f.used {
		return nil, nil
	}
	return data, nil
}

// keep remembers that what the file held is in force now.
func (f *priceFile) keep() { f.used = f.found }

func (f *priceFile) wrap(err error) error { return fmt.Errorf("use `%s`: %w", f.option, err) }

// readBase returns the catalogue that prices are to be based on: that of the changed file, or the built-in one where
// that is as new; nil where nothing changed. A file that isn't there is no error before it was.
func (p *prices) readBase() (*pricing.Catalogue, error) {
	data, err := p.catalogue.changed()
	if errors.Is(err, fs.ErrNotExist) && p.catalogue.used == [sha256.Size]byte{} {
		return nil, nil //nolint:nilnil // nothing to read yet is neither a catalogue nor an error
	}
	if err != nil || data == nil {
		return nil, err
	}
	if len(data) > pricing.MaxCatalogueBytes {
		return nil, fmt.Errorf("read %s: %d bytes are more than the %d that a catalogue may have", p.catalogue.path, len(data), pricing.MaxCatalogueBytes)
	}
	read, err := pricing.ReadCatalogue(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.catalogue.path, err)
	}
	return pricing.BuiltIn().Newer(read), nil
}
