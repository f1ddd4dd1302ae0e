package costkeyexporter

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/storage"
)

const (
	// settingsTTL is how long projects' settings are used before they are read again.
	settingsTTL = 4 * time.Second
	// settingsTimeout bounds one reading. A sender or a write waits for it.
	settingsTimeout = time.Second
)

// projectReader is what the settings are read from.
type projectReader interface {
	Projects(ctx context.Context) ([]storage.Project, error)
}

// projectSettings are what operators set for projects. While the database is away the last known ones hold; before any are
// known, nobody's bodies are taken and nothing is written. Safe for concurrent use.
type projectSettings struct {
	logger *zap.Logger
	now    func() time.Time
	source projectReader

	mu    sync.Mutex
	tried time.Time
	view  projectView
}

// projectView is the settings of one moment, and is not changed.
type projectView struct {
	known  bool
	bodies map[string]bool          // the projects that may store bodies
	tags   map[string][]storage.Tag // default tags, sorted by key
}

// current returns settings that are no older than settingsTTL where the database answers.
func (p *projectSettings) current(ctx context.Context) projectView {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried.IsZero() || p.now().Sub(p.tried) >= settingsTTL {
		if err := p.refresh(ctx); err != nil {
			p.logger.Debug("the settings of projects stay as they are known", zap.Error(err))
		}
	}
	return p.view
}

// needed is current for a write, which has to wait where no settings were ever known: a call that is stored without its
// project's default tags would lack them for good.
func (p *projectSettings) needed(ctx context.Context) (projectView, error) {
	if view := p.current(ctx); view.known {
		return view, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.view.known {
		if err := p.refresh(ctx); err != nil {
			return projectView{}, fmt.Errorf("read the settings of projects: %w", err)
		}
	}
	return p.view, nil
}

// refresh reads the settings anew. The caller holds p.mu: whoever comes meanwhile wants the answer too.
func (p *projectSettings) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settingsTimeout)
	defer cancel()
	projects, err := p.source.Projects(ctx)
	p.tried = p.now()
	if err != nil {
		return err
	}
	view := projectView{known: true, bodies: make(map[string]bool), tags: make(map[string][]storage.Tag)}
	for _, project := range projects {
		if project.CaptureBody {
			view.bodies[project.Slug] = true
		}
		if len(project.DefaultTags) > 0 {
			view.tags[project.Slug] = sortedTags(project.DefaultTags)
		}
	}
	p.view = view
	return nil
}

func sortedTags(tags map[string]string) []storage.Tag {
	out := make([]storage.Tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value, err := json.Marshal(tags[key])
		if err == nil { // a string always has a JSON form
			out = append(out, storage.Tag{Key: key, Value: string(value)})
		}
	}
	return out
}

// addDefaultTags puts a project's tags on a call that has not their keys. Both lists are sorted by key; so is the result.
func addDefaultTags(call *storage.Call, defaults []storage.Tag) {
	for _, tag := range defaults {
		at, found := slices.BinarySearchFunc(call.Tags, tag, func(a, b storage.Tag) int { return cmp.Compare(a.Key, b.Key) })
		if !found {
			call.Tags = slices.Insert(call.Tags, at, tag)
		}
	}
}
