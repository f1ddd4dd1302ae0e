package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
)

// renewed is the built-in catalogue as of so many days later, with gpt-4o's input at another price and one model more.
func renewed(t *testing.T, days int) string {
	t.Helper()
	builtIn := string(pricing.BuiltIn().Document())
	asOf := pricing.Embedded().AsOf()
	doc := strings.Replace(builtIn, asOf.Format(time.DateOnly), asOf.AddDate(0, 0, days).Format(time.DateOnly), 1)
	at := strings.Index(doc, `{"id":"openai",`)
	require.Positive(t, at)
	at += strings.Index(doc[at:], `{"id":"gpt-4o",`)
	head, tail := doc[:at], doc[at:]
	tail = strings.Replace(tail, `"input":"2.5"`, `"input":"2.75"`, 1)
	return head + `{"id":"gpt-99","rows":[{"rates":{"input":"8"}}]},` + tail
}

func write(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

type difference struct {
	Change   string  `json:"change"`
	Provider string  `json:"provider"`
	Model    string  `json:"model"`
	Row      *string `json:"row"`
	What     *string `json:"what"`
	Old      *string `json:"old"`
	New      *string `json:"new"`
}

func changes(t *testing.T, printed string) []string {
	t.Helper()
	var all []difference
	require.NoError(t, json.Unmarshal([]byte(printed), &all), printed)
	var lines []string
	for _, d := range all {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s, %s: %s to %s", d.Change, d.Provider, d.Model, text(d.Row), text(d.What), text(d.Old), text(d.New)))
	}
	return lines
}

var ofRenewed = []string{
	"changed openai gpt-4o: standard, input: 2.5 to 2.75",
	"added openai gpt-99: null, null: null to null",
}

func TestAnUpdateShowsWhatDiffersAndIsWhatTheCommandsPriceBy(t *testing.T) {
	t.Parallel()
	file, dir := write(t, renewed(t, 30)), filepath.Join(t.TempDir(), "data")
	lookup := func() string {
		got := costkey(t, "prices", "lookup", "gpt-4o", "--input", "1000000", "--format", "csv", "--data-dir", dir)
		require.Equal(t, exitDone, got.status, got.stderr)
		return strings.Split(strings.Split(got.stdout, "\n")[1], ",")[4]
	}
	args := []string{"prices", "update", file, "--data-dir", dir, "--format", "json"}

	got := costkey(t, append(args, "--dry-run")...)
	require.Equal(t, exitDone, got.status, got.stderr)
	assert.Equal(t, ofRenewed, changes(t, got.stdout))
	assert.Contains(t, got.stderr, "Nothing is written")
	assert.NoDirExists(t, dir)
	assert.Equal(t, "2.5", lookup())

	got = costkey(t, args...)
	require.Equal(t, exitDone, got.status, got.stderr)
	assert.Equal(t, ofRenewed, changes(t, got.stdout))
	assert.Contains(t, got.stderr, filepath.Join(dir, "catalogue.json"))
	assert.Equal(t, "2.75", lookup())
	written, err := os.ReadFile(filepath.Join(dir, "catalogue.json"))
	require.NoError(t, err)
	assert.Equal(t, renewed(t, 30), string(written))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing is left beside it")
}

func TestAnUpdateToWhatIsNotNewerNeedsForce(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "catalogue.json")
	update := func(days int, more ...string) result {
		return costkey(t, append([]string{"prices", "update", write(t, renewed(t, days)), "--out", out}, more...)...)
	}
	for _, days := range []int{0, -1} {
		got := update(days)
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.stderr, "nothing newer")
		assert.Empty(t, got.stdout)
		assert.NoFileExists(t, out)
	}
	require.Equal(t, exitDone, update(20).status)
	got := update(10)
	assert.Equal(t, exitFailed, got.status, "newer than the built-in one, but not than the one in place")
	got = update(10, "--force")
	assert.Equal(t, exitDone, got.status)
	assert.NotContains(t, got.stderr, "stays in force")
	got = update(-10, "--force")
	assert.Equal(t, exitDone, got.status)
	assert.Contains(t, got.stderr, "stays in force")
}

