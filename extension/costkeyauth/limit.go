package costkeyauth

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// burstSeconds is how many seconds' worth a key that paused may send at once.
const burstSeconds = 10

// bucket holds what one key may send now. A nil limiter does not limit.
type bucket struct{ calls, bytes *rate.Limiter }

// limits bounds what each key may send. Safe for concurrent use.
type limits struct {
	cfg   RateLimit
	now   func() time.Time
	byKey *lru.Cache[string, *bucket] // by key ID; bounded by valid keys in use
}

func newLimits(cfg RateLimit, size int, now func() time.Time) (*limits, error) {
	byKey, err := lru.New[string, *bucket](size)
	if err != nil {
		return nil, err
	}
	return &limits{cfg: cfg, now: now, byKey: byKey}, nil
}

func limiter(perSecond float64) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond*burstSeconds)))
}

func (l *limits) of(keyID string) *bucket {
	if b, ok := l.byKey.Get(keyID); ok {
		return b
	}
	b := &bucket{calls: limiter(l.cfg.CallsPerSecond), bytes: limiter(l.cfg.BytesPerSecond)}
	if before, had, _ := l.byKey.PeekOrAdd(keyID, b); had {
		return before
	}
	return b
}

// admit takes calls and bytes from what the key may send, both or none. It returns how long to wait where that is too
// much.
func (l *limits) admit(keyID string, calls, bytes int) (wait time.Duration) {
	b, now := l.of(keyID), l.now()
	first, second := reserve(b.calls, now, calls), reserve(b.bytes, now, bytes)
	wait = max(delay(first, now), delay(second, now))
	if wait > 0 {
		cancel(first, now)
		cancel(second, now)
	}
	return wait
}

// charge takes calls and bytes that came already: the key's next request waits for them.
func (l *limits) charge(keyID string, calls, bytes int) {
	b, now := l.of(keyID), l.now()
	reserve(b.calls, now, calls)
	reserve(b.bytes, now, bytes)
}

// reserve takes n tokens, at most a whole bucket: what is larger could never pass.
func reserve(l *rate.Limiter, now time.Time, n int) *rate.Reservation {
	if l == nil || n <= 0 {
		return nil
	}
	return l.ReserveN(now, min(n, l.Burst()))
}

func delay(r *rate.Reservation, now time.Time) time.Duration {
	if r == nil {
		return 0
	}
	return r.DelayFrom(now)
}

func cancel(r *rate.Reservation, now time.Time) {
	if r != nil {
		r.CancelAt(now)
	}
}
