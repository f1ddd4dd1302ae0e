package database

import (
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestTheSettingOfConnectionsGoesBeforeTheDSNsAndThatBeforeTheDefault(t *testing.T) {
	t.Parallel()
	const host = "host=127.0.0.1 user=costkey"
	pgxDefault, err := pgxpool.ParseConfig(host)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		cfg  Config
		want int32
	}{
		"neither":                       {Config{DSN: host}, defaultMaxConns},
		"the DSN":                       {Config{DSN: host + " pool_max_conns=3"}, 3},
		"the DSN, as pgx would have it": {Config{DSN: host + " pool_max_conns=" + strconv.Itoa(int(pgxDefault.MaxConns))}, pgxDefault.MaxConns},
		"the DSN, as a URI":             {Config{DSN: "postgres://costkey@127.0.0.1/?pool_max_conns=4"}, 4},
		"the setting":                   {Config{DSN: host + " pool_max_conns=3", MaxConns: 5}, 5},
	} {
		db, err := Open(test.cfg)
		require.NoError(t, err, name)
		require.Equal(t, test.want, db.Pool().Config().MaxConns, name)
		db.Close()
	}
}
