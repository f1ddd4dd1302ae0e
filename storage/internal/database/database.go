package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultMaxConns = 8
	// statementTimeout ends a statement of a transaction. None takes longer on a healthy server; the DSN may say otherwise.
	statementTimeout = 60 * time.Second
	// idleInTransactionTimeout frees the locks of a program that stopped within a transaction.
	idleInTransactionTimeout = 60 * time.Second
)

// Config says which database to use.
type Config struct {
	// DSN is a libpq connection string or URI. What it says of pool_max_conns, statement_timeout and the like holds.
	DSN string
	// MaxConns is the most connections open at once; 0 means what the DSN says, else 8.
	MaxConns int32
	// SchemaVersion is the version of the schema that the program knows.
	SchemaVersion int
	// Now takes the place of the database's clock; nil means that clock. Tests set it.
	Now func() time.Time
	// LocalNow takes the place of the program's own clock; nil means Now, else time.Now. Tests set it.
	LocalNow func() time.Time
	// Configure changes the pool's configuration last. Tests set it.
	Configure func(*pgxpool.Config)
}

// DB is a database with the schema costkey.
type DB struct {
	pool          *pgxpool.Pool
	schemaVersion int
	timeouts      string
	clock         clock

	mu       sync.Mutex
	identity Identity
	epoch    int64
	resets   []func()
}

// Open parses the configuration. It does not connect: a database that is away is met by the first operation. The error
// never holds the DSN.
func Open(cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		// pgx redacts the password where it can find it; in a malformed DSN it can't.
		return nil, errors.New("parse the storage setting `dsn` (COSTKEY_DATABASE_URL): not a PostgreSQL connection string such as postgres://user@host:5432/database")
	}
	configure(pc, cfg)
	db := &DB{schemaVersion: cfg.SchemaVersion, timeouts: timeouts(pc.ConnConfig), clock: clock{fixed: cfg.Now, local: cfg.LocalNow}}
	switch {
	case cfg.LocalNow != nil:
	case cfg.Now != nil:
		db.clock.local = cfg.Now
	default:
		db.clock.local = time.Now
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return db.identify(ctx, conn) }
	if cfg.Configure != nil {
		cfg.Configure(pc)
	}
	if db.pool, err = pgxpool.NewWithConfig(context.Background(), pc); err != nil {
		return nil, fmt.Errorf("make the connection pool: %w", err)
	}
	return db, nil
}

func configure(pc *pgxpool.Config, cfg Config) {
	switch said, err := pgx.ParseConfig(cfg.DSN); { // which leaves the pool's settings in it
	case cfg.MaxConns > 0:
		pc.MaxConns = cfg.MaxConns
	case err == nil && said.RuntimeParams["pool_max_conns"] == "":
		pc.MaxConns = defaultMaxConns
	}
	conn := pc.ConnConfig
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "costkey"
	}
	conn.RuntimeParams["timezone"] = "UTC"
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = 5 * time.Second
	}
	if len(conn.Fallbacks) > 0 && conn.ValidateConnect == nil {
		// Of several hosts a standby must not take turns with the primary.
		conn.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	conn.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // no named statements: poolers in transaction mode
}

// timeouts returns what begins a transaction with the time-outs that the DSN does not set. They are no parameters of the
// connection: poolers refuse those.
func timeouts(conn *pgx.ConnConfig) string {
	var b strings.Builder
	for _, t := range [...]struct {
		name  string
		value time.Duration
	}{
		{"statement_timeout", statementTimeout},
		{"idle_in_transaction_session_timeout", idleInTransactionTimeout},
	} {
		if conn.RuntimeParams[t.name] == "" {
			fmt.Fprintf(&b, "SET LOCAL %s = %d; ", t.name, t.value.Milliseconds())
		}
	}
	return b.String()
}

// Pool returns the pool, for statements that need neither a transaction nor ids from a cache.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close closes the connections. It waits for those in use.
func (db *DB) Close() { db.pool.Close() }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	return nil
}

// ServerVersion returns the version of PostgreSQL that the server names.
func (db *DB) ServerVersion(ctx context.Context) (version string, err error) {
	err = db.pool.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&version)
	return version, Describe("ask for the server's version", err)
}

// Queryer is the pool or a transaction.
type Queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}
