package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
)

// clearPlace makes sure that no other server is on the cluster and that nothing an ended one left stands in the way of a
// new one. Only the owner of the data directory may call it.
func (s *Server) clearPlace(ctx context.Context) error {
	if err := s.stopStray(ctx); err != nil {
		return err
	}
	dir, err := makeSocketDir(s.layout, s.run)
	if err != nil {
		return fmt.Errorf("create a directory for PostgreSQL's socket: %w; %s", err, wayOut)
	}
	s.socketDir = dir
	// The socket's own lock file may name a process number that something else has by now, or a dead process that
	// nobody waits for, as in a container without an init; PostgreSQL would believe either.
	if err := errors.Join(os.RemoveAll(socketPath(dir)), os.RemoveAll(socketPath(dir)+".lock")); err != nil {
		return fmt.Errorf("remove the socket of a server that is gone: %w", err)
	}
	return nil
}

// stopStray stops a server that outlived its owner, and removes a lock file that names a process which is no server of
// this cluster: PostgreSQL itself would believe it.
func (s *Server) stopStray(ctx context.Context) error {
	cluster := s.layout.cluster()
	pm, ok := readPostmaster(cluster)
	if !ok {
		return nil
	}
	if !serves(pm.pid, cluster) {
		if err := os.Remove(pidFile(cluster)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the lock file of a server that is gone: %w", err)
		}
		return nil
	}
	s.logger.Warn("a PostgreSQL left by a collector that was killed is still running; stopping it", zap.Int("pid", pm.pid))
	process, err := os.FindProcess(pm.pid)
	if err != nil {
		return fmt.Errorf("stop the PostgreSQL left by an earlier run: %w", err)
	}
	fast, cancel := context.WithTimeout(ctx, fastStopTimeout)
	defer cancel()
	gone := func() bool {
		now, ok := readPostmaster(cluster)
		return !ok || now.pid != pm.pid || !serves(pm.pid, cluster)
	}
	if err := stopProcess(fast, process, gone); err != nil {
		return fmt.Errorf("stop the PostgreSQL left by an earlier run (process %d): %w; stop it by hand, or %s", pm.pid, err, wayOut)
	}
	return nil
}

// stopProcess asks for a clean stop until ctx is done, then for an immediate one, and then kills. It returns once gone
// says so.
func stopProcess(ctx context.Context, process *os.Process, gone func() bool) error {
	wait := func(ctx context.Context) bool {
		for !gone() {
			if !pause(ctx) {
				return gone()
			}
		}
		return true
	}
	for _, step := range []struct {
		signal os.Signal
		limit  time.Duration
	}{{signalFast, 0}, {signalImmediate, immediateStopTimeout}, {os.Kill, immediateStopTimeout}} {
		if gone() {
			return nil
		}
		if err := process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		limited, cancel := ctx, context.CancelFunc(func() {})
		if step.limit > 0 {
			limited, cancel = context.WithTimeout(context.WithoutCancel(ctx), step.limit)
		}
		ended := wait(limited)
		cancel()
		if ended {
			return nil
		}
	}
	return errors.New("it does not end")
}

// pause waits for one poll; it reports false once ctx is done.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
