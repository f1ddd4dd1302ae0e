package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pkg is what `go list` says of one package, tests left out.
type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Dir        string
	Imports    []string
	Deps       []string
	Standard   bool
}

// packages are those of the module and all that they depend on.
type packages struct {
	ours  []pkg
	known map[string]bool // every import path, tests' included
}

// know reports whether a pattern matches anything at all.
func (p packages) know(pattern string) bool {
	for path := range p.known {
		if matches(pattern, path) {
			return true
		}
	}
	return false
}

// list runs `go list` once for all tests.
var list = sync.OnceValues(func() (packages, error) {
	// Banned in case somebody reaches for it, which nobody does.
	all := packages{known: map[string]bool{"database/sql": true}}
	// -deps -test brings every package that anything here is built with, so that know can tell.
	err := goList(func(p pkg) {
		path, _, _ := strings.Cut(p.ImportPath, " ")
		all.known[path] = true
	}, "-e", "-deps", "-test", "-json=ImportPath", "./...")
	if err != nil {
		return packages{}, err
	}
	err = goList(func(p pkg) { all.ours = append(all.ours, p) },
		"-e", "-json=ImportPath,Name,Doc,Dir,Imports,Deps", "./...")
	return all, err
})

func listPackages(t *testing.T) packages {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	if len(all.ours) == 0 {
		t.Fatal("go list found no packages")
	}
	return all
}

func goList(each func(pkg), args ...string) error {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(p)
	}
}

// root is the checkout, seen from this package.
var root = filepath.Join("..", "..")
