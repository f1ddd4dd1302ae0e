package costkeyhttp_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/costkey/costkey-otel/semconv"
)

// onStart is a processor that sees spans as they start.
type onStart func(sdktrace.ReadWriteSpan)

func (f onStart) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) { f(span) }
func (onStart) OnEnd(sdktrace.ReadOnlySpan)                              {}
func (onStart) Shutdown(context.Context) error                           { return nil }
func (onStart) ForceFlush(context.Context) error                         { return nil }

func TestASpanIsNamedByItsOperationUntilTheModelHasPassed(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	var started []string
	s.provider.RegisterSpanProcessor(onStart(func(span sdktrace.ReadWriteSpan) {
		if span.InstrumentationScope().Name == semconv.ScopeInstrumentation {
			started = append(started, span.Name())
			for _, key := range []attribute.Key{semconv.GenAIOperationNameKey, semconv.GenAIProviderNameKey, semconv.ServerAddressKey} {
				if attrs(span)[key] == nil {
					t.Errorf("a sampler does not see %s", key)
				}
			}
		}
	}))
	rt := transport(s, answering(200, jsonTyp, strings.NewReader("{}")))
	drain(t, rt, post(t, chatURL, chatBody))
	drain(t, rt, post(t, geminiURL+":generateContent", `{"contents":[]}`))
	if strings.Join(started, ", ") != "chat, generate_content gemini-2.5-flash" {
		t.Errorf("the spans begin as %q", started)
	}
	if ended := s.genAI(); ended[0].Name() != "chat gpt-4o" || ended[1].Name() != started[1] {
		t.Errorf("the spans end as %q and %q", ended[0].Name(), ended[1].Name())
	}
}

func TestARequestThatTheCallerCompressedHasNoModel(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	body := string(zipped(chatBody))
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		if got, _ := io.ReadAll(r.Body); string(got) != body {
			t.Error("the request was changed")
		}
		return answering(200, jsonTyp, bytes.NewReader(read(t, "openai-chat/answer.json")))(r)
	}))
	r := post(t, chatURL, body)
	r.Header.Set("Content-Encoding", "gzip")
	drain(t, rt, r)
	span := s.one(t)
	wantAttrs(t, span, map[attribute.Key]any{
		semconv.GenAIRequestModelKey: nil, semconv.GenAIResponseModelKey: "gpt-4o-2024-08-06", semconv.GenAIUsageInputTokensKey: int64(1511),
	})
	if span.Name() != "chat" {
		t.Errorf("the span's name is %q", span.Name())
	}
}

func TestTheBasesAnswerIsChangedInPlaceAndOnlyItsBody(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	var answered *http.Response
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		var err error
		answered, err = answering(200, jsonTyp, strings.NewReader("{}"))(r)
		answered.Trailer = http.Header{"X-Later": nil}
		return answered, err
	}))
	r := post(t, chatURL, chatBody)
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp != answered || resp.Request != r {
		t.Error("the caller got a copy, or another request than its own")
	}
	answered.Header.Set("X-Seen", "1")
	answered.Trailer.Set("X-Later", "2")
	if resp.Header.Get("X-Seen") != "1" || resp.Trailer.Get("X-Later") != "2" || resp.ContentLength != -1 {
		t.Error("the answer's header or trailer was copied")
	}
	_ = resp.Body.Close()
}

// closing is a base that counts how often its idle connections are closed.
type closing struct {
	base
	closed int
}

func (c *closing) CloseIdleConnections() { c.closed++ }

func TestIdleConnectionsOfTheBaseAreClosed(t *testing.T) {
	t.Parallel()
	s, b := newSpans(t), &closing{}
	transport(s, b).CloseIdleConnections()
	(&http.Client{Transport: transport(s, b)}).CloseIdleConnections()
	if b.closed != 2 {
		t.Errorf("the base's idle connections were closed %d times, not 2", b.closed)
	}
	transport(s, b.base).CloseIdleConnections() // a base that has none
}

func TestEachProvidersEndMarkEndsTheSpanThoughTheConnectionStaysOpen(t *testing.T) {
	t.Parallel()
	marked := map[string]bool{
		"openai-chat-stream": true, "openai-chat-stream-crlf": true, "openai-chat-stream-tools": true,
		"openai-responses-stream": true, "openai-responses-stream-incomplete": true, "openai-responses-stream-failed": true,
		"anthropic-messages-stream": true, "anthropic-messages-stream-tools": true, "vertex-anthropic-stream": true,
		"bedrock-converse-stream": true, "bedrock-invoke-stream-anthropic": true, "bedrock-invoke-stream-nova": true,
		"bedrock-invoke-stream-llama": true, "ollama-chat-stream": true, "cohere-chat-v1-stream": true,
		"cohere-chat-v2-stream": true, "openai-images-stream": true, "groq-chat-stream": true,
	}
	seen := 0
	for _, w := range wires {
		if marked[w.name] {
			seen++
			endsAtItsMark(t, w.name, w.url)
		}
	}
	for _, w := range providerWires {
		if marked[w.name] {
			seen++
			endsAtItsMark(t, w.name, w.url)
		}
	}
	if seen != len(marked) {
		t.Errorf("%d of %d streams are recorded", seen, len(marked))
	}
}

