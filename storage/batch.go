package storage

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/usage"
)

// row is a call with the numbers of what it names.
type row struct {
	*Call
	project, cell, variant, path, tagset int32
	usageNumbers                         []byte
	repeated                             bool  // another call of the day has this response id
	repaired                             bool  // a value was not storable as it came
	epoch                                int64 // of the caches that its numbers are from
}

// rowKey is the identity of a call.
type rowKey struct {
	project int32
	trace   [16]byte
	span    [8]byte
}

// countWritten counts rows in (sign 1) or out (sign −1).
func (r *WriteResult) countWritten(rows []row, sign int) {
	r.Written += sign * len(rows)
	for i := range rows {
		r.written(rows[i].CostStatus, sign)
	}
}

func (r *row) key() rowKey { return rowKey{r.project, r.TraceID, r.SpanID} }

func (r *row) day() day { return dayOf(r.StartMicros) }

// prepare turns calls into rows that can be written: cleaned, everything they name interned, sorted by day and key, each
// key once. It writes to the database, but nothing that counts. Calls are visited in the order in which they lie in
// memory; sorting comes last.
func (s *Store) prepare(ctx context.Context, calls []Call, res *WriteResult) ([]row, error) {
	rows := make([]row, 0, len(calls))
	now := s.now().UnixMicro()
	for i := range calls {
		c := &calls[i]
		project, reason, err := s.projects.find(ctx, s.pool, c.Project)
		if err != nil {
			return nil, err
		}
		repaired := false
		if reason == "" {
			repaired, reason = checkIdentity(c, now, project.retention)
		}
		if reason != "" {
			res.setAside(reason, 1)
			continue
		}
		rows = append(rows, row{Call: c, project: project.id, repaired: repaired})
		rows[len(rows)-1].cleanOwn()
	}
	for i := range rows {
		if d := rows[i].day(); i == 0 || d != rows[i-1].day() {
			if err := s.ensurePartition(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	rows, err := s.intern(ctx, rows, res)
	if err != nil {
		return nil, err
	}
	rows = sortRows(rows, res)
	for i := range rows {
		if rows[i].repaired {
			res.Repaired++
		}
	}
	return rows, nil
}

// place is where a row belongs. Rows are sorted by values at hand: following each to its call costs more than comparing.
type place struct {
	day     day
	project int32
	trace   [2]uint64
	span    uint64
	at      int32 // where the row was
}

func (p *place) sameKey(q *place) bool {
	return p.trace == q.trace && p.span == q.span && p.project == q.project
}

func comparePlaces(p, q place) int {
	switch {
	case p.day != q.day:
		return cmp.Compare(p.day, q.day)
	case p.trace[0] != q.trace[0]:
		return cmp.Compare(p.trace[0], q.trace[0])
	case p.trace[1] != q.trace[1]:
		return cmp.Compare(p.trace[1], q.trace[1])
	case p.span != q.span:
		return cmp.Compare(p.span, q.span)
	case p.project != q.project:
		return cmp.Compare(p.project, q.project)
	}
	return cmp.Compare(p.at, q.at)
}

// sortRows sorts by day and key and drops spans that stand in the batch twice, but for the first.
func sortRows(rows []row, res *WriteResult) []row {
	places := make([]place, len(rows))
	for i := range rows {
		c := rows[i].Call
		places[i] = place{
			day: rows[i].day(), project: rows[i].project, at: int32(i), span: binary.BigEndian.Uint64(c.SpanID[:]),
			trace: [2]uint64{binary.BigEndian.Uint64(c.TraceID[:8]), binary.BigEndian.Uint64(c.TraceID[8:])},
		}
	}
	slices.SortFunc(places, comparePlaces)
	out := make([]row, 0, len(rows))
	for i := range places {
		if i > 0 && places[i].sameKey(&places[i-1]) {
			res.Duplicate++
			continue
		}
		out = append(out, rows[places[i].at])
	}
	return out
}

// checkIdentity reports why c can't be a row, or whether its times had to be repaired so that it can.
func checkIdentity(c *Call, now int64, retention time.Duration) (repaired bool, reason Reason) {
	if c.TraceID == [16]byte{} || c.SpanID == [8]byte{} {
		return false, ReasonBadID
	}
	return cleanTime(c, now, retention)
}

// tomorrow is how far in the future a start may lie: clocks differ.
const tomorrow = 24 * time.Hour

// cleanTime checks the start against [now − retention, now + 24 h]. A start that is absurd is replaced by the end where
// that is sane, never by the clock: a retry would get another key.
func cleanTime(c *Call, now int64, retention time.Duration) (repaired bool, reason Reason) {
	oldest, newest := now-retention.Microseconds(), now+tomorrow.Microseconds()
	if c.FirstTokenMicros > c.DurationMicros && c.DurationMicros >= 0 {
		c.FirstTokenMicros = Unknown
		repaired = true
	}
	if c.StartMicros >= oldest && c.StartMicros <= newest {
		return repaired, ""
	}
	end := c.StartMicros + c.DurationMicros
	if c.DurationMicros > 0 && end >= oldest && end <= newest && c.StartMicros <= 0 {
		c.StartMicros, c.DurationMicros, c.FirstTokenMicros = end, Unknown, Unknown
		return true, ""
	}
	const yearOne, yearFar = 1_000_000_000 * 1_000_000, 4_000_000_000 * 1_000_000 // 2001 and 2096
	if c.StartMicros > yearOne && c.StartMicros < oldest && c.StartMicros < yearFar {
		return false, ReasonExpired
	}
	return false, ReasonBadTime
}

// appendRow writes r in the order of callColumns.
func appendRow(b copyBuffer, r *row) copyBuffer {
	u := &r.Usage
	b = b.row(len(callColumns))
	b = b.timestamp(r.StartMicros).spanID(r.SpanID)
	if r.ParentSpanID == [8]byte{} {
		b = b.null()
	} else {
		b = b.spanID(r.ParentSpanID)
	}
	b = b.micros(r.DurationMicros).micros(r.FirstTokenMicros).uuid(r.TraceID)
	b = b.int4(r.project).int4(r.cell).int4(r.variant).int4OrNull(r.path).int4OrNull(r.tagset)
	b = b.count(u.Input).count(u.CacheRead).count(u.CacheWrite).count(u.Output).count(u.Reasoning)
	b = b.trueOrNull(r.repeated)
	b = b.moneyOrNull(r.CostUSD, r.CostKnown).moneyOrNull(r.ReportedUSD, r.HasReported)
	b = b.textOrNull(r.ResponseID)
	b = b.textOrNull(string(r.usageNumbers)).jsonb(usageDetail(u))
	return b.textOrNull(r.SessionID).textOrNull(r.UserID)
}

// callColumns are the columns of costkey.call in the order in which appendRow writes them.
var callColumns = []string{
	"started_at", "span_id", "parent_span_id", "duration_us", "first_token_us", "trace_id", "project_id", "cell_id",
	"variant_id", "path_id", "tagset_id", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
	"reasoning_tokens", "response_repeated", "cost_usd", "reported_cost_usd", "response_id", "usage_numbers", "usage_detail",
	"session_text", "user_text",
}

// detailCounts are the counts that have no column of their own, by their names in usage_detail.
var detailCounts = []struct {
	name string
	of   func(*usage.Usage) *usage.Count
}{
	{"cache_write_1h", func(u *usage.Usage) *usage.Count { return &u.CacheWrite1h }},
	{"audio_input", func(u *usage.Usage) *usage.Count { return &u.AudioInput }},
	{"cached_audio_input", func(u *usage.Usage) *usage.Count { return &u.CachedAudioInput }},
	{"image_input", func(u *usage.Usage) *usage.Count { return &u.ImageInput }},
	{"cached_image_input", func(u *usage.Usage) *usage.Count { return &u.CachedImageInput }},
	{"video_input", func(u *usage.Usage) *usage.Count { return &u.VideoInput }},
	{"audio_output", func(u *usage.Usage) *usage.Count { return &u.AudioOutput }},
	{"image_output", func(u *usage.Usage) *usage.Count { return &u.ImageOutput }},
	{"video_output", func(u *usage.Usage) *usage.Count { return &u.VideoOutput }},
	{"citation", func(u *usage.Usage) *usage.Count { return &u.Citation }},
	{"input_characters", func(u *usage.Usage) *usage.Count { return &u.InputCharacters }},
	{"web_searches", func(u *usage.Usage) *usage.Count { return &u.WebSearches }},
	{"file_searches", func(u *usage.Usage) *usage.Count { return &u.FileSearches }},
	{"search_units", func(u *usage.Usage) *usage.Count { return &u.SearchUnits }},
	{"images", func(u *usage.Usage) *usage.Count { return &u.Images }},
	{"pages", func(u *usage.Usage) *usage.Count { return &u.Pages }},
	{"code_sessions", func(u *usage.Usage) *usage.Count { return &u.CodeSessions }},
}
