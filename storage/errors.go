package storage

import (
	"github.com/costkey/costkey-otel/storage/internal/admin"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/projects"
)

var (
	// ErrNewerSchema says that a newer version of CostKey changed the database so that this program can't work with it.
	ErrNewerSchema = database.ErrNewerSchema
	// ErrOldSchema says that the schema is of a version before 0.1.0, which nothing migrates.
	ErrOldSchema = database.ErrOldSchema
	// ErrServerTooOld says that the server is older than PostgreSQL 15.
	ErrServerTooOld = database.ErrServerTooOld
	// ErrEncoding says that the database can't hold every text.
	ErrEncoding = database.ErrEncoding
	// ErrNotMigrated says that the schema is not there yet or not complete.
	ErrNotMigrated = database.ErrNotMigrated
	// ErrNoProject says that there is no such project.
	ErrNoProject = projects.ErrNoProject
	// ErrProjectExists says that the slug is taken.
	ErrProjectExists = projects.ErrProjectExists
	// ErrNoKey says that there is no such key.
	ErrNoKey = admin.ErrNoKey
	// ErrBadSourceMap says that a map, its file's name or its release can never be stored.
	ErrBadSourceMap = admin.ErrBadSourceMap
	// ErrTooManySourceMaps says that the project has reached MaxSourceMaps or MaxSourceMapBytes.
	ErrTooManySourceMaps = admin.ErrTooManySourceMaps
	// ErrBadCallGraph says that a call graph can never be stored.
	ErrBadCallGraph = admin.ErrBadCallGraph
)

// IsRetryable reports whether the operation that ended with err may succeed later, unchanged. It is decided in one place, by
// SQLSTATE (PostgreSQL's appendix A): only a refused value is final, which [Store.WriteCalls] handles by itself, and a
// server or a schema that this program can't work with.
func IsRetryable(err error) bool { return database.IsRetryable(err) }
