package costkeyexporter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

func ownPrice(t *testing.T, p *prices) string {
	t.Helper()
	res := p.current().Price(&pricing.Query{
		Provider: "openai", ResponseModel: "ours", Usage: &usage.Usage{Input: usage.Known(1_000_000)},
	})
	if res.Status != pricing.StatusPriced {
		return string(res.Status)
	}
	return res.Cost.String()
}

// volume is a directory as Kubernetes mounts a config map: the file is a link through a link that is swapped.
type volume struct{ dir string }

func (v volume) file() string { return filepath.Join(v.dir, "prices.yaml") }

func (v volume) swap(t *testing.T, name, content string) {
	t.Helper()
	data := filepath.Join(v.dir, "..data")
	require.NoError(t, os.Mkdir(filepath.Join(v.dir, name), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(v.dir, name, "prices.yaml"), []byte(content), 0o600))
	require.NoError(t, os.Symlink(name, data+"_tmp"))
	require.NoError(t, os.Rename(data+"_tmp", data))
	if _, err := os.Lstat(v.file()); err != nil {
		require.NoError(t, os.Symlink(filepath.Join("..data", "prices.yaml"), v.file()))
	}
}

func oursAt(rate string) string {
	return "prices: [{provider: openai, model: ours, rows: [{rates: {input: " + rate + "}}]}]"
}

func TestAChangedPricesFileIsTakenUpAndABadOneLeavesThePrices(t *testing.T) {
	t.Parallel()
	v := volume{dir: t.TempDir()}
	core, logs := observer.New(zapcore.InfoLevel)
	p := newPrices("", v.file(), zap.New(core))
	var statuses []componentstatus.Status
	p.report = func(e *componentstatus.Event) { statuses = append(statuses, e.Status()) }
	assert.Equal(t, "unknown_model", ownPrice(t, p))

	v.swap(t, "1", oursAt("2"))
	p.reload(t.Context())
	assert.Equal(t, "2", ownPrice(t, p))
	v.swap(t, "2", oursAt("3"))
	p.reload(t.Context())
	assert.Equal(t, "3", ownPrice(t, p))

	v.swap(t, "3", oursAt("free"))
	p.reload(t.Context())
	p.reload(t.Context())
	assert.Equal(t, "3", ownPrice(t, p))
	assert.Equal(t, 1, logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "told once")

	v.swap(t, "4", oursAt("3"))
	p.reload(t.Context())
	assert.Equal(t, "3", ownPrice(t, p))
	require.NoError(t, os.Remove(v.file()))
	p.reload(t.Context())
	assert.Equal(t, "3", ownPrice(t, p))
	v.swap(t, "5", oursAt("4"))
	p.reload(t.Context())
	p.reload(t.Context())
	assert.Equal(t, "4", ownPrice(t, p))
	good, bad := componentstatus.StatusOK, componentstatus.StatusRecoverableError
	assert.Equal(t, []componentstatus.Status{good, good, bad, good, bad, good}, statuses)
}

func TestAPricesFileThatCannotBeUsedStopsTheStart(t *testing.T) {
	t.Parallel()
	v := volume{dir: t.TempDir()}
	p := newPrices("", v.file(), zap.NewNop())
	require.ErrorContains(t, p.start(), "`prices_file`")
	v.swap(t, "1", oursAt("free"))
	require.ErrorContains(t, p.start(), "line 1")
	require.NoError(t, p.stop())
	v.swap(t, "2", oursAt("2"))
	require.NoError(t, p.start())
	assert.Equal(t, "2", ownPrice(t, p))
	require.NoError(t, p.stop())
}
