package wire

import (
	"reflect"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/assert"
	"google.golang.org/genai"
)

// notBilled are the fields of the SDKs' usage types that are seen and bear on no price, with the reason.
var notBilled = map[string]string{
	"type":                          "says what an iteration is",
	"model":                         "says whose an iteration is",
	"fallback_credit.status.type":   "the state of a credit, no count",
	"fallback_credit.status.reason": "the state of a credit, no count",
	"fallback_credit.status.remove_to_redeem":                        "the state of a credit, no count",
	"server_tool_use.web_fetch_requests":                             "costs nothing but its tokens: docs.claude.com, web fetch tool",
	"toolUsePromptTokensDetails.modality":                            "the results of tools are priced as text",
	"toolUsePromptTokensDetails.tokenCount":                          "the results of tools are priced as text",
	"completion_tokens_details.accepted_prediction_tokens":           "part of the output, at its rate",
	"completion_tokens_details.rejected_prediction_tokens":           "part of the output, at its rate",
	"prompt_tokens_details.text_tokens":                              "the rest of the input",
	"input_tokens_details.text_tokens":                               "the rest of the input",
	"completion_tokens_details.text_tokens":                          "the rest of the output",
	"output_tokens_details.text_tokens":                              "the rest of the output",
	"input_tokens_details.cache_write_tokens_details.ttl_30m_tokens": "part of the cache writes; no list has a rate by retention",
	"input_tokens_details.cache_write_tokens_details.ttl_12h_tokens": "part of the cache writes; no list has a rate by retention",
}

// TestEachFieldOfTheSDKsUsageTypesIsReadOrIsListedWithTheReasonWhyNot fails when a new version of an SDK tells more.
func TestEachFieldOfTheSDKsUsageTypesIsReadOrIsListedWithTheReasonWhyNot(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for name, of := range map[string]any{
		"openai chat": openai.CompletionUsage{}, "openai responses": responses.ResponseUsage{},
		"openai embeddings": openai.CreateEmbeddingResponseUsage{}, "openai images": openai.ImagesResponseUsage{},
		"anthropic": anthropic.BetaUsage{}, "anthropic iteration": anthropic.BetaIterationsUsageItemUnion{},
		"gemini": genai.GenerateContentResponseUsageMetadata{},
	} {
		fields(reflect.TypeOf(of), "", func(path string) {
			if _, ok := rows[path]; ok || strings.HasPrefix(path, iterations) {
				return
			}
			_, listed := notBilled[path]
			used[path] = true
			assert.True(t, listed, "%s: %s is neither read nor listed", name, path)
		})
	}
	for path := range notBilled {
		assert.True(t, used[path], "%s is in no SDK, or is read", path)
	}
}

// fields yields the path of each scalar of a type, as JSON names it. What lists hold has no name of its own.
func fields(of reflect.Type, path string, yield func(path string)) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.NumField() == 0 {
		yield(path)
		return
	}
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "":
			yield(path)
		case path == "":
			fields(f.Type, name, yield)
		default:
			fields(f.Type, path+"."+name, yield)
		}
	}
}
