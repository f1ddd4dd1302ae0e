package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var testPaths = []Path{
	{Name: "id"},
	{Name: "n"},
	{Name: "list.*.text"},
	{Name: "list.*.at.deep"},
	{Name: "say", Mode: Presence},
	{Name: "list.*.say", Mode: Presence},
	{Name: "usage", Mode: Compact},
	{Name: "usage.in"},
	{Name: "usage.more.cached"},
	{Name: "usage.split.*.kind"},
	{Name: "list"},
	{Name: "*.id"},
}

var testSet = Compile(testPaths)

// recorder writes down what it is handed.
type recorder struct{ got []string }

func (r *recorder) Value(field int, v Value) {
	r.got = append(r.got, event(testPaths[field].Name, v.Kind, string(v.Text)))
}

func event(path string, kind Kind, text string) string {
	return fmt.Sprintf("%s %d %q", path, kind, text)
}

// scan reads doc in pieces of the given sizes, the rest at once.
func scan(doc []byte, sizes ...int) (got []string, done bool) {
	var r recorder
	var s Scanner
	s.Init(testSet, &r)
	for _, n := range sizes {
		n = min(n, len(doc))
		s.Write(doc[:n])
		doc = doc[n:]
	}
	s.Write(doc)
	return r.got, s.Done()
}

func scanSingly(doc []byte) []string {
	got, _ := scan(doc, slices.Repeat([]int{1}, len(doc))...)
	return got
}

