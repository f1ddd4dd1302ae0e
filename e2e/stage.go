package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// stage is what one scenario plays on: a directory of its own and whatever it started.
type stage struct {
	root     string // the checkout
	programs string // PostgreSQL's, which a scenario's account and its empty home would not find where they were fetched
	dir      string // everything the scenario writes
	account  *syscall.Credential
	cleanup  []func() error
}

func newStage(root, programs string) (*stage, error) {
	dir, err := os.MkdirTemp("", "costkey-e2e-")
	if err != nil {
		return nil, err
	}
	// PostgreSQL runs as another account where we are root, and must be able to pass through.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	return &stage{root: root, programs: programs, dir: dir}, nil
}

// onClose has f run when the scenario ends, the last one first.
func (s *stage) onClose(f func() error) { s.cleanup = append(s.cleanup, f) }

// close ends what the scenario started and, if all went well, removes what it wrote.
func (s *stage) close(passed bool) error {
	var problems []error
	for i := len(s.cleanup) - 1; i >= 0; i-- {
		problems = append(problems, s.cleanup[i]())
	}
	if passed {
		problems = append(problems, os.RemoveAll(s.dir))
	}
	return errors.Join(problems...)
}

// become makes the programs of the scenario run as another account, which then owns the directory. They are copied
// there, since the checkout may be in a home that the account cannot enter.
func (s *stage) become(uid, gid uint32) error {
	checkout := filepath.Join(s.dir, "checkout")
	for _, name := range []string{"bin/otelcol-costkey", "bin/costkey", "config/quickstart.yaml"} {
		content, err := os.ReadFile(filepath.Join(s.root, name))
		if err != nil {
			return err
		}
		to := filepath.Join(checkout, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o755); err != nil {
			return err
		}
	}
	s.root = checkout
	s.account = &syscall.Credential{Uid: uid, Gid: gid}
	return os.Chown(s.dir, int(uid), int(gid))
}

// eventually asks until check has nothing to object or the time is over; then it returns the last objection.
func eventually(ctx context.Context, patience time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait %s: %w", patience, last)
		case <-tick.C:
		}
	}
}

// pause lets the collector go on for d by itself.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// filesWith returns the files under dir that contain text. A file that goes away meanwhile is passed over.
func filesWith(dir, text string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		var content []byte
		if err == nil && entry.Type().IsRegular() {
			content, err = os.ReadFile(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return nil
	})
	return found, err
}
