package stackframe

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// MaxFunctions is how many functions a graph may have: what fits into twenty of the 50 KiB that an SDK sends.
const MaxFunctions = 20_000

// Node is what the Python SDK says of a function.
type Node struct {
	// Line is where the function begins, from 1.
	Line int `json:"line"`
	// Score is ten times FanIn, more where the function calls AI itself, less where it is a caller's.
	Score float64 `json:"score"`
	// FanIn is how many functions of the program call it.
	FanIn int `json:"fan_in"`
	// CallsAI reports whether the function itself calls a provider.
	CallsAI bool `json:"calls_ai"`
}

// Graph is the call graph of a Python program. It is immutable and safe for concurrent use; nil and the zero value know
// no function.
type Graph struct {
	byName map[string][]entry // by the function's name without its class
}

type entry struct {
	Node
	file string // relative to the project
	key  string
}

// NewGraph makes a graph of functions by "rel/path.py:Class.func". Keys of another form are passed over.
func NewGraph(functions map[string]Node) *Graph {
	g := &Graph{byName: make(map[string][]entry, len(functions))}
	for key, node := range functions {
		i := strings.LastIndexByte(key, ':')
		if i <= 0 || i == len(key)-1 {
			continue
		}
		name := key[i+1:]
		name = name[strings.LastIndexByte(name, '.')+1:]
		g.byName[name] = append(g.byName[name], entry{Node: node, file: path.Clean(slashed(key[:i])), key: key})
	}
	return g
}

// ReadGraph makes one graph of JSON objects that Python SDKs sent as "functions", the latest first: where several have a
// function, the first counts. An error says that one is no such object, or that there are more functions than a graph can
// have.
func ReadGraph(functions ...[]byte) (*Graph, error) {
	all := map[string]Node{}
	for _, text := range slices.Backward(functions) {
		var read map[string]Node
		if err := json.Unmarshal(text, &read); err != nil {
			return nil, fmt.Errorf("read a call graph: %w", err)
		}
		maps.Copy(all, read)
	}
	if len(all) > MaxFunctions {
		return nil, fmt.Errorf("read a call graph: %d functions exceed the limit of %d", len(all), MaxFunctions)
	}
	return NewGraph(all), nil
}

// MarshalJSON writes the graph as [ReadGraph] takes it, without whatever else an SDK had put in it.
func (g *Graph) MarshalJSON() ([]byte, error) {
	functions := map[string]Node{}
	for _, entries := range g.byName {
		for _, e := range entries {
			functions[e.key] = e.Node
		}
	}
	return json.Marshal(functions)
}

// Len is how many functions the graph knows.
func (g *Graph) Len() int {
	if g == nil {
		return 0
	}
	n := 0
	for _, entries := range g.byName {
		n += len(entries)
	}
	return n
}

// minHelperFanIn is from how many callers on a function is shared.
const minHelperFanIn = 2

// pastHelpers returns which of the own frames, innermost first, the call is the deed of. The package comment has the rule.
func (g *Graph) pastHelpers(own []placed) int {
	at := 0
	for {
		helper, ok := g.find(own[at])
		if !ok || !helper.CallsAI || helper.FanIn < minHelperFanIn {
			return at
		}
		next := at + 1
		for next < len(own) && own[next].function == own[at].function && own[next].source == own[at].source {
			next++ // recursion
		}
		if next == len(own) {
			return at
		}
		caller, ok := g.find(own[next])
		if !ok || caller.Score >= helper.Score {
			return at
		}
		at = next
	}
}

// find returns the function of a frame. Of several with its name in its file, it is the last that begins above the
// frame's line; of several files, the one with the longest path.
func (g *Graph) find(p placed) (entry, bool) {
	var best entry
	found := false
	name := p.function[strings.LastIndexByte(p.function, '.')+1:]
	for _, e := range g.byName[name] {
		if !hasPathSuffix(p.source, e.file) || p.line > 0 && e.Line > p.line {
			continue
		}
		if !found || len(e.file) > len(best.file) || len(e.file) == len(best.file) && above(e, best) {
			best, found = e, true
		}
	}
	return best, found
}

// above orders the candidates of one file by line; the key makes it the same each time.
func above(a, b entry) bool {
	return a.Line > b.Line || a.Line == b.Line && a.key < b.key
}

func hasPathSuffix(file, suffix string) bool {
	return file == suffix || strings.HasSuffix(file, "/"+suffix)
}
