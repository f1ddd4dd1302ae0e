package costkeyreceiver

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/storage"
)

// fakeStore has one source map and the graphs that were put.
type fakeStore struct {
	project string // asked for last
	graphs  []storage.CallGraph
	away    bool
}

var errAway = errors.New("the database is away")

func (s *fakeStore) SourceMap(_ context.Context, project, release, file string) ([]byte, error) {
	s.project = project
	if s.away {
		return nil, errAway
	}
	if release != "1.0" || file != "/app/dist/main.js" {
		return nil, nil
	}
	return []byte(`{"version":3,"sources":["../src/cart.ts"],"names":[],"mappings":"AASA"}`), nil
}

func (s *fakeStore) PutCallGraph(_ context.Context, project, sdkVersion string, functions []byte) error {
	s.project = project
	if s.away {
		return errAway
	}
	s.graphs = append([]storage.CallGraph{{SDKVersion: sdkVersion, Functions: functions}}, s.graphs...)
	return nil
}

func (s *fakeStore) CallGraphs(_ context.Context, project string) ([]storage.CallGraph, error) {
	s.project = project
	if s.away {
		return nil, errAway
	}
	return s.graphs, nil
}

func batchOf(sdkVersion, release string) *protocol.Batch {
	return &protocol.Batch{SDKVersion: sdkVersion, Release: release, Events: []protocol.Event{{
		ProjectID: "Shop", Frames: []protocol.Frame{{Function: "f", File: "/app/dist/main.js", Line: 1, Column: 1}},
	}, {}}}
}

func TestFramesOfAReleaseAreTranslatedBeforeTheyAreAttributed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		project, release, want string
		away                   bool
		asked                  string
	}{
		"the key's project":    {project: "team", release: "1.0", want: "../src/cart.ts", asked: "team"},
		"the event's project":  {release: "1.0", want: "../src/cart.ts", asked: "shop"},
		"no release":           {project: "team", want: "/app/dist/main.js"},
		"another release":      {project: "team", release: "2.0", want: "/app/dist/main.js", asked: "team"},
		"the database is away": {project: "team", release: "1.0", away: true, want: "/app/dist/main.js", asked: "team"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &fakeStore{away: c.away}
			batch := batchOf("0.5.0", c.release)
			placerOf(store, zap.NewNop()).prepare(t.Context(), batch, c.project, newGraphs())
			assert.Equal(t, c.want, batch.Events[0].Frames[0].File)
			assert.Equal(t, c.asked, store.project)
		})
	}
}

func TestCallGraphsOutliveARestart(t *testing.T) {
	t.Parallel()
	store := &fakeStore{}
	for _, key := range []string{"a.py:f", "b.py:g"} {
		graph := stackframe.NewGraph(map[string]stackframe.Node{key: {Line: 1}})
		placerOf(store, zap.NewNop()).keepGraph(t.Context(), "shop", "python-0.4.0", graph, newGraphs())
	}
	require.Len(t, store.graphs, 2)

	known, p := newGraphs(), placerOf(store, zap.NewNop())
	store.away = true
	p.prepare(t.Context(), batchOf("python-0.4.0", ""), "shop", known)
	assert.Nil(t, known.of("shop"), "that the database is away is not taken for none")
	p.keepGraph(t.Context(), "shop", "python-0.4.0", nil, known)
	store.away = false
	p.prepare(t.Context(), batchOf("python-0.4.0", ""), "shop", known)
	assert.Equal(t, 2, known.of("shop").Len())

	store.graphs = nil
	p.prepare(t.Context(), batchOf("python-0.4.0", ""), "other", known)
	assert.NotNil(t, known.of("other"), "that there are none is known, too")
}

func TestAStorageThatIsNoneStopsTheStart(t *testing.T) {
	t.Parallel()
	id := component.NewID(component.MustNewType("costkey_storage"))
	_, err := newPlacer(&id, componenttest.NewNopHost(), zap.NewNop())
	require.ErrorContains(t, err, "`storage`")
	p, err := newPlacer(nil, componenttest.NewNopHost(), zap.NewNop())
	require.NoError(t, err)
	batch := batchOf("0.5.0", "1.0")
	p.prepare(t.Context(), batch, "shop", newGraphs())
	p.keepGraph(t.Context(), "shop", "", nil, newGraphs())
	assert.Equal(t, "/app/dist/main.js", batch.Events[0].Frames[0].File)
}
