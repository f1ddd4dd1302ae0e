package storage

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

// storedCall is a row of queries/find_relatives.sql, by name.
type storedCall struct {
	ProjectID                                                       int32
	CellID, VariantID                                               int32
	PathID, Tagset                                                  *int32
	Slug                                                            string
	TraceID                                                         [16]byte
	SpanID                                                          int64
	ParentSpanID                                                    *int64
	StartedAt                                                       time.Time
	DurationUs, FirstTokenUs                                        *int64
	InputTokens, CacheReadTokens, CacheWriteTokens, OutputTokens    *int64
	ReasoningTokens                                                 *int64
	ResponseRepeated                                                *bool
	CostUSD, ReportedCostUSD                                        *string
	ResponseID, UsageNumbers                                        *string
	UsageDetail                                                     []byte
	ServiceName, ServiceVersion, Environment, Provider, Operation   *string
	PricedModel, FunctionName, FilePath                             *string
	RequestModel, ResponseModel, ServiceTier, ScopeName, CostStatus *string
	ErrorType, Host, Catalogue, UsageTemplate                       *string
	Client, Streaming                                               *bool
	HTTPStatus, LineNumber                                          *int32
	Notes, CallPath                                                 []string
	SessionID, UserID                                               *string
	TagKeys, TagValues                                              []string
	RequestBody, ResponseBody                                       *string
}

func scanStored(r pgx.CollectableRow) (row, error) {
	s, err := pgx.RowToStructByName[storedCall](r)
	if err != nil {
		return row{}, err
	}
	return s.row()
}

func (s *storedCall) row() (row, error) {
	c, err := s.call()
	return row{
		Call: c, project: s.ProjectID, cell: s.CellID, variant: s.VariantID,
		path: value(s.PathID), tagset: value(s.Tagset), repeated: value(s.ResponseRepeated),
	}, err
}

func (s *storedCall) call() (*Call, error) {
	c := &Call{
		Project: s.Slug, TraceID: s.TraceID, SpanID: spanBytes(s.SpanID), StartMicros: s.StartedAt.UnixMicro(),
		DurationMicros: orUnknown(s.DurationUs), FirstTokenMicros: orUnknown(s.FirstTokenUs),
		ServiceName: value(s.ServiceName), ServiceVersion: value(s.ServiceVersion), Environment: value(s.Environment),
		ScopeName: value(s.ScopeName), Client: value(s.Client), Provider: value(s.Provider), Operation: value(s.Operation),
		RequestModel: value(s.RequestModel), ResponseModel: value(s.ResponseModel), PricedModel: value(s.PricedModel),
		ResponseID: value(s.ResponseID), ServiceTier: value(s.ServiceTier), Host: value(s.Host),
		CostStatus: value(s.CostStatus), Catalogue: value(s.Catalogue), Streaming: value(s.Streaming),
		HTTPStatus: int(value(s.HTTPStatus)), ErrorType: value(s.ErrorType), FunctionName: value(s.FunctionName),
		FilePath: value(s.FilePath), LineNumber: int(value(s.LineNumber)), CallPath: s.CallPath,
		SessionID: value(s.SessionID), UserID: value(s.UserID), Notes: s.Notes,
		RequestBody: value(s.RequestBody), ResponseBody: value(s.ResponseBody),
		UsageObject: joinUsage(value(s.UsageTemplate), value(s.UsageNumbers)),
		Usage: usage.Usage{
			Input: count(s.InputTokens), CacheRead: count(s.CacheReadTokens), CacheWrite: count(s.CacheWriteTokens),
			Output: count(s.OutputTokens), Reasoning: count(s.ReasoningTokens),
		},
	}
	if s.ParentSpanID != nil {
		c.ParentSpanID = spanBytes(*s.ParentSpanID)
	}
	for i, key := range s.TagKeys {
		c.Tags = append(c.Tags, Tag{Key: key, Value: s.TagValues[i]})
	}
	if err := readUsageDetail(s.UsageDetail, &c.Usage); err != nil {
		return nil, err
	}
	var err error
	if c.CostUSD, c.CostKnown, err = money(s.CostUSD); err != nil {
		return nil, err
	}
	c.ReportedUSD, c.HasReported, err = money(s.ReportedCostUSD)
	return c, err
}

func money(s *string) (pricing.Money, bool, error) {
	if s == nil {
		return pricing.Money{}, false, nil
	}
	m, err := pricing.ParseMoney(*s)
	if err != nil {
		return pricing.Money{}, false, fmt.Errorf("read a stored cost: %w", err)
	}
	return m, true, nil
}

// value is *p, the zero value where the column is NULL.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func orUnknown(p *int64) int64 {
	if p == nil {
		return Unknown
	}
	return *p
}

func count(p *int64) usage.Count {
	if p == nil {
		return usage.Count(0)
	}
	return usage.Known(*p)
}

// joinUsage is the inverse of splitUsage.
func joinUsage(template, numbers string) string {
	parts := strings.Split(template, "?")
	if len(parts) == 1 {
		return template
	}
	var b strings.Builder
	values := strings.Split(numbers, ",")
	for i, part := range parts {
		b.WriteString(part)
		if i < len(parts)-1 && i < len(values) {
			b.WriteString(values[i])
		}
	}
	return b.String()
}
