package storage

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/admin"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/schema"
)

type (
	// Project is a project and its settings.
	Project = projects.Settings
	// ProjectChange says what of a project's settings shall change; what is nil or empty stays.
	ProjectChange = projects.Change
	// Key is an API key as it is stored: of the key itself only the hash.
	Key = admin.Key
	// SourceMap is what is known of a stored source map.
	SourceMap = admin.SourceMap
	// CallGraph is a call graph as a Python SDK sent it.
	CallGraph = admin.CallGraph
	// Access says what a database role may do: [AccessWrite], [AccessRead].
	Access = schema.Access
)

// What a database role may be granted.
const (
	AccessWrite = schema.AccessWrite // what a collector needs that runs with `migrate: false` and `maintenance: false`
	AccessRead  = schema.AccessRead  // the public views
)

// What an API key may be used for.
const (
	ScopeIngest = admin.ScopeIngest // sending calls
	ScopeRead   = admin.ScopeRead   // reading costs and calls
)

// Limits.
const (
	// DefaultProjectLimit is how many projects may come into being because data named them. Beyond it, an operator makes them.
	DefaultProjectLimit = projects.DefaultLimit
	// MaxSourceMap is how many bytes a source map may have without its sourcesContent.
	MaxSourceMap = admin.MaxSourceMap
	// MaxSourceMaps and MaxSourceMapBytes are how many maps a project may have, and how many bytes compressed.
	MaxSourceMaps     = admin.MaxSourceMaps
	MaxSourceMapBytes = admin.MaxSourceMapBytes
	// MaxRelease is the length of a release in bytes.
	MaxRelease = admin.MaxRelease
	// MaxCallGraph is how many bytes a call graph may have.
	MaxCallGraph = admin.MaxCallGraph
	// MaxCallGraphs is how many call graphs a project keeps, the latest.
	MaxCallGraphs = admin.MaxCallGraphs
)

// Grant gives a database role what it needs for an access; partitions that are made later have it too. The caller must own
// the schema.
func (s *Store) Grant(ctx context.Context, role string, access Access) error {
	return schema.Grant(ctx, s.db, role, access)
}

// CreateProject makes a project. RetentionDays 0 means 90; an empty name is the slug. [ErrProjectExists] where there is one.
func (s *Store) CreateProject(ctx context.Context, p Project) error { return s.projects.Create(ctx, p) }

// SetProject changes settings of a project. [ErrNoProject] where there is none. Collectors follow within 5 seconds, and
// delete what a shorter retention ends with the next round of maintenance.
func (s *Store) SetProject(ctx context.Context, slug string, change ProjectChange) error {
	return s.projects.Set(ctx, slug, change)
}

// Projects lists all projects by slug.
func (s *Store) Projects(ctx context.Context) ([]Project, error) { return s.projects.List(ctx) }

// KeyPrefix returns the prefix of a key. It is false for what can't be a key, which need not be looked for.
func KeyPrefix(key string) (prefix string, ok bool) { return admin.KeyPrefix(key) }

// HashKey returns the hash by which a key is stored.
func HashKey(key string) [sha256.Size]byte { return admin.HashKey(key) }

// CreateKey makes a key for k.Project and returns it as stored, and the key itself, which is shown this once.
func (s *Store) CreateKey(ctx context.Context, k Key) (Key, string, error) {
	return s.admin.CreateKey(ctx, k)
}

// Keys lists the keys of a project, or of all projects where project is empty, by project and age. Revoked and expired
// keys are among them.
func (s *Store) Keys(ctx context.Context, project string) ([]Key, error) {
	return s.admin.Keys(ctx, project)
}

// FindKey returns the key with a prefix, usable or not, or [ErrNoKey].
func (s *Store) FindKey(ctx context.Context, prefix string) (Key, error) {
	return s.admin.FindKey(ctx, prefix)
}

// RevokeKey ends a key for good. Revoking it again changes nothing. [ErrNoKey] where there is none.
func (s *Store) RevokeKey(ctx context.Context, id int64) error { return s.admin.RevokeKey(ctx, id) }

// TouchKeys notes when keys, by ID, were used last. Times only move forward.
func (s *Store) TouchKeys(ctx context.Context, used map[int64]time.Time) error {
	return s.admin.TouchKeys(ctx, used)
}

// GeneratedFile returns the form in which the name of a generated file is stored, "" for what is none.
func GeneratedFile(name string) string { return admin.GeneratedFile(name) }

// PutSourceMap stores the map of a generated file of a release, instead of the one that may be there, without
// sourcesContent. [ErrBadSourceMap], [ErrNoProject] and [ErrTooManySourceMaps] are final.
func (s *Store) PutSourceMap(ctx context.Context, project, release, file string, data []byte) error {
	return s.admin.PutSourceMap(ctx, project, release, file, data)
}

// SourceMap returns the map of the generated file that a stack frame names; nil without an error where there is none.
func (s *Store) SourceMap(ctx context.Context, project, release, file string) ([]byte, error) {
	return s.admin.SourceMap(ctx, project, release, file)
}

// SourceMaps lists the maps of a project and of a release; of all where one is empty.
func (s *Store) SourceMaps(ctx context.Context, project, release string) ([]SourceMap, error) {
	return s.admin.SourceMaps(ctx, project, release)
}

// DeleteSourceMaps deletes the maps of a project and says how many: those of a release unless it is empty, and of these
// those uploaded before a time unless it is zero. It refuses to delete without either.
func (s *Store) DeleteSourceMaps(ctx context.Context, project, release string, before time.Time) (int64, error) {
	return s.admin.DeleteSourceMaps(ctx, project, release, before)
}

// PutCallGraph stores the call graph of a service of a project; one that is there already is the latest again. The oldest
// beyond [MaxCallGraphs] go. The project is made where it is new, as for a call.
func (s *Store) PutCallGraph(ctx context.Context, project, sdkVersion string, functions []byte) error {
	return s.admin.PutCallGraph(ctx, project, sdkVersion, functions)
}

// CallGraphs returns the call graphs of a project, the latest first.
func (s *Store) CallGraphs(ctx context.Context, project string) ([]CallGraph, error) {
	return s.admin.CallGraphs(ctx, project)
}
