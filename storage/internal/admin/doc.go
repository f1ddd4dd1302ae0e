// Package admin keeps what operators and SDKs put beside the calls: API keys, source maps and call graphs.
package admin

import (
	"embed"

	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/projects"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return database.Query(queryFiles, name) }

// Admin is the keeper of one database. It is safe for concurrent use.
type Admin struct {
	db       *database.DB
	projects *projects.Projects
}

// New returns the keeper of db.
func New(db *database.DB, p *projects.Projects) *Admin { return &Admin{db: db, projects: p} }
