package storage

import (
	"context"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/admin"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/maintenance"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/rows"
	"github.com/costkey/costkey-otel/storage/internal/schema"
	"github.com/costkey/costkey-otel/storage/internal/write"
)

// DefaultRetention is how long the calls of a project are kept where it does not say otherwise.
const DefaultRetention = 90 * 24 * time.Hour

// DefaultCardinalityLimit is how many new sets of dimensions a project may have a day.
const DefaultCardinalityLimit = rows.DefaultCardinalityLimit

// Config says which database to use.
type Config struct {
	// DSN is a libpq connection string or URI. What it says of pool_max_conns, statement_timeout and the like holds.
	DSN string
	// MaxConns is the most connections open at once; 0 means what the DSN says, else 8.
	MaxConns int32
	// CardinalityLimit is how many new sets of dimensions a project may have a day; beyond it "(other)" stands for what
	// differs. 0 means [DefaultCardinalityLimit].
	CardinalityLimit int
	// ProjectLimit is how many projects may come into being because data named them. The calls of those beyond it go to the
	// project default. 0 means [DefaultProjectLimit].
	ProjectLimit int
	// Now takes the place of the database's clock; nil means that clock. Tests set it.
	Now func() time.Time
}

// Store is a database of calls. It is safe for concurrent use.
type Store struct {
	db         *database.DB
	days       *schema.Days
	projects   *projects.Projects
	interner   *rows.Interner
	writer     *write.Writer
	maintainer *maintenance.Maintainer
	admin      *admin.Admin
}

// Open parses the configuration. It does not connect: a database that is away is met by the first operation. The error
// never holds the DSN.
func Open(cfg Config) (*Store, error) {
	return open(cfg.database(), cfg.CardinalityLimit, cfg.ProjectLimit)
}

func (cfg Config) database() database.Config {
	return database.Config{DSN: cfg.DSN, MaxConns: cfg.MaxConns, Now: cfg.Now, SchemaVersion: schema.Version()}
}

func open(cfg database.Config, cardinalityLimit, projectLimit int) (*Store, error) {
	db, err := database.Open(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, days: schema.NewDays(db), projects: projects.New(db, projectLimit), interner: rows.NewInterner(db, cardinalityLimit),
	}
	s.writer = write.New(db, s.days, s.projects, s.interner)
	s.maintainer = maintenance.New(db, s.days, s.writer)
	s.admin = admin.New(db, s.projects)
	return s, nil
}

// Close closes the connections. It waits for those in use.
func (s *Store) Close() { s.db.Close() }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// ServerVersion returns the version of PostgreSQL that the server names.
func (s *Store) ServerVersion(ctx context.Context) (string, error) { return s.db.ServerVersion(ctx) }

// PoolStats are numbers of the connection pool.
type PoolStats struct{ InUse, Idle, Max int32 }

// PoolStats returns the pool's numbers of this moment.
func (s *Store) PoolStats() PoolStats {
	st := s.db.Pool().Stat()
	return PoolStats{InUse: st.AcquiredConns(), Idle: st.IdleConns(), Max: st.MaxConns()}
}

// ClockSkew returns how far this program's clock is ahead of the database's, as of the last connection.
func (s *Store) ClockSkew() time.Duration { return s.db.ClockSkew() }

// ValidProject reports whether s can name a project: 1 to 63 of a–z, 0–9, dot, underscore, hyphen, the first a letter or
// digit.
func ValidProject(s string) bool { return calls.ValidProject(s) }
