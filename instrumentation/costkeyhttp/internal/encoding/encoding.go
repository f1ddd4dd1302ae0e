// Package encoding reads compressed bodies as their bytes pass by: gzip, deflate, and br and zstd within a window of
// 1 MiB.
//
// The libraries' decoders pull, and none of them goes on after a source that ran dry. So each decoder runs on a goroutine
// of its own and is handed one piece at a time: [Decoder.Write] comes back once the decoder has used all of it and asks
// for more. Nothing is copied, nothing piles up, and what a piece decodes to is known when it has passed.
//
// Write waits for the CPU only, never for I/O: the piece is in memory, and the decoder is never asked for more than it
// holds. It waits at all so that no usage is lost to a decoder that lags behind the caller, who may close the body, or
// end the program, at any time. The wait is bounded: a piece that decodes to more than [MaxPiece] makes the body one that
// can't be decoded.
package encoding

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// MaxWindow is the largest window of br and zstd that is decoded. gzip and deflate have one of 32 KiB.
const MaxWindow = 1 << 20

// MaxPiece is how many bytes one Write, or Close, may decode to: no less than 32 KiB, the usual buffer of a reader, of
// gzip or deflate, which expand to 1032 times their size at most.
const MaxPiece = 34 << 20

// Decoder decodes one body. Its methods are not safe for concurrent use; they end before the decoder's goroutine goes on.
type Decoder struct {
	open   func(*bufio.Reader) (io.ReadCloser, error)
	sink   func([]byte)
	pieces chan []byte
	dry    chan struct{} // the decoder has used the piece and asks for more
	done   chan struct{} // the goroutine has ended
	began  bool
	closed bool
	failed bool // written by the goroutine before done is closed
}

// New returns a decoder of the content coding that hands the decoded bytes to sink, or nil where the coding is not read.
// sink runs on another goroutine, but only while Write or Close runs; it must not keep p. The caller must call
// [Decoder.Close].
func New(coding string, sink func(p []byte)) *Decoder {
	open := codings[strings.ToLower(strings.TrimSpace(coding))]
	if open == nil {
		return nil
	}
	return &Decoder{open: open, sink: sink}
}

// Write decodes what p adds, at most [MaxPiece] bytes. After a body that can't be decoded it does nothing.
func (d *Decoder) Write(p []byte) {
	if d.closed || len(p) == 0 {
		return
	}
	if !d.began {
		d.began = true
		d.pieces, d.dry, d.done = make(chan []byte), make(chan struct{}), make(chan struct{})
		go d.run()
	}
	select {
	case d.pieces <- p:
	case <-d.done:
		return
	}
	select {
	case <-d.dry:
	case <-d.done:
	}
}

// Close says that the body has ended, whole or not, and waits for the goroutine's end. It reports whether all that
// passed could be decoded. It may be called twice.
func (d *Decoder) Close() bool {
	if d.began && !d.closed {
		close(d.pieces)
		<-d.done
	}
	d.closed = true
	return !d.failed
}

func (d *Decoder) run() {
	whole := false
	defer func() {
		if recover() != nil || !whole { // the decoders are not ours, and the bytes are a stranger's
			d.failed = true
		}
		close(d.done)
	}()
	source := &pulled{d: d}
	err := d.decode(source)
	whole = err == nil || source.ended && !errors.Is(err, errPiece)
}

func (d *Decoder) decode(source *pulled) error {
	r, err := d.open(bufio.NewReaderSize(source, 512))
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		if source.made += n; source.made > MaxPiece {
			return errPiece
		}
		if n > 0 {
			d.sink(buf[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			_, err = io.Copy(io.Discard, source) // what follows the coding's end is nobody's
			return err
		case err != nil:
			return err
		}
	}
}

// pulled is the body as the decoder reads it: dry between two pieces.
type pulled struct {
	d     *Decoder
	rest  []byte
	made  int // bytes that the piece has been decoded to
	asked bool
	ended bool
}

func (s *pulled) Read(p []byte) (int, error) {
	if len(s.rest) == 0 && !s.ended {
		if s.asked {
			s.d.dry <- struct{}{}
		}
		s.asked = true
		piece, ok := <-s.d.pieces
		s.rest, s.ended, s.made = piece, !ok, 0
	}
	if s.ended {
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

var codings = map[string]func(*bufio.Reader) (io.ReadCloser, error){
	"gzip":    func(r *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
	"x-gzip":  func(r *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
	"deflate": openDeflate,
	"br":      openBrotli,
	"zstd":    openZstd,
}

// openDeflate takes the bare format for deflate too, as browsers do.
func openDeflate(r *bufio.Reader) (io.ReadCloser, error) {
	head, err := r.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

var (
	errWindow = errors.New("window larger than 1 MiB")
	errPiece  = errors.New("piece that decodes to more than 34 MiB")
)

// openBrotli refuses a window of more than 20 bits, which the first byte tells. Source: RFC 7932, section 9.1.
func openBrotli(r *bufio.Reader) (io.ReadCloser, error) {
	head, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	if bits := head[0] & 0x0f; bits == 0x09 || bits == 0x0b || bits == 0x0d || bits == 0x0f || head[0]&0x7f == 0x11 {
		return nil, errWindow // 21 to 24 bits, or the large windows that no content coding has
	}
	return io.NopCloser(brotli.NewReader(r)), nil
}

func openZstd(r *bufio.Reader) (io.ReadCloser, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(MaxWindow))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}
