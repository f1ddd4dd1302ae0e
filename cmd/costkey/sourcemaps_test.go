package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someMap = `{"version":3,"sources":["../src/a.ts"],"sourcesContent":["secret"],"names":[],"mappings":"AAAA"}`

// buildDir is a directory as a bundler leaves it.
func buildDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

func TestSourceMapsAreFoundWithTheFilesThatTheyAreOf(t *testing.T) {
	t.Parallel()
	dir := buildDir(t, map[string]string{
		"main.js":                   "x\n//# sourceMappingURL=main.js.map\n",
		"main.js.map":               someMap,
		"chunks/a-4f.js":            "x\n//# sourceMappingURL=../maps/4f.map\n",
		"maps/4f.map":               someMap,
		"inline.js":                 "x\n//# sourceMappingURL=data:application/json;base64,e30=\n",
		"gone.mjs.map":              someMap,
		"style.css.map":             someMap,
		"unknown.map":               someMap,
		"node_modules/x/main.js":    "",
		"node_modules/x/a.js.map":   someMap,
		"server/deep/index.cjs":     "",
		"server/deep/index.cjs.map": someMap,
	})
	found, err := findSourceMaps([]string{dir, filepath.Join(dir, "main.js.map")}, "~/static")
	require.NoError(t, err)
	var generated []string
	for _, file := range found {
		generated = append(generated, file.generated)
	}
	assert.Equal(t, []string{
		"~/static/gone.mjs", "~/static/main.js", "~/static/chunks/a-4f.js", "~/static/server/deep/index.cjs",
	}, generated)
	_, err = findSourceMaps([]string{filepath.Join(dir, "nothing")}, "~/")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestSourceMapsLifeOnTheCommandLine(t *testing.T) {
	t.Parallel()
	db := "--database-url=" + migrated(t)
	dir := buildDir(t, map[string]string{
		"main.js": "", "main.js.map": someMap, "b/other.js": "", "b/other.js.map": someMap, "broken.js": "", "broken.js.map": "<html>",
	})
	early := costkey(t, "sourcemaps", "upload", "--release", "1.0", "--project", "shop", dir, db)
	assert.Equal(t, exitFailed, early.status)
	assert.Contains(t, early.stderr, "no such project; make it with `costkey projects create shop`", "the way out")
	require.Equal(t, exitDone, costkey(t, "projects", "create", "shop", db).status)

	upload := costkey(t, "sourcemaps", "upload", "--release", "1.0", "--project", "shop", "--url-prefix", "~/static", "--format", "csv", dir, db)
	assert.Equal(t, exitFailed, upload.status, "one map is broken")
	assert.Contains(t, upload.stderr, "broken.js.map")
	assert.NotContains(t, upload.stderr, "other.js.map")
	assert.Contains(t, upload.stdout, "static/main.js,"+filepath.Join(dir, "main.js.map"))

	maps := listed(t, "sourcemaps", "list", "--project", "shop", db)
	require.Len(t, maps, 2)
	assert.Equal(t, "static/b/other.js", maps[0]["file"])
	assert.Equal(t, "1.0", maps[1]["release"])

	assert.Equal(t, result{stdout: "deleted 0 source maps\n"}, costkey(t, "sourcemaps", "delete", "--project", "shop", "--older-than", "1d", db))
	assert.Equal(t, result{stdout: "deleted 2 source maps\n"}, costkey(t, "sourcemaps", "delete", "--project", "shop", "--release", "1.0", db))
	assert.Empty(t, listed(t, "sourcemaps", "list", db))
}

func TestWrongUseOfSourceMapsIsSaid(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"upload without a release": {[]string{"upload", empty}, exitMisuse, `"release" not set`},
		"upload of nothing":        {[]string{"upload", "--release", "1"}, exitMisuse, "requires at least 1 arg"},
		"upload of no maps":        {[]string{"upload", "--release", "1", empty}, exitFailed, "no source maps are there"},
		"delete of everything":     {[]string{"delete"}, exitMisuse, "[release older-than]"},
		"delete of no release":     {[]string{"delete", "--release", ""}, exitMisuse, "--release must not be empty"},
		"delete of no age":         {[]string{"delete", "--older-than", "long"}, exitMisuse, "--older-than must be an age"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := costkey(t, append([]string{"sourcemaps"}, c.args...)...)
			assert.Equal(t, c.status, got.status)
			assert.Contains(t, got.stderr, c.want)
			assert.Empty(t, got.stdout)
		})
	}
}

func TestAnAgeIsReadInDaysOrHours(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":    {},
		"2d":  time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC),
		"12h": time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
	} {
		got, err := timeBefore(text, now)
		require.NoError(t, err)
		assert.Equal(t, want, got, text)
	}
}
