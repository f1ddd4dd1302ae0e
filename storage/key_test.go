package storage_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

func TestAKeyIsShownOnceAndFoundByItsPrefix(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	expires := noon.AddDate(0, 0, 90)
	made, secret, err := s.CreateKey(t.Context(), storage.Key{
		Project: "shop", Name: "checkout", Scopes: []string{"ingest", "read"}, ExpiresAt: expires,
	})
	require.NoError(t, err)

	prefix, ok := storage.KeyPrefix(secret)
	require.True(t, ok)
	assert.Equal(t, made.Prefix, prefix)
	dsn, err := url.Parse("http://" + secret + "@localhost:4319/shop")
	require.NoError(t, err)
	assert.Equal(t, secret, dsn.User.Username(), "a key is a user name as it is")

	found, err := s.FindKey(t.Context(), prefix)
	require.NoError(t, err)
	assert.True(t, found.Matches(storage.HashKey(secret)))
	assert.False(t, found.Matches(storage.HashKey(secret+"A")))
	assert.Equal(t, []string{"ingest", "read"}, found.Scopes)
	assert.Equal(t, "shop", found.Project)
	assert.True(t, found.ExpiresAt.Equal(expires))
	assert.True(t, found.Usable(expires.Add(-time.Second)))
	assert.False(t, found.Usable(expires), "an expired key is of no use")

	var stored string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT string_agg(to_jsonb(k)::text, '') FROM costkey.api_key k").Scan(&stored))
	assert.NotContains(t, stored, secret[len(secret)-52:], "the secret is not stored")
}

func TestARevokedKeyStaysListedAndIsOfNoUse(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	key, _, err := s.CreateKey(t.Context(), storage.Key{Project: "shop", Scopes: []string{"ingest"}})
	require.NoError(t, err)
	require.NoError(t, s.RevokeKey(t.Context(), key.ID))
	keys, err := s.Keys(t.Context(), "shop")
	require.NoError(t, err)
	require.Len(t, keys, 1)
	first := keys[0].RevokedAt
	assert.False(t, keys[0].Usable(noon))

	require.NoError(t, s.RevokeKey(t.Context(), key.ID))
	keys, err = s.Keys(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, first, keys[0].RevokedAt, "the first revocation counts")
	require.ErrorIs(t, s.RevokeKey(t.Context(), key.ID+1), storage.ErrNoKey)
}

func TestTheLastUseOfAKeyOnlyMovesForward(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}))
	key, _, err := s.CreateKey(t.Context(), storage.Key{Project: "shop", Scopes: []string{"ingest"}})
	require.NoError(t, err)
	for _, at := range []time.Time{noon, noon.Add(-time.Hour)} {
		require.NoError(t, s.TouchKeys(t.Context(), map[int64]time.Time{key.ID: at, 999: at}))
		found, err := s.FindKey(t.Context(), key.Prefix)
		require.NoError(t, err)
		assert.True(t, noon.Equal(found.LastUsedAt))
	}
	require.NoError(t, s.TouchKeys(t.Context(), nil))
}

func TestWhatCanBeNoKeyIsNotMadeOrFound(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	_, _, err := s.CreateKey(t.Context(), storage.Key{Project: "nowhere", Scopes: []string{"ingest"}})
	require.ErrorIs(t, err, storage.ErrNoProject)
	for _, scopes := range [][]string{nil, {"admin"}} {
		_, _, err := s.CreateKey(t.Context(), storage.Key{Project: "nowhere", Scopes: scopes})
		require.ErrorContains(t, err, "ingest")
	}
	_, err = s.FindKey(t.Context(), "abcdefghijkl")
	require.ErrorIs(t, err, storage.ErrNoKey)
	for _, text := range []string{"", "ck_", "ck_abcdefghijkl_", "sk-proj-abc", "ck_abcdefghijkl_" + string(make([]byte, 52))} {
		_, ok := storage.KeyPrefix(text)
		assert.False(t, ok, text)
	}
}

func TestAProjectsSettingsAreChangedOneByOne(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop", DefaultTags: map[string]string{"team": "a", "tier": "1"}}))
	require.ErrorIs(t, s.CreateProject(t.Context(), storage.Project{Slug: "shop"}), storage.ErrProjectExists)
	days, on := 7, true
	require.NoError(t, s.SetProject(t.Context(), "shop", storage.ProjectChange{RetentionDays: &days, CaptureBody: &on}))
	require.NoError(t, s.SetProject(t.Context(), "shop", storage.ProjectChange{
		SetTags: map[string]string{"team": "b"}, RemoveTags: []string{"tier"},
	}))
	projects, err := s.Projects(t.Context())
	require.NoError(t, err)
	for _, p := range projects {
		if p.Slug == "shop" {
			p.CreatedAt = time.Time{}
			assert.Equal(t, storage.Project{
				Slug: "shop", Name: "shop", RetentionDays: 7, CaptureBody: true, DefaultTags: map[string]string{"team": "b"},
			}, p)
		}
	}
	require.ErrorIs(t, s.SetProject(t.Context(), "nowhere", storage.ProjectChange{RetentionDays: &days}), storage.ErrNoProject)
	days = 0
	require.ErrorContains(t, s.SetProject(t.Context(), "shop", storage.ProjectChange{RetentionDays: &days}), "retention")
	require.ErrorContains(t, s.CreateProject(t.Context(), storage.Project{Slug: "-a", DefaultTags: map[string]string{"a b": ""}}), "tag's key")
}

func TestEachProjectsRetentionIsItsOwn(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "short", RetentionDays: 30}))
	var batch []storage.Call
	for i, project := range []string{"short", "default"} {
		for j, age := range []int{1, 20} {
			c := call(10*i + j)
			c.Project = project
			c.StartMicros = noon.AddDate(0, 0, -age).UnixMicro()
			batch = append(batch, c)
		}
	}
	_, err := s.WriteCalls(t.Context(), batch)
	require.NoError(t, err)
	days := 7
	require.NoError(t, s.SetProject(t.Context(), "short", storage.ProjectChange{RetentionDays: &days}))
	_, err = s.Maintain(t.Context())
	require.NoError(t, err)
	var short, kept int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE project = 'short'), count(*) FILTER (WHERE project = 'default')
		FROM costkey.calls`).Scan(&short, &kept))
	assert.Equal(t, 1, short, "what is older than the project's 7 days is gone")
	assert.Equal(t, 2, kept, "another project's calls stay")
}
