package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/costkey/costkey-otel/internal/postgres"
)

const (
	// startPatience covers making a cluster of PostgreSQL on a slow disk.
	startPatience = time.Minute
	stopPatience  = time.Minute
)

// collector is one otelcol-costkey with its ports and its data directory. It can be started again after it ended.
type collector struct {
	s           *stage
	name        string
	dataDir     string
	databaseURL string // empty: the embedded PostgreSQL
	config      string // the file under config/; empty: quickstart.yaml
	env         []string

	grpc, http, health, metrics, sdk string // addresses

	process *exec.Cmd
	ended   chan struct{} // closed when process has ended
}

// collector prepares one; nothing runs yet.
func (s *stage) collector(name, databaseURL string) (*collector, error) {
	c := &collector{s: s, name: name, dataDir: filepath.Join(s.dir, name), databaseURL: databaseURL}
	addresses, err := freeAddresses(5)
	if err != nil {
		return nil, err
	}
	c.grpc, c.http, c.health, c.metrics, c.sdk = addresses[0], addresses[1], addresses[2], addresses[3], addresses[4]
	s.onClose(c.end)
	return c, nil
}

// freeAddresses returns n different addresses on which nothing listens.
func freeAddresses(n int) ([]string, error) {
	addresses := make([]string, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

func (c *collector) logFile() string { return filepath.Join(c.s.dir, c.name+".log") }

// command prepares a program of the checkout with the scenario's account and this collector's environment.
func (c *collector) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.s.dir
	cmd.Env = append(cleanEnv(), "HOME="+c.s.dir,
		"COSTKEY_DATA_DIR="+c.dataDir,
		postgres.BinVariable+"="+c.s.programs,
		"COSTKEY_OTLP_GRPC_ENDPOINT="+c.grpc,
		"COSTKEY_OTLP_HTTP_ENDPOINT="+c.http,
		"COSTKEY_RECEIVER_ENDPOINT="+c.sdk,
		"COSTKEY_HEALTH_ENDPOINT="+c.health,
		"COSTKEY_METRICS_PORT="+c.metrics[strings.LastIndex(c.metrics, ":")+1:])
	cmd.Env = append(cmd.Env, c.env...)
	if c.databaseURL != "" {
		cmd.Env = append(cmd.Env, "COSTKEY_DATABASE_URL="+c.databaseURL)
	}
	if c.s.account != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.s.account}
	}
	return cmd
}

// cleanEnv is the environment without what would change the programs' settings, and without HOME.
func cleanEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "COSTKEY_") && !strings.HasPrefix(entry, "OTEL_") &&
			!strings.HasPrefix(entry, "PG") && !strings.HasPrefix(entry, "HOME=") {
			env = append(env, entry)
		}
	}
	return env
}

func (c *collector) configFile() string {
	return filepath.Join(c.s.root, "config", cmp.Or(c.config, "quickstart.yaml"))
}

// start runs the collector and returns when it is healthy. The process outlives ctx; kill or stop ends it.
func (c *collector) start(ctx context.Context) error {
	return c.launch(ctx, c.command(context.WithoutCancel(ctx), filepath.Join(c.s.root, "bin", "otelcol-costkey"),
		"--config", c.configFile()))
}

// launch is start with a command that becomes the collector.
func (c *collector) launch(ctx context.Context, cmd *exec.Cmd) error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start collector %s: %w", c.name, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// How it ended is read from ProcessState by stop.
		_ = cmd.Wait()
	}()
	c.process, c.ended = cmd, ended
	if err := eventually(ctx, startPatience, c.healthy); err != nil {
		return fmt.Errorf("start collector %s: %w", c.name, err)
	}
	return nil
}

func (c *collector) healthy(ctx context.Context) error {
	select {
	case <-c.ended:
		return fmt.Errorf("it ended: %s", c.process.ProcessState)
	default:
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.health, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("health says %s", resp.Status)
	}
	return nil
}

// stop asks the collector to end, as Ctrl-C and an orchestrator do, and wants it to end well and soon.
func (c *collector) stop() error {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		c.process = nil
		return fmt.Errorf("stop collector %s: %w", c.name, err)
	}
	process := c.process
	if err := c.waitForEnd(); err != nil {
		return err
	}
	if !process.ProcessState.Success() {
		return fmt.Errorf("stop collector %s: it ended with %s", c.name, process.ProcessState)
	}
	return nil
}

// waitForEnd waits for the end of a collector that was told to end, and kills it where that takes too long.
func (c *collector) waitForEnd() error {
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-c.ended:
		c.process = nil
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("stop collector %s: still running after %s", c.name, stopPatience), c.kill())
	}
}

// end leaves nothing running, whatever the scenario came to. It is safe where nothing runs.
func (c *collector) end() error {
	var err error
	if c.process != nil {
		err = c.stop()
	}
	// Where the story ended between a kill and the next start, the embedded PostgreSQL is still there.
	content, readErr := os.ReadFile(filepath.Join(c.dataDir, "postgres", "data", "postmaster.pid"))
	if readErr != nil {
		return err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, convErr := strconv.Atoi(first)
	if convErr != nil || pid <= 1 {
		return err
	}
	// SIGINT is PostgreSQL's fast shutdown.
	if killErr := syscall.Kill(pid, syscall.SIGINT); !errors.Is(killErr, syscall.ESRCH) {
		err = errors.Join(err, killErr)
	}
	return err
}

// kill ends the collector as the kernel does when memory is short. It is safe where none runs.
func (c *collector) kill() error {
	if c.process == nil {
		return nil
	}
	if err := c.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill collector %s: %w", c.name, err)
	}
	<-c.ended
	c.process = nil
	return nil
}
