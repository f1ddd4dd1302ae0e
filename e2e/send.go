package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// sendPatience is how long a sender goes on trying. An SDK gives up sooner; a refusal that lasts is a finding.
const sendPatience = 30 * time.Second

// send gives the spans to the collector over OTLP/gRPC until it takes them.
func (c *collector) send(ctx context.Context, td ptrace.Traces) error {
	conn, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := ptraceotlp.NewGRPCClient(conn)
	request := ptraceotlp.NewExportRequestFromTraces(td)
	return eventually(ctx, sendPatience, func(ctx context.Context) error {
		answer, err := client.Export(ctx, request)
		if err != nil {
			return fmt.Errorf("send %d spans: %w", td.SpanCount(), err)
		}
		if rejected := answer.PartialSuccess().RejectedSpans(); rejected != 0 {
			return fmt.Errorf("send %d spans: %d rejected", td.SpanCount(), rejected)
		}
		return nil
	})
}

// sendJSON gives the spans to the collector over OTLP/HTTP as JSON, once.
func (c *collector) sendJSON(ctx context.Context, td ptrace.Traces) error {
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalJSON()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.http+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("send %d spans as JSON: %s: %s", td.SpanCount(), resp.Status, answer)
	}
	return nil
}
