package provider

import "github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"

// chunkReader takes the model's own document out of the events of an InvokeModel stream: {"bytes":"<base64>"}. It holds
// no more than a few bytes of it.
type chunkReader struct {
	outer jsonscan.Scanner
	inner func([]byte)
	bits  uint32
	nbits uint8
	nout  int
	out   [512]byte
}

var chunkSet = jsonscan.Compile([]jsonscan.Path{{Name: "bytes", Mode: jsonscan.Pieces}})

func newChunkReader(inner func([]byte)) *chunkReader {
	c := &chunkReader{inner: inner}
	c.outer.Init(chunkSet, (*chunkSink)(c))
	return c
}

// end makes the reader ready for the next event.
func (c *chunkReader) end() {
	c.flush()
	c.outer.Reset()
	c.bits, c.nbits = 0, 0
}

// decode reads on in the base64 text. What is no digit of it, padding too, is passed over.
func (c *chunkReader) decode(text []byte) {
	for _, b := range text {
		d := base64Digits[b]
		if d < 0 {
			continue
		}
		c.bits = c.bits<<6 | uint32(d)
		if c.nbits += 6; c.nbits < 8 {
			continue
		}
		c.nbits -= 8
		c.out[c.nout] = byte(c.bits >> c.nbits)
		if c.nout++; c.nout == len(c.out) {
			c.flush()
		}
	}
}

func (c *chunkReader) flush() {
	c.inner(c.out[:c.nout])
	c.nout = 0
}

var base64Digits = func() (digits [256]int8) {
	for i := range digits {
		digits[i] = -1
	}
	for i, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		digits[b] = int8(i)
	}
	return digits
}()

// chunkSink keeps the reader's callback out of its method set.
type chunkSink chunkReader

func (s *chunkSink) Value(_ int, v jsonscan.Value) { (*chunkReader)(s).decode(v.Text) }
