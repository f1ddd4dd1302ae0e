package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// diskSize is room for an empty cluster of PostgreSQL, its write-ahead log and a queue.
const diskSize = "size=192m"

// fullDisk fills the disk that holds the queue and the embedded PostgreSQL while calls come in. What was accepted is stored
// once there is room again, and what was refused can be sent again.
func fullDisk(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return skipped("only root can mount a disk")
	}
	if err := s.smallDisk(c.dataDir); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return skipped("root may not mount a disk here, as in most containers")
	} else if err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	l := newLoad("full")
	const size, batches = 250, 60
	if err := c.send(ctx, l.calls(0, size)); err != nil {
		return err
	}
	if err := c.eventuallyHolds(ctx, size); err != nil {
		return err
	}
	filler := filepath.Join(c.dataDir, "filler")
	if err := fill(filler); err != nil {
		return err
	}
	var refused []int
	for i := 1; i < batches; i++ {
		if err := c.sendOnce(ctx, l, i*size, size); err != nil {
			refused = append(refused, i)
		}
	}
	fmt.Printf("    %d of %d batches refused while the disk was full\n", len(refused), batches-1)
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	for _, i := range refused {
		if err := c.send(ctx, l.calls(i*size, size)); err != nil {
			return err
		}
	}
	return errors.Join(c.eventuallyHolds(ctx, batches*size), c.stop())
}

// sendOnce sends a part of the load a single time, as an SDK does that gives up.
func (c *collector) sendOnce(ctx context.Context, l load, first, n int) error {
	conn, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(l.calls(first, n)))
	return err
}

// smallDisk mounts a disk of its own at dir, until the scenario ends.
func (s *stage) smallDisk(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, diskSize+",mode=0755"); err != nil {
		return fmt.Errorf("mount a small disk: %w", err)
	}
	s.cleanup = append([]func() error{func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }}, s.cleanup...)
	return nil
}

// fill writes a file until there is no room left on its disk.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	for block := make([]byte, 1<<20); len(block) > 0; block = block[:len(block)/2] {
		for err == nil {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(fmt.Errorf("fill the disk: %w", err), f.Close())
		}
		err = nil
	}
	return f.Close()
}
