package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

// errRaced says that another writer changed a row between looking and writing.
var errRaced = errors.New("row changed by another writer")

func isRaced(err error) bool { return errors.Is(err, errRaced) }

// settle writes rows of which some may be stored: the same spans resent, or other spans of stored calls. One transaction
// looks, decides and writes; a writer that was faster in between makes it start again.
func (s *Store) settle(ctx context.Context, rows []row) (WriteResult, error) {
	var res WriteResult
	fresh, duplicates, err := s.withoutStored(ctx, rows)
	if err != nil {
		return res, err
	}
	res.Duplicate = duplicates
	if len(fresh) == 0 {
		return res, nil
	}
	known, err := s.relatives(ctx, fresh)
	if err != nil {
		return res, err
	}
	plan := settlePlan(fresh, known)
	res.Settled = plan.settled
	if plan.insert, err = s.intern(ctx, plan.insert, &res); err != nil {
		return res, err
	}
	res.countWritten(plan.insert, 1)
	res.countWritten(plan.remove, -1)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		sums := make(hourly)
		if err := removeRows(ctx, tx, plan.remove, sums); err != nil {
			return err
		}
		if err := insertRows(ctx, tx, plan.insert, sums); err != nil {
			return err
		}
		return insertSums(ctx, tx, sums)
	})
	return res, err
}

