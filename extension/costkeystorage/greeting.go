package costkeystorage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// greeting says in one line where to send spans and how to look at them.
func greeting(cfg *Config, snapshot *confmap.Conf) string {
	parts := []string{"CostKey is ready."}
	if places := sendingPlaces(snapshot); len(places) > 0 {
		parts = append(parts, "Send spans to "+strings.Join(places, ", ")+".")
	}
	if cfg.DSN == "" {
		dir := ""
		if cfg.DataDir != createDefaultConfig().(*Config).DataDir {
			dir = " --data-dir " + shellWord(cfg.DataDir)
		}
		parts = append(parts, fmt.Sprintf(`Look at the calls with: psql "$(%s dsn%s)" -c 'TABLE costkey.calls'`, commandPath(), dir))
	} else {
		parts = append(parts, "Look at the calls in the view costkey.calls of the database in dsn (COSTKEY_DATABASE_URL).")
	}
	return strings.Join(parts, " ")
}

// commandPath is how to call the command costkey: the one beside this collector, if there is one.
func commandPath() string {
	const name = "costkey"
	self, err := os.Executable()
	if err != nil {
		return name
	}
	beside := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(beside); err != nil {
		return name
	}
	if dir, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(dir, beside); err == nil && !strings.HasPrefix(relative, "..") {
			return relative
		}
	}
	return shellWord(beside)
}

func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("./_-", r)
	}
	if strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Where receivers listen if the configuration does not say.
var defaultEndpoints = map[string]string{
	"otlp/grpc": "localhost:4317",
	"otlp/http": "localhost:4318",
	"costkey/":  "localhost:4319",
}

// sendingPlaces lists the addresses of the receivers that take spans of ours, as the configuration has them.
func sendingPlaces(snapshot *confmap.Conf) []string {
	if snapshot == nil {
		return nil
	}
	receivers, _ := snapshot.ToStringMap()["receivers"].(map[string]any)
	var places []string
	for id, raw := range receivers {
		kind, _, _ := strings.Cut(id, "/")
		settings, _ := raw.(map[string]any)
		switch kind {
		case "otlp":
			protocols, _ := settings["protocols"].(map[string]any)
			if grpc, ok := protocols["grpc"]; ok {
				places = append(places, "OTLP/gRPC "+endpoint(grpc, "otlp/grpc"))
			}
			if http, ok := protocols["http"]; ok {
				places = append(places, "OTLP/HTTP http://"+endpoint(http, "otlp/http"))
			}
		case "costkey":
			places = append(places, "CostKey SDKs http://"+endpoint(raw, "costkey/"))
		}
	}
	slices.Sort(places)
	return places
}

func endpoint(settings any, kind string) string {
	fields, _ := settings.(map[string]any)
	if address, ok := fields["endpoint"].(string); ok && address != "" {
		return address
	}
	return defaultEndpoints[kind]
}
