package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// MinMajor is the oldest major version of PostgreSQL that CostKey works with.
const MinMajor = 15

// BinVariable names the environment variable with the directory of the PostgreSQL programs to use, and no others.
const BinVariable = "COSTKEY_POSTGRES_BIN"

const (
	// roleName is the role of the DSN. It owns the database and is no superuser.
	roleName     = "costkey"
	databaseName = "costkey"
	socketPort   = 5432
)

// wayOut ends every error that a user can only solve by a setting.
const wayOut = "set data_dir (COSTKEY_DATA_DIR) to another directory, " +
	"or dsn (COSTKEY_DATABASE_URL) to use a PostgreSQL of your own"

var (
	// ErrLocked says that another living process owns the data directory.
	ErrLocked = errors.New("data directory is in use")
	// ErrNotRunning says that no server runs on the data directory.
	ErrNotRunning = errors.New("no PostgreSQL is running")
	// ErrNoPrograms says that no usable PostgreSQL programs were found or could be fetched.
	ErrNoPrograms = errors.New("no PostgreSQL programs")
)

// Config says where and how a server runs. Only DataDir is required.
type Config struct {
	// DataDir is the user's data directory; it is made if it does not exist. A relative path counts from the working
	// directory.
	DataDir string
	// BinDir is the directory of PostgreSQL's programs. Empty: the one that BinVariable names, else they are looked for,
	// then fetched.
	BinDir string
	// CacheDir keeps fetched programs. Empty: the user's cache directory, /var/cache/costkey for root.
	CacheDir string
	// RepositoryURL is the Maven repository that programs are fetched from. Empty: Maven Central.
	RepositoryURL string
	// Parameters are server parameters that are set beside, and win over, the package's own.
	Parameters map[string]string
	// RoleOptions are further options of CREATE ROLE for the role of the DSN, such as CREATEDB. They are for tests, and
	// take effect when a cluster is made.
	RoleOptions []string
	// Logger gets what a user should know: which programs, which account, where the data is. Nil: nothing is logged.
	Logger *zap.Logger
}

// binDir is BinDir, or the directory of the variable.
func (c Config) binDir() string { return cmp.Or(c.BinDir, os.Getenv(BinVariable)) }

// unsynced reports whether the data may be lost with the machine.
func (c Config) unsynced() bool { return c.Parameters["fsync"] == "off" }

// log returns the logger, one that drops everything where there is none.
func (c Config) log() *zap.Logger {
	if c.Logger == nil {
		return zap.NewNop()
	}
	return c.Logger
}

// State is what a running server tells about itself; it holds no secret.
type State struct {
	DSN       string `json:"dsn"`
	PID       int    `json:"pid"`
	OwnerPID  int    `json:"owner_pid"`
	Version   string `json:"version"`
	Cluster   string `json:"cluster"`
	SocketDir string `json:"socket_dir"`
}

// dsn returns a URI that both libpq and pgx read. It holds no secret but names the file that does, so that it may be
// logged and be an argument of a program. What it says is said because the environment would say it otherwise: the port
// (PGPORT), and that there is no other password (PGPASSWORD).
func dsn(l layout, socketDir string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&password=&passfile=%s",
		roleName, databaseName, escaped(socketDir), socketPort, escaped(l.passFile()))
}

// escaped returns a path as a value in the query of a URI. libpq takes a plus sign there for itself, not for a space.
func escaped(path string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(path))
}

// baseParameters are the server's parameters for one collector that writes batches and a dashboard that sums them up.
// Nothing here trades durability: fsync, full_page_writes and synchronous_commit stay on.
func baseParameters() map[string]string {
	return map[string]string{
		"listen_addresses":        "",
		"unix_socket_permissions": "0700",
		"max_connections":         "50",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		// Large enough for the hot partition's indexes, small enough for a laptop.
		"shared_buffers":       "256MB",
		"work_mem":             "16MB",
		"maintenance_work_mem": "128MB",
		"effective_cache_size": "1GB",
		"random_page_cost":     "1.1",
		// Fewer, longer checkpoints: each first change of a page after one is written to the log whole.
		"max_wal_size":       "2GB",
		"min_wal_size":       "128MB",
		"checkpoint_timeout": "15min",
		"wal_compression":    "on",
		// No replica reads this log.
		"wal_level":       "minimal",
		"max_wal_senders": "0",
		// A scan over a year of daily partitions locks each of them and its indexes.
		"max_locks_per_transaction": "256",
		// Compiling costs more than it gains on sums of this size.
		"jit": "off",
		// Error messages and their context may quote a row's content, which must not reach a log.
		"log_min_messages":            "log",
		"log_min_error_statement":     "panic",
		"log_error_verbosity":         "terse",
		"log_checkpoints":             "off",
		"log_autovacuum_min_duration": "-1",
		"cluster_name":                "costkey",
	}
}

// parameterArgs returns the parameters as arguments of postgres, in a stable order.
func parameterArgs(overrides map[string]string, socketDir string) []string {
	params := baseParameters()
	maps.Copy(params, overrides)
	params["unix_socket_directories"] = socketDir
	params["port"] = fmt.Sprint(socketPort)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		args = append(args, "-c", name+"="+params[name])
	}
	return args
}
