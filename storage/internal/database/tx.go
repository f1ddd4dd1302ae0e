package database

import (
	"bytes"
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// byIndex makes PostgreSQL reach rows by index whatever its statistics say. Look-ups here know how few rows they are for;
// the planner does not: the newest rows lie beyond every histogram, and a new partition has none. Without bitmap scans the
// index over time, which is coarse, takes the place of no other.
const byIndex = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; " +
	"SET LOCAL enable_bitmapscan = off; SET LOCAL enable_material = off; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"

// Write runs do in a transaction that writes rows whose ids are from the caches of epoch. It begins with a check, in the
// same transaction, that the server is the one that the ids are from: behind a pooler it may change under a connection.
// Where it is not, or the caches have been reset since, the error is [ErrRaced] and nothing was written.
func (db *DB) Write(ctx context.Context, epoch int64, do func(tx pgx.Tx) error) error {
	id, now, err := db.Current(ctx)
	if err != nil {
		return err
	}
	if epoch != now {
		return ErrRaced
	}
	begin := "BEGIN; SELECT costkey.check_identity('" + strings.ReplaceAll(id.Server, "'", "''") + "'); " + byIndex
	return db.NoticeOther(ctx, db.run(ctx, begin, do))
}

// NoticeOther forgets what is known of the database where err says that the server is another one, by
// costkey.check_identity(), and returns [ErrRaced] then, else err.
func (db *DB) NoticeOther(ctx context.Context, err error) error {
	if !isOtherServer(err) {
		return err
	}
	if err := db.readIdentity(ctx, db.pool, keyColumn); err != nil {
		return err
	}
	return ErrRaced
}

// Snapshot runs do in a read-only transaction all of whose statements see one state of the database.
func (db *DB) Snapshot(ctx context.Context, do func(tx pgx.Tx) error) error {
	return db.run(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "+byIndex, do)
}

// Lookup runs do in a transaction whose statements reach their rows by index.
func (db *DB) Lookup(ctx context.Context, do func(tx pgx.Tx) error) error {
	return db.run(ctx, "BEGIN; "+byIndex, do)
}

func (db *DB) run(ctx context.Context, begin string, do func(tx pgx.Tx) error) error {
	// One round trip: the driver sends what begins a transaction as it is.
	return pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{BeginQuery: begin + "; " + db.timeouts}, do)
}

// CopyIn sends one finished body of a binary COPY into a table of the schema. The names are this module's own.
func CopyIn(ctx context.Context, tx pgx.Tx, table string, columns []string, body []byte) error {
	sql := "COPY costkey." + table + " (" + strings.Join(columns, ", ") + ") FROM STDIN (FORMAT binary)"
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(body), sql)
	return err
}
