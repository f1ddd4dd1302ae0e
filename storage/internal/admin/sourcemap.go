package admin

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// The limits on source maps.
const (
	// MaxSourceMap is how many bytes a map may have without its sourcesContent.
	MaxSourceMap = 32 << 20
	// MaxSourceMaps and MaxSourceMapBytes are how many maps a project may have, and how many bytes compressed.
	MaxSourceMaps     = 20_000
	MaxSourceMapBytes = 2 << 30
	// MaxRelease is the length of a release in bytes.
	MaxRelease = 200

	maxGeneratedFile = 512
)

var (
	// ErrBadSourceMap says that a map, its file's name or its release can never be stored.
	ErrBadSourceMap = errors.New("not a source map that can be stored")
	// ErrTooManySourceMaps says that the project has reached MaxSourceMaps or MaxSourceMapBytes.
	ErrTooManySourceMaps = errors.New("the project has too many source maps: delete those of old releases")
)

// SourceMap is what is known of a stored map.
type SourceMap struct {
	Project, Release string
	File             string // the generated file, as [GeneratedFile] has it
	Size, Stored     int64  // bytes, as they are and compressed
	UploadedAt       time.Time
}

// PutSourceMap stores the map of a generated file of a release, instead of the one that may be there. Of the map only what
// places frames is kept: sourcesContent, which is the users' source code, never reaches the database. [ErrBadSourceMap],
// [projects.ErrNoProject] and [ErrTooManySourceMaps] are final.
func (a *Admin) PutSourceMap(ctx context.Context, projectSlug, release, file string, data []byte) error {
	file = GeneratedFile(file)
	if file == "" {
		return fmt.Errorf("%w: its file's name must have 1 to %d bytes", ErrBadSourceMap, maxGeneratedFile)
	}
	if clean, repaired := rows.Storable(release, MaxRelease); repaired || clean == "" {
		return fmt.Errorf("%w: its release must be a text of 1 to %d bytes", ErrBadSourceMap, MaxRelease)
	}
	stripped, err := stripSourceMap(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadSourceMap, err)
	}
	if len(stripped) > MaxSourceMap {
		return fmt.Errorf("%w: it has %d bytes, %d are allowed", ErrBadSourceMap, len(stripped), MaxSourceMap)
	}
	packed, err := compress(stripped)
	if err != nil {
		return fmt.Errorf("compress a source map: %w", err)
	}
	found, err := a.projects.Find(ctx, []string{projectSlug})
	if err != nil {
		return err
	}
	owner, ok := found[projectSlug]
	if !ok {
		return fmt.Errorf("store a source map in project %q: %w", projectSlug, projects.ErrNoProject)
	}
	tag, err := a.db.Pool().Exec(ctx, query("put_source_map"),
		owner.ID, release, file, path.Base(file), packed, len(stripped), MaxSourceMaps, MaxSourceMapBytes)
	if err != nil {
		return database.Describe("store a source map", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrTooManySourceMaps
	}
	return nil
}

// SourceMap returns the map of the generated file that a stack frame names, in whatever form the frame has it; nil without
// an error where there is none. It is the stored file with the longest path that the frame's path is or ends in
// ("app/dist/main.js" ends in "dist/main.js"); else the only file of the release whose name is the same without
// directories; else none, rather than a wrong one.
func (a *Admin) SourceMap(ctx context.Context, projectSlug, release, file string) ([]byte, error) {
	file = GeneratedFile(file)
	if clean, repaired := rows.Storable(release, MaxRelease); file == "" || clean == "" || repaired {
		return nil, nil
	}
	var packed []byte
	var size int64
	err := a.db.Pool().QueryRow(ctx, query("find_source_map"), projectSlug, release, file, path.Base(file)).Scan(&packed, &size)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, database.Describe("find a source map", err)
	}
	data, err := decompress(packed, size)
	if err != nil {
		return nil, fmt.Errorf("decompress a source map: %w", err)
	}
	return data, nil
}

// SourceMaps lists the maps of a project and of a release; of all where one is empty. They are in order of project,
// release and file.
func (a *Admin) SourceMaps(ctx context.Context, projectSlug, release string) ([]SourceMap, error) {
	rows, err := a.db.Pool().Query(ctx, query("list_source_maps"), projectSlug, release)
	if err != nil {
		return nil, database.Describe("list source maps", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SourceMap])
	if err != nil {
		return nil, database.Describe("list source maps", err)
	}
	return found, nil
}

// DeleteSourceMaps deletes the maps of a project and says how many: those of a release unless it is empty, and of these
// those uploaded before a time unless it is zero. It refuses to delete without either.
func (a *Admin) DeleteSourceMaps(ctx context.Context, projectSlug, release string, before time.Time) (int64, error) {
	if release == "" && before.IsZero() {
		return 0, errors.New("delete source maps: neither a release nor an age is given")
	}
	tag, err := a.db.Pool().Exec(ctx, query("delete_source_maps"), projectSlug, release, orNull(before))
	if err != nil {
		return 0, database.Describe("delete source maps", err)
	}
	return tag.RowsAffected(), nil
}
