package costkeyauth

import (
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// refusal is why a request is not taken. It is an error whose gRPC status [status.FromError] finds; its text tells a
// client no more than it must know.
type refusal struct {
	code   codes.Code
	text   string
	reason string        // for the metrics
	after  time.Duration // when to come again; 0 where that is of no use
}

var (
	errInvalid = &refusal{code: codes.Unauthenticated, text: "invalid key", reason: "invalid"}
	errScope   = &refusal{code: codes.PermissionDenied, text: "the key may not send calls", reason: "scope"}
	errAway    = &refusal{code: codes.Unavailable, text: "keys can't be checked now", reason: "unavailable", after: 5 * time.Second}
	errFlood   = &refusal{code: codes.ResourceExhausted, text: "too many requests", reason: "flood", after: time.Second}
)

func overLimit(after time.Duration) *refusal {
	return &refusal{code: codes.ResourceExhausted, text: "too many requests", reason: "limit", after: after}
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// GRPCStatus is the answer over gRPC. OTLP clients try again after ResourceExhausted only where it says when.
func (r *refusal) GRPCStatus() *status.Status {
	s := status.New(r.code, r.text)
	if r.after == 0 {
		return s
	}
	if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.after)}); err == nil {
		return detailed
	}
	return s
}

// writeTo answers over HTTP.
func (r *refusal) writeTo(w http.ResponseWriter) {
	if r.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((r.after+time.Second-1)/time.Second)))
	}
	http.Error(w, r.text, r.httpStatus())
}

func (r *refusal) httpStatus() int {
	switch r.code {
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusUnauthorized
	}
}
