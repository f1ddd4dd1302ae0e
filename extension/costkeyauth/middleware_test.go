package costkeyauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/costkey/costkey-otel/storage"
)

// send posts body of unknown length to a handler behind the middleware, which answers with the project it sees.
func send(t *testing.T, e *Extension, key, body string) *http.Response {
	t.Helper()
	wrap, err := e.GetHTTPHandler(t.Context())
	require.NoError(t, err)
	handler, err := wrap(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, client.FromContext(r.Context()).Auth.GetAttribute("costkey.project").(string))
	}))
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodPost, "/v1/traces", io.MultiReader(strings.NewReader(body)))
	req.Header.Set("Authorization", "Bearer "+key)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer.Result()
}

func TestOverHTTPEachRefusalHasItsStatus(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, func(c *Config) { c.RateLimit.BytesPerSecond = 1 })
	valid := keys.add("shop", nil)
	reader := keys.add("shop", func(k *storage.Key) { k.Scopes = []string{"read"} })

	answer := send(t, e, valid, "0123456789+2")
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, "shop", string(text))

	answer = send(t, e, valid, "")
	assert.Equal(t, http.StatusOK, answer.StatusCode, "a request of no bytes is not held up by bytes")
	require.Equal(t, codes.ResourceExhausted, status.Code(e.Admit(withKey(t, e, valid), 1, 1)), "a body of unknown length is charged once it is read")

	for key, want := range map[string]int{noKey(99): http.StatusUnauthorized, "": http.StatusUnauthorized, reader: http.StatusForbidden} {
		answer := send(t, e, key, "")
		assert.Equal(t, want, answer.StatusCode)
		assert.Empty(t, answer.Header.Get("Retry-After"))
	}
	keys.err = errors.New("away")
	answer = send(t, e, noKey(100), "")
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Equal(t, "5", answer.Header.Get("Retry-After"))
}

func withKey(t *testing.T, e *Extension, key string) context.Context {
	t.Helper()
	ctx, err := e.Authenticate(t.Context(), bearer(key))
	require.NoError(t, err)
	return ctx
}

func TestOverHTTPALimitIs429WithRetryAfter(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, func(c *Config) { c.RateLimit.CallsPerSecond = 0.1 })
	key := keys.add("shop", nil)
	assert.Equal(t, http.StatusOK, send(t, e, key, "").StatusCode)
	answer := send(t, e, key, "")
	assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	assert.Equal(t, "10", answer.Header.Get("Retry-After"))
}

// sized is a message that knows its length, as OTLP's do.
type sized int

func (s sized) SizeProto() int { return int(s) }

func TestOverGRPCAsWell(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, func(c *Config) { c.RateLimit.BytesPerSecond = 1 })
	options, err := e.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, options)
	incoming := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+keys.add("shop", nil)))
	project := func(ctx context.Context, _ any) (any, error) {
		return client.FromContext(ctx).Auth.GetAttribute("costkey.project"), nil
	}
	got, err := e.interceptUnary(incoming, sized(10), nil, project)
	require.NoError(t, err)
	assert.Equal(t, "shop", got)
	_, err = e.interceptUnary(incoming, sized(1), nil, project)
	assert.Equal(t, codes.ResourceExhausted, status.Code(err))
	_, err = e.interceptUnary(t.Context(), sized(1), nil, project)
	assert.Equal(t, codes.Unauthenticated, status.Code(err))

	err = e.interceptStream(nil, stream{ctx: incoming}, nil, func(_ any, s grpc.ServerStream) error {
		assert.Equal(t, "shop", client.FromContext(s.Context()).Auth.GetAttribute("costkey.project"))
		return nil
	})
	require.NoError(t, err)
	err = e.interceptStream(nil, stream{ctx: t.Context()}, nil, nil)
	assert.Equal(t, codes.Unauthenticated, status.Code(err))
}

type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }

func TestOverHTTPEachSpanCounts(t *testing.T) {
	t.Parallel()
	asProto, err := request(2, 25).MarshalProto()
	require.NoError(t, err)
	asJSON, err := request(2, 25).MarshalJSON()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		path, contentType string
		body              []byte
		calls             int
	}{
		"protobuf":              {"/v1/traces", "application/x-protobuf", asProto, 50},
		"JSON":                  {"/v1/traces", "application/json; charset=utf-8", asJSON, 50},
		"a path of one's own":   {"/otel/traces", "application/json", asJSON, 50},
		"half of protobuf":      {"/v1/traces", "application/x-protobuf", asProto[:len(asProto)/2], 25}, // those that came whole
		"half of JSON":          {"/v1/traces", "application/json", asJSON[:len(asJSON)/2], 1},
		"something else":        {"/v1/traces", "text/plain", asJSON, 1},
		"metrics":               {"/v1/metrics", "application/x-protobuf", asProto, 1},
		"no content type":       {"/v1/traces", "", asProto, 1},
		"nothing":               {"/v1/traces", "application/json", nil, 1},
		"no spans, as protobuf": {"/v1/traces", "application/x-protobuf", []byte("\x0a\x00"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, keys, _ := newTest(t, func(c *Config) { c.RateLimit.CallsPerSecond = 10 }) // 100 at once
			key := keys.add("shop", nil)
			wrap, err := e.GetHTTPHandler(t.Context())
			require.NoError(t, err)
			handler, err := wrap(t.Context(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.Equal(t, string(c.body), string(got), "what is counted reaches the receiver whole")
			}))
			require.NoError(t, err)
			req := httptest.NewRequest(http.MethodPost, c.path, bytes.NewReader(c.body))
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header.Set("Content-Type", c.contentType)
			handler.ServeHTTP(httptest.NewRecorder(), req)
			ctx := withKey(t, e, key)
			require.NoError(t, e.Admit(ctx, 100-c.calls, 0), "that is left")
			require.Equal(t, codes.ResourceExhausted, status.Code(e.Admit(ctx, 1, 0)), "and no more")
		})
	}
}
