package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAUsageObjectHoldsCountsAndWordsOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sent, want string }{
		"OpenAI's":             {`{"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0}}`, `{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0}}`},
		"Anthropic's":          {`{"input_tokens":1,"service_tier":"standard","inference_geo":null,"cache_creation":{"ephemeral_1h_input_tokens":7}}`, `{"input_tokens":1,"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":7}}`},
		"a list of objects":    {`{"promptTokensDetails":[{"modality":"TEXT","tokenCount":12},"a sentence here",{"text":"a b"}]}`, `{"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]}`},
		"a sentence":           {`{"input_tokens":1,"note":"the user's prompt"}`, `{"input_tokens":1}`},
		"a sentence as a name": {`{"the user's prompt":1,"input_tokens":2}`, `{"input_tokens":2}`},
		"an escaped word":      {`{"input_tokens":1,"tier":"a\u0062"}`, `{"input_tokens":1}`},
		"a huge number":        {`{"a":1e400,"b":1234567890123456789012345678901234567890,"c":1.5}`, `{"c":1.5}`},
		"booleans":             {`{"batch":true,"cached":false}`, `{"batch":true,"cached":false}`},
		"nothing that may":     {`{"a":null,"b":"a b","c":{},"d":[]}`, ``},
		"empty":                {`{}`, ``},
		"a list":               {`[1]`, ``},
		"a number":             {`7`, ``},
		"null":                 {`null`, ``},
		"too deep":             {strings.Repeat(`{"a":`, 12) + `1` + strings.Repeat(`}`, 12), ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, decodeOne(t, `,"responseBody":{"usage":`+c.sent+`}`).Answer.UsageObject)
		})
	}
}

func TestALongUsageObjectLosesWholeMembers(t *testing.T) {
	t.Parallel()
	var members []string
	for i := range 400 {
		members = append(members, fmt.Sprintf(`"member_%d":{"tokens":%d}`, i, i))
	}
	got := decodeOne(t, `,"responseBody":{"usage":{`+strings.Join(members, ",")+`}}`).Answer.UsageObject
	assert.LessOrEqual(t, len(got), 4096)
	assert.Greater(t, len(got), 4000)
	assert.True(t, strings.HasPrefix(got, `{"member_0":{"tokens":0},`) && strings.HasSuffix(got, `}}`), got)
}
