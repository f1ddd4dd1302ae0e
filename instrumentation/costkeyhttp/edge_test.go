package costkeyhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

const (
	chatURL  = openAIURL + "/chat/completions"
	chatBody = `{"messages":[{"role":"user","content":"PROMPT-MARKER"}],"model":"gpt-4o"}`
	eventTyp = "text/event-stream"
	jsonTyp  = "application/json"
)

func TestWhatIsNoCallPassesWithoutASpan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, method, url string }{
		{"a poll", http.MethodGet, openAIURL + "/responses/resp_1"},
		{"another path of a known host", http.MethodPost, openAIURL + "/moderations"},
		{"a batch", http.MethodPost, anthropicURL + "/messages/batches"},
		{"a count of tokens", http.MethodPost, anthropicURL + "/messages/count_tokens"},
		{"a cancel", http.MethodPost, openAIURL + "/responses/resp_1/cancel"},
		{"an unknown host", http.MethodPost, "https://example.com/v1/chat/completions"},
		{"a HEAD", http.MethodHead, chatURL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			var got *http.Request
			rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
				got = r
				return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
			}))
			r, _ := http.NewRequestWithContext(context.Background(), tc.method, tc.url, strings.NewReader(chatBody))
			resp, err := rt.RoundTrip(r)
			if err != nil || resp.Request != r || got != r {
				t.Errorf("the request did not pass as it is: %v", err)
			}
			if n := len(s.Started()); n != 0 {
				t.Errorf("%d spans were started", n)
			}
		})
	}
}

func TestProvidersGoByHostAndFormatsByPath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ url, provider, operation, model string }{
		{"https://api.deepseek.com/anthropic/v1/messages", "deepseek", "chat", "gpt-4o"},
		{"https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "gcp.gemini", "chat", "gpt-4o"},
		{"https://Acme.OpenAI.Azure.com/openai/deployments/my-gpt/chat/completions?api-version=1", "azure.ai.openai", "chat", "gpt-4o"},
		{"https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent", "gcp.vertex_ai", "generate_content", "gemini-2.5-pro"},
		{"http://localhost:11434/v1/chat/completions", "ollama", "chat", "gpt-4o"},
		{"http://127.0.0.1:11434/v1/embeddings", "ollama", "embeddings", "gpt-4o"},
		{"http://gateway.internal:8080/v1/responses", "port", "chat", "gpt-4o"},
		{"http://gateway.internal/v1/responses/", "host", "chat", "gpt-4o"},
		{"https://api.openai.com./v1/completions", "openai", "text_completion", "gpt-4o"},
	} {
		s := newSpans(t)
		rt := transport(s, answering(200, jsonTyp, strings.NewReader("{}")),
			costkeyhttp.WithProvider("Gateway.internal", "host"), costkeyhttp.WithProvider("gateway.internal:8080", "port"),
			costkeyhttp.WithProvider("", "x"), nil)
		drain(t, rt, post(t, tc.url, chatBody))
		span := s.one(t)
		wantAttrs(t, span, map[attribute.Key]any{
			semconv.GenAIProviderNameKey: tc.provider, semconv.GenAIOperationNameKey: tc.operation, semconv.GenAIRequestModelKey: tc.model,
		})
		if span.Name() != tc.operation+" "+tc.model {
			t.Errorf("%s: the span's name is %q", tc.url, span.Name())
		}
	}
}

