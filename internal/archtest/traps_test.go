package archtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTrapHasItsTest holds the table of docs/billing-traps.md against the tests of the tree.
func TestEveryTrapHasItsTest(t *testing.T) {
	t.Parallel()
	const page = "docs/billing-traps.md"
	named, defined := regexp.MustCompile("`(Test\\w+)`"), regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	files := textFiles(t)
	tests := map[string]bool{}
	for path, content := range files {
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range defined.FindAllSubmatch(content, -1) {
				tests[string(m[1])] = true
			}
		}
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(files[page])) {
		all := named.FindAllStringSubmatch(line, -1)
		for _, m := range all {
			if !tests[m[1]] {
				t.Errorf("%s names %s, which is no test", page, m[1])
			}
		}
		if row, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |"); ok && len(all) > 0 {
			rows[row] = true
		}
	}
	for part, n := range map[string]int{"A": 11, "B": 10, "C": 8} {
		for i := range n {
			if row := fmt.Sprint(part, i+1); !rows[row] {
				t.Errorf("%s has no test for row %s", page, row)
			}
		}
	}
}
