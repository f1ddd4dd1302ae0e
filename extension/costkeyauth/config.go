package costkeyauth

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the extension's YAML.
type Config struct {
	// Storage names the costkey_storage extension whose database holds the keys. Default: costkey_storage.
	Storage component.ID `mapstructure:"storage"`
	// CacheTTL is how long a key that was looked up is used before it is looked up again: a revocation is seen within
	// it. Default 3s, at most 5s.
	CacheTTL time.Duration `mapstructure:"cache_ttl"`
	// CacheSize bounds how many keys, and how many strings that were no key, are remembered. Default 10000.
	CacheSize int `mapstructure:"cache_size"`
	// OfflineGrace is how long a key that was valid stays valid while the database is away. Default 10m; 0 is not at all.
	OfflineGrace time.Duration `mapstructure:"offline_grace"`
	// LookupsPerSecond bounds how often all clients together make the database be asked for keys that are not known to be
	// valid. Default 50.
	LookupsPerSecond float64 `mapstructure:"lookups_per_second"`
	// RateLimit bounds what one key may send. Default: nothing is bounded.
	RateLimit RateLimit `mapstructure:"rate_limit"`
	// AllowUnauthenticated silences the warning about an otlp receiver that listens beyond this machine without
	// authentication. Default false.
	AllowUnauthenticated bool `mapstructure:"allow_unauthenticated"`
}

// RateLimit bounds what one key may send, in this collector. A key that paused may send ten seconds' worth at once.
type RateLimit struct {
	// CallsPerSecond counts events and spans. 0 is no limit. A request over OTLP/HTTP is let in where one call is; its other
	// spans, which are seen as it is read, are what the key's next request waits for.
	CallsPerSecond float64 `mapstructure:"calls_per_second"`
	// BytesPerSecond counts bodies after decompression. 0 is no limit.
	BytesPerSecond float64 `mapstructure:"bytes_per_second"`
}

const maxCacheTTL = 5 * time.Second

// Validate reports every problem, by the name of its YAML key.
func (c *Config) Validate() error {
	var problems []error
	if c.Storage.Type().String() == "" {
		problems = append(problems, errors.New("`storage` must name a costkey_storage extension"))
	}
	if c.CacheTTL <= 0 || c.CacheTTL > maxCacheTTL {
		problems = append(problems, fmt.Errorf("`cache_ttl` must be above 0 and at most %s, found %s", maxCacheTTL, c.CacheTTL))
	}
	if c.CacheSize < 1 {
		problems = append(problems, fmt.Errorf("`cache_size` must be at least 1, found %d", c.CacheSize))
	}
	if c.OfflineGrace < 0 {
		problems = append(problems, fmt.Errorf("`offline_grace` must not be negative, found %s", c.OfflineGrace))
	}
	if !(c.LookupsPerSecond > 0) {
		problems = append(problems, fmt.Errorf("`lookups_per_second` must be above 0, found %v", c.LookupsPerSecond))
	}
	return errors.Join(append(problems,
		checkRate("rate_limit::calls_per_second", c.RateLimit.CallsPerSecond),
		checkRate("rate_limit::bytes_per_second", c.RateLimit.BytesPerSecond))...)
}

// maxRate keeps a burst within an int on every machine.
const maxRate = math.MaxInt32 / burstSeconds

func checkRate(key string, perSecond float64) error {
	if perSecond >= 0 && perSecond <= maxRate {
		return nil
	}
	return fmt.Errorf("`%s` must be between 0 and %d, found %v", key, maxRate, perSecond)
}
