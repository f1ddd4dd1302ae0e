package costkeyreceiver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/sourcemap"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/stackframe"
	"github.com/costkey/costkey-otel/storage"
)

// openProject is the project of calls that name none, as the exporter has it.
const openProject = "default"

// recallTimeout bounds how long a batch waits for the call graphs of its project.
const recallTimeout = 500 * time.Millisecond

// storeProvider is what the extension costkey_storage is to this receiver.
type storeProvider interface{ Store() *storage.Store }

// placeStore is what of the store a placer uses.
type placeStore interface {
	sourcemap.Maps
	PutCallGraph(ctx context.Context, project, sdkVersion string, functions []byte) error
	CallGraphs(ctx context.Context, project string) ([]storage.CallGraph, error)
}

// placer translates stack frames by source maps and keeps call graphs over restarts. A nil placer does neither. Whatever
// it can't do, the calls are taken without.
type placer struct {
	store  placeStore
	maps   *sourcemap.Translator
	logger *zap.Logger
}

// newPlacer finds the extension id; nil where id is.
func newPlacer(id *component.ID, host component.Host, logger *zap.Logger) (*placer, error) {
	if id == nil {
		return nil, nil
	}
	provider, ok := host.GetExtensions()[*id].(storeProvider)
	if !ok {
		return nil, fmt.Errorf("find the extension that `storage` names: no costkey_storage extension %q in service::extensions", id)
	}
	return placerOf(provider.Store(), logger), nil
}

func placerOf(store placeStore, logger *zap.Logger) *placer {
	tell := func(err error) { logger.Warn("a source map can't be used; frames stay as they came", zap.Error(err)) }
	return &placer{store: store, logger: logger, maps: sourcemap.New(store, sourcemap.Options{OnError: tell})}
}

// rewrite turns frames of a release's bundle into those that were written, where it can.
func (p *placer) rewrite(ctx context.Context, q siteQuestion, frames []stackframe.Frame) []stackframe.Frame {
	if p == nil || q.release == "" {
		return frames
	}
	return p.maps.Translate(ctx, stored(q.project), q.release, frames)
}

// stored is the project that a call without one is stored in.
func stored(project string) string {
	if project == "" {
		return openProject
	}
	return project
}

// recall reads the call graphs of a project where none were read lately. That there are none is known then, too.
func (p *placer) recall(ctx context.Context, project string, known *graphs) {
	if p == nil || !known.due(project) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	if err := p.readGraphs(ctx, project, known); err != nil {
		p.logger.Debug("call graphs can't be read; calls are attributed by those that are known", zap.Error(err))
	}
}

// graphsRead tells what was read of a project's graphs apart from anything else that could have been.
type graphsRead [sha256.Size]byte

func (p *placer) readGraphs(ctx context.Context, project string, known *graphs) error {
	kept, err := p.store.CallGraphs(ctx, stored(project))
	if err != nil {
		return err
	}
	functions := make([][]byte, len(kept))
	sum := sha256.New()
	for i := range kept {
		functions[i] = kept[i].Functions
		part := sha256.Sum256(functions[i])
		sum.Write(part[:])
	}
	return known.read(project, graphsRead(sum.Sum(nil)), func() (*stackframe.Graph, error) {
		return stackframe.ReadGraph(functions...)
	})
}

// keepGraph stores the graph that a program sent, and makes those of the project's other programs known with it.
func (p *placer) keepGraph(ctx context.Context, project, sdkVersion string, graph *stackframe.Graph, known *graphs) {
	if p == nil {
		return
	}
	functions, err := json.Marshal(graph)
	if err == nil {
		err = p.store.PutCallGraph(ctx, stored(project), sdkVersion, functions)
	}
	if err == nil {
		err = p.readGraphs(ctx, project, known)
	}
	if err != nil {
		p.logger.Warn("a call graph can't be stored; it counts until the collector stops", zap.Error(err))
	}
}
