package costkeyauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// fakeKeys is a store of keys that a test can change and take away. It counts what it is asked.
type fakeKeys struct {
	mu     sync.Mutex
	keys   map[string]storage.Key
	err    error
	asked  int
	used   map[int64]time.Time
	prefix int
}

func (f *fakeKeys) FindKey(_ context.Context, prefix string) (storage.Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.err != nil {
		return storage.Key{}, f.err
	}
	key, ok := f.keys[prefix]
	if !ok {
		return storage.Key{}, storage.ErrNoKey
	}
	return key, nil
}

func (f *fakeKeys) TouchKeys(_ context.Context, used map[int64]time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used = used
	return f.err
}

// add makes a key for project, and returns it in the clear.
func (f *fakeKeys) add(project string, change func(*storage.Key)) string {
	secret := noKey(f.prefix)
	f.prefix++
	prefix, _ := storage.KeyPrefix(secret)
	key := storage.Key{ID: int64(f.prefix), Project: project, Prefix: prefix, Hash: storage.HashKey(secret), Scopes: []string{storage.ScopeIngest}}
	if change != nil {
		change(&key)
	}
	f.keys[prefix] = key
	return secret
}

// noKey has the shape of a key; different n differ in the prefix.
func noKey(n int) string {
	prefix := []byte("aaaaaaaaaaaa")
	for i := range prefix {
		prefix[i] = byte('a' + n%26)
		n /= 26
	}
	return "ck_" + string(prefix) + "_ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"
}

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newTest(t *testing.T, change func(*Config)) (*Extension, *fakeKeys, *clock) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	time := &clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	e, err := newAt(cfg, extensiontest.NewNopSettings(Type), time.time)
	require.NoError(t, err)
	keys := &fakeKeys{keys: map[string]storage.Key{}}
	e.keys.store = keys
	return e, keys, time
}

func bearer(key string) map[string][]string {
	return map[string][]string{"authorization": {"Bearer " + key}}
}

// codeOf authenticates with a key and returns the gRPC code.
func codeOf(t *testing.T, e *Extension, key string) codes.Code {
	t.Helper()
	_, err := e.Authenticate(t.Context(), bearer(key))
	return status.Code(err)
}

func TestTheProjectOfAKeyIsInTheAuthData(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, nil)
	secret := keys.add("shop", func(k *storage.Key) { k.Scopes = []string{"ingest", "read"} })
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(secret+":"))
	for _, headers := range []map[string][]string{
		bearer(secret), {"Authorization": {"bearer " + secret}}, {"Authorization": {basic}},
	} {
		ctx := client.NewContext(t.Context(), client.Info{Metadata: client.NewMetadata(headers)})
		ctx, err := e.Authenticate(ctx, headers)
		require.NoError(t, err)
		info := client.FromContext(ctx)
		assert.Equal(t, "shop", info.Auth.GetAttribute("costkey.project"))
		assert.Equal(t, "1", info.Auth.GetAttribute("costkey.key_id"))
		assert.Equal(t, "ingest,read", info.Auth.GetAttribute("costkey.scopes"))
		assert.Nil(t, info.Auth.GetAttribute("authorization"))
		assert.Len(t, info.Auth.GetAttributeNames(), 3)
		assert.Empty(t, info.Metadata.Get("authorization"), "the key goes no further")
	}
	assert.Equal(t, 1, keys.asked, "a look-up serves for a while")
}

func TestWhatIsNoValidKeyIsRefusedInTwoWords(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, nil)
	valid := keys.add("shop", nil)
	expired := keys.add("shop", func(k *storage.Key) { k.ExpiresAt = now.time().Add(-time.Second) })
	revoked := keys.add("shop", func(k *storage.Key) { k.RevokedAt = now.time() })
	for name, headers := range map[string]map[string][]string{
		"no header":            nil,
		"an empty header":      {"authorization": nil},
		"another scheme":       {"authorization": {"Digest " + valid}},
		"no base64":            {"authorization": {"Basic !"}},
		"another header":       {"x-api-key": {valid}},
		"an expired key":       bearer(expired),
		"a revoked key":        bearer(revoked),
		"no key's shape":       bearer("sk-proj-1234"),
		"an unknown key":       bearer(noKey(99)),
		"a prefix with a lie":  bearer(valid[:len(valid)-1] + "A"),
		"a key with more text": bearer(valid + "A"),
	} {
		ctx, err := e.Authenticate(t.Context(), headers)
		require.EqualError(t, err, "invalid key", name)
		assert.Equal(t, codes.Unauthenticated, status.Code(err), name)
		assert.Nil(t, client.FromContext(ctx).Auth, name)
	}
	reader := keys.add("shop", func(k *storage.Key) { k.Scopes = []string{"read"} })
	assert.Equal(t, codes.PermissionDenied, codeOf(t, e, reader))
	assert.Equal(t, codes.OK, codeOf(t, e, valid))
}

func TestARevocationIsSeenWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, nil)
	secret := keys.add("shop", nil)
	require.Equal(t, codes.OK, codeOf(t, e, secret))
	prefix, _ := storage.KeyPrefix(secret)
	key := keys.keys[prefix]
	key.RevokedAt = now.time()
	keys.keys[prefix] = key
	now.pass(5 * time.Second)
	assert.Equal(t, codes.Unauthenticated, codeOf(t, e, secret))
}

func TestAKeyThatExpiresWhileItIsRememberedIsRefused(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, nil)
	secret := keys.add("shop", func(k *storage.Key) { k.ExpiresAt = now.time().Add(time.Second) })
	require.Equal(t, codes.OK, codeOf(t, e, secret))
	now.pass(time.Second)
	assert.Equal(t, codes.Unauthenticated, codeOf(t, e, secret))
}

func TestWhileTheDatabaseIsAwayAKeyThatWasValidStaysSo(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, nil)
	secret := keys.add("shop", nil)
	other := keys.add("shop", nil)
	require.Equal(t, codes.OK, codeOf(t, e, secret))
	keys.err = errors.New("connection refused to 10.0.0.1")
	now.pass(9 * time.Minute)
	assert.Equal(t, codes.OK, codeOf(t, e, secret))
	_, err := e.Authenticate(t.Context(), bearer(other))
	assert.Equal(t, codes.Unavailable, status.Code(err), "nobody can tell whether it is valid")
	assert.NotContains(t, err.Error(), "10.0.0.1")
	asked := keys.asked
	assert.Equal(t, codes.OK, codeOf(t, e, secret))
	assert.Equal(t, asked, keys.asked, "the database is left alone for a second")
	now.pass(2 * time.Minute)
	assert.Equal(t, codes.Unavailable, codeOf(t, e, secret), "the grace is over")
	keys.err = nil
	now.pass(time.Second)
	assert.Equal(t, codes.OK, codeOf(t, e, secret))
	assert.Equal(t, codes.OK, codeOf(t, e, other))
}

func TestGuessingNeitherFloodsTheDatabaseNorTheMemory(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, func(c *Config) { c.LookupsPerSecond, c.CacheSize = 20, 10 })
	secret := keys.add("shop", nil)
	require.Equal(t, codes.OK, codeOf(t, e, secret))
	found := map[codes.Code]int{}
	for n := range 1000 {
		found[codeOf(t, e, noKey(100+n))]++
	}
	assert.Equal(t, 20, keys.asked, "one for the key before")
	assert.Equal(t, map[codes.Code]int{codes.Unauthenticated: 19, codes.ResourceExhausted: 981}, found)
	assert.Equal(t, 10, e.keys.invalid.Len())
	assert.Equal(t, codes.OK, codeOf(t, e, secret), "a key that is known is not in the way of it")
	assert.Equal(t, codes.Unauthenticated, codeOf(t, e, noKey(118)), "a remembered one needs no look")
}

func TestAKeyIsHeldToItsLimits(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, func(c *Config) { c.RateLimit = RateLimit{CallsPerSecond: 2, BytesPerSecond: 100} })
	ctx, err := e.Authenticate(t.Context(), bearer(keys.add("shop", nil)))
	require.NoError(t, err)
	other, err := e.Authenticate(t.Context(), bearer(keys.add("shop", nil)))
	require.NoError(t, err)

	require.NoError(t, e.Admit(ctx, 20, 0), "ten seconds' worth")
	err = e.Admit(ctx, 1, 0)
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	details := status.Convert(err).Details()
	require.Len(t, details, 1)
	assert.Equal(t, 500*time.Millisecond, details[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration())
	require.NoError(t, e.Admit(other, 1, 1_000), "another key has its own")
	require.Equal(t, codes.ResourceExhausted, status.Code(e.Admit(other, 1, 1)), "bytes are limited as well")
	now.pass(10 * time.Second)
	require.NoError(t, e.Admit(ctx, 20, 0), "what was refused was not taken")
	now.pass(10 * time.Second)
	require.NoError(t, e.Admit(ctx, 1, 1_000_000), "what is larger than a burst passes when the key has paused")
	require.NoError(t, e.Admit(t.Context(), 1_000, 1_000_000), "without a key nothing is limited")
}

func TestManySendersAtOnce(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, func(c *Config) {
		c.CacheSize, c.LookupsPerSecond, c.RateLimit = 4, 1e6, RateLimit{CallsPerSecond: 1e6, BytesPerSecond: 1e6}
	})
	secrets := make([]string, 8)
	for i := range secrets {
		secrets[i] = keys.add(fmt.Sprintf("p%d", i), nil)
	}
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for n := range 200 {
				i := n % len(secrets)
				ctx, err := e.Authenticate(t.Context(), bearer(secrets[i]))
				if assert.NoError(t, err) {
					assert.Equal(t, fmt.Sprintf("p%d", i), client.FromContext(ctx).Auth.GetAttribute("costkey.project"))
					assert.NoError(t, e.Admit(ctx, 1, 1))
				}
				now.pass(time.Millisecond)
			}
		})
	}
	senders.Wait()
	require.NoError(t, e.keys.flush(t.Context()))
	assert.Len(t, keys.used, len(secrets))
}

