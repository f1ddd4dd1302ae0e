package jsonscan

import "bytes"

const (
	maxShape = 1024 // bytes of a document whose shape is kept
	maxHoles = 24
)

// Shape is a document with holes where it has strings and numbers that nobody wants. A document that differs in them
// only says the same: whatever they hold, the scanner finds the same wanted values. So it needs not be scanned.
//
// A Shape is taken by [Scanner.Trace]. The zero value fits no document. A Shape is not safe for concurrent use.
type Shape struct {
	text  [maxShape]byte
	size  int
	holes [maxHoles]hole
	nhole int
	over  bool // more holes than there is room for
}

// hole is text[from:to], in a string without its quotes or the digits of a number.
type hole struct {
	from, to uint16
	number   bool
}

// Clear makes the shape fit no document.
func (h *Shape) Clear() { h.size, h.nhole, h.over = 0, 0, false }

// Fits reports whether p is a whole document of this shape.
func (h *Shape) Fits(p []byte) bool {
	at := 0 // in h.text
	for _, hole := range h.holes[:h.nhole] {
		between := h.text[at:hole.from]
		if len(p) < len(between) || !bytes.Equal(p[:len(between)], between) {
			return false
		}
		p = p[len(between):]
		n := hole.end(p)
		if n < 0 {
			return false
		}
		p, at = p[n:], int(hole.to)
	}
	return h.size > 0 && bytes.Equal(p, h.text[at:h.size])
}

// end returns how many bytes of p, in which the hole begins, fill it, or -1 where that can't be said.
func (h hole) end(p []byte) int {
	if h.number {
		return numberEnd(p)
	}
	return plainStringEnd(p)
}

// plainStringEnd returns the index of the quote that closes the string p is in, or -1 where that can't be said at a
// glance.
func plainStringEnd(p []byte) int {
	n := bytes.IndexByte(p, '"')
	if n > 0 && p[n-1] == '\\' {
		return -1
	}
	return n
}

// numberEnd returns how many bytes of p are a number's, or -1 where p does not begin with one.
func numberEnd(p []byte) int {
	n := 0
	for n < len(p) && isNumberByte(p[n]) {
		n++
	}
	if n == 0 || p[0] == '+' || p[0] == '.' || p[0]|0x20 == 'e' {
		return -1
	}
	return n
}

func isNumberByte(b byte) bool {
	return b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.' || b|0x20 == 'e'
}

// Trace has the scanner write p, the first bytes of a document, and take its shape. Where p is no whole document, or one
// too large, the shape fits none.
func (s *Scanner) Trace(p []byte, h *Shape) {
	h.Clear()
	s.shape = h
	s.Write(p)
	s.shape = nil
	if !s.Done() || len(p) > maxShape || h.over {
		h.Clear()
		return
	}
	h.size = copy(h.text[:], p)
}

// Pass takes the next document for scanned.
func (s *Scanner) Pass() { s.state = done }

// string notes that p[from:to], in a string, is wanted by nobody.
func (h *Shape) string(from, to int) { h.add(from, to, false) }

// scalar notes that the scalar p[from:to] is wanted by nobody. Of those only numbers are holes.
func (h *Shape) scalar(p []byte, from, to int) {
	if numberEnd(p[from:to]) == to-from {
		h.add(from, to, true)
	}
}

func (h *Shape) add(from, to int, number bool) {
	if h.nhole == maxHoles || to > maxShape {
		h.over = true
		return
	}
	h.holes[h.nhole] = hole{from: uint16(from), to: uint16(to), number: number}
	h.nhole++
}
