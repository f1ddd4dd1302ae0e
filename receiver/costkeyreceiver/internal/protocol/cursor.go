package protocol

import "bytes"

// maxDepth is how deep a value may be nested. What is deeper is passed over all the same, with no memory for its depth, so
// that it does not take down what stands beside it.
const maxDepth = 256

// cursor goes through JSON that is in memory, value by value, and needs no memory itself. It is here because most of an
// event is passed over: prompts and answers, the printed stack, frames that are known. Of such a value only strings and
// brackets are looked at, to find its end; whether all else in it is JSON does not matter to anybody.
type cursor struct {
	in []byte
	at int
	// deep tells that the value passed over last is nested deeper than maxDepth.
	deep bool
}

// peek passes over white space and returns what comes next: a bracket, a comma, a colon, '"', 't', 'f', 'n', or '0' for a
// number; 0 at the end, and for what JSON does not have.
func (c *cursor) peek() byte {
	for ; c.at < len(c.in); c.at++ {
		switch b := c.in[c.at]; b {
		case ' ', '\t', '\n', '\r':
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			return '0'
		case '{', '}', '[', ']', ',', ':', '"', 't', 'f', 'n':
			return b
		default:
			return 0
		}
	}
	return 0
}

// take passes over b, where that comes next.
func (c *cursor) take(b byte) bool {
	if c.peek() != b {
		return false
	}
	c.at++
	return true
}

// done reports whether nothing is left.
func (c *cursor) done() bool { return c.peek() == 0 && c.at == len(c.in) }

// value passes over a value and returns it as it stands in the input; nil where there is none that ends.
func (c *cursor) value() []byte {
	kind, from, end := c.peek(), c.at, 0
	c.deep = false
	switch kind {
	case '"':
		end = stringEnd(c.in, from)
	case '{', '[':
		end, c.deep = nestedEnd(c.in, from)
	case '0':
		end = numberEnd(c.in, from)
	case 't', 'f', 'n':
		end = literalEnd(c.in, from)
	}
	if end == 0 {
		return nil
	}
	c.at = end
	return c.in[from:end:end]
}

// stringEnd returns the end of the string that begins at from; 0 where it has none.
func stringEnd(in []byte, from int) int {
	for at := from + 1; ; {
		i := bytes.IndexByte(in[at:], '"')
		if i < 0 {
			return 0
		}
		at += i
		escapes := 0
		for in[at-1-escapes] == '\\' { // ends at the opening quote
			escapes++
		}
		at++
		if escapes%2 == 0 {
			return at
		}
	}
}

// nestedEnd returns the end of the object or list that begins at from, and whether it is nested deeper than maxDepth; 0
// where it has no end. Beyond maxDepth it counts brackets without looking at their kind.
func nestedEnd(in []byte, from int) (end int, deep bool) {
	var closing [maxDepth]byte
	depth := 0
	for at := from; at < len(in); at++ {
		switch b := in[at]; b {
		case '"':
			end := stringEnd(in, at)
			if end == 0 {
				return 0, false
			}
			at = end - 1
		case '{', '[':
			if depth < maxDepth {
				closing[depth] = b + 2 // in ASCII
			}
			depth++
			deep = deep || depth > maxDepth
		case '}', ']':
			depth--
			if depth < maxDepth && closing[depth] != b {
				return 0, false
			}
			if depth == 0 {
				return at + 1, deep
			}
		}
	}
	return 0, false
}

// numberEnd returns the end of what looks like a number.
func numberEnd(in []byte, from int) int {
	for at := from; at < len(in); at++ {
		switch b := in[at]; {
		case b >= '0' && b <= '9', b == '-', b == '+', b == '.', b == 'e', b == 'E':
		default:
			return at
		}
	}
	return len(in)
}

// literalEnd returns the end of true, false or null; 0 where it is none of them.
func literalEnd(in []byte, from int) int {
	for _, word := range []string{"true", "false", "null"} {
		if end := from + len(word); end <= len(in) && string(in[from:end]) == word {
			return end
		}
	}
	return 0
}
