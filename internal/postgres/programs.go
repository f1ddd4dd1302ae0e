package postgres

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// programs is one installation of PostgreSQL.
type programs struct {
	dir     string
	version string // as `postgres --version` says it, without its name
	major   int
}

func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }
func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }

// installGlobs are where systems put PostgreSQL's programs beside the search path.
var installGlobs = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // PostgreSQL's RPMs
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                               // built from source
}

// Programs returns the directory and the version of the programs that Start would use, which are fetched where the
// machine has none. A major version other than 0 asks for just that one; 0 leaves it to the data under cfg.DataDir. The
// error wraps ErrNoPrograms where there are none.
func Programs(ctx context.Context, cfg Config, major int) (dir, version string, err error) {
	major, run, err := wanted(cfg, major)
	if err != nil {
		return "", "", err
	}
	p, err := findPrograms(ctx, cfg, major, run)
	return p.dir, p.version, err
}

// FetchedHome returns the directory under which Programs keeps what it fetched, with bin, lib and share in it; who cannot
// reach the repository may fill it in another way.
func FetchedHome(cfg Config, major int) (string, error) {
	major, run, err := wanted(cfg, major)
	if err != nil {
		return "", err
	}
	home, _, err := fetchedHome(cfg, major, run)
	return home, err
}

// wanted returns the major version to look for, 0 where any will do, and the account that is to run the programs.
func wanted(cfg Config, major int) (int, account, error) {
	near, far := layoutsOf(cfg.DataDir)
	run, err := serverAccount(near.cluster(), far.cluster())
	if major == 0 && cfg.DataDir != "" {
		major = cmp.Or(clusterMajor(near.cluster()), clusterMajor(far.cluster()))
	}
	return major, run, err
}

// findPrograms returns the programs to run a cluster of the given major version, or for a new cluster (0) those on the
// search path, else the newest. With none on the machine it fetches them.
func findPrograms(ctx context.Context, cfg Config, major int, run account) (programs, error) {
	named := cfg.binDir()
	candidates := candidateDirs(ctx)
	if named != "" {
		candidates = []string{named}
	}
	var found []programs
	for _, dir := range candidates {
		if p, ok := inspect(ctx, dir, run); ok {
			found = append(found, p)
		}
	}
	if p, ok := choose(found, major); ok {
		return p, nil
	}
	if err := ctx.Err(); err != nil {
		return programs{}, fmt.Errorf("look for PostgreSQL's programs: %w", err)
	}
	if named != "" {
		return programs{}, fmt.Errorf("%w in %s that account %s can run and that fit: %s; name another directory (%s), or %s",
			ErrNoPrograms, named, run, describe(found, major), BinVariable, wayOut)
	}
	p, err := fetchPrograms(ctx, cfg, major, run)
	if err != nil {
		return programs{}, fmt.Errorf("%w on this machine (%s), and none could be fetched: %w; "+
			"install PostgreSQL (Debian, Ubuntu: the package postgresql), name the directory of its programs (%s), "+
			"or set dsn (COSTKEY_DATABASE_URL) to use a PostgreSQL of your own",
			ErrNoPrograms, describe(found, major), err, BinVariable)
	}
	return p, nil
}

// choose takes the first installation of the wanted major version; for a new cluster the first that is new enough,
// since candidates are in order of preference.
func choose(found []programs, major int) (programs, bool) {
	for _, p := range found {
		if p.major == major || major == 0 && p.major >= MinMajor {
			return p, true
		}
	}
	return programs{}, false
}

func needed(major int) string {
	if major != 0 {
		return fmt.Sprintf("version %d is needed", major)
	}
	return fmt.Sprintf("version %d or newer is needed", MinMajor)
}

func describe(found []programs, major int) string {
	if len(found) == 0 {
		return needed(major)
	}
	var versions []string
	for _, p := range found {
		versions = append(versions, p.version+" in "+p.dir)
	}
	return needed(major) + ", found " + strings.Join(versions, ", ")
}

// candidateDirs lists the directories that may hold PostgreSQL's programs: those of the search path first, since they
// are the user's choice, then the newest.
func candidateDirs(ctx context.Context) []string {
	var dirs []string
	for _, name := range []string{"pg_ctl", "postgres", "initdb"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	var installed []string
	for _, glob := range installGlobs {
		matches, _ := filepath.Glob(glob) // the patterns are well formed
		installed = append(installed, matches...)
	}
	slices.SortStableFunc(installed, func(a, b string) int { return versionInPath(b) - versionInPath(a) })
	dirs = append(dirs, installed...)
	seen := map[string]bool{}
	return slices.DeleteFunc(dirs, func(dir string) bool {
		again := seen[dir]
		seen[dir] = true
		return again
	})
}

// versionInPath returns the first number in a path, 0 where there is none.
func versionInPath(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, err := strconv.Atoi(digits[0])
	if err != nil {
		return 0
	}
	return n
}

// inspect asks the programs in dir for their version, under the account that will run them.
func inspect(ctx context.Context, dir string, run account) (programs, bool) {
	p := programs{dir: dir}
	if _, err := os.Stat(p.initdb()); err != nil {
		return programs{}, false
	}
	cmd := exec.CommandContext(ctx, p.postgres(), "--version")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", childEnv(), run.attr()
	out, err := cmd.Output()
	if err != nil {
		return programs{}, false
	}
	p.version, p.major = parseVersion(string(out))
	return p, p.major != 0
}

// parseVersion reads "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)" and "… 18beta1".
func parseVersion(out string) (version string, major int) {
	_, rest, ok := strings.Cut(out, "(PostgreSQL) ")
	if !ok {
		return "", 0
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return "", 0
	}
	return fields[0], versionInPath(fields[0])
}

// childEnv is the environment of PostgreSQL's programs: what they need to run and nothing else, so that keys in the
// collector's environment do not reach another account, and PG* variables change nothing.
func childEnv() []string {
	env := []string{"LC_ALL=C", "LANG=C"}
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
