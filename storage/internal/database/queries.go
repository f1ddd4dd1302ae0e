package database

import (
	"embed"
	"fmt"
)

// Query returns the SQL of queries/<name>.sql in files. A name without a file is a defect that each room's tests find.
func Query(files embed.FS, name string) string {
	sql, err := files.ReadFile("queries/" + name + ".sql")
	if err != nil {
		panic(fmt.Sprintf("read query %q: %v", name, err))
	}
	return string(sql)
}
