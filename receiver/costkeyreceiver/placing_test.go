package costkeyreceiver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
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

// clock is a clock that a test moves. It is for one goroutine.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{at: time.Unix(1_800_000_000, 0)} }

func (c *clock) now() time.Time { return c.at }

// located translates a batch of one event, from a function f in file, and returns where its call was made.
func located(t *testing.T, s *sites, project, sdkVersion, release, file string) string {
	t.Helper()
	batch, err := protocol.Decode(fmt.Appendf(nil, `{"sdkVersion":%q,"release":%q,"events":[{"id":"a","timestamp":"2026-03-01T10:00:00Z",
		"projectId":"Shop","callSite":{"frames":[{"functionName":"f","fileName":%q,"lineNumber":1,"columnNumber":1},
		{"functionName":"g","fileName":%q,"lineNumber":9,"columnNumber":1}]}}]}`, sdkVersion, release, file, file), protocol.Settings{MaxEvents: 1})
	require.NoError(t, err)
	res := translate.Traces(&batch, translate.Settings{Project: project, Site: s.of(t.Context(), &batch)})
	attributes := res.Traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	function, _ := attributes.Get("code.function.name")
	path, _ := attributes.Get("code.file.path")
	return function.Str() + " in " + path.Str()
}

func sitesOf(store placeStore, c *clock) *sites {
	return newSites(placerOf(store, zap.NewNop()), newGraphs(c.now), c.now)
}

func TestFramesOfAReleaseAreTranslatedBeforeTheyAreAttributed(t *testing.T) {
	t.Parallel()
	const written, bundled = "f in src/cart.ts", "f in dist/main.js"
	for name, c := range map[string]struct {
		project, release, want string
		away                   bool
		asked                  string
	}{
		"the key's project":    {project: "team", release: "1.0", want: written, asked: "team"},
		"the event's project":  {release: "1.0", want: written, asked: "shop"},
		"no release":           {project: "team", want: bundled},
		"another release":      {project: "team", release: "2.0", want: bundled, asked: "team"},
		"the database is away": {project: "team", release: "1.0", away: true, want: bundled, asked: "team"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &fakeStore{away: c.away}
			assert.Equal(t, c.want, located(t, sitesOf(store, newClock()), c.project, "0.5.0", c.release, "/app/dist/main.js"))
			assert.Equal(t, c.asked, store.project)
		})
	}
}

func TestASiteIsKnownByAllThatItDependsOn(t *testing.T) {
	t.Parallel()
	store, c := &fakeStore{}, newClock()
	s := sitesOf(store, c)
	for range 3 {
		assert.Equal(t, "f in src/cart.ts", located(t, s, "team", "0.5.0", "1.0", "/app/dist/main.js"))
	}
	assert.Equal(t, 1, s.known.Len(), "one place")
	assert.Equal(t, "f in dist/main.js", located(t, s, "team", "0.5.0", "2.0", "/app/dist/main.js"), "another release")
	assert.Equal(t, "f in dist/other.js", located(t, s, "team", "0.5.0", "1.0", "/app/dist/other.js"), "other frames")
	located(t, s, "rival", "0.5.0", "1.0", "/app/dist/main.js")
	assert.Equal(t, "rival", store.project, "another project's maps are its own")
	assert.Equal(t, 4, s.known.Len())
}

func TestASiteIsWorkedOutAgainWhenMapsMayHaveCome(t *testing.T) {
	t.Parallel()
	store, c := &fakeStore{away: true}, newClock()
	s := sitesOf(store, c)
	assert.Equal(t, "f in dist/main.js", located(t, s, "team", "0.5.0", "1.0", "/app/dist/main.js"))
	store.away = false
	s.placer = placerOf(store, zap.NewNop()) // which has forgotten that there was none
	assert.Equal(t, "f in dist/main.js", located(t, s, "team", "0.5.0", "1.0", "/app/dist/main.js"), "still known")
	c.at = c.at.Add(siteFresh)
	assert.Equal(t, "f in src/cart.ts", located(t, s, "team", "0.5.0", "1.0", "/app/dist/main.js"))
}

func TestFramesTooLongToRememberAreReadEachTime(t *testing.T) {
	t.Parallel()
	s := sitesOf(&fakeStore{}, newClock())
	file := "/app/src/" + strings.Repeat("x", maxSiteStack/2) + ".js"
	assert.NotEmpty(t, located(t, s, "team", "0.5.0", "", file))
	assert.Zero(t, s.known.Len())
}

// helper is a graph in which f is a thin helper that g calls.
const helper = `{"a.py:f":{"line":1,"score":30,"fan_in":3,"calls_ai":true},"a.py:g":{"line":5,"score":1,"fan_in":0,"calls_ai":false}}`

func TestCallGraphsOutliveARestart(t *testing.T) {
	t.Parallel()
	store, c := &fakeStore{}, newClock()
	graph, err := stackframe.ReadGraph([]byte(helper))
	require.NoError(t, err)
	placerOf(store, zap.NewNop()).keepGraph(t.Context(), "shop", "python-0.4.0", graph, newGraphs(c.now))
	placerOf(store, zap.NewNop()).keepGraph(t.Context(), "shop", "python-0.4.0", stackframe.NewGraph(map[string]stackframe.Node{"b.py:h": {Line: 1}}), newGraphs(c.now))
	require.Len(t, store.graphs, 2)

	s := sitesOf(store, c)
	store.away = true
	assert.Equal(t, "f in src/a.py", located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py"))
	assert.Nil(t, s.graphs.of("shop"), "that the database is away is not taken for none")
	s.placer.keepGraph(t.Context(), "shop", "python-0.4.0", nil, s.graphs)
	store.away = false
	c.at = c.at.Add(graphsFailed)
	assert.Equal(t, "g in src/a.py", located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py"), "the site that is known is of no graph")
	assert.Equal(t, 3, s.graphs.of("shop").Len())

	store.graphs = nil
	located(t, s, "other", "python-0.4.0", "", "/app/src/a.py")
	assert.NotNil(t, s.graphs.of("other"), "that there are none is known, too")
}

func TestAGraphThatAnotherCollectorTookIsSeen(t *testing.T) {
	t.Parallel()
	store, c := &fakeStore{}, newClock()
	s := sitesOf(store, c)
	assert.Equal(t, "f in src/a.py", located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py"))
	store.graphs = []storage.CallGraph{{Functions: []byte(helper)}}
	assert.Equal(t, "f in src/a.py", located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py"), "the database is not asked at each call")
	c.at = c.at.Add(graphsFresh)
	assert.Equal(t, "g in src/a.py", located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py"))
	before := s.graphs.of("shop")
	c.at = c.at.Add(graphsFresh)
	located(t, s, "shop", "python-0.4.0", "", "/app/src/a.py")
	assert.Same(t, before, s.graphs.of("shop"), "what was read before makes no new graph")
}

func TestAStorageThatIsNoneStopsTheStart(t *testing.T) {
	t.Parallel()
	id := component.NewID(component.MustNewType("costkey_storage"))
	_, err := newPlacer(&id, componenttest.NewNopHost(), zap.NewNop())
	require.ErrorContains(t, err, "`storage`")
	p, err := newPlacer(nil, componenttest.NewNopHost(), zap.NewNop())
	require.NoError(t, err)
	c := newClock()
	p.keepGraph(t.Context(), "shop", "", nil, newGraphs(c.now))
	assert.Equal(t, "f in dist/main.js", located(t, newSites(p, newGraphs(c.now), c.now), "shop", "0.5.0", "1.0", "/app/dist/main.js"))
}
