package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// Location returns the state of the server that runs on dataDir. The error is ErrNotRunning where none does; an error
// that wraps os.ErrPermission says that one runs whose socket or whose password this process's account cannot reach.
func Location(dataDir string) (State, error) {
	abs, err := filepath.Abs(dataDir)
	if err != nil {
		return State{}, fmt.Errorf("resolve data directory %q: %w", dataDir, err)
	}
	content, err := os.ReadFile(layout{dataDir: abs}.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return State{}, fmt.Errorf("%w under %s", ErrNotRunning, abs)
	}
	if err != nil {
		return State{}, fmt.Errorf("read the state of PostgreSQL: %w", err)
	}
	var state State
	if err := json.Unmarshal(content, &state); err != nil {
		return State{}, fmt.Errorf("read the state of PostgreSQL in %s: %w", abs, err)
	}
	conn, err := net.Dial("unix", socketPath(state.SocketDir))
	if errors.Is(err, os.ErrPermission) {
		return State{}, fmt.Errorf("reach PostgreSQL under %s, which runs under another account; "+
			"become that account or root: %w", abs, os.ErrPermission)
	}
	if err != nil {
		return State{}, fmt.Errorf("%w under %s (its last owner did not end cleanly)", ErrNotRunning, abs)
	}
	if err := conn.Close(); err != nil {
		return State{}, err
	}
	password, err := os.Open(layout{dataDir: abs}.passFile())
	if err != nil {
		return State{}, fmt.Errorf("read the password of PostgreSQL under %s, which another account started; "+
			"become that account or root: %w", abs, err)
	}
	return state, password.Close()
}

// write puts the state where Location finds it, whole or not at all.
func (s State) write(path string) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	next := path + ".new"
	if err := os.WriteFile(next, append(content, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(next, path)
}
