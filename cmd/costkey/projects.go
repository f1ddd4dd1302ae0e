package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/storage"
)

func newProjectsCommand(db *database) *cobra.Command {
	return newGroup("projects", "Look after projects and their settings",
		newProjectsCreateCommand(db), newProjectsListCommand(db), newProjectsSetCommand(db))
}

// wayOut adds to the error that there is no such project how to come to one.
func wayOut(err error, slug string) error {
	if !errors.Is(err, storage.ErrNoProject) {
		return err
	}
	return fmt.Errorf("%w; make it with `costkey projects create %s`, or name one that `costkey projects list` has", err, slug)
}

// projectFlags are a project's settings as the user gave them.
type projectFlags struct {
	name          string
	retentionDays int
	captureBody   bool
	tags          map[string]string
}

func (f *projectFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the name to show (default: the slug)")
	flags.IntVar(&f.retentionDays, "retention-days", 90, "how many days calls are kept, 1 to 400")
	flags.BoolVar(&f.captureBody, "capture-body", false, "store prompts and answers, where the exporter allows it too")
	flags.StringToStringVar(&f.tags, "tag", nil, "key=value, a tag for each call that has not that key; may be repeated")
}

func newProjectsCreateCommand(db *database) *cobra.Command {
	var f projectFlags
	cmd := &cobra.Command{
		Use: "create SLUG", Short: "Make a project",
		Example: "  costkey projects create shop --name 'The shop' --retention-days 30 --tag team=checkout",
		Args:    cobra.ExactArgs(1),
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p := storage.Project{
			Slug: args[0], Name: f.name, RetentionDays: f.retentionDays, CaptureBody: f.captureBody, DefaultTags: f.tags,
		}
		if err := p.Validate(); err != nil {
			return misuse{err}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			if err := store.CreateProject(ctx, p); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), p.Slug)
			return err
		})
	}
	return cmd
}

func newProjectsSetCommand(db *database) *cobra.Command {
	var f projectFlags
	var remove []string
	cmd := &cobra.Command{
		Use: "set SLUG", Short: "Change settings of a project; what is not named stays",
		Example: "  costkey projects set shop --retention-days 365 --remove-tag team",
		Args:    cobra.ExactArgs(1),
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&remove, "remove-tag", nil, "the key of a default tag to take away; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		change := storage.ProjectChange{SetTags: f.tags, RemoveTags: remove}
		if cmd.Flags().Changed("name") {
			change.Name = &f.name
		}
		if cmd.Flags().Changed("retention-days") {
			change.RetentionDays = &f.retentionDays
		}
		if cmd.Flags().Changed("capture-body") {
			change.CaptureBody = &f.captureBody
		}
		if change.Name == nil && change.RetentionDays == nil && change.CaptureBody == nil && len(f.tags)+len(remove) == 0 {
			return misuse{errors.New("name at least one setting to change")}
		}
		if err := change.Validate(); err != nil {
			return misuse{err}
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			return wayOut(store.SetProject(ctx, args[0], change), args[0])
		})
	}
	return cmd
}

func newProjectsListCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List all projects and their settings", Args: cobra.NoArgs}
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			projects, err := store.Projects(ctx)
			if err != nil {
				return err
			}
			return projectListing(projects).write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func projectListing(projects []storage.Project) listing {
	found := listing{columns: []column{
		{name: "project", title: "PROJECT"},
		{name: "name", title: "NAME"},
		{name: "retention_days", title: "RETENTION DAYS", right: true},
		{name: "capture_body", title: "BODIES"},
		{name: "default_tags", title: "DEFAULT TAGS"},
		{name: "created_at", title: "CREATED"},
	}}
	for _, p := range projects {
		tags := make([]string, 0, len(p.DefaultTags))
		for _, key := range slices.Sorted(maps.Keys(p.DefaultTags)) {
			tags = append(tags, key+"="+p.DefaultTags[key])
		}
		found.rows = append(found.rows, []any{
			p.Slug, p.Name, p.RetentionDays, p.CaptureBody, orUnknown(strings.Join(tags, ",")), timeCell(p.CreatedAt),
		})
	}
	return found
}

// timeCell is a time in a listing; none is unknown.
func timeCell(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
