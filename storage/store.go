package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DefaultRetention is how long the calls of a project are kept where it does not say otherwise.
const DefaultRetention = 90 * 24 * time.Hour

// Config says which database to use.
type Config struct {
	// DSN is a libpq connection string or URI.
	DSN string
	// MaxConns is the most connections open at once; 0 means 8.
	MaxConns int32
	// Now is the clock; nil means time.Now. Tests set it.
	Now func() time.Time
}

// Store is a database of calls. It is safe for concurrent use.
type Store struct {
	pool       *pgxpool.Pool
	now        func() time.Time
	partitions daySet
	projects   projectCache
	profiles   profileCache
	recent     recent
	cells      *interner
	variants   *interner
	paths      *interner
	tagsets    *interner
	// careful is the Unix time in nanoseconds until which batches look before they write: a batch that met a row of its
	// own is often followed by more.
	careful atomic.Int64
	// server tells which server, and which start of it, the caches are of; epoch counts how often that changed.
	server atomic.Value
	epoch  atomic.Int64
}

// Open parses the configuration. It does not connect: a database that is away is met by the first operation. The error
// never holds the DSN.
func Open(cfg Config) (*Store, error) {
	pc, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		// pgx redacts the password where it can find it; in a malformed DSN it can't.
		return nil, errors.New("parse the storage setting `dsn` (COSTKEY_DATABASE_URL): not a PostgreSQL connection string such as postgres://user@host:5432/database")
	}
	pc.MaxConns = 8
	if cfg.MaxConns > 0 {
		pc.MaxConns = cfg.MaxConns
	}
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "costkey"
	}
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // no named statements: poolers in transaction mode
	s := &Store{now: cfg.Now}
	_, _ = rand.Read(s.recent.id[:]) // never fails
	pc.AfterConnect = s.noteServer
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, fmt.Errorf("make the connection pool: %w", err)
	}
	s.pool = pool
	if s.now == nil {
		s.now = time.Now
	}
	s.cells, s.variants = newInterner(cellTable), newInterner(variantTable)
	s.paths, s.tagsets = newInterner(pathTable), newInterner(tagsetTable)
	return s, nil
}

// noteServer forgets what is known of the database where a new connection leads to another server, or to the same one
// after a restart: a standby that took over, or a backup, may lack the last interned rows and give their numbers to others.
func (s *Store) noteServer(ctx context.Context, conn *pgx.Conn) error {
	var server string
	if err := conn.QueryRow(ctx, query("server_identity")).Scan(&server); err != nil {
		return fmt.Errorf("identify the server: %w", err)
	}
	if before, ok := s.server.Swap(server).(string); ok && before != server {
		s.resetCaches()
		s.pool.Reset() // connections to the server that is gone would each fail once more
	}
	return nil
}

// resetCaches forgets what is known of the database. Rows that were numbered before are not written any more.
func (s *Store) resetCaches() {
	defer s.epoch.Add(1)
	s.partitions.reset()
	s.projects.reset()
	s.profiles.reset()
	for _, in := range []*interner{s.cells, s.variants, s.paths, s.tagsets} {
		in.reset()
	}
}

// Close closes the connections. It waits for those in use.
func (s *Store) Close() { s.pool.Close() }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}

// PoolStats are numbers of the connection pool.
type PoolStats struct{ InUse, Idle, Max int32 }

// PoolStats returns the pool's numbers of this moment.
func (s *Store) PoolStats() PoolStats {
	st := s.pool.Stat()
	return PoolStats{InUse: st.AcquiredConns(), Idle: st.IdleConns(), Max: st.MaxConns()}
}

var slug = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// ValidProject reports whether s can name a project: 1 to 63 of a–z, 0–9, dot, underscore, hyphen, the first a letter or
// digit.
func ValidProject(s string) bool { return slug.MatchString(s) }
