package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// visible is how long accepted calls may take to show up on a busy machine.
const visible = 30 * time.Second

// storedOnce is the main job: real OTLP in both encodings, rows at the exact price, no body anywhere, and after a
// restart the same calls again, which must not count twice.
func storedOnce(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	l := newLoad("once")
	if err := c.start(ctx); err != nil {
		return err
	}
	err = errors.Join(
		c.send(ctx, l.calls(0, 3)),
		c.sendJSON(ctx, l.calls(3, 3)),
		c.send(ctx, l.page(1000)))
	if err != nil {
		return err
	}
	if err := c.eventuallyHolds(ctx, 6); err != nil {
		return err
	}
	if err := c.expect(ctx, `
		select project, service_name, service_version, environment, provider, operation, request_model, response_model,
			input_tokens, cache_read_tokens, output_tokens, cost_usd = `+callPrice+`, cost_status,
			function_name, file_path, line_number, duration_ms, http_status, has_body
		from costkey.calls where span_id = '`+l.spanID(4)+`'`,
		"default|e2e|1.2.3|test|openai|chat|gpt-4o-mini|gpt-4o-mini|1000|200|500|t|priced|"+
			"example.com/shop.Describe|shop/describe.go|42|750|200|f"); err != nil {
		return err
	}
	if err := c.keepsNoBody(ctx); err != nil {
		return err
	}
	if err := c.stop(); err != nil {
		return err
	}
	if err := endedCleanly(c); err != nil {
		return err
	}

	if err := c.start(ctx); err != nil {
		return err
	}
	// The last of the seven is new, and shows when the batch was dealt with.
	if err := errors.Join(c.send(ctx, l.calls(0, 7)), c.sendJSON(ctx, l.calls(0, 7))); err != nil {
		return err
	}
	if err := c.eventuallyHolds(ctx, 7); err != nil {
		return err
	}
	// Stopping drains what the second request still had in the queue.
	if err := c.stop(); err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	return errors.Join(c.holds(ctx, 7), c.stop(), noMarkerUnder(s.dir))
}

// eventuallyHolds waits until exactly n calls of a load are stored, each once.
func (c *collector) eventuallyHolds(ctx context.Context, n int) error {
	return eventually(ctx, visible, func(ctx context.Context) error { return c.holds(ctx, n) })
}

// keepsNoBody fails if a body is in the database.
func (c *collector) keepsNoBody(ctx context.Context) error {
	return errors.Join(
		c.expect(ctx, `select count(*) from costkey.call_bodies`, "0"),
		c.expect(ctx, `select count(*) from costkey.calls c where c::text like '%`+marker+`%'`, "0"))
}

// noMarkerUnder fails if a body is in a file: of the database, its log of changes, the queue or a program's log.
func noMarkerUnder(dir string) error {
	files, err := filesWith(dir, marker)
	if err == nil && len(files) > 0 {
		err = fmt.Errorf("bodies were written to %s", strings.Join(files, ", "))
	}
	return err
}

// endedCleanly fails if the collector left its PostgreSQL behind.
func endedCleanly(c *collector) error {
	left, err := filepath.Glob(filepath.Join(c.dataDir, "postgres", "data", "postmaster.pid"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("PostgreSQL outlived the collector: %s", left[0])
	}
	return err
}

// databaseAway starts the collector without its database, fills the queue, restarts and kills it, and only then
// starts the database.
func databaseAway(ctx context.Context, s *stage) error {
	db := s.database()
	// Once, to learn its address.
	if err := errors.Join(db.start(ctx), db.stop(ctx)); err != nil {
		return err
	}
	c, err := s.collector("collector", db.url)
	if err != nil {
		return err
	}
	l := newLoad("away")
	if err := c.start(ctx); err != nil {
		return err
	}
	if err := errors.Join(c.send(ctx, l.calls(0, 500)), c.stop()); err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	if err := errors.Join(c.send(ctx, l.calls(500, 500)), c.kill()); err != nil {
		return err
	}
	// The queue holds the calls, so that what comes next means something. Its file is compressed; the first id of a
	// request stands in it as it is.
	if queued, err := filesWith(c.dataDir, "chatcmpl-away-500"); err != nil || len(queued) == 0 {
		return errors.Join(err, errors.New("the accepted calls are not in the queue's file"))
	}
	if err := noMarkerUnder(s.dir); err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	if err := db.start(ctx); err != nil {
		return err
	}
	return errors.Join(c.eventuallyHolds(ctx, 1000), c.stop())
}

// databaseStopped takes the database away for some seconds while calls arrive.
func databaseStopped(ctx context.Context, s *stage) error {
	db := s.database()
	if err := db.start(ctx); err != nil {
		return err
	}
	c, err := s.collector("collector", db.url)
	if err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	l := newLoad("stopped")
	const size, before, during, after = 250, 10, 20, 10
	next := 0
	sendBatches := func(n int) error {
		for range n {
			if err := c.send(ctx, l.calls(next*size, size)); err != nil {
				return err
			}
			next++
		}
		return nil
	}
	if err := sendBatches(before); err != nil {
		return err
	}
	if err := db.stop(ctx); err != nil {
		return err
	}
	if err := sendBatches(during); err != nil {
		return err
	}
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	if err := db.start(ctx); err != nil {
		return err
	}
	if err := sendBatches(after); err != nil {
		return err
	}
	return errors.Join(c.eventuallyHolds(ctx, (before+during+after)*size), c.stop())
}

// ordinaryUser tells the main story again, with programs that run as nobody.
func ordinaryUser(ctx context.Context, s *stage) error {
	if os.Geteuid() != 0 {
		return skipped("only root can become another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return err
	}
	if err := s.become(uint32(uid), uint32(gid)); err != nil {
		return err
	}
	return storedOnce(ctx, s)
}

// inTheWay runs `make run` where it cannot work, and wants to be told what to change.
func inTheWay(ctx context.Context, s *stage) error {
	c, err := s.collector("collector", "")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.grpc)
	if err != nil {
		return err
	}
	defer listener.Close()
	err = c.refuses(ctx, c.grpc, "receivers::otlp::protocols::grpc::endpoint", "COSTKEY_OTLP_GRPC_ENDPOINT")
	if err != nil {
		return err
	}
	listener.Close()

	file := filepath.Join(s.dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		return err
	}
	c.dataDir = filepath.Join(file, "data")
	return c.refuses(ctx, c.dataDir, "extensions::costkey_storage::data_dir", "COSTKEY_DATA_DIR")
}

// refuses fails unless scripts/run.sh ends with an error that says all of words.
func (c *collector) refuses(ctx context.Context, words ...string) error {
	out, err := c.command(ctx, filepath.Join(c.s.root, "scripts", "run.sh")).CombinedOutput()
	if err == nil {
		return fmt.Errorf("scripts/run.sh succeeded, want an error about %s", words[0])
	}
	for _, word := range words {
		if !strings.Contains(string(out), word) {
			return fmt.Errorf("scripts/run.sh does not name %q: %s", word, out)
		}
	}
	return nil
}
