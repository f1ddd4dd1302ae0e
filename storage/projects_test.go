package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

// namedBy returns n calls, each of a project of its own whose slug begins in prefix.
func namedBy(prefix string, from, n int) []storage.Call {
	out := calls(from, from+n)
	for i := range out {
		out[i].Project = fmt.Sprint(prefix, i)
	}
	return out
}

// TestAProjectTooManyCostsAHandfulOfStatementsABatch counts statements, whatever the number of projects that are refused.
func TestAProjectTooManyCostsAHandfulOfStatementsABatch(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s, r := openRecorded(t, dsn, atNoon)
	for n := range 30 { // which don't count
		require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: fmt.Sprint("operators-", n)}))
	}
	require.Equal(t, storage.WriteResult{Written: storage.DefaultProjectLimit}, write(t, s, namedBy("p", 0, storage.DefaultProjectLimit)...))
	write(t, s, namedBy("p", 1000, 10)...)
	r.take()
	write(t, s, namedBy("p", 2000, 10)...)
	usual := len(r.take())
	const want = 3 // statements about projects
	for n := range 3 {
		count := []int{20, 700, 700}[n]
		prefix := []string{"few-", "many-", "many-"}[n]
		res := write(t, s, append(namedBy(prefix, 10_000+1000*n, count), namedBy("p", 3000+1000*n, 10)...)...)
		require.Equal(t, count+10, res.Written)
		require.Len(t, res.Redirected, count)
		all := r.take()
		about := 0
		for _, sql := range all {
			if strings.Contains(sql, "name: resolve_projects") {
				about++
			}
		}
		require.LessOrEqual(t, about, want)
		require.LessOrEqual(t, len(all), usual+want+10, "whatever the number: the project default is new to its caches, too")
	}
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "operators-last"}))
	projects, err := s.Projects(t.Context())
	require.NoError(t, err)
	require.Len(t, projects, storage.DefaultProjectLimit+32)
}
