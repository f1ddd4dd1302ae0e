package costkeystorage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

func TestFactoryMakesTheExtensionOfItsType(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	assert.Equal(t, component.MustNewType("costkey_storage"), factory.Type())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(Type), factory.CreateDefaultConfig())
	require.NoError(t, err)
	provider, ok := ext.(StoreProvider)
	require.True(t, ok)
	assert.Nil(t, provider.Store(), "there is no store before Start")
	require.NoError(t, ext.Shutdown(t.Context()), "Shutdown without Start")
	require.NoError(t, ext.Shutdown(t.Context()), "Shutdown twice")
}
