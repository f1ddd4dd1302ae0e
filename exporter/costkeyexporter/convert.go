package costkeyexporter

import (
	"slices"
	"time"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

// stored prices c and writes it into dst, a zero value, as storage keeps it. Strings and slices are shared with c. Field
// by field: a literal would be built elsewhere and copied, half a microsecond for a call.
func stored(table *pricing.Table, c *genaispan.Call, dst *storage.Call) {
	price := costing.Price(table, c)
	tier := price.Tier
	if tier == "" {
		tier = c.ServiceTier
	}
	dst.Project, dst.TraceID, dst.SpanID, dst.ParentSpanID = c.Project, c.TraceID, c.SpanID, c.ParentSpanID
	dst.StartMicros, dst.DurationMicros = c.StartNanos/int64(time.Microsecond), duration(c)
	dst.FirstTokenMicros = storage.Unknown
	dst.ServiceName, dst.ServiceVersion, dst.Environment = c.ServiceName, c.ServiceVersion, c.Environment
	dst.ScopeName, dst.Client = c.ScopeName, c.Client
	dst.Provider, dst.Operation = c.Provider, c.Operation
	dst.RequestModel, dst.ResponseModel, dst.PricedModel = c.RequestModel, c.ResponseModel, price.Model
	dst.ResponseID, dst.ServiceTier, dst.Host = c.ResponseID, tier, c.Host
	dst.Usage, dst.UsageObject = c.Usage, c.ProviderUsage
	dst.CostStatus, dst.CostKnown, dst.Catalogue = string(price.Status), costing.Known(price.Status), table.Version()
	dst.Streaming, dst.HTTPStatus, dst.ErrorType = c.Streaming, c.HTTPStatus, c.ErrorType
	dst.FunctionName, dst.FilePath, dst.LineNumber, dst.CallPath = c.FunctionName, c.FilePath, c.LineNumber, c.CallPath
	dst.SessionID, dst.UserID, dst.Tags, dst.Notes = c.SessionID, c.UserID, slices.Clip(c.Tags), slices.Clip(c.Notes)
	dst.RequestBody, dst.ResponseBody = c.RequestBody, c.ResponseBody
	if price.Note != "" {
		dst.Notes = append(dst.Notes, price.Note)
	}
	if dst.CostKnown {
		dst.CostUSD = price.Cost
	}
	if c.TTFTNanos > 0 {
		dst.FirstTokenMicros = c.TTFTNanos / int64(time.Microsecond)
	}
	if c.ReportedCost != "" {
		if reported, err := pricing.ParseMoney(c.ReportedCost); err == nil {
			dst.ReportedUSD, dst.HasReported = reported, true
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
