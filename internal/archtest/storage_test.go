package archtest

import (
	"slices"
	"strings"
	"testing"
)

// storageRooms says which rooms of storage each of them may import: those below it in the drawing of storage/doc.go. A room
// is only named here once those that it may import are, so that no imports run in a circle.
var storageRooms = []struct {
	room string
	may  []string
}{
	{"calls", nil},
	{"database", nil},
	{"schema", []string{"calls", "database"}},
	{"dedup", []string{"calls"}},
	{"rows", []string{"calls", "database"}},
	{"projects", []string{"calls", "database"}},
	{"rollup", []string{"calls", "database", "rows"}},
	{"admin", []string{"database", "projects", "rows"}},
	{"deadletters", []string{"calls", "database"}},
	{"peers", []string{"calls", "database", "dedup", "rows"}},
	{"write", []string{"calls", "database", "schema", "dedup", "rows", "projects", "rollup", "deadletters", "peers"}},
	{"reprice", []string{"calls", "database", "schema", "rows", "rollup"}},
	{"report", []string{"database"}},
	{"maintenance", []string{"calls", "database", "schema", "rollup", "deadletters", "write"}},
}

func TestRoomsOfStorageImportWhatIsBelowThem(t *testing.T) {
	t.Parallel()
	const inside = module + "/storage/internal/"
	allowed := make(map[string][]string)
	for _, r := range storageRooms {
		for _, below := range r.may {
			if _, named := allowed[below]; !named {
				t.Errorf("storage/internal/%s may import %s, which is not below it", r.room, below)
			}
		}
		allowed[r.room] = r.may
	}
	found := 0
	for _, p := range listPackages(t).ours {
		room, ours := strings.CutPrefix(p.ImportPath, inside)
		if !ours {
			continue
		}
		found++
		may, named := allowed[room]
		if !named {
			t.Errorf("storage/internal/%s has no rule: name it in storageRooms and draw it in storage/doc.go", room)
		}
		for _, imported := range p.Imports {
			if below, ok := strings.CutPrefix(imported, inside); ok && !slices.Contains(may, below) {
				t.Errorf("storage/internal/%s imports %s: imports run downward in the drawing of storage/doc.go", room, below)
			}
		}
	}
	if found != len(storageRooms) {
		t.Errorf("storage has %d rooms, the rules name %d", found, len(storageRooms))
	}
}
