package costkeyreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// keys is an authenticator that knows one key, and fails as it is told.
type keys struct {
	component.StartFunc
	component.ShutdownFunc
	err, admit error
}

func (k *keys) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if k.err != nil {
		return ctx, k.err
	}
	if h := headers["Authorization"]; len(h) != 1 || h[0] != "Bearer ck_good" {
		return ctx, status.Error(codes.Unauthenticated, "invalid key")
	}
	return client.NewContext(ctx, client.Info{Auth: authData("the-keys")}), nil
}

func (k *keys) Admit(context.Context, int, int) error { return k.admit }

type authData string

func (a authData) GetAttribute(name string) any {
	if name == "costkey.project" {
		return string(a)
	}
	return nil
}
func (a authData) GetAttributeNames() []string { return []string{"costkey.project"} }

// host has extensions, and keeps what components report where statuses is not nil.
type host struct {
	extensions map[component.ID]component.Component
	statuses   chan componentstatus.Status
}

func (h host) Report(e *componentstatus.Event) {
	if h.statuses != nil {
		h.statuses <- e.Status()
	}
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

// start runs a receiver, with an authenticator unless it is nil, and returns its URL.
func start(t *testing.T, next consumer.Traces, auth *keys, change func(*Config)) string {
	t.Helper()
	return startWith(t, receivertest.NewNopSettings(componentType), host{}, next, auth, change)
}

func startWith(t *testing.T, set receiver.Settings, h host, next consumer.Traces, auth *keys, change func(*Config)) string {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.Server.NetAddr.Endpoint = listener.Addr().String()
	require.NoError(t, listener.Close())
	if auth != nil {
		id := component.MustNewID("costkey_auth")
		h.extensions = map[component.ID]component.Component{id: auth}
		cfg.Server.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	}
	if change != nil {
		change(cfg)
	}
	r, err := newReceiver(cfg, set, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(context.Background(), h))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		assert.NoError(t, r.Shutdown(context.Background()))
		assert.NoError(t, r.Shutdown(context.Background()), "twice")
	})
	return "http://" + cfg.Server.NetAddr.Endpoint
}

// send makes a request as an SDK does, and returns the status, the body and the headers of the answer.
func send(t *testing.T, method, url, key, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "costkey-sdk/0.5.0")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer), resp.Header
}

// jsBatch and pyBatch are what the two SDKs send, field by field and in their order.
const (
	jsBatch = `{"sdkVersion":"0.5.0","release":"web@1.4.2","events":[{"id":"5f0c1c3e8a7b4d2e9f1a2b3c4d5e6f70","timestamp":"2026-03-01T10:00:01.250Z",` +
		`"projectId":"shop","provider":"openai","model":"gpt-4o-2024-08-06","url":"https://api.openai.com/v1/chat/completions","method":"POST","statusCode":200,` +
		`"usage":{"inputTokens":1207,"outputTokens":143,"totalTokens":1350,"reasoningTokens":null,"cacheReadTokens":null,"cacheCreationTokens":null},` +
		`"costUsd":null,"durationMs":1250.25,"streaming":false,"streamTiming":null,"callSite":{"raw":"Error\n    at ask (file:///app/src/ask.ts:12:9)",` +
		`"frames":[{"functionName":"ask","fileName":"file:///app/src/ask.ts","lineNumber":12,"columnNumber":9}]},` +
		`"context":{"task":"summarise","team":"core","traceId":"tr_auto_1a2b_355"},"requestBody":{"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]},` +
		`"responseBody":{"id":"chatcmpl-BnP1","model":"gpt-4o-2024-08-06","usage":{"prompt_tokens":1207,"completion_tokens":143,"prompt_tokens_details":{"cached_tokens":1024}}}}]}`
	pyBatch = `{"sdkVersion": "python-0.4.0", "events": [{"id": "0123456789abcdef0123456789abcdef", "timestamp": "2026-03-01T10:00:01.250Z", ` +
		`"projectId": "shop", "provider": "anthropic", "model": "claude-sonnet-4-5", "url": "https://api.anthropic.com/v1/messages", "method": "POST", "statusCode": 200, ` +
		`"usage": {"inputTokens": 10, "outputTokens": 20, "totalTokens": 30, "reasoningTokens": null, "cacheReadTokens": 100, "cacheCreationTokens": 0}, "costUsd": null, ` +
		`"durationMs": 900.0, "streaming": true, "streamTiming": {"ttft": 210.5, "tps": 28.9, "streamDuration": 690.0, "chunkCount": 22}, ` +
		`"callSite": {"raw": "  File \"/app/src/ask.py\", line 3, in ask\n    client.messages.create(secret)", "frames": [{"functionName": "ask", "fileName": "/app/src/ask.py", "lineNumber": 3, "columnNumber": null}]}, ` +
		`"context": {"traceId": "order-4711", "attempt": 2}, "metadata": {"prompts": [{"role": "user", "content": "hello"}]}, "systemPrompt": "be kind", "requestBody": null, "responseBody": null}]}`
)

