package storage_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

func TestTheLatestCallGraphsOfAProjectAreKept(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	put := func(n int) {
		t.Helper()
		require.NoError(t, s.PutCallGraph(t.Context(), "shop", "python-0.4.0", fmt.Appendf(nil, `{"a.py:f%d":{}}`, n)))
	}
	for n := range storage.MaxCallGraphs + 3 {
		put(n)
	}
	put(4) // it restarted
	put(99)
	found, err := s.CallGraphs(t.Context(), "shop")
	require.NoError(t, err)
	require.Len(t, found, storage.MaxCallGraphs)
	assert.Equal(t, `{"a.py:f99":{}}`, string(found[0].Functions))
	assert.Equal(t, `{"a.py:f4":{}}`, string(found[1].Functions))
	assert.Equal(t, "python-0.4.0", found[0].SDKVersion)
	others, err := s.CallGraphs(t.Context(), "other")
	require.NoError(t, err)
	assert.Empty(t, others)
}

func TestWhatIsNoCallGraphIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, err := range []error{
		s.PutCallGraph(t.Context(), "shop", "", nil),
		s.PutCallGraph(t.Context(), "shop", "", make([]byte, storage.MaxCallGraph+1)),
		s.PutCallGraph(t.Context(), "No Such/Slug", "", []byte("{}")),
	} {
		assert.ErrorIs(t, err, storage.ErrBadCallGraph)
	}
}
