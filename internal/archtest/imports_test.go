package archtest

import (
	"strings"
	"testing"
)

const module = "github.com/costkey/costkey-otel"

// rule says what packages may not depend on. Names are import paths of this module without the module's own, or of
// others in full; a trailing /... means everything below as well.
type rule struct {
	rooms  []string
	banned map[string]string // what → why
	except []string          // packages of rooms for which the rule isn't
}

// What is banned in several rooms, in one place so that the reasons are the same.
var (
	database = map[string]string{
		"github.com/jackc/pgx/v5/...": "SQL and pgx live in storage only",
		"database/sql":                "SQL lives in storage only",
	}
	collector = map[string]string{
		"go.opentelemetry.io/collector/...": "this room knows no collector, so that a program without one can use it",
	}
	outside = map[string]string{
		"net/http": "a pure room talks to nobody",
		"net":      "a pure room talks to nobody",
		"os/exec":  "a pure room starts nothing",
		"log":      "a pure room tells its caller, not a log",
		"log/slog": "a pure room tells its caller, not a log",
	}
	sdk = map[string]string{
		"go.opentelemetry.io/otel/sdk/...": "the program that is instrumented chooses its SDK; the API is enough",
	}
	money = map[string]string{
		"pricing": "prices are put on in the collector, where the catalogue can be renewed",
	}
)

func rules() []rule {
	return []rule{
		{rooms: []string{"semconv"}, banned: join(outside, collector, sdk, map[string]string{
			"usage": "names only: semconv is imported by every program that is instrumented",
		})},
		{rooms: []string{"usage"}, banned: join(outside, collector, sdk, map[string]string{
			"fmt": "usage is a vocabulary, and imports nothing",
		})},
		{rooms: []string{"samecall"}, banned: join(outside, collector, sdk, database, money, map[string]string{
			"genaispan": "the reader of spans and the store ask the same question; its answer knows neither",
			"storage":   "the reader of spans and the store ask the same question; its answer knows neither",
		})},
		{rooms: []string{"pricing", "pricing/pricelist"}, banned: join(outside, collector, sdk, database, map[string]string{
			"genaispan": "a price is a function of usage, whatever span it came from",
			"semconv":   "a price is a function of usage, whatever its keys were called",
		})},
		// pdata itself imports grpc and with it net/http, so the ban on both is for direct imports: see directBans.
		{rooms: []string{"genaispan"}, banned: join(sdk, database, money, map[string]string{
			"storage": "reading a span needs no database",
			"go.opentelemetry.io/collector/component": "reading a span needs no collector; pdata is enough",
			"os/exec": outside["os/exec"],
		})},
		{rooms: []string{"costing"}, banned: join(sdk, database, map[string]string{
			"storage": "a price needs no database",
			"go.opentelemetry.io/collector/component": "a price needs no collector",
			"os/exec": outside["os/exec"],
		})},
		{rooms: []string{"internal/seed"}, banned: join(sdk, database, money, map[string]string{
			"genaispan": "spans are made as libraries make them, not as we read them",
			"storage":   "calls that are made up enter as spans, by the front door",
		})},
		{rooms: []string{"storage/..."}, banned: join(collector, sdk, map[string]string{
			"genaispan":                "storage knows rows, not spans",
			"exporter/costkeyexporter": "arrows don't turn around",
		}), except: []string{"storage/storagetest"}},
		{rooms: []string{"storage/internal/calls", "storage/internal/dedup"}, banned: join(outside, collector, sdk, database, map[string]string{
			"genaispan": "storage knows rows, not spans",
		})},
		{rooms: []string{"internal/postgres"}, banned: join(collector, sdk, database, map[string]string{
			"storage": "the private server is a process, and knows nothing of what is in it",
		})},
		{rooms: []string{"exporter/costkeyexporter"}, banned: map[string]string{
			"internal/postgres": "the storage extension owns the database's process",
		}},
		{rooms: []string{"receiver/costkeyreceiver"}, banned: map[string]string{
			"internal/postgres": "the storage extension owns the database's process",
			"costing":           "the exporter prices calls, whoever sent them",
			"genaispan":         "the receiver makes spans; the exporter reads them",
		}},
		{rooms: []string{
			"internal/scrub", "receiver/costkeyreceiver/internal/protocol", "receiver/costkeyreceiver/internal/stackframe",
		}, banned: join(outside, collector, sdk, database, money, map[string]string{
			"storage": "reading a text needs no database",
		})},
		{rooms: []string{"instrumentation/costkeyctx"}, banned: join(collector, sdk, database, money, map[string]string{
			"net/http":  "tags in a context need no HTTP",
			"storage":   "a program that is instrumented links no database",
			"genaispan": "spans are read in the collector",
		})},
		{rooms: []string{"instrumentation/costkeyhttp"}, banned: join(collector, sdk, database, money, map[string]string{
			"storage":   "a program that is instrumented links no database",
			"genaispan": "spans are read in the collector",
		})},
		{rooms: []string{"instrumentation/costkey"}, banned: join(collector, database, money, map[string]string{
			"storage":   "a program that is instrumented links no database",
			"genaispan": "spans are read in the collector",
		})},
	}
}

