package costkeyreceiver

import (
	"sync"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
)

// maxGraphs bounds the projects whose call graphs are kept in memory.
const maxGraphs = 256

// graphs holds the call graph of each project, as its Python program sent it last. It lives as long as the process: the
// SDK sends a graph at each start.
type graphs struct {
	mu        sync.RWMutex
	byProject map[string]*stackframe.Graph
}

func newGraphs() *graphs { return &graphs{byProject: make(map[string]*stackframe.Graph)} }

// of returns the graph of a project, nil where there is none.
func (g *graphs) of(project string) *stackframe.Graph {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.byProject[project]
}

// put keeps a graph. Where there are too many, any other is forgotten.
func (g *graphs) put(project string, graph *stackframe.Graph) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.byProject[project]; !ok && len(g.byProject) >= maxGraphs {
		for other := range g.byProject {
			delete(g.byProject, other)
			break
		}
	}
	g.byProject[project] = graph
}