func TestTheHTTPSpanIsBelowTheGenAISpanAndSaysNothingPrivate(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			switch name {
			case "Content-Length", "User-Agent", "Accept-Encoding":
			default:
				t.Errorf("header %s was added", name)
			}
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("x-request-id", "req_1")
		_, _ = io.WriteString(w, `{"id":"a","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`)
	}))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "http://")
	rt := transport(s, srv.Client().Transport, costkeyhttp.WithProvider(host, "openai"))
	drain(t, rt, post(t, "http://user:SECRET@"+host+"/v1/chat/completions?key=SECRET#SECRET", chatBody))
	rt.CloseIdleConnections()

	call := s.one(t)
	if call.SpanKind() != trace.SpanKindClient || call.Status().Code != codes.Unset {
		t.Errorf("kind %v, status %v", call.SpanKind(), call.Status())
	}
	wantAttrs(t, call, map[attribute.Key]any{
		semconv.ServerAddressKey: "127.0.0.1", semconv.RequestIDKey: "req_1", semconv.UsageMissingKey: nil,
		semconv.GenAIUsageInputTokensKey: int64(1), semconv.GenAIUsageOutputTokensKey: int64(2),
	})
	if call.InstrumentationScope().SchemaURL != semconv.SchemaURL {
		t.Errorf("schema %q", call.InstrumentationScope().SchemaURL)
	}
	var below sdktrace.ReadOnlySpan
	for _, span := range s.Ended() {
		if span.InstrumentationScope().Name == otelhttp.ScopeName {
			below = span
		}
	}
	if below == nil || below.Parent().SpanID() != call.SpanContext().SpanID() {
		t.Fatal("there is no HTTP span below the GenAI span")
	}
	wantAttrs(t, below, map[attribute.Key]any{
		"url.full": "http://" + host + "/v1/chat/completions", "http.response.status_code": int64(200),
	})
	for _, kv := range below.Attributes() {
		if strings.HasPrefix(string(kv.Key), "gen_ai.") {
			t.Errorf("the HTTP span has %s", kv.Key)
		}
	}
	if text := s.everything(); strings.Contains(text, "SECRET") || strings.Contains(text, "MARKER") {
		t.Errorf("a key or a prompt has reached a span:\n%s", text)
	}
}

func TestACallerIsNamedWithItsContextsTags(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, answering(200, jsonTyp, strings.NewReader("{}")))
	ctx := costkeyctx.WithTags(context.Background(), attribute.String("tenant", "acme"), attribute.Bool("trial", true))
	ctx = costkeyctx.WithSession(costkeyctx.WithUser(ctx, "u1"), "s1")
	drain(t, rt, post(t, chatURL, chatBody).WithContext(ctx))
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.UserIDKey: "u1", semconv.SessionIDKey: "s1",
		semconv.TagPrefix + "tenant": "acme", semconv.TagPrefix + "trial": true,
	})
}

