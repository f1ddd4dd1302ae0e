package storage

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// projectTTL is how long a project's settings are used before they are read again.
const projectTTL = 5 * time.Second

// MaxOpenProjects is how many projects may come into being because data named them. Beyond it, an operator makes them.
const MaxOpenProjects = 100

type project struct {
	id          int32
	retention   time.Duration
	captureBody bool
	readAt      time.Time
}

// projectCache holds the settings of projects by slug. Its zero value is empty.
type projectCache struct {
	mu     sync.Mutex
	bySlug map[string]project
}

func (p *projectCache) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bySlug = nil
}

// find returns the project, which is made where it is new, or the reason why there can be none. No lock is held while the
// database is asked: a new connection may reset this cache.
func (p *projectCache) find(ctx context.Context, pool *pgxpool.Pool, slug string) (project, Reason, error) {
	if found, ok := p.cached(slug); ok {
		return found, "", nil
	}
	if !ValidProject(slug) {
		return project{}, ReasonBadProject, nil
	}
	found, err := readProject(ctx, pool, slug)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := pool.Exec(ctx, query("create_open_project"), slug, MaxOpenProjects); err != nil {
			return project{}, "", describe("make a project", err)
		}
		found, err = readProject(ctx, pool, slug)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return project{}, ReasonBadProject, nil
	}
	if err != nil {
		return project{}, "", describe("read a project", err)
	}
	p.store(slug, found)
	return found, "", nil
}

func (p *projectCache) cached(slug string) (project, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.bySlug[slug]
	return found, ok && time.Since(found.readAt) < projectTTL
}

func (p *projectCache) store(slug string, found project) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bySlug == nil {
		p.bySlug = make(map[string]project)
	}
	p.bySlug[slug] = found
}

func readProject(ctx context.Context, pool *pgxpool.Pool, slug string) (project, error) {
	var p project
	var days int
	err := pool.QueryRow(ctx, "SELECT id, retention_days, capture_body FROM costkey.project WHERE slug = $1", slug).
		Scan(&p.id, &days, &p.captureBody)
	p.retention, p.readAt = time.Duration(days)*24*time.Hour, time.Now()
	return p, err
}
