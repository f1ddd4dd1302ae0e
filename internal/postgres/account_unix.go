//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating system account that the server runs under.
type account struct {
	uid, gid uint32
	// switched is true where it is not the account of this process, that is, where this process is root's.
	switched bool
}

// serverAccount returns the account to run the server under: this process's own, but for root, which PostgreSQL
// refuses, the owner of an existing cluster, else an unprivileged account that the machine has.
func serverAccount(clusters ...string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{uid: uint32(uid), gid: uint32(os.Getegid())}, nil
	}
	for _, dir := range clusters {
		if uid, gid, err := owner(filepath.Join(dir, "PG_VERSION")); err == nil && uid != 0 {
			return account{uid: uid, gid: gid, switched: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if a, err := lookupAccount(name); err == nil && a.uid != 0 {
			return a, nil
		}
	}
	return account{}, errors.New("find an account for PostgreSQL, which refuses to run as root: this machine has neither " +
		"postgres nor nobody; run the collector as an ordinary user, or set dsn (COSTKEY_DATABASE_URL) to use a PostgreSQL of your own")
}

func lookupAccount(name string) (account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, err
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	return account{uid: uint32(uid), gid: uint32(gid), switched: true}, errors.Join(errUID, errGID)
}

func (a account) String() string {
	if u, err := user.LookupId(strconv.FormatUint(uint64(a.uid), 10)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", a.uid)
}

// attr makes a child run under the account and in a session of its own, out of the terminal's reach.
func (a account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// makeDir makes a directory that only the account can enter, or makes sure that an existing one is that.
func (a account) makeDir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	if info.Sys().(*syscall.Stat_t).Uid == a.uid {
		return os.Chmod(path, 0o700)
	}
	if !a.switched {
		return fmt.Errorf("%s belongs to another account: %w", path, os.ErrPermission)
	}
	if info.Sys().(*syscall.Stat_t).Uid != 0 {
		return fmt.Errorf("%s belongs neither to root nor to %s: %w", path, a, os.ErrPermission)
	}
	return errors.Join(os.Chmod(path, 0o700), os.Lchown(path, int(a.uid), int(a.gid)))
}

// give hands a file that this process made to the account.
func (a account) give(file *os.File) error {
	if !a.switched {
		return nil
	}
	return file.Chown(int(a.uid), int(a.gid))
}

// giveToOwnerOf hands a file that this process made to the account that dir belongs to. Only root can, and needs to: a
// directory in which another account can make files is that account's.
func (a account) giveToOwnerOf(dir string, file *os.File) error {
	if !a.switched {
		return nil
	}
	uid, gid, err := owner(dir)
	if err != nil {
		return err
	}
	return file.Chown(int(uid), int(gid))
}

// canReach reports whether the account may enter dir and every directory above it, by their mode.
func (a account) canReach(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		stat := info.Sys().(*syscall.Stat_t)
		needed := os.FileMode(0o001)
		switch {
		case stat.Uid == a.uid:
			needed = 0o100
		case stat.Gid == a.gid:
			needed = 0o010
		}
		if info.Mode().Perm()&needed == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func owner(path string) (uid, gid uint32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid, nil
}

// The ways to end a PostgreSQL server: clean, and at once (it recovers at the next start).
const (
	signalFast      = syscall.SIGINT
	signalImmediate = syscall.SIGQUIT
)

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
