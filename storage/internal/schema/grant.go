package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// Access says what a database role may do.
type Access string

const (
	// AccessWrite is what a collector needs that makes no schema and does no maintenance.
	AccessWrite Access = "write"
	// AccessRead is the public views.
	AccessRead Access = "read"
)

// Grant gives a role what it needs for an access. Partitions that are made later get the privileges of their parents. The
// caller must own the schema.
func Grant(ctx context.Context, db *database.DB, role string, access Access) error {
	if access != AccessWrite && access != AccessRead {
		return fmt.Errorf("an access must be write or read, found %q", access)
	}
	sql := strings.ReplaceAll(query("grant_"+string(access)), "{role}", pgx.Identifier{role}.Sanitize())
	return database.Describe("grant "+string(access)+" to "+role, pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
		var owner bool
		if err := tx.QueryRow(ctx, query("is_owner")).Scan(&owner); err != nil {
			return err
		}
		if !owner {
			return errNotOwner // PostgreSQL warns only, and grants nothing
		}
		_, err := tx.Exec(ctx, sql)
		return err
	}))
}

var errNotOwner = errors.New("only the owner of schema costkey, or a superuser, can grant")