func TestWhatCannotBeNotedNowIsNotedLater(t *testing.T) {
	t.Parallel()
	e, keys, now := newTest(t, nil)
	require.Equal(t, codes.OK, codeOf(t, e, keys.add("shop", nil)))
	keys.err = errors.New("away")
	require.Error(t, e.keys.flush(t.Context()))
	keys.err = nil
	require.NoError(t, e.keys.flush(t.Context()))
	assert.Equal(t, map[int64]time.Time{1: now.time()}, keys.used)
}

// storageHost is a host with a storage extension.
type storageHost map[component.ID]component.Component

func (h storageHost) GetExtensions() map[component.ID]component.Component { return h }

type storageExtension struct {
	component.StartFunc
	component.ShutdownFunc
	store *storage.Store
}

func (e storageExtension) Store() *storage.Store { return e.store }

func TestAgainstADatabase(t *testing.T) {
	t.Parallel()
	store, err := storage.Open(storage.Config{DSN: storagetest.DSN(t)})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	require.NoError(t, store.Migrate(t.Context()))
	require.NoError(t, store.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	key, secret, err := store.CreateKey(t.Context(), storage.Key{Project: "shop", Scopes: []string{storage.ScopeIngest}})
	require.NoError(t, err)

	cfg := createDefaultConfig().(*Config)
	now := &clock{now: time.Now()}
	e, err := newAt(cfg, extensiontest.NewNopSettings(Type), now.time)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), "`storage`")
	require.ErrorContains(t, e.Start(t.Context(), storageHost{cfg.Storage: nil}), "no costkey_storage")
	require.Equal(t, []component.ID{cfg.Storage}, e.Dependencies())
	require.NoError(t, e.Start(t.Context(), storageHost{cfg.Storage: storageExtension{store: store}}))
	require.Equal(t, codes.OK, codeOf(t, e, secret))
	require.NoError(t, store.RevokeKey(t.Context(), key.ID))
	now.pass(cfg.CacheTTL)
	assert.Equal(t, codes.Unauthenticated, codeOf(t, e, secret))
	require.NoError(t, e.Shutdown(t.Context()))
	found, err := store.FindKey(t.Context(), key.Prefix)
	require.NoError(t, err)
	assert.False(t, found.LastUsedAt.IsZero(), "the last use is noted")
}

func TestAnOpenOTLPReceiverIsWarnedOf(t *testing.T) {
	t.Parallel()
	config := confmap.NewFromStringMap(map[string]any{"receivers": map[string]any{
		"otlp": map[string]any{"protocols": map[string]any{
			"grpc": map[string]any{"endpoint": "0.0.0.0:4317"},
			"http": map[string]any{"endpoint": "localhost:4318"},
		}},
		"otlp/guarded": map[string]any{"protocols": map[string]any{
			"grpc": map[string]any{"endpoint": "0.0.0.0:4317", "auth": map[string]any{"authenticator": "oidc"}},
			"http": map[string]any{"endpoint": ":4318", "middlewares": []any{map[string]any{"id": "costkey_auth"}}},
		}},
		"otlp/mtls": map[string]any{"protocols": map[string]any{
			"grpc": map[string]any{"endpoint": "0.0.0.0:1", "tls": map[string]any{"client_ca_file": "ca.pem"}},
		}},
		"otlp/other": map[string]any{"protocols": map[string]any{
			"http": map[string]any{"endpoint": "[::1]:4318"},
			"grpc": map[string]any{"endpoint": "[::]:1", "tls": map[string]any{"cert_file": "c"}, "middlewares": []any{map[string]any{"id": "x"}}},
		}},
		"prometheus": map[string]any{"endpoint": "0.0.0.0:1"},
	}})
	for _, silent := range []bool{false, true} {
		core, logs := observer.New(zap.WarnLevel)
		settings := extensiontest.NewNopSettings(Type)
		settings.ID = component.NewID(Type)
		settings.Logger = zap.New(core)
		cfg := createDefaultConfig().(*Config)
		cfg.AllowUnauthenticated = silent
		e, err := newExtension(cfg, settings)
		require.NoError(t, err)
		require.NoError(t, e.NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(config, config)))
		var names []any
		for _, entry := range logs.All() {
			names = append(names, entry.ContextMap()["receiver"])
		}
		if silent {
			assert.Empty(t, names)
		} else {
			assert.Equal(t, []any{"otlp/grpc", "otlp/other/grpc"}, names)
		}
	}
}