// TestErrorsAreClassedWithoutTheirTexts covers calls that got no answer.
func TestErrorsAreClassedWithoutTheirTexts(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancelLate := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancelLate()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		err  error
		want string
	}{
		{"an error of a type without a name", context.Background(), errReset, "*errors.errorString"},
		{"a canceled context", canceled, errReset, "context_canceled"},
		{"a deadline", late, errReset, "timeout"},
		{"an error that says it is a timeout", context.Background(), timeoutError{}, "timeout"},
		{"a connection never made", context.Background(), &net.OpError{Op: "dial", Err: errReset}, "*net.OpError"},
		{"a connection that broke", context.Background(), &net.OpError{Op: "read", Err: errReset}, "*errors.errorString"},
		{"an error with words for a type", context.Background(), talkative{}, "costkeyhttp_test.talkative"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSpans(t)
			rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return nil, tc.err
			}))
			_, err := rt.RoundTrip(post(t, chatURL, chatBody).WithContext(tc.ctx))
			if err != tc.err { //nolint:errorlint // it must be the very same
				t.Errorf("the caller got %v", err)
			}
			span := s.one(t)
			wantAttrs(t, span, map[attribute.Key]any{
				semconv.ErrorTypeKey: tc.want, semconv.UsageMissingKey: nil, semconv.GenAIRequestModelKey: "gpt-4o",
			})
			if span.Status().Code != codes.Error || span.Status().Description != "" {
				t.Errorf("status %v", span.Status())
			}
			if text := s.everything(); strings.Contains(text, "SECRET") {
				t.Errorf("an error's text has reached a span:\n%s", text)
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string { return "SECRET-ERROR-TEXT" }
func (timeoutError) Timeout() bool { return true }

type talkative struct{}

func (talkative) Error() string     { return "SECRET-ERROR-TEXT" }
func (talkative) ErrorType() string { return "SECRET ERROR TEXT" }

func TestHowAnAnswerEnds(t *testing.T) {
	t.Parallel()
	stream := string(read(t, "openai-chat-stream/answer.sse"))
	marked, _, _ := strings.Cut(stream, "data: [DONE]")
	half := stream[:len(stream)/3]
	plain := string(read(t, "openai-chat/answer.json"))
	readAll := func(b io.ReadCloser) { _, _ = io.Copy(io.Discard, b) }
	for _, tc := range []struct {
		name, typ string
		body      io.Reader
		use       func(io.ReadCloser)
		want      map[attribute.Key]any
	}{
		{"closed behind the end mark without an EOF", eventTyp, strings.NewReader(stream), func(b io.ReadCloser) {
			_, _ = io.ReadFull(b, make([]byte, len(stream)))
		}, map[attribute.Key]any{semconv.UsageMissingKey: nil, semconv.ErrorTypeKey: nil, semconv.GenAIUsageOutputTokensKey: int64(171)}},
		{"closed between the usage and the end mark", eventTyp, strings.NewReader(stream), func(b io.ReadCloser) {
			_, _ = io.ReadFull(b, make([]byte, len(marked)))
		}, map[attribute.Key]any{semconv.UsageMissingKey: nil, semconv.ErrorTypeKey: nil, semconv.GenAIUsageOutputTokensKey: int64(171)}},
		{"closed in the middle", eventTyp, strings.NewReader(stream), func(b io.ReadCloser) {
			_, _ = io.ReadFull(b, make([]byte, len(half)))
		}, map[attribute.Key]any{semconv.UsageMissingKey: "interrupted", semconv.ErrorTypeKey: nil, semconv.GenAIUsageOutputTokensKey: nil}},
		{"a stream that breaks off", eventTyp, broken(half), readAll, map[attribute.Key]any{
			semconv.UsageMissingKey: "interrupted", semconv.ErrorTypeKey: "*errors.errorString",
		}},
		{"a stream that breaks off behind its end mark", eventTyp, broken(stream), readAll, map[attribute.Key]any{
			semconv.UsageMissingKey: nil, semconv.ErrorTypeKey: nil, semconv.GenAIUsageOutputTokensKey: int64(171),
		}},
		{"a plain answer closed behind its last brace", jsonTyp, strings.NewReader(plain), func(b io.ReadCloser) {
			_, _ = io.ReadFull(b, make([]byte, len(plain)))
		}, map[attribute.Key]any{semconv.UsageMissingKey: nil, semconv.GenAIUsageOutputTokensKey: int64(171)}},
		{"a plain answer never read", jsonTyp, strings.NewReader(plain), func(io.ReadCloser) {}, map[attribute.Key]any{
			semconv.UsageMissingKey: "interrupted", semconv.GenAIUsageOutputTokensKey: nil,
		}},
		{"an answer that is no JSON", "text/html", strings.NewReader("<html>"), readAll, map[attribute.Key]any{
			semconv.UsageMissingKey: "not_reported", semconv.ErrorTypeKey: nil,
		}},
		{"closed twice", jsonTyp, strings.NewReader(plain), func(b io.ReadCloser) {
			readAll(b)
			_ = b.Close()
		}, map[attribute.Key]any{semconv.GenAIUsageOutputTokensKey: int64(171)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			resp, err := transport(s, answering(200, tc.typ, tc.body)).RoundTrip(post(t, chatURL, chatBody))
			if err != nil {
				t.Fatal(err)
			}
			tc.use(resp.Body)
			_ = resp.Body.Close()
			_, _ = resp.Body.Read(make([]byte, 10))
			span := s.one(t)
			wantAttrs(t, span, tc.want)
			if failed := tc.want[semconv.ErrorTypeKey] != nil; failed != (span.Status().Code == codes.Error) {
				t.Errorf("status %v", span.Status())
			}
		})
	}
}

func TestTheEndMarkEndsTheSpanBeforeTheBodyEnds(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	stream := string(read(t, "openai-chat-stream/answer.sse"))
	body, w := io.Pipe()
	resp, err := transport(s, answering(200, eventTyp, body)).RoundTrip(post(t, chatURL, chatBody))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(w, stream) }()
	if _, err := io.ReadFull(resp.Body, make([]byte, len(stream))); err != nil {
		t.Fatal(err)
	}
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(1511)})
	_ = resp.Body.Close()
}

