package stackframe

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// program is a graph as the Python SDK makes it: a client's wrapper with a class, called by three functions.
const program = `{
	"shop/llm.py:Client.complete": {"line": 10, "score": 35.0, "fan_in": 3, "calls_ai": true, "ai_distance": 0},
	"shop/llm.py:Other.complete":  {"line": 50, "score": 5.0, "fan_in": 0, "calls_ai": true},
	"shop/mail.py:summarize":      {"line": 5, "score": -5.0, "fan_in": 1, "calls_ai": false},
	"shop/mail.py:popular":        {"line": 30, "score": 45.0, "fan_in": 6, "calls_ai": false},
	"shop/jobs.py:direct":         {"line": 3, "score": 15.0, "fan_in": 1, "calls_ai": true},
	"shop/jobs.py:nightly":        {"line": 20, "score": -10.0, "fan_in": 0, "calls_ai": false}
}`

func TestAThinHelperIsLookedPast(t *testing.T) {
	t.Parallel()
	graph, err := ReadGraph([]byte(program))
	if err != nil {
		t.Fatal(err)
	}
	complete := at("complete", "/home/ada/x/shop/llm.py", 14)
	tests := []struct {
		name   string
		frames []Frame
		want   string
	}{
		{"the caller of a shared helper is named", []Frame{complete, at("summarize", "/home/ada/x/shop/mail.py", 9)}, "summarize"},
		{"a helper that calls itself is passed whole", []Frame{complete, complete, at("summarize", "/home/ada/x/shop/mail.py", 9)}, "summarize"},
		{"a helper with an unknown caller stays", []Frame{complete, at("main", "/home/ada/x/run.py", 9)}, "complete"},
		{"a helper without a caller stays", []Frame{complete}, "complete"},
		{"a caller that is more shared than the helper is not named", []Frame{complete, at("popular", "/home/ada/x/shop/mail.py", 31)}, "complete"},
		{
			"a function with one caller is no helper",
			[]Frame{at("direct", "/x/shop/jobs.py", 4), at("nightly", "/x/shop/jobs.py", 22)},
			"direct",
		},
		{
			"of two methods of a name the one above the line counts",
			[]Frame{at("complete", "/x/shop/llm.py", 55), at("summarize", "/x/shop/mail.py", 9)},
			"complete",
		},
		{"another file's function of the name is not meant", []Frame{at("complete", "/x/llm.py", 14), at("summarize", "/x/shop/mail.py", 9)}, "complete"},
		{"only one helper is passed where the next is none", []Frame{
			complete, at("summarize", "/x/shop/mail.py", 9), at("nightly", "/x/shop/jobs.py", 22),
		}, "summarize"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			site := Attribute(tt.frames, Python, graph)
			if site.Function != tt.want {
				t.Errorf("site %+v, want %s", site, tt.want)
			}
			if plain := Attribute(tt.frames, Python, nil); strings.Join(plain.Path, ">") != strings.Join(site.Path, ">") {
				t.Errorf("the graph changes the path %q to %q", plain.Path, site.Path)
			}
			if script := Attribute(tt.frames, JavaScript, graph); script.Function != tt.frames[0].Function {
				t.Errorf("a graph counts for JavaScript: %+v", script)
			}
		})
	}
}

func TestAGraphThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", `"x"`, `{"a.py:f": 3}`, "{" + strings.Repeat(`"a.py:f": {},`, 3)} {
		if _, err := ReadGraph([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	var none *Graph
	if none.Len() != 0 || NewGraph(map[string]Node{"f": {}, ":f": {}, "a.py:": {}}).Len() != 0 {
		t.Error("keys without a file or function are kept")
	}
}

func TestGraphsOfSeveralServicesAreOneAndTheLatestCounts(t *testing.T) {
	t.Parallel()
	graph, err := ReadGraph([]byte(`{"a.py:f": {"line": 1}}`), []byte(`{"a.py:f": {"line": 2}, "b.py:g": {"line": 3, "secret": "x"}}`))
	if err != nil || graph.Len() != 2 {
		t.Fatalf("%d functions, %v", graph.Len(), err)
	}
	text, err := json.Marshal(graph)
	const want = `{"a.py:f":{"line":1,"score":0,"fan_in":0,"calls_ai":false},"b.py:g":{"line":3,"score":0,"fan_in":0,"calls_ai":false}}`
	if err != nil || string(text) != want {
		t.Errorf("written as %s, %v", text, err)
	}
}

func TestAGraphOfTooManyFunctionsIsRefused(t *testing.T) {
	t.Parallel()
	functions := make(map[string]Node, MaxFunctions+1)
	for i := range MaxFunctions + 1 {
		functions[fmt.Sprintf("a.py:f%d", i)] = Node{}
	}
	text, err := json.Marshal(functions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadGraph(text); err == nil {
		t.Error("it is taken")
	}
}
