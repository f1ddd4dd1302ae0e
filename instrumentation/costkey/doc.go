// Package costkey sets up CostKey in a Go program: one call of [Init], and the client of [HTTPClient] handed to an AI SDK.
//
//	shutdown, err := costkey.Init(ctx)
//	if err != nil {
//		return err
//	}
//	defer func() { _ = shutdown(context.WithoutCancel(ctx)) }()
//
//	client := openai.NewClient(option.WithHTTPClient(costkey.HTTPClient()))
//
// Spans go to COSTKEY_DSN, or to where the OTEL_EXPORTER_OTLP_* variables say. A program that sets up OpenTelemetry
// itself keeps its providers: Init then registers none. Telemetry never fails, delays or changes a call.
package costkey
