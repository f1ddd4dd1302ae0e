package genaispan_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
)

// FuzzRead reads and resolves whatever OTLP can carry. The seeds are the captures and the golden cases, so each dialect;
// testdata/fuzz holds what was found.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{captures + "/*.json", "testdata/golden/*/input.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%d seeds are %s: %v", len(files), pattern, err)
		}
		for _, file := range files {
			td := tracesOf(f, file)
			b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	reader := genaispan.NewReader(genaispan.Settings{CaptureBody: true, Tags: []string{"user.id", "a"}})
	f.Fuzz(func(t *testing.T, data []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return
		}
		for _, c := range readCalls(reader, td) {
			u := &c.Usage
			if u.CacheRead.Value()+u.CacheWrite.Value() > u.Input.Value() || u.Reasoning.Value() > u.Output.Value() {
				t.Errorf("parts exceed totals: %+v", u)
			}
			if c.TTFTNanos < 0 {
				t.Errorf("negative time to first token: %+v", c)
			}
		}
	})
}

// FuzzJSON compares the scanner with encoding/json: what that takes for JSON the scanner takes too, unless it is deeper
// than the scanner goes.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":{"b":[1,2.5e-3,{"c":"d\"e"}]},"f":null}`, `[]`, `{}`, `[{}]`, `{"a":{}}`, `"x"`, `1`, `{"a":1,}`, `[1 2]`, `{"a" 1}`,
		` { "a" : [ true , false ] } `, `{"a":1}x`, `{"a":"\\"}`, `-`, `01`, `1.`, `{'a': 1}`, `{"a`, `[,1]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, ok := genaispan.ScanJSON(s)
		valid := json.Valid([]byte(s))
		if valid && !ok && depth(s) < 64 {
			t.Errorf("%q is JSON, and was refused", s)
		}
		if genaispan.IsProviderUsage(s) && !valid {
			t.Errorf("%q is no JSON, and was taken for a usage object", s)
		}
	})
}

// depth returns how many brackets s has, which bounds its depth.
func depth(s string) int {
	n := 0
	for _, c := range s {
		if c == '[' || c == '{' {
			n++
		}
	}
	return n
}
