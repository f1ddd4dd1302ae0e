package costkeyauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// GetHTTPHandler makes the extension a middleware of an HTTP server: it authenticates requests that no authenticator
// did, and holds each key to its limits.
func (e *Extension) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.serve(next, w, r) }), nil
	}, nil
}

func (e *Extension) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	ctx, err := e.enter(r.Context(), r.Header, 1, int(max(r.ContentLength, 0)))
	if err != nil {
		var why *refusal
		if !errors.As(err, &why) {
			why = errAway
		}
		why.writeTo(w)
		return
	}
	body := &countedBody{ReadCloser: r.Body, keeps: e.cfg.RateLimit.CallsPerSecond > 0 && isTraces(r)}
	r = r.WithContext(ctx)
	r.Body = body
	next.ServeHTTP(w, r)
	if auth, ok := client.FromContext(ctx).Auth.(*AuthData); ok {
		calls := spansInBody(r.Header.Get("Content-Type"), body.kept.Bytes())
		e.limits.charge(auth.keyID, calls-1, int(max(body.read-max(r.ContentLength, 0), 0)))
	}
}

// enter authenticates a request unless that is done, and takes it from the key's limits.
func (e *Extension) enter(ctx context.Context, headers map[string][]string, calls, bytes int) (context.Context, error) {
	if client.FromContext(ctx).Auth == nil {
		var err error
		if ctx, err = e.Authenticate(ctx, headers); err != nil {
			return ctx, err
		}
	}
	return ctx, e.Admit(ctx, calls, bytes)
}

// isTraces tells an OTLP request for spans by the end of its path: over HTTP the paths can be set.
func isTraces(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/traces")
}

// countedBody counts what is read of a body, and keeps it where its calls are to be counted: for as long as the request
// lasts. One goroutine reads a request's body.
type countedBody struct {
	io.ReadCloser
	read  int64
	keeps bool
	kept  bytes.Buffer
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if b.keeps {
		b.kept.Write(p[:n]) // a buffer takes all
	}
	return n, err
}

// GetGRPCServerOptions makes the extension a middleware of a gRPC server, as GetHTTPHandler does of an HTTP server.
func (e *Extension) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(e.interceptUnary), grpc.ChainStreamInterceptor(e.interceptStream),
	}, nil
}

func (e *Extension) interceptUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	ctx, err := e.enter(ctx, headers, spansIn(req), e.sizeOf(req))
	if err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

// sizeOf is the size of an OTLP message, 0 where nobody wants to know it.
func (e *Extension) sizeOf(req any) int {
	if e.cfg.RateLimit.BytesPerSecond == 0 {
		return 0
	}
	if sized, ok := req.(interface{ SizeProto() int }); ok { // what the collector's OTLP server decodes into
		return sized.SizeProto()
	}
	return 0
}

// interceptStream counts a stream as one call.
func (e *Extension) interceptStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	ctx, err := e.enter(stream.Context(), headers, 1, 0)
	if err != nil {
		return err
	}
	return handler(srv, &streamWithContext{ServerStream: stream, ctx: ctx})
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s *streamWithContext) Context() context.Context { return s.ctx }
