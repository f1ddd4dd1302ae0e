package demo

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// DefaultEndpoint is where `make run` takes spans unless it is told otherwise.
const DefaultEndpoint = "http://localhost:4318"

// listener is the variable that tells `make run` otherwise: "localhost:14318".
const listener = "COSTKEY_OTLP_HTTP_ENDPOINT"

// variables that say where spans go, in the order in which they count.
var variables = []string{"COSTKEY_DSN", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}

// Endpoint is where the environment sends spans, and the variable that says so; both empty where it doesn't.
func Endpoint() (variable, endpoint string) {
	for _, v := range variables {
		if e := os.Getenv(v); e != "" {
			return v, e
		}
	}
	return "", ""
}

// RunEndpoint is where `make run` takes spans.
func RunEndpoint() string {
	if address := os.Getenv(listener); address != "" {
		return "http://" + address
	}
	return DefaultEndpoint
}

// ProjectOf is the project that a CostKey DSN names, empty where endpoint is none.
func ProjectOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.User == nil {
		return ""
	}
	return strings.Trim(u.Path, "/")
}

// Reach tries to connect to endpoint: without a collector there is no use in making calls. The error names the host
// only, since a DSN holds a key.
func Reach(ctx context.Context, endpoint string) error {
	address, err := hostPort(endpoint)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: 3 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("reach the collector at %s (start it with: make run): %w", address, err)
	}
	return conn.Close()
}

func hostPort(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("read the collector's address: not a URL such as %s", DefaultEndpoint)
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443"), nil
	}
	return net.JoinHostPort(u.Hostname(), "80"), nil
}
