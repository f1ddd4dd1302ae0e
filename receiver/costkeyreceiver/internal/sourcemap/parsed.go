package sourcemap

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sourcemap/sourcemap"
)

// parsed is a map that can be asked.
type parsed struct {
	consumer *sourcemap.Consumer
	mapped   []bool // by generated line, from 0: whether anything of it is mapped
	cost     int64  // about how many bytes it takes
}

// The parts of a parsed map's cost: a position takes 24 bytes and at least four characters of the mappings.
const (
	costPerByte = 6
	costFixed   = 4096
)

// layout is what of a map says which lines it covers.
type layout struct {
	Mappings string `json:"mappings"`
	Sections []struct {
		Offset struct {
			Line int `json:"line"`
		} `json:"offset"`
		Map *struct {
			Mappings string `json:"mappings"`
		} `json:"map"`
	} `json:"sections"`
}

// maxLines bounds what a section's offset can make a map claim.
const maxLines = 10_000_000

// parse reads a map. The library trusts its input: what it stumbles over is a bad map.
func parse(data []byte) (p *parsed, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("parse a source map: %v", r)
		}
	}()
	var l layout
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("parse a source map: %w", err)
	}
	p = &parsed{cost: costFixed + costPerByte*int64(len(data))}
	p.cover(0, l.Mappings)
	for _, s := range l.Sections {
		if s.Map == nil || s.Offset.Line < 0 || s.Offset.Line > maxLines {
			return nil, errors.New("parse a source map: a section without a map or with an impossible offset")
		}
		p.cover(s.Offset.Line, s.Map.Mappings)
	}
	if p.consumer, err = sourcemap.Parse("", data); err != nil {
		return nil, fmt.Errorf("parse a source map: %w", err)
	}
	p.cost += int64(len(p.mapped))
	return p, nil
}

// cover notes which lines have positions.
func (p *parsed) cover(line int, mappings string) {
	for group := range strings.SplitSeq(mappings, ";") {
		for len(p.mapped) <= line {
			p.mapped = append(p.mapped, false)
		}
		p.mapped[line] = p.mapped[line] || group != ""
		line++
	}
}

// position is a place in the code that was written.
type position struct {
	file, name string
	line       int
}

// find returns the position of a generated line and column, both from 1.
func (p *parsed) find(line, column int) (at position, ok bool) {
	if line < 1 || line > len(p.mapped) || !p.mapped[line-1] {
		return position{}, false // the library would answer with a line before
	}
	defer func() {
		if recover() != nil {
			at, ok = position{}, false
		}
	}()
	at.file, at.name, at.line, _, ok = p.consumer.Source(line, column-1)
	return at, ok && at.file != "" && at.line > 0
}
