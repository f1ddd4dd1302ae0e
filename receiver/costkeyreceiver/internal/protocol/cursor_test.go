package protocol

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAValueIsPassedOverToItsEnd(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		`""`, `"a"`, `"\""`, `"\\"`, `"\\\""`, `"{[\"]}"`, `0`, `-1.5e+10`, `true`, `false`, `null`, `{}`, `[]`,
		`{"a":[1,{"b":"}"}],"c":"]"}`, `[[],[{}]]`, "\"line\\nline \xff\"", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		strings.Repeat("[", 3*maxDepth) + strings.Repeat("]", 3*maxDepth),
	} {
		for _, after := range []string{"", ",", " ]", "}", "\n"} {
			c := cursor{in: []byte(" \t" + value + after)}
			assert.Equal(t, value, string(c.value()))
			assert.Equal(t, after, string(c.in[c.at:]))
		}
	}
}

func TestWhatDoesNotEndIsNoValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `"`, `"\"`, `"\\\"`, `{`, `[`, `{"a":1`, `{"a}`, `[}`, `{"a":[}]`, `nul`, `tru`, `x`, `}`, `,`,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + "]}",
	} {
		c := cursor{in: []byte(text)}
		assert.Nil(t, c.value(), text)
	}
}

// FuzzCursor holds the cursor against encoding/json: of two values in a row, both find the first to be as long.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\"",{"b":null}]}`, `"\\"`, `[[]]`, `-0.5e3`, `true`, `"\u00e4"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		if !json.Valid(value) {
			c := cursor{in: value}
			c.value() // comes to an end
			return
		}
		value = bytes.TrimSpace(value)
		c := cursor{in: append(bytes.Clone(value), " ,7"...)}
		if got := c.value(); !bytes.Equal(got, value) {
			t.Errorf("%q of %q", got, value)
		}
		if !c.take(',') || string(c.value()) != "7" || !c.done() {
			t.Errorf("what follows %q is lost", value)
		}
	})
}
