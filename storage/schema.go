package storage

import (
	"context"

	"github.com/costkey/costkey-otel/storage/internal/maintenance"
	"github.com/costkey/costkey-otel/storage/internal/schema"
)

// Migration is one step of the schema.
type Migration = schema.Migration

// Migrate brings the schema up to this program's version. It may run at once from several collectors: one works. Each step
// is a transaction, so that an interrupted migration goes on with the next start. [ErrNewerSchema], [ErrOldSchema],
// [ErrServerTooOld] and [ErrEncoding] are final, other errors are told apart by [IsRetryable].
func (s *Store) Migrate(ctx context.Context) error { return schema.Migrate(ctx, s.db) }

// Migrations lists every migration of this program, and which of them are applied.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	return schema.Migrations(ctx, s.db)
}

// MaintenanceReport says what one round of maintenance did.
type MaintenanceReport = maintenance.Report

// MaintenanceTask is what is known of one task of maintenance.
type MaintenanceTask = maintenance.Task

// Maintain does one round of maintenance: it merges appended sums, ends deduplication windows, makes the partitions of the
// next days, and deletes what retention ends. Any number of programs may call it; one works at a time, the others return.
// Every task is bounded in time and tried whatever became of those before it; the error tells of all that failed.
func (s *Store) Maintain(ctx context.Context) (MaintenanceReport, error) {
	return s.maintainer.Run(ctx)
}

// MaintenanceTasks returns what is known of the tasks of maintenance, by name.
func (s *Store) MaintenanceTasks(ctx context.Context) ([]MaintenanceTask, error) {
	return maintenance.Tasks(ctx, s.db)
}
