package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// makeRun is the README's first command: it builds and starts, takes a call, shows it by the command that it tells, and
// ends at Ctrl-C with its PostgreSQL.
func makeRun(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	// The scenario's home is empty; what Go keeps in the user's is used.
	kept, err := output(exec.CommandContext(ctx, "go", "env", "GOCACHE", "GOMODCACHE", "GOPATH"))
	if err != nil {
		return err
	}
	for i, value := range strings.Split(kept, "\n") {
		c.env = append(c.env, []string{"GOCACHE=", "GOMODCACHE=", "GOPATH="}[i]+value)
	}
	cmd := c.command(context.WithoutCancel(ctx), "make", "-C", s.root, "run")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal has it
	if err := c.launch(ctx, cmd); err != nil {
		return err
	}
	if err := errors.Join(c.send(ctx, newLoad("run").calls(0, 1)), c.eventuallyHolds(ctx, 1)); err != nil {
		return err
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("press Ctrl-C: %w", err)
	}
	if err := c.waitForEnd(); err != nil {
		return err
	}
	return endedCleanly(c)
}