// directBans are rules on the imports that a room's own files write down, for what its dependencies may well have.
func directBans() []rule {
	return []rule{
		{rooms: []string{"genaispan", "costing"}, banned: map[string]string{
			"net/http": outside["net/http"],
			"net":      outside["net"],
			"os":       "a pure room reads no files and no environment",
			"log":      outside["log"],
		}},
		{rooms: []string{"pricing", "pricing/pricelist", "samecall", "semconv", "usage"}, banned: map[string]string{
			"os":        "a pure room reads no files and no environment",
			"math/rand": "a pure room answers the same each time",
		}},
		{rooms: []string{"receiver/..."}, banned: map[string]string{
			"pricing": "the exporter prices calls, whoever sent them",
		}},
		{rooms: []string{"exporter/...", "extension/...", "receiver/...", "cmd/...", "e2e", "instrumentation/..."}, banned: database},
	}
}

func TestRoomsDependOnWhatTheyMay(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	checkRules(t, all, rules(), func(p pkg) []string { return p.Deps })
}

func TestRoomsImportWhatTheyMay(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	checkRules(t, all, directBans(), func(p pkg) []string { return p.Imports })
}

// checkRules reports every package of a room whose imports, as read by of, contain what is banned there.
func checkRules(t *testing.T, all packages, rules []rule, of func(pkg) []string) {
	t.Helper()
	for _, r := range rules {
		for what, why := range r.banned {
			if !all.know(full(what)) {
				t.Errorf("%s is banned from %v but nothing here imports it any more: correct the rule", what, r.rooms)
			}
			for _, p := range r.packages(t, all) {
				for _, dependency := range of(p) {
					if matches(full(what), dependency) {
						t.Errorf("%s depends on %s: %s", p.ImportPath, dependency, why)
					}
				}
			}
		}
	}
}

// packages returns those that the rule is for; it is an error if there are none.
func (r rule) packages(t *testing.T, all packages) []pkg {
	t.Helper()
	var found []pkg
	for _, room := range r.rooms {
		before := len(found)
		for _, p := range all.ours {
			if matches(full(room), p.ImportPath) && !r.excepts(p.ImportPath) {
				found = append(found, p)
			}
		}
		if len(found) == before {
			t.Errorf("no package %s, for which there is a rule: correct the rule", room)
		}
	}
	return found
}

func (r rule) excepts(path string) bool {
	for _, e := range r.except {
		if matches(full(e), path) {
			return true
		}
	}
	return false
}

// full completes a path inside our module: one whose first element has no dot and is no package of the standard
// library, which the few names used here tell apart.
func full(path string) string {
	first, _, _ := strings.Cut(path, "/")
	switch first {
	case "semconv", "usage", "pricing", "samecall", "genaispan", "costing", "storage", "internal", "instrumentation", "exporter", "extension",
		"receiver", "processor", "connector", "cmd", "e2e", "examples":
		return module + "/" + path
	}
	return path
}

// matches reports whether path is pattern, or below it where pattern ends in /... .
func matches(pattern, path string) bool {
	if root, below := strings.CutSuffix(pattern, "/..."); below {
		return path == root || strings.HasPrefix(path, root+"/")
	}
	return path == pattern
}

func join(bans ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, ban := range bans {
		for what, why := range ban {
			all[what] = why
		}
	}
	return all
}
