package costkeyhttp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// discarding is a provider whose spans are recorded and thrown away.
func discarding() *sdktrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discard{}))
}

type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }

func otelhttpAlone(b http.RoundTripper) http.RoundTripper {
	return otelhttp.NewTransport(b,
		otelhttp.WithTracerProvider(discarding()), otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()))
}

func ours(b http.RoundTripper) http.RoundTripper {
	return costkeyhttp.NewTransport(b,
		costkeyhttp.WithTracerProvider(discarding()), costkeyhttp.WithMeterProvider(noop.NewMeterProvider()))
}

// memory answers from memory.
func memory(contentType string, answer []byte) base {
	header := http.Header{"Content-Type": {contentType}}
	return func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
		return &http.Response{
			StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
			Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer)), Request: r,
		}, nil
	}
}

// deep calls f with that many frames on the stack.
//
//go:noinline
func deep(frames int, f func()) {
	if frames == 0 {
		f()
		return
	}
	deep(frames-1, f)
}

// cpuTime returns the CPU time of the process so far: unlike the wall clock it does not count what other processes take.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// compare runs both interleaved and reports the median of the CPU time that subject takes beyond against, per unit.
func compare(b *testing.B, unit string, units float64, subject, against func()) {
	b.Helper()
	const rounds = 15
	batch := max(20, int(10_000/units))
	var differences, ratios []float64
	measure := func(f func()) float64 {
		start := cpuTime(b)
		for range batch {
			f()
		}
		return float64(cpuTime(b)-start) / float64(batch)
	}
	for range 3 {
		measure(subject)
		measure(against)
	}
	for range rounds {
		s, a := measure(subject), measure(against)
		differences = append(differences, (s-a)/units)
		ratios = append(ratios, s/a)
	}
	slices.Sort(differences)
	slices.Sort(ratios)
	b.ReportMetric(differences[rounds/2], "extra-ns/"+unit)
	b.ReportMetric(ratios[rounds/2], "ratio")
}

func sendAndRead(b *testing.B, rt http.RoundTripper, request string, buffer []byte) func() {
	return func() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, openAIURL+"/chat/completions", strings.NewReader(request))
		if err != nil {
			b.Fatal(err)
		}
		resp, err := rt.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = resp.Body.Read(buffer)
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

// request2KiB has its model at the end.
var request2KiB = `{"messages":[{"role":"system","content":"` + strings.Repeat("You are helpful. ", 40) +
	`"},{"role":"user","content":"` + strings.Repeat("word \\\"quoted\\\" \\n", 75) + `"}],"temperature":0.2,"max_tokens":256,"model":"gpt-4o"}`

func BenchmarkTransportPlain(b *testing.B) {
	answer := bytes.Replace(read(b, "openai-chat/answer.json"), []byte("ANSWER-MARKER"), bytes.Repeat([]byte("word "), 220), 1)
	buffer := make([]byte, 4<<10)
	subject := sendAndRead(b, ours(memory("application/json", answer)), request2KiB, buffer)
	against := sendAndRead(b, otelhttpAlone(memory("application/json", answer)), request2KiB, buffer)
	deep(40, func() {
		b.Run("ours", func(b *testing.B) { loop(b, subject) })
		b.Run("otelhttp", func(b *testing.B) { loop(b, against) })
		b.Run("difference", func(b *testing.B) {
			for b.Loop() {
				compare(b, "call", 1, subject, against)
			}
		})
	})
}

func loop(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

// events returns a stream of n OpenAI chunks of 350 bytes each, without a usage.
func events(n int) []byte {
	var stream bytes.Buffer
	for i := range n {
		head := `data: {"id":"chatcmpl-BnP1aQ7xT5mJ0vLk2","object":"chat.completion.chunk","created":1786000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" w` + strconv.Itoa(i%10) + `"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"`
		tail := `"}` + "\n\n"
		stream.WriteString(head + strings.Repeat("x", max(0, 350-len(head)-len(tail))) + tail)
	}
	stream.WriteString("data: [DONE]\n\n")
	return stream.Bytes()
}

func BenchmarkTransportStream(b *testing.B) {
	const n = 1000
	buffer := make([]byte, 4<<10)
	request := `{"model":"gpt-4o","stream":true,"messages":[]}`
	subject := sendAndRead(b, ours(memory("text/event-stream", events(n))), request, buffer)
	against := sendAndRead(b, otelhttpAlone(memory("text/event-stream", events(n))), request, buffer)
	b.Run("ours", func(b *testing.B) { loop(b, subject) })
	b.Run("otelhttp", func(b *testing.B) { loop(b, against) })
	b.Run("difference", func(b *testing.B) {
		for b.Loop() {
			compare(b, "event", n, subject, against)
		}
		more := sendAndRead(b, ours(memory("text/event-stream", events(2*n))), request, buffer)
		b.ReportMetric((testing.AllocsPerRun(20, more)-testing.AllocsPerRun(20, subject))/n, "allocs/event")
		b.ReportMetric(testing.AllocsPerRun(20, subject)-testing.AllocsPerRun(20, against), "extra-allocs/stream")
	})
}

func BenchmarkTransportMemory64MiB(b *testing.B) {
	buffer := make([]byte, 32<<10)
	answer := func() io.Reader {
		return io.MultiReader(
			strings.NewReader(`{"id":"img-1","model":"gpt-image-1","data":[{"b64_json":"`),
			io.LimitReader(endless{}, 64<<20),
			strings.NewReader(`"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`))
	}
	with := func(rt func(http.RoundTripper) http.RoundTripper) func() {
		return sendAndRead(b, rt(base(func(r *http.Request) (*http.Response, error) {
			return answering(200, "application/json", answer())(r)
		})), `{"model":"gpt-image-1"}`, buffer)
	}
	subject, against := with(ours), with(func(b http.RoundTripper) http.RoundTripper { return b })
	for b.Loop() {
		bare, own := allocated(against), allocated(subject)
		b.ReportMetric(float64(own-bare), "extra-B")
	}
}

// endless is base64 without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, base64Block), nil }

var base64Block = bytes.Repeat([]byte("QUJD"), 8<<10)

// allocated returns the bytes that f allocates, whether they stay or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
