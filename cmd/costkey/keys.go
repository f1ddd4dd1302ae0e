package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newKeysCommand(db *database) *cobra.Command {
	return newGroup("keys", "Look after the keys by which clients send to a project",
		newKeysCreateCommand(db), newKeysListCommand(db), newKeysRevokeCommand(db))
}

func newKeysCreateCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print it: it is shown this once",
		Long: "Make a key and print it. It is shown this once: the database holds its hash only.\n" +
			"A DSN of CostKey's SDKs is http://<key>@<host>:4319/<project>.",
		Example: "  costkey keys create --project shop --name checkout --expires 90d",
		Args:    cobra.NoArgs,
	}
	var key storage.Key
	flags := cmd.Flags()
	flags.StringVar(&key.Project, "project", "", "the project that the key is for")
	flags.StringVar(&key.Name, "name", "", "what the key is for")
	flags.StringSliceVar(&key.Scopes, "scope", []string{storage.ScopeIngest}, "what the key may be used for: ingest, read or both")
	expires := flags.String("expires", "", "when the key ends: an age such as 90d or 12h, or a time (RFC 3339) (default: never)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if key.ExpiresAt, err = expiryTime(*expires, time.Now()); err != nil {
			return misuse{err}
		}
		if err := key.Validate(); err != nil {
			return misuse{err}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			_, secret, err := store.CreateKey(ctx, key)
			if err != nil {
				return wayOut(err, key.Project)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
			return err
		})
	}
	if err := cmd.MarkFlagRequired("project"); err != nil {
		cmd.RunE = func(*cobra.Command, []string) error { return err }
	}
	return cmd
}

// expiryTime reads a time to come, or an age from now; empty is never, the zero time.
func expiryTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age > 0 {
		return now.Add(age), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(now) {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--expires must be an age such as 90d or 12h, or a time to come such as 2030-01-31T00:00:00Z, found %q", text)
}

func newKeysListCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List keys, the revoked ones too", Args: cobra.NoArgs}
	as := addFormatFlag(cmd)
	project := cmd.Flags().String("project", "", "only the keys of this project (default: all)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			keys, err := store.Keys(ctx, *project)
			if err != nil {
				return err
			}
			return keyListing(keys, time.Now()).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func keyListing(keys []storage.Key, now time.Time) listing {
	found := listing{columns: []column{
		{name: "id", title: "ID", right: true},
		{name: "project", title: "PROJECT"},
		{name: "prefix", title: "PREFIX"},
		{name: "name", title: "NAME"},
		{name: "scopes", title: "SCOPES"},
		{name: "status", title: "STATUS"},
		{name: "created_at", title: "CREATED"},
		{name: "expires_at", title: "EXPIRES"},
		{name: "last_used_at", title: "LAST USED"},
	}}
	for _, k := range keys {
		found.rows = append(found.rows, []any{
			k.ID, k.Project, "ck_" + k.Prefix, orUnknown(k.Name), strings.Join(k.Scopes, ","), keyStatus(&k, now),
			timeCell(k.CreatedAt), timeCell(k.ExpiresAt), timeCell(k.LastUsedAt),
		})
	}
	return found
}

func keyStatus(k *storage.Key, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked"
	case !k.Usable(now):
		return "expired"
	default:
		return "active"
	}
}

func newKeysRevokeCommand(db *database) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a key for good; collectors follow within 5 seconds",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 32)
			if err != nil || id < 1 {
				return misuse{fmt.Errorf("ID must be a number as `costkey keys list` shows it, found %q", args[0])}
			}
			return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
				return store.RevokeKey(ctx, id)
			})
		},
	}
}
