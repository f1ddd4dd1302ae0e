package archtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t).ours {
		if len(strings.Fields(p.Doc)) < 4 {
			t.Errorf("%s has no package comment, or one that says nothing: %q", p.ImportPath, p.Doc)
		}
	}
}

func TestNoPackageIsADrawer(t *testing.T) {
	t.Parallel()
	drawers := []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "shared", "base"}
	for _, p := range listPackages(t).ours {
		if slices.Contains(drawers, p.Name) {
			t.Errorf("%s: if it has no better name, it belongs to its only caller", p.ImportPath)
		}
	}
}

// TestManifestListsOurComponents compares builder-config.yaml with the packages that have a factory.
func TestManifestListsOurComponents(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, c := range manifest(t) {
		if strings.HasPrefix(c.Import, module+"/") {
			listed = append(listed, c.Import)
		}
	}
	var components []string
	for _, p := range listPackages(t).ours {
		if _, err := os.Stat(filepath.Join(p.Dir, "factory.go")); err == nil {
			components = append(components, p.ImportPath)
		}
	}
	slices.Sort(listed)
	slices.Sort(components)
	if !slices.Equal(listed, components) {
		t.Errorf("builder-config.yaml lists\n  %s\nbut the components are\n  %s",
			strings.Join(listed, "\n  "), strings.Join(components, "\n  "))
	}
}

// TestManifestVersionsAreOurs compares the versions of the collector in builder-config.yaml with those in go.mod: with
// others, the shipped collector would not be the one that the tests ran with.
func TestManifestVersionsAreOurs(t *testing.T) {
	t.Parallel()
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range manifest(t) {
		path, version, _ := strings.Cut(c.Gomod, " ")
		line := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(path) + ` (v\S+)`)
		if found := line.FindSubmatch(goMod); found != nil && string(found[1]) != version {
			t.Errorf("builder-config.yaml has %s %s, go.mod %s", path, version, found[1])
		}
	}
}

// component is an entry of the Collector Builder's manifest.
type component struct {
	Gomod  string // module path and version
	Import string // where it is not the module's root
}

// manifest returns the components of builder-config.yaml, whatever their kind.
func manifest(t *testing.T) []component {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Extensions, Receivers, Processors, Exporters, Connectors, Providers []component
	}
	if err := yaml.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	return slices.Concat(m.Extensions, m.Receivers, m.Processors, m.Exporters, m.Connectors, m.Providers)
}

// TestComponentsAreComplete wants the files that a reader of a component looks for.
func TestComponentsAreComplete(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t).ours {
		if _, err := os.Stat(filepath.Join(p.Dir, "factory.go")); err != nil {
			continue
		}
		for _, name := range []string{"doc.go", "config.go", "README.md", "metadata.yaml"} {
			if _, err := os.Stat(filepath.Join(p.Dir, name)); err != nil {
				t.Errorf("component %s has no %s", p.ImportPath, name)
			}
		}
	}
}

// TestTheProjectStandsAlone looks for paths that exist on a developer's machine only. Recorded data and tests may tell
// of somebody's home directory.
func TestTheProjectStandsAlone(t *testing.T) {
	t.Parallel()
	// Written so that this file doesn't contain them.
	machine := regexp.MustCompile(`(^|[^\w.])/(work|farm)/|\.\./` + `shared\b`)
	home := regexp.MustCompile(`(^|[^\w.])/(home|Users)/[A-Za-z]+/`)
	for path, content := range textFiles(t) {
		recorded := strings.Contains(path, "testdata/") || strings.HasSuffix(path, "_test.go")
		for line := range bytes.Lines(content) {
			foreign := machine.Match(line) || home.Match(line) && !recorded && !bytes.Contains(line, []byte("/linuxbrew/"))
			if foreign {
				t.Errorf("%s names a path of one machine: %s", path, bytes.TrimSpace(line))
			}
		}
	}
}

// TestFilesStayReadable bounds the length of hand-written Go files.
func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	generated := regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
	for path, content := range textFiles(t) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || generated.Match(content) {
			continue
		}
		if lines := bytes.Count(content, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines: split it before 500", path, lines)
		}
	}
}

// textFiles returns the checkout's files that people write, by their path.
func textFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	skipped := []string{".git", "_build", "bin", ".costkey", "node_modules"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != root && slices.Contains(skipped, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.ContainsRune(content, 0) {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files[relative] = content
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
