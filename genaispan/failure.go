package genaispan

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/semconv"
)

// looksFailed reports whether the span tells of a failure in any of its ways. An exception event alone is none: SDKs
// that retry inside put one onto good spans.
func (f *found) looksFailed(span ptrace.Span) bool {
	return f.text[tError] != "" || f.value(cHTTPStatus) >= 400 || span.Status().Code() == ptrace.StatusCodeError ||
		f.flag[bSuccess] < 0 || f.text[tLevel] == "error" || !f.hasUsage() && lastException(span) != ""
}

// failure fills the error fields of dst.
func (f *found) failure(span ptrace.Span, dst *Call) {
	if n := f.value(cHTTPStatus); n >= 100 && n <= 599 {
		dst.HTTPStatus = int(n)
	}
	if !f.looksFailed(span) {
		return
	}
	dst.ErrorType = f.text[tError]
	if dst.ErrorType == "" || dst.ErrorType == semconv.ErrorTypeOther {
		if class := lastException(span); class != "" {
			dst.ErrorType = class
		}
	}
	if dst.ErrorType == "" && dst.HTTPStatus >= 400 {
		dst.ErrorType = strconv.Itoa(dst.HTTPStatus)
	}
	if dst.ErrorType == "" {
		dst.ErrorType = semconv.ErrorTypeOther
	}
	dst.NoConnection = dst.HTTPStatus == 0 && dst.ResponseID == "" && dst.Usage.IsZero() &&
		isNoConnection(dst.ErrorType, dst.ScopeName)
}

// lastException returns the class of the last exception event: never its message, which quotes prompts.
func lastException(span ptrace.Span) string {
	for i := span.Events().Len() - 1; i >= 0; i-- {
		e := span.Events().At(i)
		if e.Name() != "exception" {
			continue
		}
		if v, ok := e.Attributes().Get("exception.type"); ok {
			if s, res := readText(asError, v); res == good {
				return s
			}
		}
		return semconv.ErrorTypeOther
	}
	return ""
}

// noConnection holds the error classes that say that no connection to the provider was made, in lower case and without
// the package in front. Classes that also cover a cancel, a time-out or a connection lost midway are not here, since
// then the provider may have billed: Python's APIConnectionError, ECONNRESET.
var noConnection = map[string]bool{
	"dial": true, "connection_refused": true, "connectionrefused": true, "name_resolution_error": true, "dns_error": true,
	"dnserror": true, "econnrefused": true, "enotfound": true, "eai_again": true, "ehostunreach": true, "enetunreach": true,
	"connectexception": true, "unknownhostexception": true, "noroutetohostexception": true, "gaierror": true,
	"connectionrefusederror": true, "connecterror": true, "newconnectionerror": true, "nameresolutionerror": true,
	"clientconnectorerror": true, "clientconnectordnserror": true, "unknownauthorityerror": true, "hostnameerror": true,
	"certificateverificationerror": true, "certificateinvaliderror": true,
}

// isNoConnection reports whether an error class says that no connection was made. Go's *net.OpError says so from our own
// instrumentation only: elsewhere it may be a connection that was reset after the request was written.
func isNoConnection(class, scope string) bool {
	if class == "*net.OpError" {
		return strings.HasPrefix(scope, ownScopes)
	}
	short := class[strings.LastIndexAny(class, ".*:/")+1:]
	return noConnection[strings.ToLower(short)]
}

// ownScopes begins the names of CostKey's own scopes.
const ownScopes = "github.com/costkey/costkey-otel/"