func TestTheContextsEndEndsTheSpanOfABodyNobodyReads(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	ended := make(chan struct{})
	s.provider.RegisterSpanProcessor(onEnd(func(span sdktrace.ReadOnlySpan) {
		if span.InstrumentationScope().Name == semconv.ScopeInstrumentation {
			close(ended)
		}
	}))
	body, w := io.Pipe()
	defer func() { _ = w.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	resp, err := transport(s, answering(200, eventTyp, body)).RoundTrip(post(t, chatURL, chatBody).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-ended
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.ErrorTypeKey: "context_canceled", semconv.UsageMissingKey: "interrupted",
	})
	_ = resp.Body.Close()
}

type onEnd func(sdktrace.ReadOnlySpan)

func (onEnd) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (f onEnd) OnEnd(span sdktrace.ReadOnlySpan)              { f(span) }
func (onEnd) Shutdown(context.Context) error                  { return nil }
func (onEnd) ForceFlush(context.Context) error                { return nil }

func TestRedirectsAndSwitchedProtocolsAreNoCalls(t *testing.T) {
	t.Parallel()
	for _, status := range []int{101, 301, 302, 303, 304, 307, 308} {
		s := newSpans(t)
		body := &duplex{}
		rt := transport(s, answering(status, "", body))
		resp, err := rt.RoundTrip(post(t, chatURL, chatBody))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body != io.ReadCloser(body) {
			t.Errorf("%d: the body was replaced", status)
		}
		_ = resp.Body.Close()
		if n := len(s.Ended()); n != 0 {
			t.Errorf("%d: %d spans have ended", status, n)
		}
	}
}

// duplex is the body of a switched protocol.
type duplex struct{}

func (*duplex) Read([]byte) (int, error)    { return 0, io.EOF }
func (*duplex) Write(p []byte) (int, error) { return len(p), nil }
func (*duplex) Close() error                { return nil }

func TestARedirectedCallIsOneCall(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old/chat/completions" {
			http.Redirect(w, r, "/new/chat/completions", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if string(body) != chatBody {
			t.Errorf("the second hop got %q", body)
		}
		_, _ = io.WriteString(w, `{"usage":{"prompt_tokens":1,"completion_tokens":2}}`)
	}))
	t.Cleanup(srv.Close)
	rt := transport(s, srv.Client().Transport, costkeyhttp.WithProvider(strings.TrimPrefix(srv.URL, "http://"), "openai"))
	client := &http.Client{Transport: rt}
	resp, err := client.Do(post(t, srv.URL+"/old/chat/completions", chatBody))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	client.CloseIdleConnections()
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.HTTPResponseStatusCodeKey: int64(200), semconv.GenAIUsageInputTokensKey: int64(1), semconv.GenAIRequestModelKey: "gpt-4o",
	})
}

func TestABodyThatIsNoneStaysNone(t *testing.T) {
	t.Parallel()
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		s := newSpans(t)
		rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return &http.Response{StatusCode: http.StatusNoContent, Body: body, Request: r}, nil
		}))
		resp, err := rt.RoundTrip(post(t, chatURL, chatBody))
		if err != nil || resp.Body != body {
			t.Errorf("body %v, error %v", resp.Body, err)
		}
		wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: "not_reported"})
		if len(s.Ended()) != 2 {
			t.Errorf("%d spans have ended, not 2", len(s.Ended()))
		}
	}
}

func TestABasesBrokenAnswersPassAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	resp, err := transport(s, base(func(*http.Request) (*http.Response, error) { return nil, nil })).RoundTrip(post(t, chatURL, chatBody))
	if resp != nil || err != nil {
		t.Errorf("got %v, %v", resp, err)
	}
	s.one(t)
	both := &http.Response{StatusCode: 200, Body: http.NoBody}
	resp, err = transport(s, base(func(*http.Request) (*http.Response, error) { return both, errReset })).RoundTrip(post(t, chatURL, chatBody))
	if resp != both || !errors.Is(err, errReset) {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestTheRequestIsSentAsItCame(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	r := post(t, chatURL, chatBody)
	r.Header.Set("X-Mine", "1")
	before := r.Body
	rt := transport(s, base(func(got *http.Request) (*http.Response, error) {
		if got == r || got.ContentLength != r.ContentLength || got.Header.Get("X-Mine") != "1" || len(got.Header) != 1 || got.URL.String() != r.URL.String() {
			t.Error("another request was sent")
		}
		for range 3 { // the base tries again, as net/http does on a stale connection
			_, _ = io.CopyN(io.Discard, got.Body, 10)
			_ = got.Body.Close()
			body, err := got.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			got.Body = body
		}
		if sent, _ := io.ReadAll(got.Body); string(sent) != chatBody {
			t.Errorf("sent %q", sent)
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: got}, nil
	}))
	resp, err := rt.RoundTrip(r)
	if err != nil || resp.Request != r || r.Body != before {
		t.Errorf("the caller's request was touched: %v", err)
	}
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.GenAIRequestModelKey: "gpt-4o"})
}

func TestARequestWithoutABodyKeepsNone(t *testing.T) {
	t.Parallel()
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		s := newSpans(t)
		r := post(t, chatURL, "")
		r.Body, r.GetBody = body, nil
		rt := transport(s, base(func(got *http.Request) (*http.Response, error) {
			if got.Body != body || got.GetBody != nil {
				t.Errorf("the body became %v", got.Body)
			}
			return &http.Response{StatusCode: 400, Body: http.NoBody, Request: got}, nil
		}))
		if _, err := rt.RoundTrip(r); err != nil {
			t.Fatal(err)
		}
		if name := s.one(t).Name(); name != "chat" {
			t.Errorf("the span's name is %q", name)
		}
	}
}

func TestTheUsersOwnOtelhttpIsNotWrapped(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	own := otelhttp.NewTransport(answering(200, jsonTyp, strings.NewReader("{}")), otelhttp.WithTracerProvider(s.provider))
	drain(t, transport(s, own), post(t, chatURL, chatBody))
	if n := len(s.Ended()); n != 2 {
		t.Errorf("%d spans have ended, not 2", n)
	}
	s.one(t)
}

func TestOneOfOursAboveAnotherMakesOneSpan(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	inner := transport(s, answering(200, jsonTyp, strings.NewReader("{}")))
	drain(t, transport(s, inner), post(t, chatURL, chatBody))
	s.one(t)
}

func TestAPanicOfASpanProcessorNeverReachesTheCaller(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	s.provider.RegisterSpanProcessor(onEnd(func(span sdktrace.ReadOnlySpan) {
		if span.InstrumentationScope().Name == semconv.ScopeInstrumentation {
			panic("SECRET")
		}
	}))
	answer, typ := answerOf(t, "openai-chat")
	if _, got := drain(t, transport(s, answering(200, typ, strings.NewReader(string(answer)))), post(t, chatURL, chatBody)); string(got) != string(answer) {
		t.Error("the caller read other bytes")
	}
}

func TestAnUnreadEncodingIsSaid(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Encoding": {"br"}, "Content-Type": {jsonTyp}},
			Body: io.NopCloser(strings.NewReader("\x8b\x03\x80")), Request: r,
		}, nil
	}))
	drain(t, rt, post(t, chatURL, chatBody))
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: "encoding"})
}

func TestABackgroundRequestIsSaid(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, answering(200, jsonTyp, strings.NewReader(`{"id":"resp_1","status":"queued","usage":null}`)))
	drain(t, rt, post(t, openAIURL+"/responses", `{"model":"gpt-5","background":true}`))
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: "background"})
}

func TestWithoutAnyProviderACallIsJustSent(t *testing.T) {
	t.Parallel()
	rt := costkeyhttp.NewTransport(answering(200, jsonTyp, strings.NewReader("{}")),
		costkeyhttp.WithTracerProvider(nil), costkeyhttp.WithMeterProvider(nil))
	r := post(t, chatURL, chatBody)
	if resp, body := drain(t, rt, r); string(body) != "{}" || resp.Request != r {
		t.Errorf("got %q", body)
	}
}
