package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newSourceMapsCommand(db *database) *cobra.Command {
	return newGroup("sourcemaps", "Look after the source maps that place calls of bundled JavaScript",
		newSourceMapsUploadCommand(db), newSourceMapsListCommand(db), newSourceMapsDeleteCommand(db))
}

// openProject is the project that calls without a key belong to.
const openProject = "default"

func newSourceMapsUploadCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upload --release R DIR|FILE...",
		Short: "Store the source maps of a release",
		Long: "Store the source maps of a release: the one that the SDK is told as `release`.\n" +
			"Maps are stored without the source code that they may hold. A directory is searched for *.map; each is the map\n" +
			"of the script beside it with its name, or of the one that names it in its sourceMappingURL. Scripts are known\n" +
			"by their path relative to the directory, behind --url-prefix. Safe to repeat.",
		Example: "  costkey sourcemaps upload --release 1.4.2 --project shop dist\n" +
			"  costkey sourcemaps upload --release 1.4.2 --url-prefix '~/_next/static' .next/static",
		Args: cobra.MinimumNArgs(1),
	}
	flags := cmd.Flags()
	project := flags.String("project", openProject, "the project that sends the calls")
	release := flags.String("release", "", "the release, as the SDK sends it")
	prefix := flags.String("url-prefix", "~/", "where the files are served or deployed; ~ stands for any host")
	as := addFormatFlag(cmd)
	require := cmd.MarkFlagRequired("release")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := findSourceMaps(args, *prefix)
		if err = errors.Join(require, err); err != nil {
			return err
		}
		if len(found) == 0 {
			return errors.New("no source maps are there: build with source maps, and name the directory that they are written to")
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			stored, err := uploadSourceMaps(ctx, store, *project, *release, found)
			return errors.Join(uploadListing(stored).write(cmd.OutOrStdout(), *as), err)
		})
	}
	return cmd
}

// uploadSourceMaps stores maps and returns those that were stored. A map that can't be one does not stop the others.
func uploadSourceMaps(
	ctx context.Context, store *storage.Store, project, release string, files []sourceMapFile,
) ([]sourceMapFile, error) {
	var stored []sourceMapFile
	var bad []error
	for _, file := range files {
		data, err := readSourceMapFile(file.path)
		if err == nil {
			err = store.PutSourceMap(ctx, project, release, file.generated, data)
		}
		if err == nil {
			stored = append(stored, file)
			continue
		}
		bad = append(bad, fmt.Errorf("upload %q: %w", file.path, wayOut(err, project)))
		if !errors.Is(err, storage.ErrBadSourceMap) {
			break
		}
	}
	return stored, errors.Join(bad...)
}

func uploadListing(stored []sourceMapFile) listing {
	found := listing{columns: []column{{name: "file", title: "FILE"}, {name: "map", title: "MAP"}}}
	for _, file := range stored {
		found.rows = append(found.rows, []any{storage.GeneratedFile(file.generated), file.path})
	}
	return found
}

func newSourceMapsListCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the stored source maps", Args: cobra.NoArgs}
	project := cmd.Flags().String("project", "", "only those of this project (default: all)")
	release := cmd.Flags().String("release", "", "only those of this release (default: all)")
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			maps, err := store.SourceMaps(ctx, *project, *release)
			if err != nil {
				return err
			}
			return sourceMapListing(maps).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func sourceMapListing(maps []storage.SourceMap) listing {
	found := listing{columns: []column{
		{name: "project", title: "PROJECT"},
		{name: "release", title: "RELEASE"},
		{name: "file", title: "FILE"},
		{name: "size", title: "BYTES", right: true},
		{name: "stored", title: "STORED", right: true},
		{name: "uploaded_at", title: "UPLOADED"},
	}}
	for _, m := range maps {
		found.rows = append(found.rows, []any{
			m.Project, m.Release, m.File, m.Size, m.Stored, m.UploadedAt.UTC().Format(time.RFC3339),
		})
	}
	return found
}

func newSourceMapsDeleteCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete the source maps of a release, or old ones",
		Example: "  costkey sourcemaps delete --project shop --release 1.4.2\n" +
			"  costkey sourcemaps delete --project shop --older-than 90d",
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	project := flags.String("project", openProject, "the project that the maps are of")
	release := flags.String("release", "", "only those of this release")
	olderThan := flags.String("older-than", "", "only those uploaded longer ago than an age such as 90d or 12h")
	cmd.MarkFlagsOneRequired("release", "older-than")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		before, err := timeBefore(*olderThan, time.Now())
		if err != nil {
			return misuse{err}
		}
		if *release == "" && before.IsZero() {
			return misuse{errors.New("--release must not be empty")}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			n, err := store.DeleteSourceMaps(ctx, *project, *release, before)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "deleted %d source maps\n", n)
			return err
		})
	}
	return cmd
}

// timeBefore reads an age, of days or what [time.ParseDuration] takes, before now; empty is the zero time.
func timeBefore(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36500 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("--older-than must be an age such as 90d or 12h, found %q", text)
}
