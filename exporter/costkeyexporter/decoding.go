package costkeyexporter

import (
	"fmt"
	"math"
	"sync"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// requestReader decodes the parts of a request. Their texts are parts of one string for each part and their lists of one
// slice, so that a call costs no allocation of its own.
type requestReader struct {
	texts []string // the dictionary of the part at hand
	lists []string
	tags  []genaispan.Tag
	calls []genaispan.Call // of all parts
}

// messages are buffers for what is decompressed.
var messages = sync.Pool{New: func() any { return new([]byte) }}

// unpack appends the calls that pack encoded to those of r, all or none. What it appends shares nothing with packed.
func (r *requestReader) unpack(packed []byte) error {
	n, compressed, err := readHeader(packed)
	if err != nil {
		return err
	}
	buffer := messages.Get().(*[]byte)
	defer messages.Put(buffer)
	message, err := s2.Decode((*buffer)[:cap(*buffer)], compressed)
	if err != nil {
		return fmt.Errorf("decompress queued calls: %w", err)
	}
	*buffer = message
	before := len(r.calls)
	if !r.read(cursor{message, string(message)}) || len(r.calls)-before != n {
		clear(r.calls[before:])
		r.calls = r.calls[:before]
		return errDamaged
	}
	return nil
}

// noIndex is the value of a field that is no number.
const noIndex = math.MaxUint64

// cursor is what is left to read of a message, as bytes and as a text.
type cursor struct {
	bytes []byte
	text  string
}

func (c *cursor) skip(n int) { c.bytes, c.text = c.bytes[n:], c.text[n:] }

// varint reads a number, false where there is none.
func (c *cursor) varint() (uint64, bool) {
	if len(c.bytes) > 0 && c.bytes[0] < 0x80 { // Fast path - one byte.
		v := c.bytes[0]
		c.skip(1)
		return uint64(v), true
	}
	v, n := protowire.ConsumeVarint(c.bytes)
	if n < 0 {
		return 0, false
	}
	c.skip(n)
	return v, true
}

// next returns the next field: the number of a varint field and its value, or that of a bytes field and what is in it.
// Fields of other types, which we never wrote, are passed over. It returns 0 at the end and -1 where there is no field.
func (c *cursor) next() (num protowire.Number, value uint64, inner cursor) {
	for len(c.bytes) > 0 {
		tag, ok := c.varint()
		num, kind := protowire.DecodeTag(tag)
		if !ok || num < protowire.MinValidNumber {
			return -1, 0, cursor{}
		}
		switch kind {
		case protowire.VarintType:
			if value, ok = c.varint(); !ok {
				return -1, 0, cursor{}
			}
			return num, value, cursor{}
		case protowire.BytesType:
			n, ok := c.varint()
			if !ok || n > uint64(len(c.bytes)) {
				return -1, 0, cursor{}
			}
			inner = cursor{c.bytes[:n], c.text[:n]}
			c.skip(int(n))
			return num, noIndex, inner
		}
		n := protowire.ConsumeFieldValue(num, kind, c.bytes)
		if n < 0 {
			return -1, 0, cursor{}
		}
		c.skip(n)
	}
	return 0, 0, cursor{}
}

// read appends the calls in the message of a part, and reports whether it could be read.
func (r *requestReader) read(message cursor) bool {
	r.texts = append(r.texts[:0], "") // index 0 is the empty text
	for {
		num, _, inner := message.next()
		switch num {
		case 0:
			return true
		case -1:
			return false
		case fieldText:
			r.texts = append(r.texts, inner.text)
		case fieldCall:
			r.calls = append(r.calls, genaispan.Call{})
			if !r.call(inner, &r.calls[len(r.calls)-1]) {
				return false
			}
		}
	}
}

// call reads one call and reports whether it could be read.
func (r *requestReader) call(message cursor, c *genaispan.Call) bool {
	values := 0 // of tags, that were read
	for {
		num, value, inner := message.next()
		switch {
		case num <= 0:
			return num == 0 && values == len(c.Tags)
		case num >= numFirstCount:
			setCount(&c.Usage, int(num-numFirstCount), value)
		case num >= numFirstNumber:
			setNumber(c, int(num-numFirstNumber), value)
		case num >= numFirstID:
			setID(c, int(num-numFirstID), inner.bytes)
		case int(num) < len(ownTexts) && ownTexts[num] != nil:
			*ownTexts[num](c) = inner.text
		case value == noIndex: // a field that this version does not know
		case value >= uint64(len(r.texts)):
			return false
		case int(num) < len(sharedTexts):
			*sharedTexts[num](c) = r.texts[value]
		case num == numTagValues:
			if values >= len(c.Tags) {
				return false
			}
			c.Tags[values].Value = r.texts[value]
			values++
		default:
			r.listed(c, num, r.texts[value])
		}
	}
}

// listed adds an element to the list num of c.
func (r *requestReader) listed(c *genaispan.Call, num protowire.Number, s string) {
	switch num {
	case numCallPath:
		c.CallPath = grown(&r.lists, c.CallPath, s)
	case numNotes:
		c.Notes = grown(&r.lists, c.Notes, s)
	case numTagKeys:
		c.Tags = grown(&r.tags, c.Tags, genaispan.Tag{Key: s})
	}
}

// grown returns list with v added. The elements of list are the last ones of all, which holds many lists.
func grown[T any](all *[]T, list []T, v T) []T {
	*all = append(*all, v)
	end := len(*all)
	return (*all)[end-len(list)-1 : end : end]
}

func setCount(u *usage.Usage, i int, n uint64) {
	if counts := u.Counts(); i < len(counts) {
		*counts[i] = usage.Count(n)
	}
}

func setID(c *genaispan.Call, i int, id []byte) {
	if ids := idsOf(c); i < len(ids) {
		copy(ids[i], id)
	}
}
