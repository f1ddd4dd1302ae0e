package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// sdkEvents speaks as an SDK does to config/production.yaml: keys decide the project whatever the events say, frames of a
// bundle are placed by the source maps that were uploaded, thousands who only hold a connection keep nobody out, and a
// revoked key is refused.
func sdkEvents(ctx context.Context, s *stage) error {
	c, a, b, err := inProduction(ctx, s)
	if err != nil {
		return err
	}
	if err := c.uploadsSourceMap(ctx, "team-a"); err != nil {
		return err
	}
	unknown := a
	unknown.key = "ck_aaaaaaaaaaaa_" + "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if err := unknown.events(ctx, sdkBatch("unknown", 1, "team-a")); !errors.Is(err, errUnauthorized) {
		return fmt.Errorf("sending events with an unknown key: got %w, want 401", err)
	}
	idle, err := idleConnections(ctx, c.sdk)
	if err != nil {
		return err
	}
	defer idle()
	// Both claim to be the other, and what they send meets in one batch of the exporter. A resend is no second call.
	again := sdkBatch("a", 3, "team-b")
	err = errors.Join(
		a.events(ctx, again), b.events(ctx, sdkBatch("b", 2, "team-a")),
		a.events(ctx, again), b.basic(ctx, sdkBatch("c", 4, "team-a")))
	if err != nil {
		return err
	}
	const sums = `select project, count(*), sum(input_tokens), bool_and(cost_status = 'priced') from costkey.calls group by project order by project`
	if err := eventually(ctx, visible, func(ctx context.Context) error {
		return c.expect(ctx, sums, "team-a|3|3600|t\nteam-b|6|7200|t")
	}); err != nil {
		return err
	}
	if err := c.placesEvents(ctx); err != nil {
		return err
	}
	return errors.Join(c.eventsEnd(ctx, a, again), b.events(ctx, sdkBatch("b", 2, "team-a")), c.stop(), noMarkerUnder(s.dir))
}

// eventsEnd revokes the sender's key, and fails unless its events are refused soon.
func (c *collector) eventsEnd(ctx context.Context, s sender, batch []byte) error {
	if err := c.revoke(ctx, s); err != nil {
		return err
	}
	return eventually(ctx, revoked, func(ctx context.Context) error {
		if err := s.events(ctx, batch); !errors.Is(err, errUnauthorized) {
			return fmt.Errorf("sending events with a revoked key: got %w, want 401", err)
		}
		return nil
	})
}

// placesEvents fails unless the calls of team-a, whose maps are there, are placed in its source, those of team-b in its
// bundle, and none keeps a text or a key.
func (c *collector) placesEvents(ctx context.Context) error {
	const places = `select distinct project, function_name, file_path, line_number, call_path[2] from costkey.calls order by project`
	return errors.Join(
		c.expect(ctx, places, "team-a|addToCart|src/cart.ts|10|addToCart (src/cart.ts:10)\nteam-b|t|dist/app.js|1|t (dist/app.js:1)"),
		c.keepsNoBody(ctx),
		c.expect(ctx, `select distinct service_version, tags->>'team', has_body from costkey.calls`, "web@1.4.2|core|f"))
}

// bundleMap maps the first column of a bundle to src/cart.ts:10, and the 21st to line 30, where addToCart is called.
const bundleMap = `{"version":3,"file":"app.js","sources":["../src/cart.ts"],"sourcesContent":["` + marker + `"],"names":["addToCart"],"mappings":"AASA,oBAoBAA"}`

