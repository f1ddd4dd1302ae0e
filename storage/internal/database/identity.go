package database

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// refreshEvery is how old what is known of the server may be where a write begins.
const refreshEvery = 30 * time.Second

// Identity tells one database from another, and from itself before a restart, a failover or a restored backup: interned
// ids that were read from one mean something else in the other.
type Identity struct {
	// Server is what costkey.server_identity() returns.
	Server string
	// HashKey keys the hashes of answers' ids, so that nobody outside can make two ids with one hash. It is the zero value
	// until a write begins.
	HashKey [16]byte
}

//go:embed identity.sql
var identitySQL string

// identify reads the server's identity and clock on a new connection, and refuses one with a schema that a newer program
// made, or one before 0.1.0. A schema that is not there yet is nothing to refuse.
func (db *DB) identify(ctx context.Context, conn *pgx.Conn) error {
	var exists, old bool
	var now time.Time
	err := conn.QueryRow(ctx, "SELECT to_regclass('costkey.database_identity') IS NOT NULL, to_regclass('costkey.cell') IS NOT NULL, now()").
		Scan(&exists, &old, &now)
	if err != nil {
		return fmt.Errorf("identify the server: %w", err)
	}
	if old {
		return ErrOldSchema
	}
	if !exists {
		db.clock.set(now)
		return nil
	}
	return db.readIdentity(ctx, conn, "NULL::bytea")
}

type rowQueryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// keyColumn is where the key of the hashes is.
const keyColumn = "hash_key"

// readIdentity reads the identity with the hashes' key from an expression.
func (db *DB) readIdentity(ctx context.Context, q rowQueryer, key string) error {
	var id Identity
	var hashKey []byte
	var oldest int
	var now time.Time
	if err := q.QueryRow(ctx, strings.ReplaceAll(identitySQL, "{key}", key)).Scan(&id.Server, &oldest, &now, &hashKey); err != nil {
		return describeConnect(err)
	}
	if oldest > db.schemaVersion {
		return ErrNewerSchema
	}
	copy(id.HashKey[:], hashKey)
	db.clock.set(now)
	db.noteIdentity(id)
	return nil
}

func describeConnect(err error) error { return fmt.Errorf("identify the server: %w", err) }

// noteIdentity forgets what is known of the database where it is another one: a standby that took over, or a backup, may
// lack the last interned rows and give their ids to others.
func (db *DB) noteIdentity(id Identity) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.identity.Server == id.Server {
		if id.HashKey != [16]byte{} {
			db.identity.HashKey = id.HashKey
		}
		return
	}
	first := db.identity == Identity{}
	db.identity = id
	if first {
		return
	}
	db.reset()
	db.pool.Reset() // connections to the server that is gone would each fail once more
}

// OnReset registers what forgets a cache of the database's contents. It must not use the database.
func (db *DB) OnReset(reset func()) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.resets = append(db.resets, reset)
}

// Reset forgets all that is known of the database.
func (db *DB) Reset() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.reset()
}

// reset begins a new epoch; the caller holds db.mu. The epoch counts first: what is read from now on is stamped with it.
func (db *DB) reset() {
	db.epoch++
	for _, reset := range db.resets {
		reset()
	}
}

// Current returns the identity of the database and the epoch of the caches, after it has seen to it that they and the clock
// are known and not old. It is for those who write.
func (db *DB) Current(ctx context.Context) (Identity, int64, error) {
	if age, ok := db.clock.age(); !ok || age > refreshEvery || db.known().HashKey == [16]byte{} {
		if err := db.readIdentity(ctx, db.pool, keyColumn); err != nil {
			return Identity{}, 0, err
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.identity, db.epoch, nil
}

func (db *DB) known() Identity {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.identity
}

// Epoch counts how often the caches were reset.
func (db *DB) Epoch() int64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.epoch
}

// Now returns the database's time. Before the first connection it is the program's own.
func (db *DB) Now() time.Time { return db.clock.now() }

// LocalNow returns the program's own time.
func (db *DB) LocalNow() time.Time { return db.clock.local() }

// ClockSkew returns how far the program's clock is ahead of the database's.
func (db *DB) ClockSkew() time.Duration { return db.clock.skew() }