// endsAtItsMark plays a stream whose connection stays open behind its last byte.
func endsAtItsMark(t *testing.T, name, url string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		s := newSpans(t)
		answer, contentType := framed(t, name)
		body, w := io.Pipe()
		resp, err := transport(s, answering(200, contentType, body)).RoundTrip(post(t, url, string(read(t, name+"/request.json"))))
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = w.Write(answer) }()
		if _, err := io.ReadFull(resp.Body, make([]byte, len(answer))); err != nil {
			t.Fatal(err)
		}
		compareSpan(t, name, s.one(t))
		_ = resp.Body.Close()
	})
}

func TestTheTimeToTheFirstContentCountsFromTheCallersEntryAndIsOfStreamsOnly(t *testing.T) {
	t.Parallel()
	const slow = 3 * time.Millisecond
	s := newSpans(t)
	stream := read(t, "openai-chat-stream/answer.sse")
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		for start := time.Now(); time.Since(start) < slow; { // what the provider takes before it answers
			runtime.Gosched()
		}
		return answering(200, eventTyp, bytes.NewReader(stream))(r)
	}))
	drain(t, rt, post(t, chatURL, `{"model":"gpt-4o","stream":true}`))
	span := s.one(t)
	seconds, _ := attrs(span)[semconv.GenAIResponseTimeToFirstChunkKey].(float64)
	if whole := span.EndTime().Sub(span.StartTime()).Seconds(); seconds < slow.Seconds() || seconds > whole+0.001 {
		t.Errorf("the first content came after %v s of %v s", seconds, whole)
	}
	plain := newSpans(t)
	drain(t, transport(plain, answering(200, jsonTyp, bytes.NewReader(read(t, "openai-chat/answer.json")))), post(t, chatURL, chatBody))
	wantAttrs(t, plain.one(t), map[attribute.Key]any{semconv.GenAIResponseTimeToFirstChunkKey: nil, semconv.GenAIRequestStreamKey: nil})
}

func TestOfAnAnswersHeadersOnlyTheNamedOnesAreRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		header http.Header
		want   any
	}{
		{"OpenAI's id", http.Header{"X-Request-Id": {"req_1"}}, "req_1"},
		{"Anthropic's id goes first", http.Header{"Request-Id": {"req_2"}, "X-Request-Id": {"req_1"}}, "req_2"},
		{"Azure's id", http.Header{"Apim-Request-Id": {"req_3"}}, "req_3"},
		{"Amazon's id", http.Header{"X-Amzn-Requestid": {"req_4"}}, "req_4"},
		{"an id that is a sentence", http.Header{"X-Request-Id": {"SECRET PROMPT MARKER"}}, nil},
		{"an id that is too long", http.Header{"X-Request-Id": {strings.Repeat("x", 300)}}, nil},
		{"others", http.Header{
			"Set-Cookie": {"SECRET"}, "Openai-Organization": {"SECRET"}, "X-Ratelimit-Limit-Requests": {"SECRET"}, "Www-Authenticate": {"SECRET"},
			"Location": {"SECRET"}, "X-Amzn-Errortype": {"SECRET"},
		}, nil},
	} {
		s := newSpans(t)
		drain(t, transport(s, withHeader(tc.header, answering(200, jsonTyp, strings.NewReader("{}")))), post(t, chatURL, chatBody))
		if got := attrs(s.one(t))[semconv.RequestIDKey]; got != tc.want {
			t.Errorf("%s: the request's id is %v, not %v", tc.name, got, tc.want)
		}
		if strings.Contains(s.everything(), "SECRET") {
			t.Errorf("%s: a header has reached a span", tc.name)
		}
	}
}

func TestAnErrorsClassMayHoldSlashesAndStarsAndNoSentence(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"billing/hard_limit*": "billing/hard_limit*", "model.not-found:x": "model.not-found:x", "no such model": "404",
	} {
		s := newSpans(t)
		drain(t, transport(s, answering(404, jsonTyp, strings.NewReader(`{"error":{"code":"`+code+`"}}`))), post(t, chatURL, chatBody))
		wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.ErrorTypeKey: want})
	}
}
