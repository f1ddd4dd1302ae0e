//go:build unix

package postgres

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryVersionWeWorkWithCanBeFetched(t *testing.T) {
	t.Parallel()
	for major := MinMajor; major <= NewestMajor; major++ {
		assert.True(t, strings.HasPrefix(fetchable[major], fmt.Sprint(major, ".")), major)
	}
	assert.Len(t, fetchable, NewestMajor-MinMajor+1)
}

// jar packs one of testdata's archives the way the repository has them.
func jar(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	file, err := w.Create("postgres-test.txz")
	require.NoError(t, err)
	_, err = file.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// repository serves one artifact at any path, and counts how often it is fetched.
func repository(t *testing.T, artifact []byte, checksum string) (url string, fetched *atomic.Int32) {
	t.Helper()
	fetched = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/maven/io/zonky/test/postgres/embedded-postgres-binaries-"):
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, ".jar.sha256"):
			_, _ = w.Write([]byte(checksum))
		default:
			fetched.Add(1)
			_, _ = w.Write(artifact)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/maven", fetched
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func TestProgramsAreFetchedOnceAndRunnableByTheAccount(t *testing.T) {
	t.Parallel()
	run, err := serverAccount()
	require.NoError(t, err)
	artifact := jar(t, "programs.txz")
	url, fetched := repository(t, artifact, sum(artifact))
	cfg := Config{CacheDir: openDir(t), RepositoryURL: url + "/"}
	for range 2 {
		p, err := fetchPrograms(t.Context(), cfg, 0, run)
		require.NoError(t, err)
		assert.Equal(t, "18.3", p.version)
		assert.Equal(t, 18, p.major)
		note, err := os.ReadFile(filepath.Join(p.dir, "..", "share", "link"))
		require.NoError(t, err)
		assert.Equal(t, "hello\n", string(note))
	}
	assert.EqualValues(t, 1, fetched.Load())
}

func TestWhatCannotBeTrustedIsNotInstalled(t *testing.T) {
	t.Parallel()
	run, err := serverAccount()
	require.NoError(t, err)
	good, escaping := jar(t, "programs.txz"), jar(t, "escaping.txz")
	for name, c := range map[string]struct {
		artifact       []byte
		checksum, want string
		path           string
	}{
		"another checksum":                  {artifact: good, checksum: sum(escaping), want: "checksum"},
		"no checksum":                       {artifact: good, want: "checksum"},
		"a file outside of the directory":   {artifact: escaping, checksum: sum(escaping), want: "escapes"},
		"no archive at all":                 {artifact: []byte("<html>"), checksum: sum([]byte("<html>")), want: "zip"},
		"a repository without the artifact": {artifact: good, checksum: sum(good), path: "/elsewhere", want: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := repository(t, c.artifact, c.checksum)
			cache := openDir(t)
			_, err := fetchPrograms(t.Context(), Config{CacheDir: cache, RepositoryURL: url + c.path}, 17, run)
			require.ErrorContains(t, err, c.want)
			left, err := os.ReadDir(filepath.Join(cache, "postgres"))
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

func TestAVersionThatNobodyHasIsAnError(t *testing.T) {
	t.Parallel()
	_, err := fetchPrograms(t.Context(), Config{CacheDir: openDir(t)}, 12, account{})
	require.ErrorContains(t, err, "no programs of version 12 to fetch")
}
