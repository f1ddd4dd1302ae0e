package jsonscan

import "strings"

// Mode says how a wanted value is handed over.
type Mode uint8

const (
	// Scalar hands over a string, number, boolean or null once it is complete, and an object or array (without its
	// text) when it opens.
	Scalar Mode = iota
	// Presence hands over a string as soon as it is known not to be empty, without its text, and nothing else.
	Presence
	// Compact hands over an object when it closes, as compact JSON of its numbers, booleans and short enum strings,
	// objects and arrays among them kept; see [MaxCompact]. A null is handed over as such.
	Compact
	// Pieces hands over the bytes of a string as they come, in as many pieces, with escapes as they stand, and nothing
	// else: for strings of any length.
	Pieces
)

// Path names one wanted value. Elements are object keys, joined by dots; "*" stands for every element of an array:
// "choices.*.delta.content". Keys that hold a dot or are "*" can't be named.
type Path struct {
	Name string
	Mode Mode
}

// Set is a compiled list of paths. It is immutable and safe for concurrent use.
type Set struct {
	nodes []node
}

const none = -1

type node struct {
	field int16 // index of the path that ends here, or none
	mode  Mode
	elem  int16 // node of the elements, where this is an array
	edges []edge
	seen  uint64 // the bits of the edges' keys; see keyBit
}

// isLeaf reports whether nothing below the node is wanted.
func (n *node) isLeaf() bool { return n.elem == none && len(n.edges) == 0 }

type edge struct {
	key string
	to  int16
}

// Compile returns the set of the paths. A path's index in the list is the number its values are handed over with;
// where a path is listed twice the later number counts. A path without a name is left out, and keeps its number.
func Compile(paths []Path) *Set {
	s := &Set{nodes: []node{newNode()}}
	for i, p := range paths {
		if p.Name == "" {
			continue
		}
		at := int16(0)
		for name := range strings.SplitSeq(p.Name, ".") {
			at = s.step(at, name)
		}
		s.nodes[at].field, s.nodes[at].mode = int16(i), p.Mode
	}
	return s
}

func newNode() node { return node{field: none, elem: none} }

// step returns the node below at that name leads to, making it if need be.
func (s *Set) step(at int16, name string) int16 {
	if name == "*" {
		if s.nodes[at].elem == none {
			s.nodes = append(s.nodes, newNode())
			s.nodes[at].elem = int16(len(s.nodes) - 1)
		}
		return s.nodes[at].elem
	}
	if to := s.child(at, []byte(name)); to != none {
		return to
	}
	s.nodes = append(s.nodes, newNode())
	to := int16(len(s.nodes) - 1)
	n := &s.nodes[at]
	n.edges = append(n.edges, edge{key: name, to: to})
	n.seen |= keyBit(name)
	return to
}

// child returns the node that key leads to below at, or none.
func (s *Set) child(at int16, key []byte) int16 {
	n := &s.nodes[at]
	if n.seen&keyBit(key) == 0 {
		return none
	}
	for i := range n.edges {
		if e := &n.edges[i]; e.key == string(key) {
			return e.to
		}
	}
	return none
}

// keyBit returns the one bit that a key sets in [node.seen], by its length and its first byte: most keys that are not
// wanted are told apart without a look at the edges.
func keyBit[T string | []byte](key T) uint64 {
	if len(key) == 0 {
		return 1
	}
	return 1 << ((uint(len(key))*11 + uint(key[0])) & 63)
}
