package costkeyreceiver

import (
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
)

func contentType(req *http.Request) string {
	t, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// takeOTLP takes an OTLP request, as JSON or protobuf: that is what Go's costkey.Init sends to a CostKey DSN.
func (r *tracesReceiver) takeOTLP(w http.ResponseWriter, req *http.Request) *refusal {
	kind := contentType(req)
	if kind != typeJSON && kind != typeProtobuf {
		return &refusal{
			status: http.StatusUnsupportedMediaType, reason: "content_type", text: "the content type must be " + typeProtobuf + " or " + typeJSON,
		}
	}
	body, why := readBody(w, req, 0)
	if why != nil {
		return why
	}
	request := ptraceotlp.NewExportRequest()
	unmarshal := request.UnmarshalProto
	if kind == typeJSON {
		unmarshal = request.UnmarshalJSON
	}
	if err := unmarshal(body); err != nil {
		return &refusal{status: http.StatusBadRequest, reason: "malformed", text: "the body is no OTLP request for traces"}
	}
	if why := r.admit(req.Context(), request.Traces().SpanCount(), len(body)); why != nil {
		return why
	}
	if why := r.consume(req.Context(), request.Traces(), "otlp"); why != nil {
		return why
	}
	answer := ptraceotlp.NewExportResponse()
	marshal := answer.MarshalProto
	if kind == typeJSON {
		marshal = answer.MarshalJSON
	}
	out, err := marshal()
	if err != nil {
		return &refusal{status: http.StatusInternalServerError, reason: "answer", text: "the answer can't be written"}
	}
	writeAs(w, kind, http.StatusOK, out)
	return nil
}

func writeAs(w http.ResponseWriter, kind string, code int, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// failOTLP answers with the Status message that OTLP asks for, in the request's own encoding.
func failOTLP(w http.ResponseWriter, req *http.Request, why *refusal) {
	s := status.New(grpcCode(why.status), why.text).Proto()
	kind := contentType(req)
	var out []byte
	var err error
	if kind == typeJSON {
		out, err = protojson.Marshal(s)
	} else {
		kind = typeProtobuf
		out, err = proto.Marshal(s)
	}
	if err != nil {
		out = nil
	}
	writeAs(w, kind, why.status, out)
}

func grpcCode(status int) codes.Code {
	switch status {
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusInternalServerError:
		return codes.Internal
	default:
		return codes.InvalidArgument
	}
}
