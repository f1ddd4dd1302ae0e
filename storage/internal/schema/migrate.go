package schema

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// minServerVersion is PostgreSQL 15, as server_version_num has it.
const minServerVersion = 150000

// Advisory locks of this schema: the first key is ours, the second tells what for. ensure_day() in the first migration
// has lockPartition.
const (
	lockSpace   = 0x636f7374 // "cost"
	lockMigrate = 1
)

// lockTimeout bounds how long a step waits for a table: whoever waits for one makes all later writers wait behind it.
const lockTimeout = "5s"

// Migration is one step of the schema.
type Migration struct {
	Version   int
	Name      string
	AppliedAt time.Time // zero where it is not applied
}

type migrationFile struct {
	Migration
	sql string
}

// Version returns the version of the schema that this program makes.
func Version() int {
	steps, err := migrationFilesInOrder()
	if err != nil || len(steps) == 0 {
		return 0 // the package's tests find it
	}
	return steps[len(steps)-1].Version
}

// Migrate brings the schema up to this program's version. It may run at once from several collectors: an advisory lock
// lets one of them work. Each step is a transaction, so that an interrupted migration goes on with the next start.
// [database.ErrNewerSchema], [database.ErrOldSchema], [database.ErrServerTooOld] and [database.ErrEncoding] are final, other
// errors are told apart by [database.IsRetryable].
func Migrate(ctx context.Context, db *database.DB) error {
	steps, err := migrationFilesInOrder()
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := applyStep(ctx, db, step); err != nil {
			return fmt.Errorf("apply migration %d (%s): %w", step.Version, step.Name, err)
		}
	}
	return nil
}

// applyStep applies one migration unless it is applied already.
func applyStep(ctx context.Context, db *database.DB, step migrationFile) error {
	return pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
		if err := checkServer(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", lockSpace, lockMigrate); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockTimeout+"'; SET LOCAL statement_timeout = 0"); err != nil {
			return err
		}
		applied, err := appliedVersions(ctx, tx)
		if errors.Is(err, database.ErrNotMigrated) {
			err = begin(ctx, tx)
		}
		if err != nil {
			return err
		}
		if _, done := applied[step.Version]; done {
			return nil
		}
		if _, err := tx.Exec(ctx, step.sql); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO costkey.schema_migration (version, name) VALUES ($1, $2)", step.Version, step.Name)
		return err
	})
}

// begin makes the schema, unless an administrator made it for this role, and the table of migrations.
func begin(ctx context.Context, tx pgx.Tx) error {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regnamespace('costkey') IS NOT NULL").Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA costkey"); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, query("create_migrations"))
	return err
}

// Migrations lists every migration of this program, and which of them are applied.
func Migrations(ctx context.Context, db *database.DB) ([]Migration, error) {
	files, err := migrationFilesInOrder()
	if err != nil {
		return nil, err
	}
	applied, err := appliedVersions(ctx, db.Pool())
	if err != nil && !errors.Is(err, database.ErrNotMigrated) {
		return nil, fmt.Errorf("list applied migrations: %w", err)
	}
	out := make([]Migration, len(files))
	for i, f := range files {
		out[i] = f.Migration
		out[i].AppliedAt = applied[f.Version]
	}
	return out, nil
}

func checkServer(ctx context.Context, tx pgx.Tx) error {
	var version, encoding string
	err := tx.QueryRow(ctx, "SELECT current_setting('server_version_num'), current_setting('server_encoding')").Scan(&version, &encoding)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(version); err != nil || n < minServerVersion {
		return fmt.Errorf("server version %s: %w", version, database.ErrServerTooOld)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("database encoding %s: %w", encoding, database.ErrEncoding)
	}
	return nil
}

// appliedVersions answers [database.ErrNotMigrated] where there is no schema yet.
func appliedVersions(ctx context.Context, q database.Queryer) (map[int]time.Time, error) {
	var exists, old bool
	err := q.QueryRow(ctx, "SELECT to_regclass('costkey.schema_migration') IS NOT NULL, to_regclass('costkey.cell') IS NOT NULL").
		Scan(&exists, &old)
	if err != nil {
		return nil, err
	}
	if old {
		return nil, database.ErrOldSchema
	}
	if !exists {
		return nil, database.ErrNotMigrated
	}
	rows, err := q.Query(ctx, "SELECT version, applied_at FROM costkey.schema_migration")
	if err != nil {
		return nil, err
	}
	applied := make(map[int]time.Time)
	var version int
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		applied[version] = at
		return nil
	})
	return applied, err
}

// migrationFilesInOrder reads the embedded steps: "0001_initial.sql" is version 1, named "initial".
func migrationFilesInOrder() ([]migrationFile, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	out := make([]migrationFile, 0, len(names))
	for i, path := range names {
		number, name, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || i > 0 && version <= out[i-1].Version {
			return nil, fmt.Errorf("read migration %q: want a version above the one before", path)
		}
		sql, err := migrationFiles.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read migration %q: %w", path, err)
		}
		out = append(out, migrationFile{Migration: Migration{Version: version, Name: name}, sql: string(sql)})
	}
	return out, nil
}
