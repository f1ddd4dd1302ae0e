package admin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/projects"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

const (
	// MaxCallGraph is how many bytes a call graph may have; the SDK sends at most 50 KiB.
	MaxCallGraph = 256 << 10
	// MaxCallGraphs is how many graphs a project keeps, the latest: one for each service and version that sent one.
	MaxCallGraphs = 20
)

// ErrBadCallGraph says that a call graph can never be stored.
var ErrBadCallGraph = errors.New("not a call graph that can be stored")

// CallGraph is a call graph as a Python SDK sent it.
type CallGraph struct {
	SDKVersion string
	// Functions is the JSON object of the functions by "rel/path.py:Class.func".
	Functions  []byte
	ReceivedAt time.Time // when it came last
}

// PutCallGraph stores the call graph of a service of a project; one that is there already is the latest again. The oldest
// beyond [MaxCallGraphs] go. The project is made where it is new, as for a call. What the functions are is not looked at.
func (a *Admin) PutCallGraph(ctx context.Context, projectSlug, sdkVersion string, functions []byte) error {
	if len(functions) == 0 || len(functions) > MaxCallGraph {
		return fmt.Errorf("%w: it must have 1 to %d bytes, found %d", ErrBadCallGraph, MaxCallGraph, len(functions))
	}
	found, err := a.projects.Resolve(ctx, []string{projectSlug})
	if err != nil {
		return err
	}
	owner, ok := found[projectSlug]
	if !ok {
		return fmt.Errorf("%w: project %q: %w", ErrBadCallGraph, projectSlug, projects.ErrNoProject)
	}
	sdkVersion, _ = rows.Storable(sdkVersion, rows.MaxText)
	sum := sha256.Sum256(functions)
	if _, err := a.db.Pool().Exec(ctx, query("put_call_graph"), owner.ID, sum[:16], sdkVersion, functions, MaxCallGraphs); err != nil {
		return database.Describe("store a call graph", err)
	}
	return nil
}

// CallGraphs returns the call graphs of a project, the latest first.
func (a *Admin) CallGraphs(ctx context.Context, projectSlug string) ([]CallGraph, error) {
	rows, err := a.db.Pool().Query(ctx, query("list_call_graphs"), projectSlug)
	if err != nil {
		return nil, database.Describe("list call graphs", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[CallGraph])
	if err != nil {
		return nil, database.Describe("list call graphs", err)
	}
	return found, nil
}
