package costkeyreceiver

import (
	"sync"
	"time"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
)

const (
	// maxGraphs bounds the projects whose call graphs are kept in memory.
	maxGraphs = 256
	// graphsFresh is how long a project's graphs are used before the database is asked again: another collector may have
	// been sent newer ones. graphsFailed is the same after it could not be asked.
	graphsFresh  = time.Minute
	graphsFailed = 5 * time.Second
)

// graphs holds the call graph of each project, as its Python programs sent it last. It lives as long as the process: the
// SDK sends a graph at each start.
type graphs struct {
	now func() time.Time

	mu        sync.Mutex
	byProject map[string]knownGraph
}

// knownGraph is a project's graph, what it was read of, and when the database is to be asked for it again.
type knownGraph struct {
	graph *stackframe.Graph
	of    graphsRead
	again time.Time
}

func newGraphs(now func() time.Time) *graphs {
	return &graphs{now: now, byProject: make(map[string]knownGraph)}
}

// of returns the graph of a project, nil where there is none.
func (g *graphs) of(project string) *stackframe.Graph {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.byProject[project].graph
}

// due reports whether the database is to be asked for a project's graphs, to one caller at a time.
func (g *graphs) due(project string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	known, now := g.byProject[project], g.now()
	if now.Before(known.again) {
		return false
	}
	known.again = now.Add(graphsFailed)
	g.set(project, known)
	return true
}

// put keeps a graph that a program sent.
func (g *graphs) put(project string, graph *stackframe.Graph) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(project, knownGraph{graph: graph, again: g.byProject[project].again})
}

// read keeps what the database has: the graph that parse makes of it, or, where that is what was read before, the graph
// that there is, so that the sites found by it stay known.
func (g *graphs) read(project string, of graphsRead, parse func() (*stackframe.Graph, error)) error {
	g.mu.Lock()
	known := g.byProject[project]
	g.mu.Unlock()
	if known.graph == nil || known.of != of {
		graph, err := parse()
		if err != nil {
			return err
		}
		known = knownGraph{graph: graph, of: of}
	}
	known.again = g.now().Add(graphsFresh)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(project, known)
	return nil
}

// set keeps what is known of a project. Where there are too many, any other is forgotten.
func (g *graphs) set(project string, known knownGraph) {
	if _, ok := g.byProject[project]; !ok && len(g.byProject) >= maxGraphs {
		for other := range g.byProject {
			delete(g.byProject, other)
			break
		}
	}
	g.byProject[project] = known
}
