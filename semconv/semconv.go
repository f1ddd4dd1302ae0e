// Package semconv holds the attribute keys and enum values that CostKey emits and reads.
//
// Names of OpenTelemetry come from go.opentelemetry.io/otel/semconv/v1.41.0, the last Go package with gen_ai.*: later
// GenAI conventions live in open-telemetry/semantic-conventions-genai. CostKey's own keys begin with "costkey.".
//
// This package has no logic. Callers that hold pdata write string(semconv.GenAIProviderNameKey).
package semconv

import (
	"go.opentelemetry.io/otel/attribute"
	otel "go.opentelemetry.io/otel/semconv/v1.41.0"
)

// SchemaURL is the schema of the conventions that CostKey writes.
const SchemaURL = otel.SchemaURL

// Scope names of the instrumentation and of the receiver: what makes spans in this dialect.
const (
	ScopeInstrumentation = "github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	ScopeReceiver        = "github.com/costkey/costkey-otel/receiver/costkeyreceiver"
)

// GenAI attributes that CostKey emits and reads. Development, semantic conventions 1.41.
const (
	// GenAIOperationNameKey is what was asked for: "chat", "embeddings", "generate_content".
	GenAIOperationNameKey = otel.GenAIOperationNameKey
	// GenAIProviderNameKey is who was asked: "openai", "anthropic", "gcp.gemini".
	GenAIProviderNameKey = otel.GenAIProviderNameKey
	// GenAIRequestModelKey is the model as the request names it: "gpt-4o".
	GenAIRequestModelKey = otel.GenAIRequestModelKey
	// GenAIResponseModelKey is the model as the answer names it: "gpt-4o-2024-08-06".
	GenAIResponseModelKey = otel.GenAIResponseModelKey
	// GenAIResponseIDKey is the provider's id of the answer: "chatcmpl-BnP1".
	GenAIResponseIDKey = otel.GenAIResponseIDKey
	// GenAIResponseFinishReasonsKey is why each choice ended: ["stop"].
	GenAIResponseFinishReasonsKey = otel.GenAIResponseFinishReasonsKey
	// GenAIRequestStreamKey is true where the answer was asked for as a stream; absent otherwise.
	GenAIRequestStreamKey = attribute.Key("gen_ai.request.stream")
	// GenAIResponseTimeToFirstChunkKey is the time from issuing the request to the first content, in seconds: 0.412.
	GenAIResponseTimeToFirstChunkKey = attribute.Key("gen_ai.response.time_to_first_chunk")

	// GenAIUsageInputTokensKey counts all input tokens, cached ones included.
	GenAIUsageInputTokensKey = otel.GenAIUsageInputTokensKey
	// GenAIUsageOutputTokensKey counts all output tokens, reasoning included.
	GenAIUsageOutputTokensKey = otel.GenAIUsageOutputTokensKey
	// GenAIUsageCacheReadInputTokensKey counts the input tokens that were read from the provider's cache.
	GenAIUsageCacheReadInputTokensKey = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	// GenAIUsageCacheCreationInputTokensKey counts the input tokens that were written to the provider's cache.
	GenAIUsageCacheCreationInputTokensKey = attribute.Key("gen_ai.usage.cache_creation.input_tokens")
	// GenAIUsageReasoningOutputTokensKey counts the output tokens that were spent on reasoning.
	GenAIUsageReasoningOutputTokensKey = attribute.Key("gen_ai.usage.reasoning.output_tokens")
	// GenAIUsageAudioInputTokensKey and its like are parts of their totals (gen-ai-dev names).
	GenAIUsageAudioInputTokensKey          = attribute.Key("gen_ai.usage.audio.input_tokens")
	GenAIUsageImageInputTokensKey          = attribute.Key("gen_ai.usage.image.input_tokens")
	GenAIUsageVideoInputTokensKey          = attribute.Key("gen_ai.usage.video.input_tokens")
	GenAIUsageAudioOutputTokensKey         = attribute.Key("gen_ai.usage.audio.output_tokens")
	GenAIUsageImageOutputTokensKey         = attribute.Key("gen_ai.usage.image.output_tokens")
	GenAIUsageAudioCacheReadInputTokensKey = attribute.Key("gen_ai.usage.audio.cache_read.input_tokens")
	GenAIUsageImageCacheReadInputTokensKey = attribute.Key("gen_ai.usage.image.cache_read.input_tokens")

	// Settings of the request that are cheap to read and hold no text.
	GenAIRequestMaxTokensKey        = otel.GenAIRequestMaxTokensKey
	GenAIRequestChoiceCountKey      = otel.GenAIRequestChoiceCountKey
	GenAIRequestSeedKey             = otel.GenAIRequestSeedKey
	GenAIRequestTemperatureKey      = otel.GenAIRequestTemperatureKey
	GenAIRequestTopPKey             = otel.GenAIRequestTopPKey
	GenAIRequestTopKKey             = otel.GenAIRequestTopKKey
	GenAIRequestFrequencyPenaltyKey = otel.GenAIRequestFrequencyPenaltyKey
	GenAIRequestPresencePenaltyKey  = otel.GenAIRequestPresencePenaltyKey
	GenAIOutputTypeKey              = otel.GenAIOutputTypeKey
	GenAIConversationIDKey          = otel.GenAIConversationIDKey

	// Content. Emitted only where capturing bodies is switched on.
	GenAIInputMessagesKey      = otel.GenAIInputMessagesKey
	GenAIOutputMessagesKey     = otel.GenAIOutputMessagesKey
	GenAISystemInstructionsKey = otel.GenAISystemInstructionsKey
	GenAIToolDefinitionsKey    = otel.GenAIToolDefinitionsKey
)

