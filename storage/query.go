package storage

import (
	"embed"
	"fmt"
)

//go:embed queries/*.sql
var queryFiles embed.FS

// query returns the SQL of queries/<name>.sql. A name without a file is a defect that the package's tests find.
func query(name string) string {
	sql, err := queryFiles.ReadFile("queries/" + name + ".sql")
	if err != nil {
		panic(fmt.Sprintf("read query %q: %v", name, err))
	}
	return string(sql)
}
