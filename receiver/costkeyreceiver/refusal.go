package costkeyreceiver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
)

// refusal is the answer to a request that is not taken. Its text tells a client no more than it must know.
type refusal struct {
	status int
	reason string // for the metrics
	text   string
	after  time.Duration // when to come again; 0 is not said
}

// comeAgain is when to try again where nobody knows better.
const comeAgain = 5 * time.Second

// authRefusal makes a refusal of an authenticator's error. Those of costkey_auth carry a gRPC status; any other
// authenticator means that the request isn't let in.
func authRefusal(err error) *refusal {
	s, ok := status.FromError(err)
	if !ok {
		return &refusal{status: http.StatusUnauthorized, reason: "unauthenticated", text: "not authenticated"}
	}
	after := retryAfter(s)
	switch s.Code() {
	case codes.PermissionDenied:
		return &refusal{status: http.StatusForbidden, reason: "forbidden", text: s.Message()}
	case codes.ResourceExhausted:
		return &refusal{status: http.StatusTooManyRequests, reason: "rate_limited", text: s.Message(), after: max(after, time.Second)}
	case codes.Unavailable:
		return &refusal{status: http.StatusServiceUnavailable, reason: "auth_unavailable", text: s.Message(), after: max(after, time.Second)}
	case codes.Unauthenticated:
		return &refusal{status: http.StatusUnauthorized, reason: "unauthenticated", text: s.Message()}
	default:
		return &refusal{status: http.StatusUnauthorized, reason: "unauthenticated", text: "not authenticated"}
	}
}

func retryAfter(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// bodyRefusal is for a body that can't be read to its end. One that came too slowly may come again.
func bodyRefusal(err error) *refusal {
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return &refusal{status: http.StatusRequestEntityTooLarge, reason: "too_large", text: "the body is too large"}
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF):
		return &refusal{status: http.StatusServiceUnavailable, reason: "body", text: "the body did not arrive whole", after: comeAgain}
	default:
		return &refusal{status: http.StatusBadRequest, reason: "body", text: "the body can't be read"}
	}
}

// batchRefusal is for a batch that can't be decoded, now or ever.
func batchRefusal(err error) *refusal {
	switch {
	case errors.Is(err, protocol.ErrTooMany):
		return &refusal{status: http.StatusRequestEntityTooLarge, reason: "too_many", text: err.Error()}
	case errors.Is(err, protocol.ErrShape):
		return &refusal{status: http.StatusBadRequest, reason: "shape", text: protocol.ErrShape.Error()}
	default:
		return &refusal{status: http.StatusBadRequest, reason: "malformed", text: protocol.ErrMalformed.Error()}
	}
}

// pipelineRefusal is for what the pipeline did not take.
func pipelineRefusal(err error) *refusal {
	if consumererror.IsPermanent(err) {
		return &refusal{status: http.StatusBadRequest, reason: "permanent", text: "the pipeline refuses the data for good"}
	}
	return &refusal{status: http.StatusServiceUnavailable, reason: "unavailable", text: "the data can't be taken now", after: comeAgain}
}

// header puts Retry-After.
func (r *refusal) header(h http.Header) {
	if r.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((r.after+time.Second-1)/time.Second)))
	}
}
