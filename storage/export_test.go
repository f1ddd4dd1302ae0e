package storage

import (
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/write"
)

// OpenWith is Open with a configuration that only tests have: another clock of the program, a tracer.
func OpenWith(cfg Config, change func(*database.Config)) (*Store, error) {
	dc := cfg.database()
	change(&dc)
	return open(dc, cfg.CardinalityLimit, cfg.ProjectLimit)
}

// SetTesting lets a test choose moments and sizes. It must be called before the store is used.
func (s *Store) SetTesting(t write.Testing) { s.writer.SetTesting(t) }

// Forget forgets all that the store knows of the database.
func (s *Store) Forget() { s.db.Reset() }