// withoutStored returns the rows whose spans are not stored, and the number of the others.
func (s *Store) withoutStored(ctx context.Context, rows []row) (fresh []row, duplicates int, err error) {
	keys := newKeyArrays(rows)
	found, err := s.pool.Query(ctx, query("find_spans"), keys.projects, keys.traces, keys.spans, keys.from(0), keys.until(0))
	if err != nil {
		return nil, 0, describe("look for stored spans", err)
	}
	stored := make(map[rowKey]struct{})
	var project int32
	var trace [16]byte
	var span int64
	_, err = pgx.ForEachRow(found, []any{&project, &trace, &span}, func() error {
		stored[rowKey{project, trace, spanBytes(span)}] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, 0, describe("look for stored spans", err)
	}
	for _, r := range rows {
		if _, ok := stored[r.key()]; ok {
			duplicates++
			continue
		}
		fresh = append(fresh, r)
	}
	return fresh, duplicates, nil
}

// plan is what settling found: rows to take out, rows to put in, and how many spans joined a call that has its row.
type plan struct {
	remove, insert []row
	settled        int
}

// settlePlan decides for each fresh row whether it is a call of its own or another span of a known one. known are stored
// rows of the same traces and of the same response ids.
func settlePlan(fresh, known []row) plan {
	var p plan
	index := newCallIndex(known)
	for i := range fresh {
		r := &fresh[i]
		company := index.company(r)
		if company == nil {
			r.repeated = index.hasResponse(r)
			index.add(&settled{row: *r, dirty: true})
			continue
		}
		p.settled++
		if company.join(r) {
			company.dirty = true
		}
	}
	for _, c := range index.all {
		if !c.dirty {
			continue
		}
		if c.stored != nil {
			p.remove = append(p.remove, *c.stored)
		}
		p.insert = append(p.insert, c.row)
	}
	p.insert = sortRows(p.insert, new(WriteResult))
	return p
}

// settled is one call while a batch is being settled.
type settled struct {
	row    row
	stored *row // the row as it is in the database; nil for a call of this batch
	dirty  bool // differs from what is stored
}

// join makes r, another span of this call, part of it, and reports whether anything changed.
func (c *settled) join(r *row) bool {
	call := *r.Call
	if r.richerThan(&c.row) {
		// The new span is the better one: it takes over, and the old one fills its gaps.
		call.fillFrom(c.row.Call)
		c.row = row{Call: &call, project: c.row.project, repeated: c.row.repeated} // its numbers are others
		return true
	}
	call = *c.row.Call
	changed := call.fillFrom(r.Call)
	if changed {
		c.row = row{Call: &call, project: c.row.project, repeated: c.row.repeated}
	}
	return changed
}

// callIndex finds the company of a span among known calls.
type callIndex struct {
	all        []*settled
	byTrace    map[traceKey][]*settled
	byResponse map[responseKey][]*settled
}

type traceKey struct {
	project int32
	trace   [16]byte
}

type responseKey struct {
	project int32
	id      string
}

func newCallIndex(known []row) *callIndex {
	x := &callIndex{byTrace: make(map[traceKey][]*settled), byResponse: make(map[responseKey][]*settled)}
	for i := range known {
		x.add(&settled{row: known[i], stored: &known[i]})
	}
	return x
}

func (x *callIndex) add(c *settled) {
	x.all = append(x.all, c)
	t := traceKey{c.row.project, c.row.TraceID}
	x.byTrace[t] = append(x.byTrace[t], c)
	if c.row.ResponseID != "" {
		r := responseKey{c.row.project, c.row.ResponseID}
		x.byResponse[r] = append(x.byResponse[r], c)
	}
}

func (x *callIndex) hasResponse(r *row) bool {
	return r.ResponseID != "" && len(x.byResponse[responseKey{r.project, r.ResponseID}]) > 0
}

func (x *callIndex) company(r *row) *settled {
	for _, c := range x.byTrace[traceKey{r.project, r.TraceID}] {
		if sameCall(c.row.Call, r.Call) {
			return c
		}
	}
	if r.ResponseID == "" {
		return nil
	}
	for _, c := range x.byResponse[responseKey{r.project, r.ResponseID}] {
		if sameCall(c.row.Call, r.Call) {
			return c
		}
	}
	return nil
}

// removeRows takes stored rows out and counts them out. A row that is not there any more was changed by another writer.
func removeRows(ctx context.Context, tx pgx.Tx, rows []row, sums hourly) error {
	if len(rows) == 0 {
		return nil
	}
	keys := newKeyArrays(rows)
	tag, err := tx.Exec(ctx, query("delete_calls"), keys.projects, keys.traces, keys.spans, keys.starts)
	if err != nil {
		return describe("take out replaced calls", err)
	}
	if int(tag.RowsAffected()) != len(rows) {
		return errRaced
	}
	for i := range rows {
		sums.add(&rows[i], -1)
	}
	return nil
}

// keyArrays are the keys of rows, column by column.
type keyArrays struct {
	projects []int32
	traces   [][16]byte
	spans    []int64
	starts   []time.Time
}

func newKeyArrays(rows []row) keyArrays {
	k := keyArrays{
		projects: make([]int32, len(rows)), traces: make([][16]byte, len(rows)),
		spans: make([]int64, len(rows)), starts: make([]time.Time, len(rows)),
	}
	for i := range rows {
		k.projects[i], k.traces[i] = rows[i].project, rows[i].TraceID
		k.spans[i], k.starts[i] = spanNumber(rows[i].SpanID), time.UnixMicro(rows[i].StartMicros).UTC()
	}
	return k
}

// from and until bound the starts of the rows, widened by margin: what lets PostgreSQL leave out other partitions.
func (k keyArrays) from(margin time.Duration) time.Time {
	least := k.starts[0]
	for _, t := range k.starts {
		if t.Before(least) {
			least = t
		}
	}
	return least.Add(-margin)
}

func (k keyArrays) until(margin time.Duration) time.Time {
	most := k.starts[0]
	for _, t := range k.starts {
		if t.After(most) {
			most = t
		}
	}
	return most.Add(margin)
}

// relatives loads the stored calls of the same traces and of the same response ids that lie near in time.
func (s *Store) relatives(ctx context.Context, rows []row) ([]row, error) {
	keys := newKeyArrays(rows)
	responses := make([]string, len(rows))
	for i := range rows {
		responses[i] = rows[i].ResponseID
	}
	found, err := s.pool.Query(ctx, query("find_relatives"), keys.projects, keys.traces, responses,
		keys.from(settleWindow), keys.until(settleWindow))
	if err != nil {
		return nil, describe("look for related calls", err)
	}
	out, err := pgx.CollectRows(found, scanStored)
	if err != nil {
		return nil, describe("look for related calls", err)
	}
	return out, nil
}

// storedCall is a row of queries/find_relatives.sql, by name.
type storedCall struct {
	ProjectID                                                       int32
	CellID, VariantID                                               int32
	PathID, Session, Tagset                                         *int32
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
	c, err := s.call()
	return row{
		Call: c, project: s.ProjectID, cell: s.CellID, variant: s.VariantID,
		path: value(s.PathID), session: value(s.Session), tagset: value(s.Tagset), repeated: value(s.ResponseRepeated),
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
