package costkeyhttp_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
)

// codings are the content codings that are read on the fly.
var codings = map[string]func(io.Writer) io.WriteCloser{
	"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"br": func(w io.Writer) io.WriteCloser {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: 4, LGWin: 18})
	},
	"zstd": func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(1))
		return z
	},
}

func encode(t testing.TB, coding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := codings[coding](&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnEncodedAnswerGivesTheSameSpanAndPassesAsItIs(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	for coding := range codings {
		for _, w := range providerWires {
			answer, contentType := framed(t, w.name)
			body := encode(t, coding, answer)
			s := newSpans(t)
			header := http.Header{"Content-Encoding": {coding}}
			for name, values := range w.header {
				header[name] = values
			}
			from := answering(200, contentType, &pieces{rest: body, next: func() int { return random.IntN(60) }})
			rt := transport(s, withHeader(header, from))
			if _, got := drain(t, rt, post(t, w.url, string(read(t, w.name+"/request.json")))); !bytes.Equal(got, body) {
				t.Fatalf("%s in %s: the caller read other bytes than the provider sent", w.name, coding)
			}
			compareSpan(t, w.name, s.one(t))
		}
	}
}

func TestAnEncodedAnswerThatIsLeftEarlyEndsItsDecoder(t *testing.T) {
	t.Parallel()
	answer, contentType := framed(t, "cohere-chat-v2-stream")
	body := encode(t, "gzip", answer)
	for name, leave := range map[string]func(context.CancelFunc, *http.Response){
		"closed":    func(_ context.CancelFunc, resp *http.Response) { _ = resp.Body.Close() },
		"cancelled": func(cancel context.CancelFunc, _ *http.Response) { cancel() },
	} {
		s := newSpans(t)
		rt := transport(s, withHeader(http.Header{"Content-Encoding": {"gzip"}}, answering(200, contentType, bytes.NewReader(body))))
		ctx, cancel := context.WithCancel(context.Background())
		resp, err := rt.RoundTrip(post(t, "https://api.cohere.com/v2/chat", `{"model":"m","stream":true}`).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, len(body)/3)); err != nil {
			t.Fatal(err)
		}
		leave(cancel, resp)
		for len(s.genAI()) == 0 { // the context's end is told on another goroutine
			runtime.Gosched()
		}
		cancel()
		_ = resp.Body.Close()
		if got := attrs(s.one(t))[semconv.UsageMissingKey]; got != "interrupted" {
			t.Errorf("%s: usage.missing is %v", name, got)
		}
	}
}

func TestAnAnswerThatIsNotWhatItsEncodingSaysIsNotRead(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	const body = "no gzip at all, though it says so"
	rt := transport(s, withHeader(http.Header{"Content-Encoding": {"gzip"}}, answering(200, jsonTyp, strings.NewReader(body))))
	if _, got := drain(t, rt, post(t, chatURL, chatBody)); string(got) != body {
		t.Error("the caller read other bytes")
	}
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: "encoding"})
}
