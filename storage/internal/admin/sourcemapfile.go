package admin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// strippedMap is what of a source map is kept. What is not named here is dropped, sourcesContent before all: it is the
// users' source code, and no frame needs it.
type strippedMap struct {
	Version    int               `json:"version"`
	File       string            `json:"file,omitempty"`
	SourceRoot string            `json:"sourceRoot,omitempty"`
	Sources    []string          `json:"sources,omitempty"`
	Names      []json.RawMessage `json:"names,omitempty"`
	Mappings   string            `json:"mappings,omitempty"`
	Sections   []strippedSection `json:"sections,omitempty"`
}

type strippedSection struct {
	Offset struct {
		Line   int `json:"line"`
		Column int `json:"column"`
	} `json:"offset"`
	Map strippedMap `json:"map"`
}

// stripSourceMap checks a source map and returns what of it is kept.
func stripSourceMap(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte(")]}'")) { // the guard that some servers put in front
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	var m strippedMap
	if err := json.Unmarshal(data, &m); err != nil {
		// The error quotes a character at most.
		return nil, fmt.Errorf("read a source map: %w", err)
	}
	if m.Version != 3 {
		return nil, fmt.Errorf("read a source map: version must be 3, found %d", m.Version)
	}
	if m.Mappings == "" && len(m.Sections) == 0 {
		return nil, errors.New("read a source map: it maps nothing")
	}
	return json.Marshal(m)
}

func compress(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decompress reads at most size bytes, which is what was compressed.
func decompress(data []byte, size int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, size))
}

// GeneratedFile returns the form in which the name of a generated file is stored and looked up: a path with slashes, with
// no scheme, host, query or fragment, relative to whatever root. "https://shop.example/static/main.js?v=2" and
// "~/static/main.js" are "static/main.js"; "file:///app/dist/main.js" is "app/dist/main.js". Empty where nothing is left.
func GeneratedFile(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if _, rest, ok := strings.Cut(name, "://"); ok {
		_, name, _ = strings.Cut(rest, "/")
	}
	name = strings.TrimPrefix(name, "~/")
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if len(name) > maxGeneratedFile {
		return ""
	}
	name, _ = rows.Storable(name, maxGeneratedFile)
	return name
}
