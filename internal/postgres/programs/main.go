// Command programs prints the directory of the PostgreSQL programs that the tests and the embedded server use, after it
// fetched them where the machine has none. `make run` and `make test` call it first, so that a machine on which there are
// none to be had is told at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/costkey/costkey-otel/internal/postgres"
)

func main() {
	dataDir := flag.String("data-dir", "", "an embedded server's data directory, whose data decides the version")
	major := flag.String("major", "0", "a major version, oldest or newest; 0: the machine's own choice")
	home := flag.Bool("home", false, "print only the directory that fetched programs are kept in")
	flag.Parse()
	if err := run(*dataDir, *major, *home); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dataDir, version string, home bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	major, err := parseMajor(version)
	if err != nil {
		return err
	}
	said := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "message"})
	cfg := postgres.Config{DataDir: dataDir, Logger: zap.New(zapcore.NewCore(said, os.Stderr, zap.InfoLevel))}
	var dir string
	if home {
		dir, err = postgres.FetchedHome(cfg, major)
	} else {
		dir, _, err = postgres.Programs(ctx, cfg, major)
	}
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

func parseMajor(version string) (int, error) {
	switch version {
	case "oldest":
		return postgres.MinMajor, nil
	case "newest":
		return postgres.NewestMajor, nil
	}
	major, err := strconv.Atoi(version)
	if err != nil {
		return 0, fmt.Errorf("read -major: %w", err)
	}
	return major, nil
}
