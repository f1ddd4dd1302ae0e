package jsonscan

import (
	"slices"
	"strings"
	"testing"
)

// shapeOf takes the shape of doc.
func shapeOf(doc string) (*Shape, []string) {
	var (
		h Shape
		r recorder
		s Scanner
	)
	s.Init(testSet, &r)
	s.Trace([]byte(doc), &h)
	return &h, r.got
}

func TestADocumentThatDiffersInWhatNobodyWantsIsOfTheShape(t *testing.T) {
	t.Parallel()
	const doc = `{"id":"a","x":"text","at":17,"y":{"n":1,"z":"text"},"list":[{"text":"t","other":"o"}],"tail":"end"}`
	for _, tc := range []struct {
		name, doc string
		fits      bool
	}{
		{"itself", doc, true},
		{"other texts", strings.ReplaceAll(doc, `"text",`, `"wörds \n and more words",`), true},
		{"no text", strings.ReplaceAll(doc, `"end"`, `""`), true},
		{"another number", strings.Replace(doc, "17", "-1.5e3", 1), true},
		{"a text deep in what nobody wants", strings.Replace(doc, `"z":"text"`, `"z":"{}[]"`, 1), true},
		{"another wanted text", strings.Replace(doc, `"a"`, `"b"`, 1), false},
		{"another key", strings.Replace(doc, `"x"`, `"n"`, 1), false},
		{"a number deep in what nobody wants", strings.Replace(doc, `"n":1`, `"n":2`, 1), false}, // it isn't worth a hole
		{"an escaped quote", strings.Replace(doc, `"end"`, `"\""`, 1), false},
		{"a text that ends in a backslash", strings.Replace(doc, `"end"`, `"\\"`, 1), false},
		{"a text that hides another key", strings.Replace(doc, `"text"`, `"text","id":"b"`, 1), false},
		{"null for a number", strings.Replace(doc, "17", "null", 1), false},
		{"no number", strings.Replace(doc, "17", "", 1), false},
		{"a text for a number", strings.Replace(doc, "17", `"17"`, 1), false},
		{"half of it", doc[:len(doc)/2], false},
		{"more behind it", doc + " ", false},
		{"nothing", "", false},
	} {
		h, _ := shapeOf(doc)
		if h.Fits([]byte(tc.doc)) != tc.fits {
			t.Errorf("%s fits: %v, want %v", tc.name, !tc.fits, tc.fits)
		}
	}
}

func TestWhatIsNoWholeDocumentOrTooLargeHasNoShape(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"half a document":    `{"x":"text"`,
		"no document":        `x`,
		"a long document":    `{"x":"` + strings.Repeat("x", maxShape) + `"}`,
		"too many strangers": `{"x":"x"` + strings.Repeat(`,"y":"y"`, maxHoles) + `}`,
	} {
		if h, _ := shapeOf(doc); h.Fits([]byte(doc)) {
			t.Errorf("%s has a shape", name)
		}
	}
	h, _ := shapeOf(`{"x":1}`)
	h.Clear()
	if h.Fits([]byte(`{"x":1}`)) || h.Fits(nil) {
		t.Error("a cleared shape fits a document")
	}
}

// FuzzShape checks what a shape is for: a document that fits it says what the shape's own document said.
func FuzzShape(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","x":"text","at":17,"y":{"n":1,"z":"text"},"list":[{"text":"t","other":"o"}],"tail":"end"}`,
		`{"x":"a\"b","y":[1,"2",{"z":"w"}],"usage":{"in":1,"more":{"x":"y"}},"say":"s"}`,
		`[{"id":"a"},{"b":"c"},"d",1.5]`,
	} {
		f.Add([]byte(seed), []byte(strings.ReplaceAll(seed, "text", `other`)))
		f.Add([]byte(seed), []byte(strings.ReplaceAll(seed, "1", `23`)))
	}
	f.Fuzz(func(t *testing.T, doc, other []byte) {
		h, said := shapeOf(string(doc))
		plain, _ := scan(doc)
		if !slices.Equal(said, plain) {
			t.Fatalf("taking the shape of %q says %q, not %q", doc, said, plain)
		}
		if !h.Fits(other) {
			return
		}
		if got, done := scan(other); !done || !slices.Equal(got, said) {
			t.Errorf("%q is of the shape of %q, but says %q, not %q", other, doc, got, said)
		}
	})
}

// TestAFittingDocumentSaysTheSameWhateverFillsItsHoles fills the holes of documents with texts of all kinds.
func TestAFittingDocumentSaysTheSameWhateverFillsItsHoles(t *testing.T) {
	t.Parallel()
	fillings := []string{"", "x", `\`, `\\`, `\"`, `"`, `","id":"`, `}`, `]`, "{", "1", "-", "e5", "1.5e+3", "null", "\u00fc", " ", "\n", `\u0022`, strings.Repeat("z", 300)}
	for _, doc := range []string{
		`{"x":"#","id":"i","y":"#"}`, `{"x":#,"id":"i"}`, `{"y":{"#":"#"},"id":"i"}`, `{"list":[{"x":"#","text":"t"},#],"n":1}`,
		`[{"x":"#","id":"i"}]`, `{"usage":{"in":1,"x":"#"},"x":"#"}`, `{"say":"#","x":"#"}`,
	} {
		fits := 0
		for _, first := range fillings {
			h, said := shapeOf(strings.ReplaceAll(doc, "#", first))
			for _, second := range fillings {
				other := []byte(strings.ReplaceAll(doc, "#", second))
				if !h.Fits(other) {
					continue
				}
				fits++
				if got, done := scan(other); !done || !slices.Equal(got, said) {
					t.Errorf("%q fits with %q in it, but says %q, not %q", doc, first, got, said)
				}
			}
		}
		if fits < len(fillings)/4 {
			t.Errorf("only %d fillings of %q fit each other: the test tests nothing", fits, doc)
		}
	}
}
