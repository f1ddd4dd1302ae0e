package write

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/peers"
)

// pendingAtOnce is how many pending traces one step looks at.
const pendingAtOnce = 2000

// lastLook is up to which length a trace is judged a last time. A longer one was judged by the writers alone.
const lastLook = 5000

// ResolvePending ends the deduplication window of what is older: it judges pending traces a last time and forgets them. It
// returns how many rows went. A trace that can't be judged is left for the next round and does not keep the others.
func (w *Writer) ResolvePending(ctx context.Context) (joined int, err error) {
	var res calls.WriteResult
	found, err := w.db.Pool().Query(ctx, query("all_pending_projects"))
	if err != nil {
		return 0, database.Describe("look for projects with pending traces", err)
	}
	projects, err := pgx.CollectRows(found, pgx.RowTo[int64])
	if err != nil {
		return 0, database.Describe("look for projects with pending traces", err)
	}
	var errs []error
	for _, project := range projects {
		errs = append(errs, w.resolveProject(ctx, project, &res))
	}
	return res.Joined, errors.Join(errs...)
}

// resolveProject goes through the pending traces of a project, a step after the other.
func (w *Writer) resolveProject(ctx context.Context, project int64, res *calls.WriteResult) error {
	var errs []error
	for after := int64(0); ctx.Err() == nil; {
		old, err := w.expiredPending(ctx, project, after)
		if err != nil || len(old.ids) == 0 {
			return errors.Join(append(errs, err)...)
		}
		after = old.ids[len(old.ids)-1]
		if len(old.shared) > 0 {
			if err := w.resolve(ctx, peers.Seeds{Rows: old.shared, Whole: lastLook}, nil, res); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		err = w.db.Lookup(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, query("delete_pending"), project, old.ids)
			return err
		})
		if err != nil {
			return errors.Join(append(errs, database.Describe("forget pending traces", err))...)
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// expired are pending traces whose window is over; those with several calls as rows that hold no more than the trace and
// the start.
type expired struct {
	ids    []int64
	shared []calls.Row
}

func (w *Writer) expiredPending(ctx context.Context, project, after int64) (expired, error) {
	var out expired
	err := w.db.Lookup(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, query("expired_pending"), project, after, dedup.Window, pendingAtOnce)
		if err != nil {
			return err
		}
		var id int64
		var trace [16]byte
		var started time.Time
		var shared bool
		_, err = pgx.ForEachRow(found, []any{&id, &trace, &started, &shared}, func() error {
			out.ids = append(out.ids, id)
			if shared {
				c := &calls.Call{TraceID: trace, StartMicros: started.UnixMicro()}
				out.shared = append(out.shared, calls.Row{Call: c, ProjectID: project})
			}
			return nil
		})
		return err
	})
	return out, database.Describe("look for pending traces", err)
}

// nodesAtOnce bounds one step of forgetting nodes.
const nodesAtOnce = 20_000

// ForgetOld deletes the nodes that are older than twice the window, since chains outlive their ends, and the writers that are
// silent. It returns how many nodes went.
func (w *Writer) ForgetOld(ctx context.Context) (forgotten int64, err error) {
	for {
		tag, err := w.db.Pool().Exec(ctx, query("delete_nodes"), dedup.Window, nodesAtOnce)
		if err != nil {
			return forgotten, database.Describe("forget spans without a row", err)
		}
		forgotten += tag.RowsAffected()
		if tag.RowsAffected() < nodesAtOnce {
			break
		}
	}
	_, err = w.db.Pool().Exec(ctx, query("delete_writers"), writersKept)
	return forgotten, database.Describe("forget silent writers", err)
}