// OpenAI attributes.
const (
	OpenAIAPITypeKey                   = attribute.Key("openai.api.type")
	OpenAIRequestServiceTierKey        = attribute.Key("openai.request.service_tier")
	OpenAIResponseServiceTierKey       = attribute.Key("openai.response.service_tier")
	OpenAIResponseSystemFingerprintKey = attribute.Key("openai.response.system_fingerprint")
)

// General attributes. Stable, but for session.id and user.id.
const (
	ErrorTypeKey              = otel.ErrorTypeKey
	ServerAddressKey          = otel.ServerAddressKey
	ServerPortKey             = otel.ServerPortKey
	HTTPResponseStatusCodeKey = otel.HTTPResponseStatusCodeKey
	CodeFunctionNameKey       = otel.CodeFunctionNameKey
	CodeFilePathKey           = otel.CodeFilePathKey
	CodeLineNumberKey         = otel.CodeLineNumberKey
	SessionIDKey              = otel.SessionIDKey
	UserIDKey                 = otel.UserIDKey
	ServiceNameKey            = otel.ServiceNameKey
	ServiceVersionKey         = otel.ServiceVersionKey
	DeploymentEnvironmentKey  = otel.DeploymentEnvironmentNameKey
)

// CostKey's own attributes.
const (
	// ProjectKey, on a resource: the slug of the project the data belongs to. With API keys the key decides, and what
	// the data says is ignored.
	ProjectKey = attribute.Key("costkey.project")
	// CallPathKey is the user's own frames, outermost first, each "function (file:line)".
	CallPathKey = attribute.Key("costkey.call_path")
	// TagPrefix begins the key of each tag: "costkey.tag.tenant". Values are strings, doubles or booleans. See [Tag].
	TagPrefix = "costkey.tag."
	// ProviderUsageKey is the provider's own usage object as compact JSON of numbers, booleans and short enum strings,
	// 4 KiB at most, so that a call can be priced again with detail that today's code does not know.
	ProviderUsageKey = attribute.Key("costkey.provider.usage")
	// RequestIDKey is the provider's id of the request, from the answer's headers.
	RequestIDKey = attribute.Key("costkey.request_id")
	// ServiceTierKey is the tier that served the call, for providers without a semconv name for it.
	ServiceTierKey = attribute.Key("costkey.service_tier")
	// OutputTokensPerSecondKey is how many output tokens, reasoning included, a stream had for each second from the
	// request to its end: 83.5. Absent where the stream told no usage or broke off.
	OutputTokensPerSecondKey = attribute.Key("costkey.output_tokens_per_second")
	// UsageMissingKey says why a call has no token counts, or not all of them; see the UsageMissing values.
	UsageMissingKey = attribute.Key("costkey.usage.missing")
	// UsageCacheWrite5mKey and UsageCacheWrite1hKey split the cache writes by how long they are kept (Anthropic).
	UsageCacheWrite5mKey = attribute.Key("costkey.usage.cache_write_5m.input_tokens")
	UsageCacheWrite1hKey = attribute.Key("costkey.usage.cache_write_1h.input_tokens")
	// ReportedCostKey is what the sender itself says that the call cost, in USD as a plain decimal: never the price.
	ReportedCostKey = attribute.Key("gen_ai.usage.cost")
	// UsageWebSearchesKey counts the searches that the provider ran and bills by piece.
	UsageWebSearchesKey = attribute.Key("costkey.usage.web_searches")
)

// Values of UsageMissingKey.
const (
	UsageMissingStream      = "stream_without_usage" // the stream ended and the provider sent no usage
	UsageMissingInterrupted = "interrupted"          // the answer ended before the usage came
	UsageMissingNotReported = "not_reported"         // a whole answer without usage
	UsageMissingBackground  = "background"           // the answer is made later and fetched by polling
	UsageMissingEncoding    = "encoding"             // the answer's encoding could not be read on the fly
	UsageMissingCache       = "cache_unknown"        // counts came, but not how many of them were cached
)

// Values of GenAIOperationNameKey that CostKey emits.
const (
	OperationChat            = "chat"
	OperationEmbeddings      = "embeddings"
	OperationGenerateContent = "generate_content"
	OperationTextCompletion  = "text_completion"
)

// Values of GenAIProviderNameKey that CostKey emits.
const (
	ProviderOpenAI    = "openai"
	ProviderAnthropic = "anthropic"
	ProviderGemini    = "gcp.gemini"
)

// ErrorTypeOther is the value of error.type where nothing better is known.
const ErrorTypeOther = "_OTHER"

// Tag is one attribute costkey.tag.*, as a call carries it from its span to its row.
type Tag struct {
	Key   string // without TagPrefix
	Value string // JSON of one scalar: `"acme"`, `3`, `true`
}