func TestBothSDKsAreUnderstood(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"JavaScript 0.5.0": jsBatch, "Python 0.4.0": pyBatch} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := new(consumertest.TracesSink)
			url := start(t, sink, nil, nil)
			for range 2 { // a resend is the same span
				code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "ck_any", body)
				require.Equal(t, http.StatusOK, code, answer)
				assert.JSONEq(t, `{"accepted":1}`, answer)
			}
			require.Equal(t, 2, sink.SpanCount())
			m := &ptrace.JSONMarshaler{}
			first, err := m.MarshalTraces(sink.AllTraces()[0])
			require.NoError(t, err)
			second, err := m.MarshalTraces(sink.AllTraces()[1])
			require.NoError(t, err)
			assert.Equal(t, string(first), string(second))
			for _, text := range []string{"hello", "be kind", "secret"} {
				assert.NotContains(t, string(first), text, "prompts and source code stay out")
			}
			project, _ := sink.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().Get("costkey.project")
			assert.Equal(t, "shop", project.Str())
		})
	}
}

func TestBudgetRulesAreServedOnBothPaths(t *testing.T) {
	t.Parallel()
	url := start(t, consumertest.NewNop(), nil, nil)
	for _, path := range []string{"/api/v1/sdk/budget/rules", "/api/v1/events/api/v1/sdk/budget/rules"} {
		code, answer, _ := send(t, http.MethodGet, url+path, "ck_any", "")
		assert.Equal(t, http.StatusOK, code)
		assert.JSONEq(t, `{"rules":[]}`, answer)
	}
}

