package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/zap"
)

const (
	// pollEvery is how often the server's lock file is read while waiting for it, as pg_ctl does.
	pollEvery = 20 * time.Millisecond
	// saidEvery is how often a wait for recovery is logged.
	saidEvery = 10 * time.Second
	// recoveryTimeout bounds a start: replaying max_wal_size of log takes a minute or two on a slow disk.
	recoveryTimeout = 10 * time.Minute
	// fastStopTimeout bounds a clean stop, which writes all of shared_buffers at worst.
	fastStopTimeout = 60 * time.Second
	// immediateStopTimeout bounds the stop without writing; after it the process is killed.
	immediateStopTimeout = 10 * time.Second
	// orphansTimeout bounds the wait for the children of a killed server to notice its death.
	orphansTimeout = 15 * time.Second
)

// errOrphans says that children of a killed server still hold its shared memory, or that a killed owner's program is
// still at work on the cluster.
var errOrphans = errors.New("processes of the previous server are still ending")

// tellsOfOrphans reports whether what PostgreSQL's programs said is errOrphans.
func tellsOfOrphans(output string) bool {
	return strings.Contains(output, "pre-existing shared memory block") ||
		strings.Contains(output, `lock file "postmaster.pid" already exists`)
}

// Server is a running private PostgreSQL. Its methods are safe for concurrent use.
type Server struct {
	cfg       Config
	logger    *zap.Logger
	layout    layout
	run       account
	programs  programs
	socketDir string
	lock      *flock.Flock

	mu      sync.Mutex
	process *os.Process
	exited  chan struct{}
	stopped bool
}

// Start runs a server on cfg.DataDir and returns once it takes connections. ctx bounds the start only. The error wraps
// ErrLocked or ErrNoPrograms where it is that; every error that a setting can solve names the setting. On error nothing
// is left running.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, logger: cfg.log()}
	dataDir, err := openDataDir(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	if s.lock, err = lockDataDir(dataDir); err != nil {
		return nil, err
	}
	if err := s.open(ctx, dataDir); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

// lockDataDir makes this process the one owner of the data directory. The system lets go of the lock when the process
// ends in whatever way.
func lockDataDir(dataDir string) (*flock.Flock, error) {
	path := layout{dataDir: dataDir}.lockFile()
	lock := flock.New(path)
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data_dir: %w; %s", err, wayOut)
	}
	if !locked {
		holder := ""
		if pid, err := os.ReadFile(path); err == nil && len(pid) > 0 {
			holder = " (process " + strings.TrimSpace(string(pid)) + ")"
		}
		return nil, fmt.Errorf("start PostgreSQL on data_dir %s: %w by another collector%s; stop it, or %s",
			dataDir, ErrLocked, holder, wayOut)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data_dir: %w; %s", err, wayOut), lock.Close())
	}
	return lock, nil
}

// open brings the server up on the locked data directory.
func (s *Server) open(ctx context.Context, dataDir string) (err error) {
	if s.layout, s.run, err = placeData(dataDir, s.logger); err != nil {
		return err
	}
	major := clusterMajor(s.layout.cluster())
	if s.programs, err = findPrograms(ctx, s.cfg, major, s.run); err != nil && major != 0 {
		return fmt.Errorf("serve the existing data: %w", err)
	} else if err != nil {
		return err
	}
	if err := s.makeCluster(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.launch(ctx); err != nil {
		return err
	}
	s.logger.Info("private PostgreSQL started", zap.String("version", s.programs.version),
		zap.String("programs", s.programs.dir), zap.String("account", s.run.String()),
		zap.String("data", s.layout.cluster()), zap.Int("pid", s.process.Pid))
	return nil
}

// DSN returns a URI that psql and pgx understand. It holds no secret: the password is in the file it names, which only
// the owner of the data directory and root can read.
func (s *Server) DSN() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return dsn(s.layout, s.socketDir)
}

// Version returns the server's version, such as "15.8".
func (s *Server) Version() string { return s.programs.version }

// Exited returns a channel that is closed when the server has ended by itself or by Stop. Restart makes a new one.
func (s *Server) Exited() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exited
}

