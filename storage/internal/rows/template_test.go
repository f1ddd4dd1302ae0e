package rows

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/usage"
)

// told is a call whose usage object is given.
func told(object string) *calls.Call { return &calls.Call{UsageObject: object} }

func TestSplitUsageGivesTheObjectBack(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		`{}`, `{"a":1}`, `{"a":-1.5e+10,"b":{"c":0},"d":true,"e":null,"f":"default"}`, `{"gpt-4":12,"x\"y":3}`, `{"a":[1,2,30]}`,
		`{"a\\":7}`, `{"unterminated`, `12`, `"7"`, `{"a":1,"a\\\"":2}`,
	} {
		template, numbers, ok := splitUsage(told(object), nil, nil)
		assert.True(t, ok, object)
		assert.Equal(t, object, joinUsage(told(object), string(template), string(numbers)))
	}
	template, numbers, _ := splitUsage(told(`{"prompt_tokens":1207,"details":{"cached":1024,"none":0},"tier4":"a1"}`), nil, nil)
	assert.Equal(t, `{"prompt_tokens":?,"details":{"cached":?,"none":0},"tier4":"a1"}`, string(template))
	assert.Equal(t, `1207,1024`, string(numbers))
	for _, object := range []string{`{"a?":1}`, `?`, `{"a":"?"}`, `{"a":1e20000}`, `{"a":1i}`, `{"a":` + strings.Repeat("1", 50) + `}`} {
		_, _, ok := splitUsage(told(object), nil, nil)
		assert.False(t, ok, object)
	}
}

func TestSplitUsageGivesAnyObjectBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.StringMatching(`[ -~]{0,60}`).Draw(t, "object")
		template, numbers, ok := splitUsage(told(object), nil, nil)
		if ok && joinUsage(told(object), string(template), string(numbers)) != object {
			t.Fatalf("%q came back as %q", object, joinUsage(told(object), string(template), string(numbers)))
		}
	})
}

func TestATemplateNamesTheCountsThatTheCallHas(t *testing.T) {
	t.Parallel()
	known := usage.Known
	for name, c := range map[string]struct {
		usage                     usage.Usage
		object, template, numbers string
	}{
		"OpenAI's": {
			usage.Usage{Input: known(1207), CacheRead: known(1024), Output: known(30), Reasoning: known(0)},
			`{"prompt_tokens":1207,"completion_tokens":30,"total_tokens":1237,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":7},"completion_tokens_details":{"reasoning_tokens":0}}`,
			`{"prompt_tokens":?i,"completion_tokens":?o,"total_tokens":?t,"prompt_tokens_details":{"cached_tokens":?c,"audio_tokens":?},"completion_tokens_details":{"reasoning_tokens":0}}`,
			"7",
		},
		"Anthropic's": {
			usage.Usage{Input: known(130), CacheRead: known(100), CacheWrite: known(20), Output: known(5)},
			`{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":5}`,
			`{"input_tokens":?f,"cache_creation_input_tokens":?w,"cache_read_input_tokens":?c,"output_tokens":?o}`,
			"",
		},
		"one that says something else": {
			usage.Usage{Input: known(130), Output: known(5)}, `{"prompt_tokens":131,"total_tokens":9}`, `{"prompt_tokens":?,"total_tokens":?}`, "131,9",
		},
		"counts beyond the columns": {
			usage.Usage{Input: known(3_000_000_000)}, `{"prompt_tokens":3000000000}`, `{"prompt_tokens":?}`, "3000000000",
		},
	} {
		call := &calls.Call{Usage: c.usage, UsageObject: c.object}
		template, numbers, ok := splitUsage(call, nil, nil)
		assert.True(t, ok, name)
		assert.Equal(t, c.template, string(template), name)
		assert.Equal(t, c.numbers, string(numbers), name)
		assert.Equal(t, c.object, joinUsage(call, string(template), string(numbers)), name)
	}
}
