package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// misuse is an error of the caller of the command that is found while the command runs.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// run executes the command line and returns the exit status. What the command found goes to stdout, everything else to
// stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	begun := false
	root := newRootCommand(&begun)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(stderr, "costkey:", err)
	// Whatever stops a command before it begins is in how it was called.
	if !begun || errors.As(err, &misuse{}) {
		fmt.Fprintf(stderr, "See '%s --help'.\n", cmd.CommandPath())
		return exitMisuse
	}
	return exitFailed
}

func newRootCommand(begun *bool) *cobra.Command {
	var db database
	root := newGroup("costkey", "Look at, and look after, what AI calls cost",
		newDSNCommand(&db),
		newKeysCommand(&db),
		newPricesCommand(&db),
		newProjectsCommand(&db),
		newReportCommand(&db),
		newRepriceCommand(&db),
		newSourceMapsCommand(&db),
		newStorageCommand(&db),
	)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
			return err
		}
		*begun = true
		return nil
	}
	db.addFlags(root.PersistentFlags())
	return root
}

// newGroup returns a command that only has subcommands: alone it shows its help, and a word that is none of them is a
// misuse.
func newGroup(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse{fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())}
			}
			return cmd.Help()
		},
	}
	group.AddCommand(subcommands...)
	return group
}
