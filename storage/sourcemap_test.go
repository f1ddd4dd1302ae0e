package storage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

// mapOf is a source map of one source, with that source's code in it.
func mapOf(source string) []byte {
	return fmt.Appendf(nil, `{"version":3,"file":"x.js","sources":[%q],"sourcesContent":["const secret = 1"],"names":["n"],"mappings":"AAAA"}`, source)
}

func openWithProject(t *testing.T) *storage.Store {
	t.Helper()
	s, _ := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	return s
}

func TestASourceMapIsFoundByTheFilesThatFramesName(t *testing.T) {
	t.Parallel()
	s := openWithProject(t)
	for _, file := range []string{"dist/main.js", "~/static/main.js", "https://cdn.example/assets/only-4f.js", `build\win.js`, "a/static/main.js"} {
		require.NoError(t, s.PutSourceMap(t.Context(), "shop", "1.0", file, mapOf(file)))
	}
	for frame, want := range map[string]string{
		"file:///app/dist/main.js":                    "dist/main.js",
		"/app/dist/main.js":                           "dist/main.js",
		"https://shop.example/static/main.js?v=1#x":   "~/static/main.js",
		"https://shop.example/a/static/main.js":       "a/static/main.js",
		"https://shop.example/xa/static/main.js":      "~/static/main.js",
		"https://other.example/elsewhere/only-4f.js":  "https://cdn.example/assets/only-4f.js",
		`C:\shop\build\win.js`:                        `build\win.js`,
		"win.js":                                      `build\win.js`,
		"/app/other/main.js":                          "", // three files are called main.js
		"main.js":                                     "",
		"/app/dist/domain.js":                         "",
		"":                                            "",
		"https://shop.example":                        "",
		"bad\x00\xff.js":                              "",
		strings.Repeat("x", 10_000) + "/dist/main.js": "",
	} {
		data, err := s.SourceMap(t.Context(), "shop", "1.0", frame)
		require.NoError(t, err, frame)
		if want == "" {
			assert.Nil(t, data, "%.60s", frame)
			continue
		}
		assert.Contains(t, string(data), fmt.Sprintf("%q", want), frame)
	}
	for _, other := range [][2]string{{"shop", "2.0"}, {"shop", ""}, {"shop", "a\x00"}, {"other", "1.0"}} {
		data, err := s.SourceMap(t.Context(), other[0], other[1], "/app/dist/main.js")
		require.NoError(t, err)
		assert.Nil(t, data, other)
	}
}

func TestTheSourceCodeInAMapNeverReachesTheDatabase(t *testing.T) {
	t.Parallel()
	s := openWithProject(t)
	sections := fmt.Appendf(nil, `{"version":3,"x_extra":"secret","sections":[{"offset":{"line":0,"column":0},"map":%s}]}`, mapOf("in a section"))
	guarded := append([]byte("\xef\xbb\xbf)]}'\n"), mapOf("guarded")...)
	for file, data := range map[string][]byte{"plain.js": mapOf("plain"), "sections.js": sections, "guarded.js": guarded} {
		require.NoError(t, s.PutSourceMap(t.Context(), "shop", "1.0", file, data))
		stored, err := s.SourceMap(t.Context(), "shop", "1.0", file)
		require.NoError(t, err)
		assert.Contains(t, string(stored), `"mappings":"AAAA"`)
		assert.NotContains(t, string(stored), "secret")
		assert.NotContains(t, string(stored), "sourcesContent")
	}
}

func TestASecondUploadReplacesTheFirst(t *testing.T) {
	t.Parallel()
	s := openWithProject(t)
	require.NoError(t, s.PutSourceMap(t.Context(), "shop", "1.0", "a.js", mapOf("first")))
	require.NoError(t, s.PutSourceMap(t.Context(), "shop", "1.0", "/a.js", mapOf("second")))
	found, err := s.SourceMaps(t.Context(), "shop", "")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "a.js", found[0].File)
	assert.Positive(t, found[0].Size)
	assert.Positive(t, found[0].Stored)
	assert.WithinDuration(t, time.Now(), found[0].UploadedAt, time.Minute)
	data, err := s.SourceMap(t.Context(), "shop", "1.0", "a.js")
	require.NoError(t, err)
	assert.Contains(t, string(data), "second")
}

func TestWhatIsNoSourceMapIsRefused(t *testing.T) {
	t.Parallel()
	s := openWithProject(t)
	good := mapOf("a")
	for name, c := range map[string]struct {
		release, file string
		data          []byte
	}{
		"no JSON":          {"1", "a.js", []byte("<html>")},
		"another version":  {"1", "a.js", []byte(`{"version":2,"mappings":"AAAA"}`)},
		"nothing mapped":   {"1", "a.js", []byte(`{"version":3,"mappings":""}`)},
		"no release":       {"", "a.js", good},
		"a long release":   {strings.Repeat("r", storage.MaxRelease+1), "a.js", good},
		"a binary release": {"\x00", "a.js", good},
		"no file":          {"1", "~/", good},
		"too large":        {"1", "a.js", fmt.Appendf(nil, `{"version":3,"mappings":%q}`, strings.Repeat("A", storage.MaxSourceMap))},
	} {
		err := s.PutSourceMap(t.Context(), "shop", c.release, c.file, c.data)
		assert.ErrorIs(t, err, storage.ErrBadSourceMap, name)
	}
	assert.ErrorIs(t, s.PutSourceMap(t.Context(), "typo", "1", "a.js", good), storage.ErrNoProject)
}

func TestSourceMapsOfAProjectAreLimited(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	_, err := conn.Exec(t.Context(), `INSERT INTO costkey.source_map (project_id, release, file, base, map, size)
		SELECT (SELECT id FROM costkey.project WHERE slug = 'shop'), 'r', n || '.js', n || '.js', 'x', 1 FROM generate_series(1, $1) AS n`, storage.MaxSourceMaps)
	require.NoError(t, err)
	assert.ErrorIs(t, s.PutSourceMap(t.Context(), "shop", "1", "new.js", mapOf("a")), storage.ErrTooManySourceMaps)
	assert.ErrorIs(t, s.PutSourceMap(t.Context(), "shop", "r", "new.js", mapOf("a")), storage.ErrTooManySourceMaps)
}

func TestSourceMapsAreDeletedByReleaseAndByAge(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	for _, release := range []string{"1", "2", "3"} {
		require.NoError(t, s.PutSourceMap(t.Context(), "shop", release, "a.js", mapOf("a")))
	}
	_, err := conn.Exec(t.Context(), `UPDATE costkey.source_map SET uploaded_at = now() - interval '40 days' WHERE release <> '3'`)
	require.NoError(t, err)
	remove := func(project, release string, before time.Time) int64 {
		t.Helper()
		n, err := s.DeleteSourceMaps(t.Context(), project, release, before)
		require.NoError(t, err)
		return n
	}
	month := time.Now().Add(-30 * 24 * time.Hour)
	assert.Zero(t, remove("other", "1", time.Time{}))
	assert.Zero(t, remove("shop", "3", month))
	assert.EqualValues(t, 1, remove("shop", "1", time.Time{}))
	assert.EqualValues(t, 1, remove("shop", "", month))
	_, err = s.DeleteSourceMaps(t.Context(), "shop", "", time.Time{})
	require.Error(t, err)
	left, err := s.SourceMaps(t.Context(), "", "")
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "3", left[0].Release)
}
