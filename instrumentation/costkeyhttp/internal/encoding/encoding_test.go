package encoding_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/encoding"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flushWriter is what all encoders have.
type flushWriter interface {
	io.WriteCloser
	Flush() error
}

// coders make a writer of each coding that is read.
var coders = []struct {
	name, coding string
	make         func(testing.TB, io.Writer) flushWriter
}{
	{"gzip", "gzip", func(_ testing.TB, w io.Writer) flushWriter { return gzip.NewWriter(w) }},
	{"zlib as deflate", "deflate", func(_ testing.TB, w io.Writer) flushWriter { return zlib.NewWriter(w) }},
	{"bare deflate", "deflate", func(t testing.TB, w io.Writer) flushWriter {
		f, err := flate.NewWriter(w, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}},
	{"br in a window of 1 MiB", "br", func(_ testing.TB, w io.Writer) flushWriter {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: 5, LGWin: 20})
	}},
	{"zstd in a window of 1 MiB", "Zstd ", func(t testing.TB, w io.Writer) flushWriter {
		z, err := zstd.NewWriter(w, zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		return z
	}},
}

const event = "data: {\"a\": \"some text that is said again and again, some text\"}\n\n"

// encoded returns the events, each flushed, and where each ends.
func encoded(t testing.TB, make func(testing.TB, io.Writer) flushWriter, events int) (body []byte, ends []int) {
	t.Helper()
	var b bytes.Buffer
	w := make(t, &b)
	for range events {
		if _, err := io.WriteString(w, event); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, b.Len())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), ends
}

func TestABodyIsDecodedInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for _, c := range coders {
		body, _ := encoded(t, c.make, 2000)
		for _, cut := range []func() int{
			func() int { return len(body) }, func() int { return 1 }, func() int { return 1 + random.IntN(700) },
		} {
			var got bytes.Buffer
			d := encoding.New(c.coding, func(p []byte) { got.Write(p) })
			for rest := body; len(rest) > 0; {
				n := min(len(rest), cut())
				d.Write(rest[:n])
				rest = rest[n:]
			}
			if whole := d.Close(); !whole || got.String() != strings.Repeat(event, 2000) {
				t.Errorf("%s: decoded %d bytes, whole %v", c.name, got.Len(), whole)
			}
		}
	}
}

func TestAnEventIsKnownAsSoonAsItHasPassed(t *testing.T) {
	t.Parallel()
	for _, c := range coders {
		body, ends := encoded(t, c.make, 5)
		var got bytes.Buffer
		d := encoding.New(c.coding, func(p []byte) { got.Write(p) })
		for i, from := 0, 0; i < len(ends); i++ {
			d.Write(body[from:ends[i]])
			if from = ends[i]; got.Len() != (i+1)*len(event) {
				t.Errorf("%s: after event %d, %d bytes are decoded", c.name, i+1, got.Len())
			}
		}
		if !d.Close() {
			t.Errorf("%s: a body that was cut off counts as one that can't be read", c.name)
		}
		d.Write(body)
		if !d.Close() || got.Len() != 5*len(event) {
			t.Errorf("%s: a closed decoder goes on", c.name)
		}
	}
}

func TestWhatIsNotDecodedIsReported(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 3<<20) // does not compress, so that the window counts
	random := rand.New(rand.NewPCG(9, 9))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var wideBr, wideZstd bytes.Buffer
	b := brotli.NewWriterOptions(&wideBr, brotli.WriterOptions{Quality: 1, LGWin: 22})
	_, _ = b.Write(noise)
	_ = b.Close()
	z, err := zstd.NewWriter(&wideZstd, zstd.WithWindowSize(4<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write(noise)
	_ = z.Close()
	for _, tc := range []struct {
		name, coding string
		body         []byte
	}{
		{"br in a window of 4 MiB", "br", wideBr.Bytes()},
		{"zstd in a window of 4 MiB", "zstd", wideZstd.Bytes()},
		{"what is no gzip", "gzip", []byte(strings.Repeat("plain", 100))},
		{"what is no deflate", "deflate", []byte(strings.Repeat("\xff", 100))},
	} {
		d := encoding.New(tc.coding, func([]byte) {})
		d.Write(tc.body)
		d.Write(tc.body)
		if d.Close() {
			t.Errorf("%s counts as read", tc.name)
		}
	}
}

func TestOnlyKnownCodingsAreRead(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"", "identity", "compress", "gzip, br", "snappy"} {
		if encoding.New(coding, func([]byte) {}) != nil {
			t.Errorf("%q has a decoder", coding)
		}
	}
}

func TestAPanicOfTheSinkStaysInside(t *testing.T) {
	t.Parallel()
	body, _ := encoded(t, coders[0].make, 3)
	d := encoding.New("gzip", func([]byte) { panic("sink") })
	d.Write(body)
	d.Write(body)
	if d.Close() {
		t.Error("a panic counts as read")
	}
}

func TestADecoderThatSawNothingStartsNoGoroutine(t *testing.T) {
	t.Parallel()
	if !encoding.New("gzip", func([]byte) {}).Close() {
		t.Error("an empty body counts as one that can't be read")
	}
}

func TestABombIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, c := range coders {
		var bomb bytes.Buffer
		w := c.make(t, &bomb)
		zeros := make([]byte, 1<<20)
		for range (encoding.MaxPiece + 4<<20) >> 20 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := 0
		d := encoding.New(c.coding, func(p []byte) { got += len(p) })
		d.Write(bomb.Bytes())
		once := got
		d.Write(bomb.Bytes())
		if whole := d.Close(); whole || got != once || got > encoding.MaxPiece {
			t.Errorf("%s: a bomb of %d bytes decoded to %d, then %d, whole %v", c.name, bomb.Len(), once, got, whole)
		}
	}
}
