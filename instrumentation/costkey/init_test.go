package costkey_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// Init changes global state, so the tests of this file run one after the other.

func dsnOf(r *receiver) string {
	return strings.Replace(r.URL, "http://", "http://ck_sekret@", 1) + "/shop"
}

func TestACallArrivesWithItsTagsAndItsProject(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	t.Setenv("COSTKEY_DSN", dsnOf(r))
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-vendor-key=other")
	var log logbook
	shutdown := setUp(t, log.option(), costkey.WithServiceName("shop"), costkey.WithServiceVersion("1.2.3"), costkey.WithEnvironment("test"))

	ctx := costkey.WithTags(t.Context(), attribute.String("tenant", "acme"))
	ctx = costkey.WithTask(costkey.WithSession(costkey.WithUser(ctx, "u1"), "s1"), "greet")
	chat(ctx, t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	mustShutDown(t, shutdown)

	spans := r.spans(semconv.ScopeInstrumentation)
	if len(spans) != 1 {
		t.Fatalf("%d spans, log: %s", len(spans), &log)
	}
	s := spans[0]
	for key, want := range map[string]string{
		"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": "11", "gen_ai.usage.output_tokens": "5",
		"costkey.tag.tenant": "acme", "costkey.tag.task": "greet", "user.id": "u1", "session.id": "s1",
	} {
		if got := s.attr(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := s.attr("code.function.name"); got != "github.com/costkey/costkey-otel/instrumentation/costkey_test.chat" {
		t.Errorf("function %q", got)
	}
	for key, want := range map[string]string{"costkey.project": "shop", "service.name": "shop", "service.version": "1.2.3", "deployment.environment.name": "test"} {
		if v, _ := s.resource.Get(key); v.AsString() != want {
			t.Errorf("resource %s is %q, want %q", key, v.AsString(), want)
		}
	}
	for key := range s.resource.All() {
		if strings.HasPrefix(key, "process.") || strings.HasPrefix(key, "host.") {
			t.Errorf("the resource holds %s", key)
		}
	}
	if !slices.Equal(r.auth, []string{"Bearer ck_sekret"}) || r.headers[0].Get("X-Vendor-Key") != "" {
		t.Errorf("headers %v", r.headers)
	}
	if len(r.metrics) != 0 {
		t.Errorf("metrics without an endpoint for them: %v", r.metrics)
	}
	if log.String() != "" {
		t.Errorf("log: %s", &log)
	}
}

func TestWithoutAKeyNoHeaderIsSent(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	shutdown := setUp(t, costkey.WithDSN(r.URL+"/shop"))
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	mustShutDown(t, shutdown)
	if !slices.Equal(r.auth, []string{""}) {
		t.Errorf("authorization %q", r.auth)
	}
}

func TestAnEndpointOfOpenTelemetryGetsSpansAndMetrics(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20theirs")
	shutdown := setUp(t)
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	mustShutDown(t, shutdown)
	if n := len(r.spans(semconv.ScopeInstrumentation)); n != 1 {
		t.Errorf("%d spans", n)
	}
	if !slices.Contains(r.metrics, "gen_ai.client.operation.duration") {
		t.Errorf("metrics %v", r.metrics)
	}
	if !slices.Equal(r.auth, []string{"Bearer theirs"}) {
		t.Errorf("authorization %q", r.auth)
	}
}

func TestWithoutAnEndpointNothingIsRegisteredAndItIsSaidOnce(t *testing.T) {
	for name, set := range map[string]func(t *testing.T){
		"nothing set": func(*testing.T) {},
		"traces switched off": func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
			t.Setenv("OTEL_TRACES_EXPORTER", "none")
		},
		"OpenTelemetry disabled": func(t *testing.T) {
			t.Setenv("COSTKEY_DSN", "http://k@localhost:1/p")
			t.Setenv("OTEL_SDK_DISABLED", "true")
		},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnv(t)
			set(t)
			before, transport := otel.GetTracerProvider(), http.DefaultTransport
			var log logbook
			shutdown, err := costkey.Init(t.Context(), log.option(), costkey.WithDefaultTransport())
			if err != nil {
				t.Fatal(err)
			}
			mustShutDown(t, shutdown)
			if otel.GetTracerProvider() != before || http.DefaultTransport != transport {
				t.Error("something was changed")
			}
			if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "calls are not recorded") {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

func TestMistakesAreErrorsWithoutTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		opts []costkey.Option
		want string
	}{
		"a malformed DSN":             {env: map[string]string{"COSTKEY_DSN": "http://ck_sekret@localhost:x/shop"}, want: "CostKey DSN"},
		"an unknown protocol":         {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, want: "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"an unknown exporter":         {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_TRACES_EXPORTER": "zipkin"}, want: "OTEL_TRACES_EXPORTER"},
		"baggage that nobody carries": {opts: []costkey.Option{costkey.WithBaggage(true)}, want: "WithPropagation"},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnv(t)
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			shutdown, err := costkey.Init(t.Context(), c.opts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sekret") {
				t.Errorf("error %v", err)
			}
			mustShutDown(t, shutdown)
		})
	}
}

