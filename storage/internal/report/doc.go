// Package report answers what commands ask of the stored calls.
package report

import (
	"embed"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }
