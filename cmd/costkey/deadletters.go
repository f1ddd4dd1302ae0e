package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/storage"
)

func newDeadLettersCommand(db *database) *cobra.Command {
	group := newGroup("dead-letters", "Look at, write again or delete calls that could not be written",
		newDeadLettersListCommand(db), newDeadLettersReplayCommand(db), newDeadLettersDeleteCommand(db))
	group.Long = "Look at, write again or delete calls that could not be written. Each is kept in the database with the reason:\n" +
		"  bad_value  PostgreSQL refused a value of the row\n" +
		"  clocks     the clocks of the collector and of the database disagree whether the call's time is sane\n" +
		"  failing    its write failed again and again, while those of other rows succeeded"
	return group
}

// lettersAtOnce bounds how many dead letters are in memory.
const lettersAtOnce = 500

// letterFilter says which dead letters a command is for.
type letterFilter struct{ project, reason string }

func (f *letterFilter) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.project, "project", "", "only those of this project (default: all)")
	flags.StringVar(&f.reason, "reason", "", "only those with this reason: bad_value, clocks or failing (default: all)")
}

func (f *letterFilter) isEmpty() bool { return *f == letterFilter{} }

func (f *letterFilter) validate() error {
	reasons := []storage.Reason{"", storage.ReasonBadValue, storage.ReasonClocks, storage.ReasonFailing}
	if slices.Contains(reasons, storage.Reason(f.reason)) {
		return nil
	}
	return misuse{fmt.Errorf("--reason must be bad_value, clocks or failing, found %q", f.reason)}
}

// each hands the dead letters to do, the oldest first, some at a time, until it wants no more.
func (f *letterFilter) each(ctx context.Context, store *storage.Store, do func([]storage.DeadLetter) (more bool, err error)) error {
	for after := int64(0); ; {
		letters, err := store.DeadLetters(ctx, f.project, storage.Reason(f.reason), after, lettersAtOnce)
		if err != nil || len(letters) == 0 {
			return err
		}
		more, err := do(letters)
		if err != nil || !more {
			return err
		}
		after = letters[len(letters)-1].ID
	}
}

func newDeadLettersListCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List dead letters, the oldest first", Args: cobra.NoArgs}
	var f letterFilter
	f.add(cmd.Flags())
	limit := cmd.Flags().Int("limit", 0, "at most so many (default: all)")
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *limit < 0 {
			return misuse{fmt.Errorf("--limit must not be negative, found %d", *limit)}
		}
		if err := f.validate(); err != nil {
			return err
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			found := deadLetterListing()
			err := f.each(ctx, store, func(letters []storage.DeadLetter) (bool, error) {
				for i := range letters {
					if *limit > 0 && len(found.rows) == *limit {
						return false, nil
					}
					found.rows = append(found.rows, deadLetterRow(&letters[i]))
				}
				return true, nil
			})
			if err != nil {
				return err
			}
			return found.write(cmd.OutOrStdout(), *as)
		})
	}
	return cmd
}

func deadLetterListing() listing {
	return listing{columns: []column{
		{name: "id", title: "ID", right: true},
		{name: "project", title: "PROJECT"},
		{name: "reason", title: "REASON"},
		{name: "written_at", title: "WRITTEN"},
		{name: "trace_id", title: "TRACE"},
		{name: "span_id", title: "SPAN"},
		{name: "bytes", title: "BYTES", right: true},
		{name: "sqlstate", title: "SQLSTATE"},
		{name: "error", title: "ERROR"},
	}}
}

func deadLetterRow(l *storage.DeadLetter) []any {
	return []any{
		l.ID, l.Project, string(l.Reason), timeCell(l.WrittenAt), l.TraceID, l.SpanID, l.Bytes, orUnknown(l.SQLState), l.Error,
	}
}

func newDeadLettersReplayCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Write dead letters again, and delete those that are stored then",
		Long: "Write dead letters again, one after the other, and delete those that are stored then. Safe to repeat: a call that\n" +
			"is stored already is not stored twice. Where some are left, the exit status is 1, and the last reason is shown.",
		Example: "  costkey storage dead-letters replay --reason clocks",
		Args:    cobra.NoArgs,
	}
	var f letterFilter
	f.add(cmd.Flags())
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.validate(); err != nil {
			return err
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			replayed, left, err := store.ReplayDeadLetters(ctx, f.project, storage.Reason(f.reason))
			if err != nil && replayed+left == 0 {
				return err
			}
			if err != nil {
				err = fmt.Errorf("%d dead letters are left: %w", left, err)
			}
			return errors.Join(replayListing(replayed, left).write(cmd.OutOrStdout(), *as), err)
		})
	}
	return cmd
}

func replayListing(replayed, left int) listing {
	return listing{
		columns: []column{{name: "replayed", title: "REPLAYED", right: true}, {name: "left", title: "LEFT", right: true}},
		rows:    [][]any{{replayed, left}},
	}
}

func newDeadLettersDeleteCommand(db *database) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID... | --project P --reason R --yes",
		Short: "Delete dead letters for good, by id, or all of a project and a reason",
		Example: "  costkey storage dead-letters delete 17 18\n" +
			"  costkey storage dead-letters delete --project shop --reason bad_value --yes",
	}
	var f letterFilter
	f.add(cmd.Flags())
	yes := cmd.Flags().Bool("yes", false, "delete all that --project and --reason name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids, err := f.idsOf(args, *yes)
		if err != nil {
			return err
		}
		return db.use(cmd.Context(), func(ctx context.Context, store *storage.Store) error {
			var deleted int64
			if len(ids) > 0 {
				deleted, err = store.DeleteDeadLetters(ctx, ids)
			} else {
				deleted, err = f.deleteAll(ctx, store)
			}
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "deleted %d dead letters\n", deleted); err != nil {
				return err
			}
			if missing := int64(len(ids)) - deleted; missing > 0 {
				return fmt.Errorf("%d of the ids are no dead letters", missing)
			}
			return nil
		})
	}
	return cmd
}

// idsOf reads what is to be deleted: ids, or none where it is all that the filter names.
func (f *letterFilter) idsOf(args []string, yes bool) ([]int64, error) {
	switch {
	case len(args) > 0 && !f.isEmpty():
		return nil, misuse{errors.New("name either ids, or --project and --reason")}
	case len(args) == 0 && f.isEmpty():
		return nil, misuse{errors.New("name ids as `costkey storage dead-letters list` shows them, or --project or --reason")}
	case len(args) == 0 && !yes:
		return nil, misuse{errors.New("all that --project and --reason name would be deleted for good: confirm it with --yes")}
	}
	ids := make([]int64, 0, len(args))
	for _, text := range args {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			return nil, misuse{fmt.Errorf("ID must be a number as `costkey storage dead-letters list` shows it, found %q", text)}
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), f.validate()
}

func (f *letterFilter) deleteAll(ctx context.Context, store *storage.Store) (deleted int64, err error) {
	err = f.each(ctx, store, func(letters []storage.DeadLetter) (bool, error) {
		ids := make([]int64, len(letters))
		for i := range letters {
			ids[i] = letters[i].ID
		}
		n, err := store.DeleteDeadLetters(ctx, ids)
		deleted += n
		return true, err
	})
	return deleted, err
}
