package rollup

import (
	"context"
	"embed"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// mergedAtOnce bounds one step of merging.
const mergedAtOnce = 50_000

// Merge moves what writers appended into the hourly table, in bounded steps, and returns how many appended sums those
// were. Only one session may run it at a time.
func Merge(ctx context.Context, db *database.DB) (merged int64, err error) {
	for {
		n, err := mergeStep(ctx, db)
		merged += n
		if err != nil || n < mergedAtOnce {
			return merged, database.Describe("merge hourly sums", err)
		}
	}
}

func mergeStep(ctx context.Context, db *database.DB) (n int64, err error) {
	err = db.Lookup(ctx, func(tx pgx.Tx) error {
		var hours []time.Time
		var projects, dimensions []int64
		if err := tx.QueryRow(ctx, query("merge_sums"), mergedAtOnce).Scan(&n, &hours, &projects, &dimensions); err != nil {
			return err
		}
		if len(hours) == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, query("delete_empty_sums"), hours, projects, dimensions)
		return err
	})
	return n, err
}
