package storage

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
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// minServerVersion is PostgreSQL 15, as server_version_num has it.
const minServerVersion = 150000

// Advisory locks of this package: the first key is ours, the second tells what for.
const (
	lockSpace     = 0x636f7374 // "cost"
	lockMigrate   = 1
	lockPartition = 2
	lockMaintain  = 3
)

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

// Migrate brings the schema up to this program's version. It may run at once from several collectors: an advisory lock
// lets one of them work. Each step is a transaction, so that an interrupted migration goes on with the next start.
// [ErrNewerSchema] and [ErrServerTooOld] are final, other errors are told apart by [IsRetryable].
func (s *Store) Migrate(ctx context.Context) error {
	steps, err := migrationFilesInOrder()
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := s.applyStep(ctx, step, steps[len(steps)-1].Version); err != nil {
			return fmt.Errorf("apply migration %d (%s): %w", step.Version, step.Name, err)
		}
	}
	return nil
}

// applyStep applies one migration unless it is applied already.
func (s *Store) applyStep(ctx context.Context, step migrationFile, newest int) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := checkServer(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", lockSpace, lockMigrate); err != nil {
			return err
		}
		applied, err := appliedVersions(ctx, tx)
		if errors.Is(err, ErrNotMigrated) {
			_, err = tx.Exec(ctx, query("create_migrations"))
		}
		if err != nil {
			return err
		}
		if isNewer(applied, newest) {
			return ErrNewerSchema
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

// Migrations lists every migration of this program, and which of them are applied.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	files, err := migrationFilesInOrder()
	if err != nil {
		return nil, err
	}
	applied, err := appliedVersions(ctx, s.pool)
	if err != nil && !errors.Is(err, ErrNotMigrated) {
		return nil, fmt.Errorf("list applied migrations: %w", err)
	}
	if isNewer(applied, files[len(files)-1].Version) {
		return nil, ErrNewerSchema
	}
	out := make([]Migration, len(files))
	for i, f := range files {
		out[i] = f.Migration
		out[i].AppliedAt = applied[f.Version]
	}
	return out, nil
}

// isNewer reports whether a step was applied that this program, whose last is newest, does not know.
func isNewer(applied map[int]time.Time, newest int) bool {
	for version := range applied {
		if version > newest {
			return true
		}
	}
	return false
}

func checkServer(ctx context.Context, tx pgx.Tx) error {
	var version string
	if err := tx.QueryRow(ctx, "SELECT current_setting('server_version_num')").Scan(&version); err != nil {
		return err
	}
	if n, err := strconv.Atoi(version); err != nil || n < minServerVersion {
		return fmt.Errorf("server version %s: %w", version, ErrServerTooOld)
	}
	return nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// appliedVersions answers [ErrNotMigrated] where there is no schema yet.
func appliedVersions(ctx context.Context, q querier) (map[int]time.Time, error) {
	var exists bool
	if err := q.QueryRow(ctx, "SELECT to_regclass('costkey.schema_migration') IS NOT NULL").Scan(&exists); err != nil {
		return nil, err
	}
	if !exists {
		return nil, ErrNotMigrated
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