// Restart launches a server that has ended by itself anew, with the same DSN. It does nothing while it runs.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return fmt.Errorf("restart PostgreSQL: %w", ErrNotRunning)
	}
	select {
	case <-s.exited:
		return s.launch(ctx)
	default:
		return nil
	}
}

// Stop ends the server: cleanly, or, once ctx is done, at once, after which the next start recovers. It waits for its
// end, lets go of the data directory, and does nothing the second time.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	return errors.Join(s.end(ctx), os.RemoveAll(s.layout.stateFile()), os.RemoveAll(s.socketDir), s.lock.Close())
}

// launch starts the process and waits until it takes connections. Called with mu held.
func (s *Server) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	orphans, cancelOrphans := context.WithTimeout(ctx, orphansTimeout)
	defer cancelOrphans()
	if err := s.clearPlace(ctx); err != nil {
		return err
	}
	for {
		err := s.prepareRole(ctx, s.layout.cluster())
		if err == nil {
			err = s.launchOnce(ctx)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errOrphans) || !pause(orphans) {
			return fmt.Errorf("start PostgreSQL on %s: %w", s.layout.cluster(), err)
		}
	}
	state := State{
		DSN: dsn(s.layout, s.socketDir), PID: s.process.Pid, OwnerPID: os.Getpid(), Version: s.programs.version,
		Cluster: s.layout.cluster(), SocketDir: s.socketDir,
	}
	if err := state.write(s.layout.stateFile()); err != nil {
		return errors.Join(fmt.Errorf("record where PostgreSQL runs: %w; %s", err, wayOut), s.end(ctx))
	}
	return nil
}

func (s *Server) launchOnce(ctx context.Context) error {
	output, err := s.openLog()
	if err != nil {
		return err
	}
	defer output.Close()
	args := append([]string{"-D", s.layout.cluster()}, parameterArgs(s.cfg.Parameters, s.socketDir)...)
	cmd := exec.Command(s.programs.postgres(), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.layout.base, childEnv(), s.run.attr()
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in the server's log
		close(exited)
	}()
	s.process, s.exited = cmd.Process, exited
	if err := s.waitReady(ctx); err != nil {
		return errors.Join(err, s.end(ctx))
	}
	return nil
}

// openLog starts a new server log and keeps the one before.
func (s *Server) openLog() (*os.File, error) {
	path := s.layout.logFile()
	if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("keep the previous server log: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server log: %w", err)
	}
	if err := s.run.give(file); err != nil {
		return nil, errors.Join(fmt.Errorf("open the server log: %w", err), file.Close())
	}
	return file, nil
}

// waitReady waits until the server says in its lock file that it takes connections.
func (s *Server) waitReady(ctx context.Context) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	say := time.NewTicker(saidEvery)
	defer say.Stop()
	for {
		select {
		case <-s.exited:
			return s.startError()
		case <-ctx.Done():
			return fmt.Errorf("wait until it takes connections: %w", ctx.Err())
		case <-say.C:
			s.logger.Info("PostgreSQL is still starting, probably recovering from an unclean stop")
		case <-poll.C:
			if pm, ok := readPostmaster(s.layout.cluster()); ok && pm.ready && pm.pid == s.process.Pid {
				return nil
			}
		}
	}
}

// startError says why the server ended while starting, by what it logged.
func (s *Server) startError() error {
	content, err := os.ReadFile(s.layout.logFile())
	if err != nil {
		return fmt.Errorf("the server ended while starting: %w", err)
	}
	if tellsOfOrphans(string(content)) {
		return errOrphans
	}
	return fmt.Errorf("the server ended while starting: %s (more in %s)", lastLines(string(content), 3), s.layout.logFile())
}

// end stops the process and waits for its end. Called with mu held.
func (s *Server) end(ctx context.Context) error {
	fast, cancel := context.WithTimeout(ctx, fastStopTimeout)
	defer cancel()
	gone := func() bool {
		select {
		case <-s.exited:
			return true
		default:
			return false
		}
	}
	if err := stopProcess(fast, s.process, gone); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	<-s.exited
	return nil
}