func TestTheCallGraphLooksPastThinHelpers(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	code, answer, _ := send(t, http.MethodPost, url+"/api/v1/projects/team/a/callgraph", "",
		`{"sdkVersion":"python-0.4.0","functions":{"src/llm.py:ask":{"line":1,"score":30,"fan_in":3,"calls_ai":true},"src/jobs.py:nightly":{"line":1,"score":0,"fan_in":0,"calls_ai":false}}}`)
	require.Equal(t, http.StatusOK, code, answer)
	code, answer, _ = send(t, http.MethodPost, url+"/api/v1/events", "", `{"sdkVersion":"python-0.4.0","events":[{"id":"a","timestamp":"2026-03-01T10:00:00Z","projectId":"team/a","provider":"openai","model":"gpt-4o",
		"callSite":{"frames":[{"functionName":"ask","fileName":"/app/src/llm.py","lineNumber":3},{"functionName":"nightly","fileName":"/app/src/jobs.py","lineNumber":9}]}}]}`)
	require.Equal(t, http.StatusOK, code, answer)
	function, _ := sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("code.function.name")
	assert.Equal(t, "nightly", function.Str())

	code, _, _ = send(t, http.MethodPost, url+"/api/v1/projects/a/callgraph", "", `{"functions":{"`+strings.Repeat("x", 60<<10)+`":{}}}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _, _ = send(t, http.MethodPost, url+"/api/v1/projects/a/other", "", `{}`)
	assert.Equal(t, http.StatusNotFound, code)
}

func retryable(code codes.Code, after time.Duration) error {
	s, err := status.New(code, "come again").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		return err
	}
	return s.Err()
}

func TestEachRefusalHasTheStatusThatTheSDKsUnderstand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key, body string
		auth      *keys
		next      error
		status    int
		after     string
	}{
		"a good key":                   {"ck_good", jsBatch, &keys{}, nil, 200, ""},
		"a wrong key":                  {"ck_wrong", jsBatch, &keys{}, nil, 401, ""},
		"no key":                       {"", jsBatch, &keys{}, nil, 401, ""},
		"a key without the scope":      {"ck_good", jsBatch, &keys{err: status.Error(codes.PermissionDenied, "scope")}, nil, 403, ""},
		"keys can't be checked now":    {"ck_good", jsBatch, &keys{err: retryable(codes.Unavailable, 5*time.Second)}, nil, 503, "5"},
		"too many wrong keys":          {"ck_good", jsBatch, &keys{err: retryable(codes.ResourceExhausted, 1500*time.Millisecond)}, nil, 429, "2"},
		"the key's limit":              {"ck_good", jsBatch, &keys{admit: retryable(codes.ResourceExhausted, 3*time.Second)}, nil, 429, "3"},
		"another authenticator":        {"ck_good", jsBatch, &keys{err: errors.New("the secret is wrong")}, nil, 401, ""},
		"the database is away":         {"", jsBatch, nil, errors.New("queue is full"), 503, "5"},
		"the pipeline will never":      {"", jsBatch, nil, consumererror.NewPermanent(errors.New("no")), 400, ""},
		"half a body of JSON":          {"", jsBatch[:200], nil, nil, 400, ""},
		"a shape of tomorrow":          {"", `{"sdkVersion":"9.0.0","batches":[]}`, nil, nil, 400, ""},
		"more events than are allowed": {"", `{"events":[` + strings.Repeat("{},", 1000) + `{}]}`, nil, nil, 413, ""},
		"a huge batch":                 {"", `{"events":[{"requestBody":"` + strings.Repeat("x", 21<<20) + `"}]}`, nil, nil, 413, ""},
		"invalid UTF-8":                {"", strings.Replace(jsBatch, "summarise", "summ\xffrise", 1), nil, nil, 200, ""},
		"a clock a year off":           {"", strings.Replace(jsBatch, "2026-03", "2025-03", 1), nil, nil, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := consumer.Traces(consumertest.NewNop())
			if c.next != nil {
				next = consumertest.NewErr(c.next)
			}
			url := start(t, next, c.auth, nil)
			code, answer, header := send(t, http.MethodPost, url+"/api/v1/events", c.key, c.body)
			assert.Equal(t, c.status, code, answer)
			assert.Equal(t, c.after, header.Get("Retry-After"))
			assert.NotContains(t, answer, "secret")
		})
	}
}

func TestTheKeysProjectWins(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, &keys{}, nil)
	code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "ck_good", jsBatch)
	require.Equal(t, http.StatusOK, code, answer)
	project, _ := sink.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().Get("costkey.project")
	assert.Equal(t, "the-keys", project.Str())
	assert.Equal(t, authData("the-keys"), client.FromContext(sink.Contexts()[0]).Auth, "the exporter sees who sent it")
}

func TestABadEventIsNamedAndTheOthersAreTaken(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	events := make([]string, 50)
	for i := range events {
		events[i] = fmt.Sprintf(`{"id":"%d","timestamp":"2026-03-01T10:00:00Z","provider":"openai","model":"gpt-4o"}`, i)
	}
	events[7] = `{"id":"7","timestamp":"a secret"}`
	code, answer, _ := send(t, http.MethodPost, url+"/api/v1/events", "", `{"events":[`+strings.Join(events, ",")+`]}`)
	assert.Equal(t, http.StatusOK, code)
	assert.JSONEq(t, `{"accepted":49,"rejected":[{"index":7,"error":"timestamp is missing or no ISO 8601 time"}]}`, answer)
	assert.Equal(t, 49, sink.SpanCount())
}

func TestOTLPIsTakenOnTheSamePort(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, &keys{}, nil) + "/v1/traces"
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("chat")
	request := ptraceotlp.NewExportRequestFromTraces(td)
	asJSON, err := request.MarshalJSON()
	require.NoError(t, err)
	code, answer, _ := send(t, http.MethodPost, url, "ck_good", string(asJSON))
	require.Equal(t, http.StatusOK, code, answer)
	code, answer, _ = send(t, http.MethodPost, url, "ck_wrong", string(asJSON))
	assert.Equal(t, http.StatusUnauthorized, code)
	assert.JSONEq(t, `{"code":16,"message":"invalid key"}`, answer)

	asProto, err := request.MarshalProto()
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, zipped(t, string(asProto)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("Authorization", "Bearer ck_good")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, 2, sink.SpanCount())
}

func TestABrowserMaySendFromAnOriginThatIsAllowed(t *testing.T) {
	t.Parallel()
	url := start(t, consumertest.NewNop(), &keys{}, func(c *Config) {
		c.Server.CORS = configoptional.Some(confighttp.CORSConfig{AllowedOrigins: []string{"https://shop.example.com"}, AllowedHeaders: []string{"Authorization", "Content-Type"}})
	})
	for origin, want := range map[string]string{"https://shop.example.com": "https://shop.example.com", "https://evil.example.com": ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url+"/api/v1/events", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Origin", origin)
		req.Header.Set("Access-Control-Request-Method", http.MethodPost)
		req.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.Header.Get("Access-Control-Allow-Origin"), origin)
	}
}

func TestACompressedBodyIsBoundedByWhatItHolds(t *testing.T) {
	t.Parallel()
	sink := new(consumertest.TracesSink)
	url := start(t, sink, nil, nil)
	for want, body := range map[int]string{
		http.StatusOK:                    jsBatch,
		http.StatusRequestEntityTooLarge: strings.Repeat(" ", 21<<20),
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/events", zipped(t, body))
		require.NoError(t, err)
		req.Header.Set("Content-Encoding", "gzip")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode)
	}
	assert.Equal(t, 1, sink.SpanCount())
}

func zipped(t *testing.T, text string) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return &out
}