func TestAProgramsOwnProviderIsUsedAndNeverReplaced(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	t.Setenv("COSTKEY_DSN", dsnOf(r))
	recorder := tracetest.NewSpanRecorder()
	own := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(own)
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	shutdown := setUp(t, costkey.WithDefaultTransport(costkeyhttp.WithProvider(p.host(), "openai")))
	if otel.GetTracerProvider() != trace.TracerProvider(own) {
		t.Error("the provider was replaced")
	}
	chat(t.Context(), t, http.DefaultClient, p)
	mustShutDown(t, shutdown)
	if len(r.traces) != 0 {
		t.Error("spans were exported beside the program's own pipeline")
	}
	if n := len(recorder.Ended()); n != 2 { // ours and otelhttp's
		t.Errorf("%d spans", n)
	}
}

func TestASecondInitUsesTheFirst(t *testing.T) {
	clearEnv(t)
	r := newReceiver(t, 0)
	first := setUp(t, costkey.WithDSN(dsnOf(r)))
	tp := otel.GetTracerProvider()
	mustShutDown(t, setUp(t, costkey.WithDSN(dsnOf(r))))
	if otel.GetTracerProvider() != tp {
		t.Error("the second replaces the first")
	}
	mustShutDown(t, first)
	setUp(t, costkey.WithDSN(dsnOf(r)))
	if otel.GetTracerProvider() == tp {
		t.Error("Init after shutdown keeps a provider that has stopped")
	}
}

func TestEveryCallIsSampledWhateverItsParent(t *testing.T) {
	clearEnv(t)
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	r, p := newReceiver(t, 0), newProvider(t)
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)))
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, Remote: true})
	ctx, request := otel.Tracer("test").Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "request")
	chat(ctx, t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	request.End()
	mustShutDown(t, shutdown)
	spans := r.spans(semconv.ScopeInstrumentation)
	if len(spans) != 1 || [16]byte(spans[0].TraceID()) != parent.TraceID() {
		t.Errorf("spans %v", spans)
	}
	if n := len(r.spans("test")); n != 0 {
		t.Errorf("%d spans of another scope, which OTEL_TRACES_SAMPLER leaves out", n)
	}
}

func TestARefusedKeyIsSaidOnceAndClearly(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		clearEnv(t)
		r, p := newReceiver(t, status), newProvider(t)
		var log logbook
		shutdown := setUp(t, log.option(), costkey.WithDSN(dsnOf(r)))
		client := costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai"))
		for range 3 {
			chat(t.Context(), t, client, p)
			if err := flush(t); err == nil {
				t.Error("a flush that reached nobody succeeds")
			}
		}
		mustShutDown(t, shutdown)
		text := log.String()
		if strings.Count(text, "\n") != 1 || !strings.Contains(text, "refuses the key") || strings.Contains(text, "sekret") {
			t.Errorf("%d: log: %s", status, text)
		}
		if len(r.auth) != 3 {
			t.Errorf("%d: %d requests", status, len(r.auth))
		}
	}
}

func TestRefusedMetricsAreSaidOnceToo(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, http.StatusUnauthorized), newProvider(t)
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", r.URL+"/v1/metrics")
	var log logbook
	shutdown := setUp(t, log.option(), costkey.WithDSN(newReceiver(t, 0).URL+"/shop"))
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	for range 2 {
		if err := otel.GetMeterProvider().(interface{ ForceFlush(context.Context) error }).ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	mustShutDown(t, shutdown)
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "refuses the key, metrics are lost") {
		t.Errorf("log: %s", text)
	}
}

func flush(t *testing.T) error {
	t.Helper()
	return otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error }).ForceFlush(t.Context())
}

func TestShutdownTwiceIsTheSameAsOnce(t *testing.T) {
	clearEnv(t)
	r := newReceiver(t, 0)
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)))
	mustShutDown(t, shutdown)
	mustShutDown(t, shutdown)
}

// blackHole accepts connections and says nothing.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var held []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			held = append(held, c)
		}
		for _, c := range held {
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://ck_sekret@" + l.Addr().String() + "/shop"
}

