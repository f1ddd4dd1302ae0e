package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// scenarioTimeout ends a scenario that hangs. The slowest one takes about 20 seconds on two cores.
const scenarioTimeout = 3 * time.Minute

type scenario struct {
	name string
	run  func(context.Context, *stage) error
}

func scenarios() []scenario {
	list := []scenario{
		{"a call is stored once, priced exactly, and survives a restart", storedOnce},
		{"bad spans leave the good ones of their batch alone", badSpans},
		{"a kill -9 under load loses and doubles nothing", killedUnderLoad},
		{"a database that is away at the start is waited for", databaseAway},
		{"a database that is stopped in mid-load loses and doubles nothing", databaseStopped},
		{"two collectors on one database store each call once", twoCollectors},
		{"in production a key decides the project, over TLS, whatever comes", production},
		{"an SDK's events reach their key's project, placed in the code that was written", sdkEvents},
		{"make run names the setting of what is in the way", inTheWay},
	}
	if os.Geteuid() == 0 {
		list = append(list,
			scenario{"a full disk loses and doubles nothing that was accepted", fullDisk},
			scenario{"it works as an ordinary user too", ordinaryUser})
	}
	return list
}

func main() {
	only := flag.String("run", "", "run the scenarios whose names match this regular expression")
	root := flag.String("root", ".", "the checkout, with bin/ built")
	flag.Parse()
	if err := runAll(*root, *only); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

// runAll runs the scenarios one after the other and fails if one of them did.
func runAll(root, only string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("read -run: %w", err)
	}
	root, err = filepath.Abs(root)
	if err != nil {
		return err
	}
	passed, failed := 0, 0
	for _, sc := range scenarios() {
		if ctx.Err() != nil {
			break
		}
		if !pattern.MatchString(sc.name) {
			continue
		}
		if err := runOne(ctx, root, sc); err != nil {
			failed++
			continue
		}
		passed++
	}
	fmt.Printf("e2e: %d passed, %d failed\n", passed, failed)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case failed > 0:
		return fmt.Errorf("%d of %d scenarios failed", failed, passed+failed)
	case passed == 0:
		return errors.New("no scenario matches -run")
	}
	return nil
}

func runOne(ctx context.Context, root string, sc scenario) error {
	ctx, cancel := context.WithTimeout(ctx, scenarioTimeout)
	defer cancel()
	fmt.Printf("=== RUN   %s\n", sc.name)
	started := time.Now()

	s, err := newStage(root)
	if err != nil {
		return err
	}
	err = sc.run(ctx, s)
	err = errors.Join(err, s.close(err == nil))

	verdict := "PASS"
	if err != nil {
		verdict = "FAIL"
		fmt.Printf("    %v\n", err)
		fmt.Printf("    logs are kept in %s\n", s.dir)
	}
	fmt.Printf("--- %s: %s (%.1fs)\n", verdict, sc.name, time.Since(started).Seconds())
	return err
}
