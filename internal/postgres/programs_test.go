package postgres

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionsAreReadAsPostgreSQLPrintsThem(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]int{
		"postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 17.0\n":                         17,
		"postgres (PostgreSQL) 18beta1\n":                      18,
		"postgres (PostgreSQL) 19devel\n":                      19,
		"postgres (EnterpriseDB) 15.8\n":                       0,
		"postgres (PostgreSQL) \n":                             0,
		"":                                                     0,
	} {
		_, major := parseVersion(out)
		assert.Equal(t, want, major, out)
	}
}

func TestProgramsFitTheData(t *testing.T) {
	t.Parallel()
	found := []programs{{dir: "old", major: 14}, {dir: "path", major: 15}, {dir: "new", major: 17}}
	for name, c := range map[string]struct {
		major int
		want  string
	}{
		"new data takes the first that is new enough":             {0, "path"},
		"existing data takes its own version":                     {17, "new"},
		"existing data of a version too old for us is left to it": {14, "old"},
		"existing data of a version that is not there":            {16, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ok := choose(found, c.major)
			assert.Equal(t, c.want, p.dir)
			assert.Equal(t, c.want != "", ok)
		})
	}
}

func TestTheChildsEnvironmentHoldsNoKey(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-secret")
	t.Setenv("PGDATA", "/elsewhere")
	for _, variable := range childEnv() {
		assert.NotContains(t, variable, "sk-secret")
		assert.NotContains(t, variable, "PGDATA")
	}
}

func TestTheDSNCarriesAnyPathAndNoSecret(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "postgres://costkey@/costkey?host=/plain/socket&port=5432&password=&passfile=/plain/postgres.pgpass",
		dsn(layout{dataDir: "/plain"}, "/plain/socket"))
	odd := "/a b+c&d=e%f/é"
	got := dsn(layout{dataDir: odd}, odd)
	u, err := url.Parse(got)
	require.NoError(t, err)
	assert.Equal(t, odd, u.Query().Get("host"))
	assert.Equal(t, odd+"/postgres.pgpass", u.Query().Get("passfile"))
	assert.NotContains(t, got, "+", "libpq does not read a plus sign as a space")
}
