package costkey

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Signals, as the environment variables of OpenTelemetry spell them.
const (
	traces  = "TRACES"
	metrics = "METRICS"
)

// hasEndpoint reports whether the environment says where a signal goes.
func hasEndpoint(signal string) bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// wanted reports whether OTEL_{signal}_EXPORTER leaves the signal on.
func wanted(signal string) (bool, error) {
	name := "OTEL_" + signal + "_EXPORTER"
	switch v := os.Getenv(name); v {
	case "", "otlp":
		return true, nil
	case "none":
		return false, nil
	default:
		return false, fmt.Errorf("set up costkey: %s is %q, supported are otlp and none", name, v)
	}
}

// overGRPC reads the protocol of a signal.
func overGRPC(signal string) (bool, error) {
	name := "OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL"
	v := os.Getenv(name)
	if v == "" {
		name = "OTEL_EXPORTER_OTLP_PROTOCOL"
		v = os.Getenv(name)
	}
	switch v {
	case "", "http/protobuf", "http/json":
		return false, nil
	case "grpc":
		return true, nil
	default:
		return false, fmt.Errorf("set up costkey: %s is %q, supported are http/protobuf, http/json and grpc", name, v)
	}
}

// newSpanExporter connects to the receiver of a DSN, or to the endpoint of the environment where d is nil.
func newSpanExporter(ctx context.Context, d *dsn) (sdktrace.SpanExporter, error) {
	if d != nil {
		return otlptracehttp.New(ctx,
			otlptracehttp.WithEndpointURL(d.endpoint),
			otlptracehttp.WithHeaders(d.headers()),
			otlptracehttp.WithTLSClientConfig(nil), // certificates of the environment are somebody else's
		)
	}
	grpc, err := overGRPC(traces)
	if err != nil {
		return nil, err
	}
	if grpc {
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// newMetricExporter connects to the endpoint of the environment.
func newMetricExporter(ctx context.Context) (sdkmetric.Exporter, error) {
	grpc, err := overGRPC(metrics)
	if err != nil {
		return nil, err
	}
	if grpc {
		return otlpmetricgrpc.New(ctx)
	}
	return otlpmetrichttp.New(ctx)
}
