package costkeyauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/costkey/costkey-otel/storage"
)

// keyStore is what the extension needs of storage.
type keyStore interface {
	FindKey(ctx context.Context, prefix string) (storage.Key, error)
	TouchKeys(ctx context.Context, used map[int64]time.Time) error
}

const (
	// lookupTimeout bounds one look into the database.
	lookupTimeout = 2 * time.Second
	// awayPause is how long the database is left alone after it did not answer.
	awayPause = time.Second
)

// known is a key that was valid when it was looked up.
type known struct {
	key storage.Key
	at  time.Time // of the look-up
}

// keyring knows which keys are valid. Keys are remembered by their hash: a dump of the process's memory shows none.
// Strings that are no key are remembered apart, so that a flood of them does not displace keys. Safe for concurrent use.
type keyring struct {
	cfg       *Config
	now       func() time.Time
	store     keyStore
	telemetry *telemetry

	valid   *lru.Cache[[sha256.Size]byte, known]
	invalid *lru.Cache[[sha256.Size]byte, time.Time]
	lookups *rate.Limiter
	flight  singleflight.Group
	away    atomic.Int64 // Unix nanoseconds until which the database is left alone

	mu   sync.Mutex
	used map[int64]time.Time // not told to the database yet
}

func newKeyring(cfg *Config, tel *telemetry, now func() time.Time) (*keyring, error) {
	valid, err := lru.New[[sha256.Size]byte, known](cfg.CacheSize)
	if err != nil {
		return nil, err
	}
	invalid, err := lru.New[[sha256.Size]byte, time.Time](cfg.CacheSize)
	if err != nil {
		return nil, err
	}
	return &keyring{
		cfg: cfg, now: now, telemetry: tel, valid: valid, invalid: invalid,
		lookups: rate.NewLimiter(rate.Limit(cfg.LookupsPerSecond), max(1, int(cfg.LookupsPerSecond))),
		used:    make(map[int64]time.Time),
	}, nil
}

// verify returns the usable key of a presented string, or a *refusal.
func (r *keyring) verify(ctx context.Context, presented string) (storage.Key, error) {
	prefix, ok := storage.KeyPrefix(presented)
	if !ok {
		return storage.Key{}, errInvalid
	}
	hash, now := storage.HashKey(presented), r.now()
	found, have := r.valid.Get(hash)
	if have && now.Sub(found.at) < r.cfg.CacheTTL {
		r.telemetry.cacheHit(ctx)
		return r.use(found.key, now)
	}
	if at, ok := r.invalid.Get(hash); ok && now.Sub(at) < r.cfg.CacheTTL {
		r.telemetry.cacheHit(ctx)
		return storage.Key{}, errInvalid
	}
	if now.UnixNano() < r.away.Load() {
		return r.offline(found, have, now)
	}
	if !have && !r.lookups.AllowN(now, 1) {
		return storage.Key{}, errFlood
	}
	key, err := r.lookUp(ctx, prefix, hash)
	switch {
	case err == nil:
		return r.use(key, now)
	case errors.Is(err, errInvalid):
		return storage.Key{}, errInvalid
	default:
		return r.offline(found, have, now)
	}
}

// offline decides while the database is away: what was valid stays so for a while, nothing else can be told.
func (r *keyring) offline(found known, have bool, now time.Time) (storage.Key, error) {
	if !have || now.Sub(found.at) > r.cfg.OfflineGrace {
		return storage.Key{}, errAway
	}
	return r.use(found.key, now)
}

// lookUp asks the database, once for all who wait for the same key.
func (r *keyring) lookUp(ctx context.Context, prefix string, hash [sha256.Size]byte) (storage.Key, error) {
	got, err, _ := r.flight.Do(string(hash[:]), func() (any, error) {
		// The one who asks first may give up; the others still want to know.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		asked := r.now()
		key, err := r.store.FindKey(ctx, prefix)
		if err != nil && !errors.Is(err, storage.ErrNoKey) {
			r.away.Store(r.now().Add(awayPause).UnixNano())
			r.telemetry.databaseError(ctx)
			return storage.Key{}, err
		}
		if err != nil || !key.Matches(hash) || !key.Usable(asked) {
			r.valid.Remove(hash)
			r.invalid.Add(hash, asked)
			return storage.Key{}, errInvalid
		}
		r.invalid.Remove(hash)
		r.valid.Add(hash, known{key: key, at: asked})
		return key, nil
	})
	return got.(storage.Key), err
}

// use notes the use of a key that is still usable: it can expire while it is remembered.
func (r *keyring) use(key storage.Key, now time.Time) (storage.Key, error) {
	if !key.Usable(now) {
		return storage.Key{}, errInvalid
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[key.ID] = now
	return key, nil
}

// flush tells the database which keys were used. What can't be told now is told with the next flush.
func (r *keyring) flush(ctx context.Context) error {
	r.mu.Lock()
	used := r.used
	r.used = make(map[int64]time.Time)
	r.mu.Unlock()
	err := r.store.TouchKeys(ctx, used)
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range used {
		if at.After(r.used[id]) {
			r.used[id] = at
		}
	}
	return err
}
