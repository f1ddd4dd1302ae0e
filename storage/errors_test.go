package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"

	"github.com/costkey/costkey-otel/storage"
)

func TestWhatMayPassIsRetryable(t *testing.T) {
	t.Parallel()
	sqlstate := func(code string) error { return &pgconn.PgError{Code: code, ConstraintName: "c"} }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no error":                             {nil, false},
		"a lost connection":                    {errors.New("unexpected EOF"), true},
		"a time-out":                           {context.DeadlineExceeded, true},
		"a wrapped error":                      {fmt.Errorf("write: %w", sqlstate("57P01")), true},
		"another writer was first":             {sqlstate("23505"), true},
		"two collectors make one partition":    {sqlstate("42P07"), true},
		"before the migration":                 {sqlstate("42P01"), true},
		"a missing partition":                  {&pgconn.PgError{Code: "23514"}, true},
		"a standby":                            {sqlstate("25006"), true},
		"a serialization failure":              {sqlstate("40001"), true},
		"a deadlock":                           {sqlstate("40P01"), true},
		"a full disk":                          {sqlstate("53100"), true},
		"too many connections":                 {sqlstate("53300"), true},
		"a lock that is not available":         {sqlstate("55P03"), true},
		"the server shuts down":                {sqlstate("57P01"), true},
		"the server starts":                    {sqlstate("57P03"), true},
		"a missing privilege":                  {sqlstate("42501"), true},
		"a statement that a new version mends": {sqlstate("42703"), true},
		"a wrong password":                     {sqlstate("28P01"), true},
		"an input/output error":                {sqlstate("58030"), true},
		"a value of the wrong form":            {sqlstate("22P02"), false},
		"a NUL byte":                           {sqlstate("22021"), false},
		"a number out of range":                {sqlstate("22003"), false},
		"a NULL where there must be a value":   {sqlstate("23502"), false},
		"a value that a constraint refuses":    {sqlstate("23514"), false},
		"a schema of a newer version":          {fmt.Errorf("migrate: %w", storage.ErrNewerSchema), false},
		"a server that is too old":             {storage.ErrServerTooOld, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, storage.IsRetryable(c.err))
		})
	}
}