// uploadsSourceMap uploads the map of a bundle. To a project that isn't there it can't, and must say what to do.
func (c *collector) uploadsSourceMap(ctx context.Context, project string) error {
	dist := filepath.Join(c.s.dir, "dist")
	err := errors.Join(os.Mkdir(dist, 0o755),
		os.WriteFile(filepath.Join(dist, "app.js"), []byte("function t(){}\n//# sourceMappingURL=app.js.map\n"), 0o644),
		os.WriteFile(filepath.Join(dist, "app.js.map"), []byte(bundleMap), 0o644))
	if err != nil {
		return err
	}
	_, err = c.costkey(ctx, "sourcemaps", "upload", "--release", "web@1.4.2", "--project", "nobody", dist)
	if err == nil || !strings.Contains(err.Error(), "costkey projects create nobody") {
		return fmt.Errorf("uploading a source map to no project: got %w, want an error that names the way out", err)
	}
	_, err = c.costkey(ctx, "sourcemaps", "upload", "--release", "web@1.4.2", "--project", project, dist)
	// The marker in the map's source code may stay where the user has it, and nowhere else.
	return errors.Join(err, os.RemoveAll(dist))
}

// sdkBatch is n events as the JavaScript SDK sends them, from a bundle, of calls that claim to be of a project. Everywhere
// a text or a key can be there is one.
func sdkBatch(name string, n int, claimed string) []byte {
	events := make([]string, n)
	for i := range events {
		events[i] = fmt.Sprintf(`{"id":"%s-%d","timestamp":"%s","projectId":"%s","provider":"google","model":"gemini-2.5-flash",`+
			`"url":"https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=%[5]s","method":"POST","statusCode":200,`+
			`"usage":{"inputTokens":1200,"outputTokens":100,"totalTokens":1300,"reasoningTokens":null,"cacheReadTokens":null,"cacheCreationTokens":null},`+
			`"costUsd":null,"durationMs":750.5,"streaming":false,"streamTiming":null,"callSite":{"raw":"%[5]s","frames":[`+
			`{"functionName":"Object.__ck_patched_fetch__ [as fetch]","fileName":"/app/dist/app.js","lineNumber":9,"columnNumber":5},`+
			`{"functionName":"t","fileName":"/app/dist/app.js","lineNumber":1,"columnNumber":1},`+
			`{"functionName":"e","fileName":"/app/dist/app.js","lineNumber":1,"columnNumber":21}]},"context":{"team":"core"},`+
			`"systemPrompt":"%[5]s","metadata":{"prompts":["%[5]s"]},"requestBody":{"contents":["%[5]s"]},"responseBody":{"candidates":["%[5]s"]},"future":{"text":"%[5]s"}}`,
			name, i, time.Now().UTC().Truncate(time.Hour).Format("2006-01-02T15:04:05.000Z"), claimed, marker)
	}
	return []byte(`{"sdkVersion":"0.5.0","release":"web@1.4.2","events":[` + strings.Join(events, ",") + `]}`)
}

// events posts a batch as an SDK does.
func (s sender) events(ctx context.Context, batch []byte) error {
	return s.post(ctx, "https://"+s.c.sdk+"/api/v1/events", "application/json", batch, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.key)
		r.Header.Set("User-Agent", "costkey-sdk/0.5.0")
	})
}

// basic posts a batch with the key as a client makes it of the DSN itself.
func (s sender) basic(ctx context.Context, batch []byte) error {
	return s.post(ctx, "https://"+s.key+"@"+s.c.sdk+"/api/v1/events", "application/json", batch, func(*http.Request) {})
}

// idleConnections opens 10,000 connections, or as many as this machine allows, and returns what closes them.
func idleConnections(ctx context.Context, address string) (func(), error) {
	const want, ownFiles = 10_000, 500
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	var open []net.Conn
	closeAll := func() {
		for _, conn := range open {
			_ = conn.Close() // it was never used
		}
	}
	var dialer net.Dialer
	for range min(want, int(min(limit.Cur, 1<<20))-ownFiles) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			closeAll()
			return nil, fmt.Errorf("open connection %d: %w", len(open)+1, err)
		}
		open = append(open, conn)
	}
	fmt.Printf("    %d idle connections\n", len(open))
	return closeAll, nil
}
