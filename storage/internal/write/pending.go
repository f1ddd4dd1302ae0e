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
	"github.com/costkey/costkey-otel/storage/internal/rows"
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
		if err != nil || len(old) == 0 {
			return errors.Join(append(errs, err)...)
		}
		after = old[len(old)-1].id
		errs = append(errs, w.endPending(ctx, project, old, res))
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// endPending judges pending traces of a project a last time and forgets them, in halves where that fails.
func (w *Writer) endPending(ctx context.Context, project int64, old []expired, res *calls.WriteResult) error {
	seeds, ids := peers.Seeds{Whole: lastLook}, make([]int64, len(old))
	for i := range old {
		ids[i] = old[i].id
		if old[i].shared {
			seeds.Rows = append(seeds.Rows, old[i].row)
		}
	}
	if len(seeds.Rows) > 0 {
		err := w.resolve(ctx, seeds, nil, res)
		switch {
		case err == nil:
		case len(old) == 1 || database.IsTransient(err) || ctx.Err() != nil:
			return err
		default:
			half := len(old) / 2
			return errors.Join(w.endPending(ctx, project, old[:half], res), w.endPending(ctx, project, old[half:], res))
		}
	}
	err := w.db.Lookup(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query("delete_pending"), project, ids)
		return err
	})
	return database.Describe("forget pending traces", err)
}

// expired is a pending trace whose window is over.
type expired struct {
	id     int64
	row    calls.Row // holds no more than the trace and the start
	shared bool      // there are several calls in the trace
}

func (w *Writer) expiredPending(ctx context.Context, project, after int64) ([]expired, error) {
	var out []expired
	err := w.db.Lookup(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, query("expired_pending"), project, after, dedup.Window, pendingAtOnce)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (expired, error) {
			e, c := expired{}, &calls.Call{}
			var started time.Time
			err := row.Scan(&e.id, &c.TraceID, &started)
			c.StartMicros = started.UnixMicro()
			e.row = calls.Row{Call: c, ProjectID: project}
			return e, err
		})
		if err != nil || len(out) == 0 {
			return err
		}
		return findShared(ctx, tx, project, out)
	})
	return out, database.Describe("look for pending traces", err)
}

// findShared notes which of the traces hold several calls.
func findShared(ctx context.Context, tx pgx.Tx, project int64, old []expired) error {
	numbers, all := make([]int32, len(old)), make([]calls.Row, len(old))
	for i := range old {
		numbers[i], all[i] = int32(i), old[i].row
	}
	keys := rows.NewKeys(all)
	first, last := rows.Bounds(all)
	found, err := tx.Query(ctx, query("shared_pending"), numbers, keys.Traces, keys.Starts, project, dedup.Window,
		first.Add(-dedup.Window), last.Add(dedup.Window))
	if err != nil {
		return err
	}
	var n int32
	_, err = pgx.ForEachRow(found, []any{&n}, func() error {
		old[n].shared = true
		return nil
	})
	return err
}

// nodesAtOnce bounds one step of forgetting nodes.
const nodesAtOnce = 20_000

// ForgetOld deletes the nodes that are older than twice the window, since chains outlive their ends, and the writers that are
// silent. It returns how many nodes went.
func (w *Writer) ForgetOld(ctx context.Context) (forgotten int64, err error) {
	for {
		var n int64
		err := w.db.Lookup(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, query("delete_nodes"), dedup.Window, nodesAtOnce)
			n = tag.RowsAffected()
			return err
		})
		if err != nil {
			return forgotten, database.Describe("forget spans without a row", err)
		}
		forgotten += n
		if n < nodesAtOnce {
			break
		}
	}
	_, err = w.db.Pool().Exec(ctx, query("delete_writers"), writersKept)
	return forgotten, database.Describe("forget silent writers", err)
}
