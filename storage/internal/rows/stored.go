package rows

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/usage"
)

//go:embed stored.sql
var storedColumns string

//go:embed stored_joins.sql
var storedJoins string

// StoredSQL puts into a query what [ScanStored] reads of a row c of costkey.call: the columns for {stored}, and the joins
// that they need for {stored_joins}. Those are lateral with OFFSET 0: each row looks up what it names, in this order, which
// the planner would change where it takes a table for empty.
func StoredSQL(query string) string {
	return strings.NewReplacer("{stored}", storedColumns, "{stored_joins}", storedJoins).Replace(query)
}

// storedCall is a stored row, by name.
type storedCall struct {
	ProjectID, AttributesID, DimensionSetID                         int64
	TagSetID, ResponseHash                                          *int64
	Slug                                                            string
	TraceID                                                         [16]byte
	SpanID                                                          int64
	ParentSpanID                                                    *int64
	StartedAt                                                       time.Time
	DurationUs, FirstTokenUs                                        *int64
	InputTokens, CacheReadTokens, CacheWriteTokens, OutputTokens    *int64
	ReasoningTokens                                                 *int64
	CostUSD, ReportedCostUSD                                        *string
	ResponseID, UsageNumbers, SessionID, UserID                     *string
	UsageDetail                                                     []byte
	ServiceName, ServiceVersion, Environment, Provider, Operation   *string
	PricedModel, FunctionName, FilePath                             *string
	RequestModel, ResponseModel, ServiceTier, ScopeName, CostStatus *string
	ErrorType, Host, Catalogue, UsageTemplate                       *string
	Client, Streaming, TagsInline                                   bool
	HTTPStatus, LineNumber                                          *int32
	Notes, CallPath                                                 []string
	TagKeys, TagValues                                              []string
}

// ScanStored reads a row of a query made by [StoredSQL]. Bodies are not read.
func ScanStored(r pgx.CollectableRow) (calls.Row, error) {
	s, err := pgx.RowToStructByName[storedCall](r)
	if err != nil {
		return calls.Row{}, err
	}
	c, err := s.call()
	if err != nil {
		return calls.Row{}, fmt.Errorf("%w: span %016x of trace %x: %w", database.ErrUnreadable, uint64(s.SpanID), s.TraceID, err)
	}
	return calls.Row{
		Call: c, ProjectID: s.ProjectID, AttributesID: s.AttributesID, DimensionSetID: s.DimensionSetID,
		TagSetID: value(s.TagSetID), TagsInline: s.TagsInline, UsageNumbers: []byte(value(s.UsageNumbers)),
		ResponseHash: value(s.ResponseHash), Repeated: s.ResponseID != nil && s.ResponseHash == nil,
	}, nil
}

func (s *storedCall) call() (*calls.Call, error) {
	c := &calls.Call{
		Project: s.Slug, TraceID: s.TraceID, SpanID: calls.SpanID(s.SpanID), StartMicros: s.StartedAt.UnixMicro(),
		DurationMicros: orUnknown(s.DurationUs), FirstTokenMicros: orUnknown(s.FirstTokenUs),
		ServiceName: value(s.ServiceName), ServiceVersion: value(s.ServiceVersion), Environment: value(s.Environment),
		ScopeName: value(s.ScopeName), Client: s.Client, Provider: value(s.Provider), Operation: value(s.Operation),
		RequestModel: value(s.RequestModel), ResponseModel: value(s.ResponseModel), PricedModel: value(s.PricedModel),
		ResponseID: value(s.ResponseID), ServiceTier: value(s.ServiceTier), Host: value(s.Host),
		CostStatus: value(s.CostStatus), Catalogue: value(s.Catalogue), Streaming: s.Streaming,
		HTTPStatus: int(value(s.HTTPStatus)), ErrorType: value(s.ErrorType), FunctionName: value(s.FunctionName),
		FilePath: value(s.FilePath), LineNumber: int(value(s.LineNumber)), CallPath: s.CallPath,
		SessionID: value(s.SessionID), UserID: value(s.UserID), Notes: s.Notes,
		Usage: usage.Usage{
			Input: count(s.InputTokens), CacheRead: count(s.CacheReadTokens), CacheWrite: count(s.CacheWriteTokens),
			Output: count(s.OutputTokens), Reasoning: count(s.ReasoningTokens),
		},
	}
	if s.ParentSpanID != nil {
		c.ParentSpanID = calls.SpanID(*s.ParentSpanID)
	}
	for i, key := range s.TagKeys {
		c.Tags = append(c.Tags, calls.Tag{Key: key, Value: s.TagValues[i]})
	}
	c.UsageObject = joinUsage(c, value(s.UsageTemplate), value(s.UsageNumbers))
	if err := calls.ReadUsageDetail(s.UsageDetail, &c.Usage); err != nil {
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
		return calls.Unknown
	}
	return *p
}

func count(p *int64) usage.Count {
	if p == nil {
		return usage.Count(0)
	}
	return usage.Known(*p)
}
