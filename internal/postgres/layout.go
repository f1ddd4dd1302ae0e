package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
)

// systemHome is where root's data goes when the server's account cannot reach the data directory. A variable, so that
// tests need not write there.
var systemHome = "/var/lib/costkey"

// maxSocketPath is the longest socket path that every system takes: macOS has room for 104 bytes with the final NUL,
// Linux for 108.
const maxSocketPath = 103

// layout says where everything of one data directory is.
type layout struct {
	dataDir string // absolute, symlinks resolved
	base    string // <home>/postgres
}

func (l layout) lockFile() string   { return filepath.Join(l.dataDir, "lock") }
func (l layout) stateFile() string  { return filepath.Join(l.dataDir, "postgres.json") }
func (l layout) passFile() string   { return filepath.Join(l.dataDir, "postgres.pgpass") }
func (l layout) cluster() string    { return filepath.Join(l.base, "data") }
func (l layout) newCluster() string { return filepath.Join(l.base, "data.new") }
func (l layout) logFile() string    { return filepath.Join(l.base, "server.log") }

// openDataDir makes the user's data directory and returns its absolute path.
func openDataDir(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("data_dir must not be empty")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve data_dir %q: %w", dir, err)
	}
	if err := makePublicDir(abs); err != nil {
		return "", fmt.Errorf("create data_dir: %w; %s", err, wayOut)
	}
	probe, err := os.CreateTemp(abs, ".writable-")
	if err != nil {
		return "", fmt.Errorf("write to data_dir: %w; %s", err, wayOut)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return "", fmt.Errorf("write to data_dir: %w; %s", err, wayOut)
	}
	return filepath.EvalSymlinks(abs)
}

// fallbackHome is the data directory's own place under systemHome.
func fallbackHome(dataDir string) string {
	return filepath.Join(systemHome, strings.TrimLeft(filepath.Base(dataDir), ".")+"-"+shortHash(dataDir))
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// layoutsOf returns the two places where the server's files of a data directory may be.
func layoutsOf(dataDir string) (near, far layout) {
	if abs, err := filepath.Abs(dataDir); err == nil {
		dataDir = abs
	}
	if resolved, err := filepath.EvalSymlinks(dataDir); err == nil {
		dataDir = resolved
	}
	return layout{dataDir: dataDir, base: filepath.Join(dataDir, "postgres")},
		layout{dataDir: dataDir, base: filepath.Join(fallbackHome(dataDir), "postgres")}
}

// placeData decides where the server's files are, and makes the directory. Data that exists is never left behind.
func placeData(dataDir string, logger *zap.Logger) (layout, account, error) {
	near, far := layoutsOf(dataDir)
	run, err := serverAccount(near.cluster(), far.cluster())
	if err != nil {
		return layout{}, account{}, err
	}
	if !run.switched {
		if err := run.makeDir(near.base); err != nil {
			return layout{}, account{}, fmt.Errorf("create PostgreSQL's directory: %w; %s", err, wayOut)
		}
		return near, run, nil
	}
	if clusterMajor(far.cluster()) == 0 || clusterMajor(near.cluster()) != 0 {
		nearErr := fmt.Errorf("account %s cannot enter %s", run, dataDir)
		if run.canReach(dataDir) {
			nearErr = run.makeDir(near.base)
		}
		if nearErr == nil {
			return near, run, nil
		}
		if clusterMajor(near.cluster()) != 0 {
			return layout{}, account{}, fmt.Errorf("reach the existing data under data_dir: %w; %s", nearErr, wayOut)
		}
		logger.Warn("data_dir cannot hold PostgreSQL's data, which is kept elsewhere instead",
			zap.String("data_dir", dataDir), zap.String("kept_in", far.base), zap.Error(nearErr))
	}
	if err := makeFallback(far.base, run); err != nil {
		return layout{}, account{}, fmt.Errorf("create PostgreSQL's directory: %w; %s", err, wayOut)
	}
	return far, run, nil
}

func makeFallback(base string, run account) error {
	if err := makePublicDir(filepath.Dir(base)); err != nil {
		return err
	}
	if !run.canReach(filepath.Dir(base)) {
		return fmt.Errorf("account %s cannot enter %s either", run, filepath.Dir(base))
	}
	return run.makeDir(base)
}

// makePublicDir makes a directory, and those above it that do not exist, such that other accounts may enter whatever
// the umask is. It leaves existing ones as they are.
func makePublicDir(path string) error {
	var missing []string
	for dir := path; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	for _, dir := range missing {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// makeSocketDir returns a directory for the socket that only the account can enter.
func makeSocketDir(l layout, run account) (string, error) {
	near := filepath.Join(l.base, "socket")
	if len(socketPath(near)) <= maxSocketPath {
		return near, run.makeDir(near)
	}
	parents := []string{"/tmp"}
	if run.switched {
		parents = []string{"/run", "/tmp"}
	}
	var problems []error
	for _, parent := range parents {
		dir := filepath.Join(parent, "costkey-"+shortHash(l.base))
		err := run.makeDir(dir)
		if err == nil {
			return dir, nil
		}
		problems = append(problems, err)
	}
	return "", errors.Join(problems...)
}

func socketPath(dir string) string { return filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", socketPort)) }
