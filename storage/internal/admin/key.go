package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/projects"
)

// What a key may be used for.
const (
	ScopeIngest = "ingest" // sending calls
	ScopeRead   = "read"   // reading costs and calls
)

// ErrNoKey says that there is no such key.
var ErrNoKey = errors.New("no such key")

// Key is an API key as it is stored: of the key itself only the hash.
type Key struct {
	ID      int64
	Project string // the slug
	// Prefix is the part of the key between its two underscores. It is no secret.
	Prefix string
	// Hash is SHA-256 of the whole key.
	Hash [sha256.Size]byte
	// Name is what the operator calls the key. It can be empty.
	Name string
	// Scopes are what the key may be used for: ScopeIngest, ScopeRead.
	Scopes    []string
	CreatedAt time.Time
	// ExpiresAt, RevokedAt and LastUsedAt are zero where that never happens or has not happened.
	ExpiresAt, RevokedAt, LastUsedAt time.Time
}

// Usable reports whether the key is neither revoked nor expired at the time now.
func (k *Key) Usable(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Matches compares the hash of a presented key with the stored one, in a time that tells nothing of either.
func (k *Key) Matches(hash [sha256.Size]byte) bool {
	return subtle.ConstantTimeCompare(k.Hash[:], hash[:]) == 1
}

// keyShape is ck_<prefix>_<secret>: letters and digits, so that a key can be the user name of a URL as it is.
var keyShape = regexp.MustCompile(`^ck_([a-z2-7]{12})_[A-Z2-7]{52}$`)

// KeyPrefix returns the prefix of a key. It is false for what can't be a key, which need not be looked for.
func KeyPrefix(key string) (prefix string, ok bool) {
	found := keyShape.FindStringSubmatch(key)
	if found == nil {
		return "", false
	}
	return found[1], true
}

// HashKey returns the hash by which a key is known.
func HashKey(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

// CreateKey makes a key for k.Project with k.Name, k.Scopes and k.ExpiresAt, and returns it with the key in the clear,
// which exists nowhere else. [projects.ErrNoProject] where there is no such project.
func (a *Admin) CreateKey(ctx context.Context, k Key) (Key, string, error) {
	if err := k.Validate(); err != nil {
		return Key{}, "", err
	}
	k.Prefix = strings.ToLower(rand.Text()[:12])
	secret := "ck_" + k.Prefix + "_" + rand.Text() + rand.Text() // twice 130 bits
	k.Hash = HashKey(secret)
	err := a.db.Pool().QueryRow(ctx, query("create_key"), k.Project, k.Prefix, k.Hash[:], k.Name, k.Scopes, orNull(k.ExpiresAt)).
		Scan(&k.ID, &k.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, "", fmt.Errorf("make a key for project %q: %w", k.Project, projects.ErrNoProject)
	}
	if err != nil {
		return Key{}, "", database.Describe("make a key", err)
	}
	return k, secret, nil
}

// Validate reports whether the scopes are such as a key can have.
func (k *Key) Validate() error {
	if len(k.Scopes) == 0 {
		return errors.New("a key needs a scope: ingest, read or both")
	}
	for _, scope := range k.Scopes {
		if scope != ScopeIngest && scope != ScopeRead {
			return fmt.Errorf("a scope must be ingest or read, found %q", scope)
		}
	}
	return nil
}

// Keys lists the keys of a project, or of all projects where project is empty, by project and age. Revoked and expired
// keys are among them.
func (a *Admin) Keys(ctx context.Context, project string) ([]Key, error) {
	return a.readKeys(ctx, "list_keys", project)
}

// FindKey returns the key with a prefix, usable or not, or [ErrNoKey].
func (a *Admin) FindKey(ctx context.Context, prefix string) (Key, error) {
	keys, err := a.readKeys(ctx, "find_key", prefix)
	if err != nil {
		return Key{}, err
	}
	if len(keys) == 0 {
		return Key{}, ErrNoKey
	}
	return keys[0], nil
}

func (a *Admin) readKeys(ctx context.Context, name, arg string) ([]Key, error) {
	rows, err := a.db.Pool().Query(ctx, query(name), arg)
	if err != nil {
		return nil, database.Describe("read keys", err)
	}
	keys, err := pgx.CollectRows(rows, scanKey)
	if err != nil {
		return nil, database.Describe("read keys", err)
	}
	return keys, nil
}

func scanKey(row pgx.CollectableRow) (Key, error) {
	var k Key
	var hash []byte
	var expires, revoked, used *time.Time
	err := row.Scan(&k.ID, &k.Project, &k.Prefix, &hash, &k.Name, &k.Scopes, &k.CreatedAt, &expires, &revoked, &used)
	copy(k.Hash[:], hash)
	k.ExpiresAt, k.RevokedAt, k.LastUsedAt = orZero(expires), orZero(revoked), orZero(used)
	return k, err
}

// RevokeKey ends a key for good. Revoking it again changes nothing. [ErrNoKey] where there is none.
func (a *Admin) RevokeKey(ctx context.Context, id int64) error {
	tag, err := a.db.Pool().Exec(ctx, query("revoke_key"), id)
	if err != nil {
		return database.Describe("revoke a key", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("revoke key %d: %w", id, ErrNoKey)
	}
	return nil
}

// TouchKeys notes when keys, by ID, were used last. Times only move forward.
func (a *Admin) TouchKeys(ctx context.Context, used map[int64]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(used)) // in order: two collectors don't lock each other out
	times := make([]time.Time, len(ids))
	for i, id := range ids {
		times[i] = used[id]
	}
	if _, err := a.db.Pool().Exec(ctx, query("touch_keys"), ids, times); err != nil {
		return database.Describe("note the use of keys", err)
	}
	return nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
