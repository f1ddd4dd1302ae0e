// Package deadletters keeps the calls that could not be written, with the reason, until they are replayed or deleted.
package deadletters

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// Letter is one call that could not be written.
type Letter struct {
	ID        int64
	Project   string
	TraceID   string // 32 hexadecimal digits
	SpanID    string // 16 hexadecimal digits
	Reason    calls.Reason
	SQLState  string // "" where PostgreSQL was not the reason
	Error     string // what was being done and PostgreSQL's message, without any value of the call
	WrittenAt time.Time
	Bytes     int // size of the kept call
	call      []byte
}

// Call returns the call.
func (l *Letter) Call() (calls.Call, error) {
	var c calls.Call
	if err := json.Unmarshal(l.call, &c); err != nil {
		return c, fmt.Errorf("read dead letter %d: %w", l.ID, err)
	}
	return c, nil
}

// Insert keeps calls as dead letters. One that is there already stays as it is.
func Insert(ctx context.Context, q database.Queryer, cs []*calls.Call, reason calls.Reason, cause error) error {
	if len(cs) == 0 {
		return nil
	}
	projects, traces := make([]string, len(cs)), make([][16]byte, len(cs))
	spans, contents := make([]int64, len(cs)), make([][]byte, len(cs))
	for i, c := range cs {
		content, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode a dead letter: %w", err)
		}
		projects[i], traces[i], spans[i], contents[i] = c.Project, c.TraceID, calls.SpanNumber(c.SpanID), content
	}
	_, err := q.Exec(ctx, query("insert"), projects, traces, spans, contents, string(reason), database.Code(cause), cause.Error())
	return database.Describe(fmt.Sprintf("keep %d dead letters", len(cs)), err)
}

// Known returns which of the calls, by number, are dead letters.
func Known(ctx context.Context, q database.Queryer, cs []calls.Call) (map[int]bool, error) {
	numbers, projects := make([]int32, len(cs)), make([]string, len(cs))
	traces, spans := make([][16]byte, len(cs)), make([]int64, len(cs))
	for i := range cs {
		numbers[i], projects[i] = int32(i), cs[i].Project
		traces[i], spans[i] = cs[i].TraceID, calls.SpanNumber(cs[i].SpanID)
	}
	rows, err := q.Query(ctx, query("known"), numbers, projects, traces, spans)
	if err != nil {
		return nil, database.Describe("look for dead letters", err)
	}
	known := make(map[int]bool)
	var n int32
	_, err = pgx.ForEachRow(rows, []any{&n}, func() error {
		known[int(n)] = true
		return nil
	})
	return known, database.Describe("look for dead letters", err)
}

// List returns up to limit dead letters behind the id after, the oldest first. An empty project or reason means all.
func List(ctx context.Context, q database.Queryer, project string, reason calls.Reason, after int64, limit int) ([]Letter, error) {
	rows, err := q.Query(ctx, query("list"), project, string(reason), after, limit)
	if err != nil {
		return nil, database.Describe("list dead letters", err)
	}
	letters, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Letter, error) {
		var l Letter
		err := row.Scan(&l.ID, &l.Project, &l.TraceID, &l.SpanID, &l.Reason, &l.SQLState, &l.Error, &l.WrittenAt, &l.Bytes, &l.call)
		return l, err
	})
	return letters, database.Describe("list dead letters", err)
}

// Count is how many dead letters a project has for a reason.
type Count struct {
	Project        string
	Reason         calls.Reason
	Calls          int64
	Oldest, Newest time.Time
}

// Counts returns the numbers of dead letters by project and reason.
func Counts(ctx context.Context, q database.Queryer) ([]Count, error) {
	rows, err := q.Query(ctx, query("count"))
	if err != nil {
		return nil, database.Describe("count dead letters", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	return counts, database.Describe("count dead letters", err)
}

// Delete deletes dead letters by id and returns how many there were.
func Delete(ctx context.Context, q database.Queryer, ids []int64) (int64, error) {
	tag, err := q.Exec(ctx, query("delete"), ids)
	return tag.RowsAffected(), database.Describe("delete dead letters", err)
}

const (
	// orphanDays is the retention of dead letters whose project there is not.
	orphanDays = 90
	// expiredAtOnce bounds one step of deleting.
	expiredAtOnce = 5000
)

// DeleteExpired deletes what is older than its project's retention and returns how many those were.
func DeleteExpired(ctx context.Context, q database.Queryer) (deleted int64, err error) {
	for {
		tag, err := q.Exec(ctx, query("delete_expired"), orphanDays, expiredAtOnce)
		if err != nil {
			return deleted, database.Describe("delete expired dead letters", err)
		}
		deleted += tag.RowsAffected()
		if tag.RowsAffected() < expiredAtOnce {
			return deleted, nil
		}
	}
}
