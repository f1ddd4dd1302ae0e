package costkeyexporter

import (
	"slices"
	"time"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

// stored prices c and writes it into dst as storage keeps it. Strings and slices are shared with c.
func stored(table *pricing.Table, c *genaispan.Call, dst *storage.Call) {
	price := costing.Price(table, c)
	tier := price.Tier
	if tier == "" {
		tier = c.ServiceTier
	}
	*dst = storage.Call{
		Project: c.Project, TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
		StartMicros:      c.StartNanos / int64(time.Microsecond),
		DurationMicros:   duration(c),
		FirstTokenMicros: storage.Unknown,
		ServiceName:      c.ServiceName, ServiceVersion: c.ServiceVersion, Environment: c.Environment,
		ScopeName: c.ScopeName, Client: c.Client, Provider: c.Provider, Operation: c.Operation,
		RequestModel: c.RequestModel, ResponseModel: c.ResponseModel, PricedModel: price.Model,
		ResponseID: c.ResponseID, ServiceTier: tier, Host: c.Host, Usage: c.Usage,
		CostStatus: string(price.Status), CostKnown: costing.Known(price.Status), Catalogue: table.Version(),
		UsageObject: c.ProviderUsage, Streaming: c.Streaming, HTTPStatus: c.HTTPStatus, ErrorType: c.ErrorType,
		FunctionName: c.FunctionName, FilePath: c.FilePath, LineNumber: c.LineNumber, CallPath: c.CallPath,
		SessionID: c.SessionID, UserID: c.UserID, Notes: c.Notes,
		RequestBody: c.RequestBody, ResponseBody: c.ResponseBody,
	}
	if price.Note != "" {
		dst.Notes = append(slices.Clip(dst.Notes), price.Note)
	}
	if dst.CostKnown {
		dst.CostUSD = price.Cost
	}
	if c.TTFTNanos > 0 {
		dst.FirstTokenMicros = c.TTFTNanos / int64(time.Microsecond)
	}
	if reported, err := pricing.ParseMoney(c.ReportedCost); c.ReportedCost != "" && err == nil {
		dst.ReportedUSD, dst.HasReported = reported, true
	}
	if len(c.Tags) > 0 {
		dst.Tags = make([]storage.Tag, len(c.Tags))
		for i, t := range c.Tags {
			dst.Tags[i] = storage.Tag(t)
		}
	}
}

// duration is unknown where a span has no end or ends before it starts.
func duration(c *genaispan.Call) int64 {
	if c.EndNanos == 0 || c.EndNanos < c.StartNanos {
		return storage.Unknown
	}
	return (c.EndNanos - c.StartNanos) / int64(time.Microsecond)
}
