package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/costkey/costkey-otel/internal/postgres"
)

// scenarioTimeout ends a scenario that hangs. The slowest one takes about 20 seconds on two cores.
const scenarioTimeout = 3 * time.Minute

type scenario struct {
	name string
	run  func(context.Context, *stage) error
}

// skipped is the error of a scenario that can't be played on this machine, and says why. It is counted apart: a check
// that was not made has not passed.
type skipped string

func (why skipped) Error() string { return string(why) }

func scenarios() []scenario {
	return []scenario{
		{"make run starts, shows a call and ends at Ctrl-C", makeRun},
		{"a call is stored once, priced exactly, and survives a restart", storedOnce},
		{"bad spans leave the good ones of their batch alone", badSpans},
		{"a kill -9 with requests in flight loses and doubles nothing", killedUnderLoad},
		{"a database that is away at the start is waited for", databaseAway},
		{"a database that is stopped in mid-load loses and doubles nothing", databaseStopped},
		{"two collectors on one database store each call once", twoCollectors},
		{"two collectors under load with resends store each call once, and sums agree", resentToBoth},
		{"in production a key decides the project, over TLS, whatever comes", production},
		{"an SDK's events reach their key's project, placed in the code that was written", sdkEvents},
		{"make run names the setting of what is in the way", inTheWay},
		{"a full disk loses and doubles nothing that was accepted", fullDisk},
		{"it works as an ordinary user too", ordinaryUser},
	}
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
	if _, err := exec.LookPath("psql"); err != nil {
		return errors.New("psql is missing, with which the checks read the database; install it (Debian, Ubuntu: the package postgresql-client)")
	}
	programs, _, err := postgres.Programs(ctx, postgres.Config{}, 0)
	if err != nil {
		return err
	}
	passed, failed, notMade := 0, 0, 0
	for _, sc := range scenarios() {
		if ctx.Err() != nil {
			break
		}
		if !pattern.MatchString(sc.name) {
			continue
		}
		var why skipped
		switch err := runOne(ctx, root, programs, sc); {
		case err == nil:
			passed++
		case errors.As(err, &why):
			notMade++
		default:
			failed++
		}
	}
	fmt.Printf("e2e: %d passed, %d failed, %d skipped\n", passed, failed, notMade)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case failed > 0:
		return fmt.Errorf("%d of %d scenarios failed", failed, passed+failed)
	case passed+notMade == 0:
		return errors.New("no scenario matches -run")
	}
	return nil
}

func runOne(ctx context.Context, root, programs string, sc scenario) error {
	ctx, cancel := context.WithTimeout(ctx, scenarioTimeout)
	defer cancel()
	fmt.Printf("=== RUN   %s\n", sc.name)
	started := time.Now()

	s, err := newStage(root, programs)
	if err != nil {
		return err
	}
	err = sc.run(ctx, s)
	var why skipped
	notMade := errors.As(err, &why)
	closed := s.close(err == nil || notMade)
	if closed != nil || !notMade {
		err = errors.Join(err, closed)
		notMade = false
	}

	verdict := "PASS"
	switch {
	case notMade:
		verdict = "SKIP"
		fmt.Printf("    %s\n", why)
	case err != nil:
		verdict = "FAIL"
		fmt.Printf("    %v\n", err)
		fmt.Printf("    logs are kept in %s\n", s.dir)
	}
	fmt.Printf("--- %s: %s (%.1fs)\n", verdict, sc.name, time.Since(started).Seconds())
	return err
}
