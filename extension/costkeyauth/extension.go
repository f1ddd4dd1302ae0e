package costkeyauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/storage"
)

// flushInterval is how often the database is told which keys were used.
const flushInterval = time.Minute

// storeProvider is what the storage extension offers.
type storeProvider interface {
	Store() *storage.Store
}

// Extension checks keys. It is safe for concurrent use between Start and Shutdown.
type Extension struct {
	cfg       *Config
	id        component.ID
	logger    *zap.Logger
	telemetry *telemetry
	keys      *keyring
	limits    *limits

	stop     context.CancelFunc
	flushing sync.WaitGroup
	shutdown sync.Once
}

var (
	_ extension.Extension                         = (*Extension)(nil)
	_ extensionauth.Server                        = (*Extension)(nil)
	_ extensionmiddleware.HTTPServer              = (*Extension)(nil)
	_ extensionmiddleware.GRPCServer              = (*Extension)(nil)
	_ extensioncapabilities.Dependent             = (*Extension)(nil)
	_ extensioncapabilities.ConfigSnapshotWatcher = (*Extension)(nil)
)

func newExtension(cfg *Config, settings extension.Settings) (*Extension, error) {
	return newAt(cfg, settings, time.Now)
}

func newAt(cfg *Config, settings extension.Settings, now func() time.Time) (*Extension, error) {
	tel, err := newTelemetry(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	keys, err := newKeyring(cfg, tel, now)
	if err != nil {
		return nil, fmt.Errorf("make the cache of keys: %w", err)
	}
	limits, err := newLimits(cfg.RateLimit, cfg.CacheSize, now)
	if err != nil {
		return nil, fmt.Errorf("make the limits of keys: %w", err)
	}
	return &Extension{
		cfg: cfg, id: settings.ID, logger: settings.Logger, telemetry: tel, keys: keys, limits: limits, stop: func() {},
	}, nil
}

// Dependencies names the storage extension, which starts before and ends after this one.
func (e *Extension) Dependencies() []component.ID { return []component.ID{e.cfg.Storage} }

// Start finds the store. Its database may be away.
func (e *Extension) Start(_ context.Context, host component.Host) error {
	ext, ok := host.GetExtensions()[e.cfg.Storage]
	if !ok {
		return fmt.Errorf("find the extension that `storage` names: no extension %q in service::extensions", e.cfg.Storage)
	}
	provider, ok := ext.(storeProvider)
	if !ok {
		return fmt.Errorf("use the extension that `storage` names: %q is no costkey_storage extension", e.cfg.Storage)
	}
	e.keys.store = provider.Store()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.flushing.Go(func() { e.flushUntilStopped(ctx) })
	return nil
}

func (e *Extension) flushUntilStopped(ctx context.Context) {
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := e.keys.flush(ctx); err != nil {
				e.logger.Debug("the use of keys is noted later", zap.Error(err))
			}
		}
	}
}

// Shutdown notes the last uses of keys. It is safe without Start and safe twice.
func (e *Extension) Shutdown(ctx context.Context) error {
	e.shutdown.Do(func() {
		e.stop()
		e.flushing.Wait()
		if e.keys.store == nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
		defer cancel()
		if err := e.keys.flush(ctx); err != nil {
			e.logger.Debug("the last use of keys is not noted", zap.Error(err))
		}
	})
	return nil
}

// Authenticate checks the key of a request's headers, which may be of HTTP or gRPC, and returns a context whose
// client.Info has the key's [AuthData] and no metadata. Its errors carry a gRPC status: Unauthenticated for what is no
// valid key, PermissionDenied for a key that may not send calls, Unavailable and ResourceExhausted where the client shall
// come again, with RetryInfo.
func (e *Extension) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	key, err := e.keys.verify(ctx, presentedKey(headers))
	if err == nil && !slices.Contains(key.Scopes, storage.ScopeIngest) {
		err = errScope
	}
	if err != nil {
		return ctx, e.telemetry.refuse(ctx, err)
	}
	e.telemetry.accepted.Add(ctx, 1)
	return client.NewContext(ctx, client.Info{
		Addr: client.FromContext(ctx).Addr,
		Auth: &AuthData{project: key.Project, keyID: strconv.Itoa(int(key.ID)), scopes: strings.Join(key.Scopes, ",")},
	}), nil
}

// Admit takes calls and bytes from what the key of ctx, as Authenticate returned it, may send now. Where that is too much,
// nothing is taken, and the error's gRPC status is ResourceExhausted with RetryInfo. Without a key nothing is limited.
func (e *Extension) Admit(ctx context.Context, calls, bytes int) error {
	auth, ok := client.FromContext(ctx).Auth.(*AuthData)
	if !ok {
		return nil
	}
	if wait := e.limits.admit(auth.keyID, calls, bytes); wait > 0 {
		return e.telemetry.refuse(ctx, overLimit(wait))
	}
	return nil
}

// presentedKey returns what stands where a key should: a bearer token, or the user name of the basic form, which is what a
// client makes of http://<key>@host. Header names have any case: gRPC's are lower case.
func presentedKey(headers map[string][]string) string {
	var value string
	for name, values := range headers {
		if len(values) > 0 && strings.EqualFold(name, "authorization") {
			value = values[0]
		}
	}
	scheme, credentials, _ := strings.Cut(strings.TrimSpace(value), " ")
	credentials = strings.TrimSpace(credentials)
	switch strings.ToLower(scheme) {
	case "bearer":
		return credentials
	case "basic":
		decoded, err := base64.StdEncoding.DecodeString(credentials)
		if err != nil {
			return ""
		}
		user, _, _ := strings.Cut(string(decoded), ":")
		return user
	default:
		return ""
	}
}
