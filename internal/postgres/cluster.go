package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// programEnd bounds the wait for the children of a program that was killed.
const programEnd = 5 * time.Second

// makeCluster makes the cluster with its role and its database, unless there is one. It works under another name until
// the cluster is whole, so that being killed in the middle leaves nothing that looks like a cluster.
func (s *Server) makeCluster(ctx context.Context) error {
	l := s.layout
	if clusterMajor(l.cluster()) != 0 {
		return nil
	}
	if entries, err := os.ReadDir(l.cluster()); err == nil && len(entries) > 0 {
		return fmt.Errorf("make the database: %s is not empty and not a PostgreSQL cluster; move it away, or %s", l.cluster(), wayOut)
	}
	if err := os.RemoveAll(l.newCluster()); err != nil {
		return fmt.Errorf("remove a half-made database: %w", err)
	}
	args := []string{
		"-D", l.newCluster(), "-U", superuserName, "--encoding=UTF8", "--locale=C",
		"--auth-local=reject", "--auth-host=reject",
	}
	if s.cfg.unsynced() {
		args = append(args, "--no-sync")
	}
	if err := s.runProgram(ctx, "", s.programs.initdb(), args...); err != nil {
		return fmt.Errorf("make the database: %w; %s", err, wayOut)
	}
	create := "CREATE DATABASE " + databaseName + " TEMPLATE template0\n"
	if err := s.singleUser(ctx, l.newCluster(), "postgres", create); err != nil {
		return fmt.Errorf("make the database: %w; %s", err, wayOut)
	}
	if err := s.prepareRole(ctx, l.newCluster()); err != nil {
		return err
	}
	if err := os.Rename(l.newCluster(), l.cluster()); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return syncDir(l.base)
}

// singleUser runs statements as the cluster's superuser, without a server.
func (s *Server) singleUser(ctx context.Context, cluster, database, input string, args ...string) error {
	args = append([]string{"--single", "-D", cluster, "-c", "exit_on_error=on", "-c", "log_min_messages=fatal"}, args...)
	if s.cfg.unsynced() {
		args = append(args, "-F")
	}
	return s.runProgram(ctx, input, s.programs.postgres(), append(args, database)...)
}

// runProgram runs one of PostgreSQL's programs to its end; its error quotes the end of what the program said.
func (s *Server) runProgram(ctx context.Context, input, name string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.layout.base, childEnv(), s.run.attr()
	cmd.Stdin = strings.NewReader(input)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = programEnd
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if tellsOfOrphans(output.String()) {
			err = errOrphans
		}
		return fmt.Errorf("run %s: %w: %s", name, err, lastLines(output.String(), 3))
	}
	return nil
}

// lastLines joins the last n lines that say something.
func lastLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
