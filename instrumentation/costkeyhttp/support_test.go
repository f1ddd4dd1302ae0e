package costkeyhttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

func TestMain(m *testing.M) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // tests panic on purpose, many times over
	// Google's SDK brings opencensus, which starts a worker for the life of the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// spans records the spans of one test.
type spans struct {
	*tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
}

func newSpans(t testing.TB) *spans {
	t.Helper()
	rec := tracetest.NewSpanRecorder()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(rec))
	t.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
	return &spans{SpanRecorder: rec, provider: tp}
}

// genAI returns the ended GenAI spans of ours, in the order of their ends.
func (s *spans) genAI() []sdktrace.ReadOnlySpan {
	var out []sdktrace.ReadOnlySpan
	for _, span := range s.Ended() {
		if span.InstrumentationScope().Name == semconv.ScopeInstrumentation {
			out = append(out, span)
		}
	}
	return out
}

// one returns the only GenAI span.
func (s *spans) one(t testing.TB) sdktrace.ReadOnlySpan {
	t.Helper()
	all := s.genAI()
	if len(all) != 1 {
		t.Fatalf("%d GenAI spans have ended, not 1", len(all))
	}
	return all[0]
}

// await returns the GenAI spans once there are n: the end of a context ends a span on a goroutine of its own.
func (s *spans) await(t testing.TB, n int) []sdktrace.ReadOnlySpan {
	t.Helper()
	for start := time.Now(); ; runtime.Gosched() {
		all := s.genAI()
		if len(all) == n {
			return all
		}
		if len(all) > n || time.Since(start) > 10*time.Second {
			t.Fatalf("%d GenAI spans have ended, not %d", len(all), n)
		}
	}
}

func attrs(span sdktrace.ReadOnlySpan) map[attribute.Key]any {
	out := map[attribute.Key]any{}
	for _, kv := range span.Attributes() {
		out[kv.Key] = kv.Value.AsInterface()
	}
	return out
}

// wantAttrs checks some attributes; nil means absent.
func wantAttrs(t testing.TB, span sdktrace.ReadOnlySpan, want map[attribute.Key]any) {
	t.Helper()
	got := attrs(span)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v (%T), not %v (%T)", key, got[key], got[key], value, value)
		}
	}
}

// everything returns every text of every span, started or ended, as one string.
func (s *spans) everything() string {
	var b strings.Builder
	for _, span := range append(s.Ended(), roSpans(s.Started())...) {
		b.WriteString(span.Name() + "\n" + span.Status().Description + "\n")
		for _, kv := range span.Attributes() {
			b.WriteString(string(kv.Key) + "=" + kv.Value.String() + "\n")
		}
		for _, e := range span.Events() {
			b.WriteString("event " + e.Name + "\n")
		}
	}
	return b.String()
}

func roSpans(in []sdktrace.ReadWriteSpan) []sdktrace.ReadOnlySpan {
	out := make([]sdktrace.ReadOnlySpan, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

// base is a round tripper made of a function.
type base func(*http.Request) (*http.Response, error)

func (f base) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering reads the request to its end and answers with body.
func answering(status int, contentType string, body io.Reader) base {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}
		rc, ok := body.(io.ReadCloser)
		if !ok {
			rc = io.NopCloser(body)
		}
		return &http.Response{
			Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header:        http.Header{"Content-Type": {contentType}},
			Body:          rc,
			ContentLength: -1,
			Request:       r,
		}, nil
	}
}

func post(t testing.TB, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pieces hands a body over in pieces of the sizes that next returns.
type pieces struct {
	rest []byte
	next func() int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(len(p.rest), max(1, p.next()))])
	p.rest = p.rest[n:]
	return n, nil
}

var errReset = errors.New("connection reset: SECRET-ERROR-TEXT")

// broken is a body that breaks off behind its bytes.
func broken(body string) io.Reader {
	return io.MultiReader(strings.NewReader(body), errReader{errReset})
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// transport returns a transport above b whose spans go to s.
func transport(s *spans, b http.RoundTripper, opts ...costkeyhttp.Option) *costkeyhttp.Transport {
	return costkeyhttp.NewTransport(b, append([]costkeyhttp.Option{costkeyhttp.WithTracerProvider(s.provider)}, opts...)...)
}

// drain sends r and reads the answer to its end.
func drain(t testing.TB, rt http.RoundTripper, r *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}