func TestABadCatalogueIsRefusedAndTheOneInPlaceStays(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "catalogue.json")
	require.NoError(t, os.WriteFile(out, []byte("in place"), 0o600))
	for name, c := range map[string]struct{ content, problem string }{
		"no JSON":             {"<html>", "not a catalogue of schema"},
		"a rate that is none": {strings.ReplaceAll(renewed(t, 1), `"2.75"`, `"2,75"`), `read "2,75": not a rate`},
		"an unknown key":      {strings.Replace(renewed(t, 1), `"rates"`, `"rate"`, 1), `unknown field "rate"`},
		"too large":           {strings.Repeat(" ", pricing.MaxCatalogueBytes+1), "more than"},
	} {
		got := costkey(t, "prices", "update", write(t, c.content), "--out", out, "--force")
		assert.Equal(t, exitFailed, got.status, name)
		assert.Contains(t, got.stderr, c.problem, name)
		assert.Empty(t, got.stdout, name)
	}
	kept, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, "in place", string(kept))

	got := costkey(t, "prices", "update", write(t, renewed(t, 1)), "--out", out)
	assert.Equal(t, exitDone, got.status, "an update mends what is broken")
	assert.Contains(t, got.stderr, "is not in force")
	mended, err := os.Stat(out)
	require.NoError(t, err)
	assert.EqualValues(t, 0o644, mended.Mode().Perm(), "the collector may run under another account")
}

func TestAnUpdateOverHTTPS(t *testing.T) {
	t.Parallel()
	doc := renewed(t, 30)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/prices.json":
			_, _ = w.Write([]byte(doc))
		case "/moved":
			http.Redirect(w, r, "/prices.json", http.StatusFound)
		case "/away":
			http.Redirect(w, r, plain.URL, http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/endless":
			for range 2 * pricing.MaxCatalogueBytes / len(doc) {
				_, _ = w.Write([]byte(doc))
			}
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	client := catalogueClient()
	client.Transport = srv.Client().Transport
	update := func(address string) (string, error) {
		var out bytes.Buffer
		u := pricesUpdate{client: client, dryRun: true, out: filepath.Join(t.TempDir(), "c.json")}
		err := u.run(t.Context(), address, &out, &out, formatCSV)
		return out.String(), err
	}
	for _, path := range []string{"/prices.json", "/moved"} {
		out, err := update(srv.URL + path)
		require.NoError(t, err)
		assert.Contains(t, out, "changed,openai,gpt-4o,standard,input,2.5,2.75\n")
	}
	for path, problem := range map[string]string{
		"/nothing?token=hunter2": "404", "/away": "away from https", "/round": "redirects", "/endless": "more than",
	} {
		_, err := update(srv.URL + path)
		require.ErrorContains(t, err, problem)
		assert.ErrorContains(t, err, strings.TrimPrefix(srv.URL, "https://"))
		assert.NotContains(t, err.Error(), "hunter2")
	}
	_, err := update(strings.Replace(srv.URL, "https", "http", 1) + "/prices.json")
	assert.ErrorAs(t, err, &misuse{})
	srv.Close()
	_, err = update(strings.Replace(srv.URL, "://", "://u:hunter2@", 1) + "/prices.json?token=hunter2")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestACatalogueThatIsNamedMustBeThere(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.json")
	got := costkey(t, "prices", "lookup", "gpt-4o", "--catalogue", missing)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.stderr, missing)
	got = costkey(t, "prices", "lookup", "gpt-99", "--input", "1000000", "--format", "csv", "--catalogue", write(t, renewed(t, 1)))
	assert.Equal(t, exitDone, got.status)
	assert.Contains(t, got.stdout, "openai,gpt-99,gpt-99,priced,8,")
	got = costkey(t, "prices", "lookup", "gpt-99", "--input", "1000000", "--format", "csv", "--catalogue", write(t, renewed(t, 0)))
	assert.Contains(t, got.stdout, "unknown_model", "the built-in one is as new")
}

func TestTheCatalogueOfTheEnvironmentHolds(t *testing.T) {
	noDatabase(t)
	file := filepath.Join(t.TempDir(), "env.json")
	t.Setenv(catalogueFileVariable, file)
	got := costkey(t, "prices", "lookup", "gpt-99", "--input", "1000000", "--format", "csv")
	assert.Contains(t, got.stdout, "unknown_model", "not there yet")
	require.Equal(t, exitDone, costkey(t, "prices", "update", write(t, renewed(t, 3))).status)
	got = costkey(t, "prices", "lookup", "gpt-99", "--input", "1000000", "--format", "csv")
	assert.Contains(t, got.stdout, "openai,gpt-99,gpt-99,priced,8,")
}
