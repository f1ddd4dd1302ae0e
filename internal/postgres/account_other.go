//go:build !unix

package postgres

import (
	"errors"
	"os"
	"syscall"
)

type account struct{ switched bool }

func serverAccount(...string) (account, error) {
	return account{}, errors.New("run a private PostgreSQL: not possible on this operating system; " +
		"set dsn (COSTKEY_DATABASE_URL) to use a PostgreSQL of your own")
}

func (account) String() string                       { return "" }
func (account) attr() *syscall.SysProcAttr           { return nil }
func (account) makeDir(string) error                 { return errors.ErrUnsupported }
func (account) give(*os.File) error                  { return errors.ErrUnsupported }
func (account) giveToOwnerOf(string, *os.File) error { return errors.ErrUnsupported }
func (account) canReach(string) bool                 { return false }

const (
	signalFast      = syscall.SIGINT
	signalImmediate = syscall.SIGTERM
)

func alive(int) bool { return false }
