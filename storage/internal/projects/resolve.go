package projects

import (
	"context"
	"embed"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// ttl is how long a project's settings, or that there is none, are used before they are read again.
const ttl = 5 * time.Second

// DefaultLimit is how many projects may come into being because data named them. Beyond it, an operator makes them.
const DefaultLimit = 100

// Fallback is the project of the calls that name one too many. It comes into being whatever the limit.
const Fallback = "default"

// maxRemembered bounds the memory of slugs: clients choose them.
const maxRemembered = 10_000

// Project is what a writer must know of a project.
type Project struct {
	ID          int64
	Retention   time.Duration
	CaptureBody bool
	// IsFallback says that there is no project of the slug that was asked for, and that this is [Fallback].
	IsFallback bool
}

// remembered is a project as it was read, or that there is none.
type remembered struct {
	Project
	exists bool
	readAt time.Time
}

// Projects finds and changes the projects of a database. It is safe for concurrent use.
type Projects struct {
	db    *database.DB
	limit int

	mu     sync.Mutex
	bySlug map[string]remembered
}

// New returns the projects of db, of which data may name up to limit; 0 means [DefaultLimit].
func New(db *database.DB, limit int) *Projects {
	if limit == 0 {
		limit = DefaultLimit
	}
	p := &Projects{db: db, limit: limit}
	db.OnReset(p.forget)
	return p
}

func (p *Projects) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bySlug = nil
}

// Resolve returns the projects with the given slugs. Those that are new are made, within the limit; [Fallback] stands for
// those beyond it. One whose slug is not valid is missing in the answer.
func (p *Projects) Resolve(ctx context.Context, slugs []string) (map[string]Project, error) {
	found, err := p.find(ctx, slugs, p.limit)
	if err != nil {
		return nil, err
	}
	return found, p.fallBack(ctx, slugs, found)
}

// Find is [Projects.Resolve] without making any. One that is not there yet is missing; [Fallback] stands for those that were
// found not to be made lately.
func (p *Projects) Find(ctx context.Context, slugs []string) (map[string]Project, error) {
	found, err := p.find(ctx, slugs, 0)
	if err != nil {
		return nil, err
	}
	return found, p.fallBack(ctx, p.refused(slugs), found)
}

// fallBack lets the fallback stand for those of the slugs that are valid and not found.
func (p *Projects) fallBack(ctx context.Context, slugs []string, found map[string]Project) error {
	var missing []string
	for _, slug := range slugs {
		if _, ok := found[slug]; !ok && calls.ValidProject(slug) {
			missing = append(missing, slug)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	project, ok := found[Fallback]
	if !ok {
		own, err := p.find(ctx, []string{Fallback}, math.MaxInt32)
		if err != nil {
			return err
		}
		if project, ok = own[Fallback]; !ok {
			return nil // it is being made or deleted
		}
	}
	project.IsFallback = true
	for _, slug := range missing {
		found[slug] = project
	}
	return nil
}

// refused returns those of the slugs of which it is remembered that there is no such project.
func (p *Projects) refused(slugs []string) (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, slug := range slugs {
		if r, ok := p.bySlug[slug]; ok && !r.exists && time.Since(r.readAt) < ttl {
			out = append(out, slug)
		}
	}
	return out
}

// find asks the database once for all slugs that it does not remember.
func (p *Projects) find(ctx context.Context, slugs []string, limit int) (map[string]Project, error) {
	found := make(map[string]Project, len(slugs))
	unknown := p.recall(slugs, found, limit > 0)
	const tries = 2 // the second finds what another session made during the first
	for range tries {
		if len(unknown) == 0 {
			break
		}
		if err := p.read(ctx, unknown, limit, found); err != nil {
			return nil, err
		}
		unknown = slices.DeleteFunc(unknown, func(s string) bool { _, ok := found[s]; return ok })
	}
	if limit > 0 {
		p.remember(unknown, nil)
	}
	return found, nil
}

// recall puts what is remembered into found and returns the other valid slugs, each once. That there is none counts only
// where one would be made.
func (p *Projects) recall(slugs []string, found map[string]Project, negative bool) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var unknown []string
	for _, slug := range slugs {
		r, ok := p.bySlug[slug]
		switch {
		case ok && time.Since(r.readAt) < ttl && r.exists:
			found[slug] = r.Project
		case ok && time.Since(r.readAt) < ttl && negative:
		case calls.ValidProject(slug) && !slices.Contains(unknown, slug):
			unknown = append(unknown, slug)
		}
	}
	return unknown
}

func (p *Projects) read(ctx context.Context, slugs []string, limit int, found map[string]Project) error {
	epoch := p.db.Epoch()
	rows, err := p.db.Pool().Query(ctx, query("resolve_projects"), slugs, limit)
	if err != nil {
		return database.Describe("find projects", err)
	}
	read := make(map[string]Project, len(slugs))
	var slug string
	var project Project
	var days int
	_, err = pgx.ForEachRow(rows, []any{&project.ID, &slug, &days, &project.CaptureBody}, func() error {
		project.Retention = time.Duration(days) * 24 * time.Hour
		read[slug], found[slug] = project, project
		return nil
	})
	if err != nil {
		return database.Describe("find projects", err)
	}
	if p.db.Epoch() == epoch {
		p.remember(nil, read)
	}
	return nil
}

// remember notes that there are no projects with the slugs missing, and those that were read.
func (p *Projects) remember(missing []string, read map[string]Project) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bySlug == nil || len(p.bySlug)+len(missing)+len(read) > maxRemembered {
		p.bySlug = make(map[string]remembered)
	}
	now := time.Now()
	for _, slug := range missing {
		p.bySlug[slug] = remembered{readAt: now}
	}
	for slug, project := range read {
		p.bySlug[slug] = remembered{Project: project, exists: true, readAt: now}
	}
}
