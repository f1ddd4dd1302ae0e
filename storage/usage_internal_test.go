package storage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestSplitUsageGivesTheObjectBack(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		`{}`, `{"a":1}`, `{"a":-1.5e+10,"b":{"c":0},"d":true,"e":null,"f":"default"}`, `{"gpt-4":12,"x\"y":3}`, `{"a":[1,2,30]}`,
		`{"a\\":7}`, `{"unterminated`, `12`, `"7"`, `{"a":1,"a\\\"":2}`,
	} {
		template, numbers, ok := splitUsage(object, nil, nil)
		assert.True(t, ok, object)
		assert.Equal(t, object, joinUsage(string(template), string(numbers)))
	}
	template, numbers, _ := splitUsage(`{"prompt_tokens":1207,"details":{"cached":1024},"tier4":"a1"}`, nil, nil)
	assert.Equal(t, `{"prompt_tokens":?,"details":{"cached":?},"tier4":"a1"}`, string(template))
	assert.Equal(t, `1207,1024`, string(numbers))
	for _, object := range []string{`{"a?":1}`, `?`, `{"a":"?"}`} {
		_, _, ok := splitUsage(object, nil, nil)
		assert.False(t, ok, object)
	}
}

func TestSplitUsageGivesAnyObjectBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.StringMatching(`[ -~]{0,60}`).Draw(t, "object")
		template, numbers, ok := splitUsage(object, nil, nil)
		if ok && joinUsage(string(template), string(numbers)) != object {
			t.Fatalf("%q came back as %q", object, joinUsage(string(template), string(numbers)))
		}
	})
}