func TestWantedValuesAreHandedOverInOrder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, doc string
		want      []string
	}{
		{"scalars", `{"id":"a","n":-1.5e3,"other":{"id":"no"}}`, []string{`id 1 "a"`, `n 2 "-1.5e3"`}},
		{"literals", `{"id":true,"n":null , "x":false}`, []string{`id 3 ""`, `n 5 ""`}},
		{"escapes and surrogates", `{"id":"a\u00e9\ud83d\ude00\n\"\\"}`, []string{`id 1 "aé😀\n\"\\"`}},
		{"a lone surrogate", `{"id":"\ud83dx"}`, []string{`id 1 "�x"`}},
		{"an escaped key", `{"\u0069d":"a"}`, []string{`id 1 "a"`}},
		{"elements of an array", `{"list":[{"text":"a"},7,{"at":{"deep":1}},[{"text":"no"}]]}`, []string{`list 7 ""`, `list.*.text 1 "a"`, `list.*.at.deep 2 "1"`}},
		{"presence of text", `{"say":"x"}`, []string{`say 1 ""`}},
		{"an empty text is not present", `{"say":"","list":[]}`, []string{`list 7 ""`}},
		{"a compact object", `{"usage": {"in": 3, "text": "two words", "tier": "flex", "none": null, "more": {"cached": 1, "ok": true}, "split": [ {"kind":"A"}, "no no", 5 ]} }`, []string{
			`usage.in 2 "3"`, `usage.more.cached 2 "1"`, `usage.split.*.kind 1 "A"`,
			`usage 6 "{\"in\":3,\"tier\":\"flex\",\"more\":{\"cached\":1,\"ok\":true},\"split\":[{\"kind\":\"A\"},5]}"`,
		}},
		{"a compact null", `{"usage":null}`, []string{`usage 5 ""`}},
		{"an empty compact object", `{"usage":{}}`, []string{`usage 6 "{}"`}},
		{"documents in an array", `[{"id":"a"},{"id":"b"}]`, []string{`*.id 1 "a"`, `*.id 1 "b"`}},
		{"white space everywhere", " \n{ \"id\"\t:\r\n\"a\" , \"n\" : 1 } ", []string{`id 1 "a"`, `n 2 "1"`}},
		{"a quote in a skipped string", `{"x":"a\"b\\","id":"a"}`, []string{`id 1 "a"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, done := scan([]byte(tc.doc))
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			if !done {
				t.Error("the document's end was not seen")
			}
			if single := scanSingly([]byte(tc.doc)); !slices.Equal(single, tc.want) {
				t.Errorf("byte by byte: got %q", single)
			}
		})
	}
}

func TestWhatIsTooLongIsPassedOver(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxText+1)
	for _, doc := range []string{
		`{"id":"` + long + `","n":1}`,
		`{"` + long + `":{"id":"no"},"n":1}`,
		`{"usage2":"` + long + `","n":1}`,
	} {
		want := []string{`n 2 "1"`}
		if got, _ := scan([]byte(doc)); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if got := scanSingly([]byte(doc)); !slices.Equal(got, want) {
			t.Errorf("byte by byte: got %q", got)
		}
	}
}

func TestACompactObjectIsBounded(t *testing.T) {
	t.Parallel()
	var doc strings.Builder
	doc.WriteString(`{"usage":{"in":1`)
	for i := range 1000 {
		fmt.Fprintf(&doc, `,"key_%d":{"a":%d}`, i, i)
	}
	doc.WriteString(`,"deep":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}}`)
	got, _ := scan([]byte(doc.String()))
	last := got[len(got)-1]
	if !strings.HasPrefix(last, "usage 6 ") {
		t.Fatalf("got %q", got)
	}
	var sink captured
	var s Scanner
	s.Init(testSet, &sink)
	s.Write([]byte(doc.String()))
	if len(sink.text) > MaxCompact || len(sink.text) < MaxCompact-40 {
		t.Errorf("the compact form has %d bytes", len(sink.text))
	}
	if !json.Valid([]byte(sink.text)) {
		t.Errorf("the compact form is no JSON: %s", sink.text)
	}
}

// captured keeps the last compact object.
type captured struct{ text string }

func (c *captured) Value(_ int, v Value) {
	if v.Kind == Object && v.Text != nil {
		c.text = string(v.Text)
	}
}

func TestBrokenDocumentsEndTheSearchQuietly(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"", "}", "]", `{]`, `[}`, `{"id"}`, `{"id":}`, `{,}`, `"text"`, "12", "<html>", `{"id":"a"`, "\x1f\x8b\x08",
		`{"usage":{"a":[}`, `{"usage":{"in":01,"b":1x,"c":+1}}`, strings.Repeat(`{"usage":`, 100), strings.Repeat(`[`, 100),
	} {
		scan([]byte(doc))
		scanSingly([]byte(doc))
	}
}

func TestSkippingKeepsNothing(t *testing.T) { // not parallel: it counts allocations
	var r recorder
	var s Scanner
	s.Init(testSet, &r)
	chunk := bytes.Repeat([]byte{'A'}, 32<<10)
	s.Write([]byte(`{"image":"`))
	if n := testing.AllocsPerRun(1000, func() { s.Write(chunk) }); n != 0 {
		t.Errorf("%v allocations per chunk of a skipped string", n)
	}
	s.Write([]byte(`","id":"a"}`))
	if !slices.Equal(r.got, []string{`id 1 "a"`}) {
		t.Errorf("got %q", r.got)
	}
}

func TestCompactObjectsAreMergedByMember(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ base, over, want string }{
		{`{"a":1,"b":{"c":2},"d":[1,2]}`, `{"b":{"c":3},"e":"x"}`, `{"a":1,"d":[1,2],"b":{"c":3},"e":"x"}`},
		{``, `{"a":1}`, `{"a":1}`},
		{`{}`, `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, `{}`, `{"a":1}`},
		{`{"a":1,"b":{"a":[1,2]},"c":"x"}`, `{"a":{"b":2}}`, `{"b":{"a":[1,2]},"c":"x","a":{"b":2}}`},
		{`{"a":1,"b":2,"c":3}`, `{"c":4,"b":5,"a":6}`, `{"c":4,"b":5,"a":6}`},
		{`{"long":123456789}`, `{"long":1}`, `{"long":1}`},
	} {
		if got := Merge([]byte(tc.base), []byte(tc.over)); string(got) != tc.want {
			t.Errorf("%s with %s: got %s, want %s", tc.base, tc.over, got, tc.want)
		}
	}
	if got := AppendWithout(nil, []byte(`{"a":1,"b":2,"c":3}`), "b"); string(got) != `{"a":1,"c":3}` {
		t.Errorf("got %s", got)
	}
	full := []byte(`{"a":"` + strings.Repeat("x", MaxCompact-10) + `"}`)
	if got := Merge(full, []byte(`{"b":12345}`)); len(got) > MaxCompact {
		t.Errorf("merged to %d bytes", len(got))
	}
}

// oracle finds with encoding/json what the scanner finds. ok is false where doc is no valid object or array, or holds
// what the scanner treats in its own way.
func oracle(doc []byte) (got []string, ok bool) {
	if !json.Valid(doc) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	o := &walker{d: d, ok: true}
	o.value(0, 0)
	return o.got, o.ok
}

type walker struct {
	d   *json.Decoder
	got []string
	ok  bool
}

// value walks one value with the node at, or none.
func (w *walker) value(at int16, depth int) {
	if depth > 6 {
		w.ok = false
	}
	token, err := w.d.Token()
	if err != nil {
		w.ok = w.ok && err == io.EOF
		return
	}
	field, mode := none, Scalar
	if at != none {
		field, mode = int(testSet.nodes[at].field), testSet.nodes[at].mode
	}
	say := func(kind Kind, text string) {
		if field != none && (mode == Scalar || mode == Compact && kind == Null) {
			w.got = append(w.got, event(testPaths[field].Name, kind, text))
		}
	}
	switch v := token.(type) {
	case json.Delim:
		if depth == 0 && v != '{' && v != '[' {
			w.ok = false
		}
		w.container(v, at, depth, say)
	case string:
		w.ok = w.ok && depth > 0 && len(v) < MaxText/6
		if mode == Presence && field != none && v != "" {
			w.got = append(w.got, event(testPaths[field].Name, String, ""))
		}
		say(String, v)
	case json.Number:
		w.ok = w.ok && depth > 0 && len(v) <= maxNumber
		say(Number, string(v))
	case bool:
		w.ok = w.ok && depth > 0
		if v {
			say(True, "")
		} else {
			say(False, "")
		}
	case nil:
		w.ok = w.ok && depth > 0
		say(Null, "")
	}
}

func (w *walker) container(open json.Delim, at int16, depth int, say func(Kind, string)) {
	compact := at != none && testSet.nodes[at].field != none && testSet.nodes[at].mode == Compact
	if open == '[' {
		say(Array, "")
		elem := int16(none)
		if at != none {
			elem = testSet.nodes[at].elem
		}
		for w.d.More() {
			w.value(elem, depth+1)
		}
		_, _ = w.d.Token()
		return
	}
	say(Object, "")
	for w.d.More() {
		key, _ := w.d.Token()
		name, _ := key.(string)
		w.ok = w.ok && len(name) < MaxText/6
		to := int16(none)
		if at != none {
			to = testSet.child(at, []byte(name))
		}
		w.value(to, depth+1)
	}
	_, _ = w.d.Token()
	if compact {
		w.got = append(w.got, "compact")
	}
}

// withoutCompact replaces the compact forms, which encoding/json has no like of.
func withoutCompact(events []string) []string {
	out := slices.Clone(events)
	for i, e := range out {
		if strings.HasPrefix(e, "usage 6 ") {
			out[i] = "compact"
		}
	}
	return out
}

func FuzzScanner(f *testing.F) {
	for _, doc := range []string{
		`{"id":"a\u00e9\ud83d\ude00","n":1,"list":[{"text":"x","say":"y"}],"usage":{"in":1,"more":{"cached":2},"split":[{"kind":"A"}]}}`,
		`[{"id":1},{"id":"b"},[]]`, `{"usage":{"a":{"b":[1,[2,{"c":"d e"}]]},"in":null}}`, `{"say":"","id":"\\\"","list":{}}`,
		`{"a":"\\\\\"","id":"x"}`, `{"id":"`, `{"id":"a"}}`,
		`{"a":1,"b":"","c":null,"id":"x","d":"\\\\","\u0069d":"y","e":-1.5e3,"\"":"","id": "z","f":[],"g":true}`,
	} {
		f.Add([]byte(doc), uint64(1))
	}
	f.Fuzz(func(t *testing.T, doc []byte, seed uint64) {
		whole, done := scan(doc)
		if got := scanSingly(doc); !slices.Equal(got, whole) {
			t.Fatalf("byte by byte %q, whole %q", got, whole)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		var sizes []int
		for range len(doc) {
			sizes = append(sizes, r.IntN(9))
		}
		if got, _ := scan(doc, sizes...); !slices.Equal(got, whole) {
			t.Fatalf("in pieces %q, whole %q", got, whole)
		}
		var compact captured
		var s Scanner
		s.Init(testSet, &compact)
		s.Write(doc)
		if compact.text != "" && (!json.Valid([]byte(compact.text)) || len(compact.text) > MaxCompact) {
			t.Fatalf("compact form %q", compact.text)
		}
		if want, ok := oracle(doc); ok {
			if got := withoutCompact(whole); !slices.Equal(got, want) {
				t.Fatalf("got  %q\nwant %q", got, want)
			}
			if !done {
				t.Fatal("the end of a valid document was not seen")
			}
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	set := Compile([]Path{{Name: "usage", Mode: Compact}, {Name: "id"}})
	doc := []byte(`{"data":[{"b64":"` + strings.Repeat("A", 1<<20) + `"}],"id":"a","usage":{"in":1}}`)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	var sink captured
	for b.Loop() {
		var s Scanner
		s.Init(set, &sink)
		s.Write(doc)
		if sink.text == "" {
			b.Fatal("no usage found")
		}
	}
}
