package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/storage"
)

// sourceMapFile is a source map on disk and the generated file that it is of.
type sourceMapFile struct {
	path      string // of the map
	generated string // as frames name it, with the prefix
}

// scriptExtensions are of the files that are generated; a style sheet's map places no frame.
var scriptExtensions = []string{".js", ".mjs", ".cjs", ".bundle", ".jsbundle"}

func isScript(name string) bool { return slices.Contains(scriptExtensions, filepath.Ext(name)) }

// sourceMapTree is what was found below one argument.
type sourceMapTree struct {
	root          string // generated files are named relative to it
	maps, scripts []string
}

// findSourceMaps returns the source maps that the arguments, directories and files, name, in order and each once.
func findSourceMaps(arguments []string, prefix string) ([]sourceMapFile, error) {
	var found []sourceMapFile
	seen := map[string]bool{}
	for _, argument := range arguments {
		tree, err := readSourceMapTree(argument)
		if err != nil {
			return nil, fmt.Errorf("look for source maps in %q: %w", argument, err)
		}
		named, err := tree.namedMaps()
		if err != nil {
			return nil, err
		}
		for _, file := range tree.maps {
			if generated := named[file]; generated != "" && !seen[file] {
				seen[file] = true
				rel, err := filepath.Rel(tree.root, generated)
				if err != nil {
					return nil, fmt.Errorf("name the file of %q: %w", file, err)
				}
				found = append(found, sourceMapFile{path: file, generated: path.Join(prefix, filepath.ToSlash(rel))})
			}
		}
	}
	return found, nil
}

// readSourceMapTree lists a directory's maps and scripts; links to directories are not followed, and packages are left out.
func readSourceMapTree(argument string) (sourceMapTree, error) {
	info, err := os.Stat(argument)
	if err != nil {
		return sourceMapTree{}, err
	}
	if !info.IsDir() {
		tree := sourceMapTree{root: filepath.Dir(argument), maps: []string{filepath.Clean(argument)}}
		tree.scripts, err = scriptsBeside(argument)
		return tree, err
	}
	tree := sourceMapTree{root: argument}
	err = filepath.WalkDir(argument, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return filepath.SkipDir
		case entry.Type().IsRegular() && filepath.Ext(name) == ".map":
			tree.maps = append(tree.maps, name)
		case entry.Type().IsRegular() && isScript(name):
			tree.scripts = append(tree.scripts, name)
		}
		return nil
	})
	return tree, err
}

func scriptsBeside(file string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	var scripts []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && isScript(entry.Name()) {
			scripts = append(scripts, filepath.Join(filepath.Dir(file), entry.Name()))
		}
	}
	return scripts, nil
}

// namedMaps returns the generated file of each map: the script that is named like the map without ".map"; else the script
// whose last comment names the map; else, where the scripts were deployed elsewhere, what the map's own name says. A map
// of something else has none.
func (t *sourceMapTree) namedMaps() (map[string]string, error) {
	named := make(map[string]string, len(t.maps))
	var open []string
	for _, file := range t.maps {
		if script := strings.TrimSuffix(file, ".map"); slices.Contains(t.scripts, script) {
			named[file] = script
		} else {
			open = append(open, file)
		}
	}
	if len(open) == 0 {
		return named, nil
	}
	for _, script := range t.scripts {
		url, err := sourceMappingURL(script)
		if err != nil {
			return nil, fmt.Errorf("read the end of %q: %w", script, err)
		}
		if file := filepath.Join(filepath.Dir(script), filepath.FromSlash(url)); url != "" && slices.Contains(open, file) {
			named[file] = script
		}
	}
	for _, file := range open {
		if script := strings.TrimSuffix(file, ".map"); named[file] == "" && isScript(script) {
			named[file] = script
		}
	}
	return named, nil
}

var sourceMappingComment = regexp.MustCompile(`(?m)^[ \t]*//[#@] ?sourceMappingURL=([^\s'"?#]+)`)

// sourceMappingURL returns the relative path of a script's map as the script says it, or nothing.
func sourceMappingURL(script string) (string, error) {
	f, err := os.Open(script)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const end = 4096
	if info, err := f.Stat(); err != nil {
		return "", err
	} else if info.Size() > end {
		if _, err := f.Seek(-end, io.SeekEnd); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, end))
	if err != nil {
		return "", err
	}
	found := sourceMappingComment.FindAllSubmatch(text, -1)
	if len(found) == 0 {
		return "", nil
	}
	url := string(found[len(found)-1][1])
	if strings.Contains(url, ":") || strings.HasPrefix(url, "/") {
		return "", nil
	}
	return url, nil
}

// maxSourceMapFile is how large a map's file may be, source code included.
const maxSourceMapFile = 8 * storage.MaxSourceMap

func readSourceMapFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSourceMapFile {
		return nil, errors.New("the file is too large for a source map")
	}
	return os.ReadFile(name)
}