func TestShutdownWithADeadEndpointEndsWithItsContext(t *testing.T) {
	clearEnv(t)
	p := newProvider(t)
	var log logbook
	shutdown := setUp(t, log.option(), costkey.WithDSN(blackHole(t)))
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	err := shutdown(ctx)
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "sekret") {
		t.Errorf("error %v", err)
	}
}

func TestShutdownWithNobodyListeningEndsAtOnceAndSaysSo(t *testing.T) {
	clearEnv(t)
	p := newProvider(t)
	var log logbook
	shutdown := setUp(t, log.option(), costkey.WithDSN("http://ck_sekret@127.0.0.1:1/shop"))
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	begin := time.Now()
	err := shutdown(t.Context())
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if err == nil || !strings.Contains(err.Error(), "flush 2 spans") || strings.Contains(err.Error(), "sekret") {
		t.Errorf("error %v", err)
	}
	if strings.Count(log.String(), "\n") != 1 || strings.Contains(log.String(), "sekret") {
		t.Errorf("log: %s", &log)
	}
}

func TestTheDefaultTransportIsWrappedUntilShutdown(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	before := http.DefaultTransport
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)), costkey.WithDefaultTransport(costkeyhttp.WithProvider(p.host(), "openai")))
	chat(t.Context(), t, http.DefaultClient, p)
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	mustShutDown(t, shutdown)
	if n := len(r.spans(semconv.ScopeInstrumentation)); n != 2 {
		t.Errorf("%d spans of 2 calls", n)
	}
	if http.DefaultTransport != before {
		t.Error("the default transport is not restored")
	}
}

func TestTheDefaultTransportIsLeftAloneUnlessAsked(t *testing.T) {
	clearEnv(t)
	r := newReceiver(t, 0)
	before := http.DefaultTransport
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)), costkey.WithPropagation(), costkey.WithBaggage(true))
	t.Cleanup(func() { otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator()) })
	if _, ok := http.DefaultTransport.(*http.Transport); !ok || http.DefaultTransport != before {
		t.Errorf("the default transport is a %T", http.DefaultTransport)
	}
	mustShutDown(t, shutdown)
}

func TestADefaultTransportOfSomebodyElseStays(t *testing.T) {
	clearEnv(t)
	r := newReceiver(t, 0)
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)), costkey.WithDefaultTransport())
	other := &http.Transport{}
	http.DefaultTransport = other
	mustShutDown(t, shutdown)
	if http.DefaultTransport != http.RoundTripper(other) {
		t.Error("a transport set after Init is replaced")
	}
}

func TestPropagation(t *testing.T) {
	// The initial propagator cannot be put back: it passes on to the first one registered.
	t.Cleanup(func() { otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator()) })
	for _, c := range []struct {
		name string
		opts []costkey.Option
		want []string
	}{
		{"none by default", nil, nil},
		{"trace context where asked", []costkey.Option{costkey.WithPropagation()}, []string{"traceparent"}},
		{"tags where asked", []costkey.Option{costkey.WithPropagation(), costkey.WithBaggage(true)}, []string{"baggage", "traceparent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clearEnv(t)
			r := newReceiver(t, 0)
			setUp(t, append(c.opts, costkey.WithDSN(dsnOf(r)))...)
			ctx, s := otel.Tracer("test").Start(costkey.WithUser(t.Context(), "u1"), "x")
			defer s.End()
			carrier := propagation.MapCarrier{}
			otel.GetTextMapPropagator().Inject(ctx, carrier)
			keys := carrier.Keys()
			slices.Sort(keys)
			if !slices.Equal(keys, c.want) {
				t.Errorf("injects %v, want %v", carrier, c.want)
			}
		})
	}
}

func TestAGoroutineContinuesThePathOfGosCaller(t *testing.T) {
	clearEnv(t)
	r, p := newReceiver(t, 0), newProvider(t)
	shutdown := setUp(t, costkey.WithDSN(dsnOf(r)))
	client := costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai"))
	done := make(chan struct{})
	startWork(t.Context(), func(ctx context.Context) {
		defer close(done)
		chat(ctx, t, client, p)
	})
	<-done
	mustShutDown(t, shutdown)
	path := r.spans(semconv.ScopeInstrumentation)[0].attr("costkey.call_path")
	start := strings.Index(path, "costkey_test.startWork ")
	end := strings.Index(path, "costkey_test.chat ")
	if start < 0 || end < start {
		t.Errorf("path %s", path)
	}
}

//go:noinline
func startWork(ctx context.Context, work func(context.Context)) { costkey.Go(ctx, work) }
