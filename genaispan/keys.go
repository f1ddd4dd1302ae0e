package genaispan

import "github.com/costkey/costkey-otel/semconv"

// A rule says where the value of one attribute key goes and how it is read. The dialects are this table: a library that
// spells a thing its own way is one more line, and no code.
type rule struct {
	key   string
	to    uint8 // the field, numbered within the class that as belongs to
	as    reading
	set   keySet
	marks mark
}

// A reading is how a value is read and checked. Values that fail the check are refused.
type reading uint8

const (
	asName    reading = iota // model, provider, id: ≤ 256 bytes, no white space, no control characters
	asEnum                   // [A-Za-z0-9_.:/-]{1,64}, brought to lower case
	asLabel                  // session and user: as a name; whole numbers are taken too
	asError                  // error.type: [A-Za-z0-9_.:/*-]{1,128}, else _OTHER
	asCode                   // a function's name: ≤ 1024 bytes, no white space
	asFile                   // a file's path: ≤ 1024 bytes
	asHost                   // a host, maybe with a port, which is cut
	asURL                    // a URL, of which the host is kept
	asFinish                 // a list of finish reasons in any of its spellings: the first
	asCount                  // a count of tokens or units
	asFlag                   // true or false
	asSeconds                // a duration in seconds
	asMillis                 // a duration in milliseconds
	asMoment                 // a point in time as RFC 3339
	asCost                   // USD
	asJSON                   // a JSON text that is scanned for numbers
	asMark                   // only its presence counts
	asPath                   // costkey.call_path
)

// A keySet tells which total belongs to which input: keys of one set are of one hand.
type keySet uint8

const (
	setNone          keySet = iota
	setPlain                // gen_ai.usage.*, llm.usage.* and ai.usage.*, which repeat each other where both are there
	setOpenInference        // llm.token_count.*
	setFlat                 // Claude Code, LangChain4j
)

// Text fields.
const (
	tOperation uint8 = iota
	tOperationType
	tProvider
	tRequestModel
	tResponseModel
	tModelName
	tResponseID
	tRequestID
	tTier
	tRequestTier
	tHost
	tFinish
	tSession
	tUser
	tError
	tFunction
	tOldFunction
	tNamespace
	tFile
	tMissing
	tLevel
	tUserAgent
	tTraceloopKind
	tOpenInferenceKind
	tLangfuseType
	tLangsmithKind
	tVercelOperation
	tMastraType
	tGenkitSubtype
	tSentryOp
	tClaudeType
	tLogfireType
	tSpeed
	tMetadataCost // what a gateway says in the AI SDK's metadata
	numTexts
)

// Count fields.
const (
	cInput uint8 = iota
	cOutput
	cTotal
	cCacheRead
	cCacheWrite
	cWrite5m
	cWrite1h
	cReasoning
	cAudioInput
	cAudioOutput
	cImageInput
	cImageOutput
	cVideoInput
	cCachedAudio
	cCachedImage
	cWebSearches
	cHTTPStatus
	cPort
	cLine
	cNativeInput      // Anthropic's own input_tokens beside the library's
	cNativeCandidates // Gemini's own candidatesTokenCount beside the library's
	numCounts
)

// Flag fields.
const (
	bStream uint8 = iota
	bSuccess
	numFlags
)

// JSON fields.
const (
	jProviderMetadata uint8 = iota
	jUsageDetails
	jCostDetails
	jGenkitOutput
	jADKResponse
	jLogfireResponse
	jUsageRaw
	jInputTokenDetails
	jOutputTokenDetails
	jMetadata
	jProviderUsage
	numJSONs
)

// A mark is a fact that the mere presence of a key tells.
type mark uint8

const (
	markInputDetails mark = 1 << iota // ai.usage.inputTokenDetails.*: AI SDK 6, whose input includes the cache
	markAggregated                    // gen_ai.aggregated_usage.*: a sum over calls
	markInside                        // a key of tools and agents, which an LLM span has only beside an LLM operation
	markSpringKind
	markStrands
	markOpenLIT
	markLiteLLM
	markKind // a key that says what sort of span it is: see kinds
)

// rules is the table of all keys in order of priority: of two keys that go to the same field the earlier one wins.
var rules = []rule{
	{key: "gen_ai.operation.name", to: tOperation, as: asEnum},
	{key: "llm.request.type", to: tOperationType, as: asEnum},
	{key: "gen_ai.operation.type", to: tOperationType, as: asEnum},

	{key: "gen_ai.provider.name", to: tProvider, as: asName},
	{key: "gen_ai.system", to: tProvider, as: asName},
	{key: "llm.provider", to: tProvider, as: asName},
	{key: "llm.system", to: tProvider, as: asName},
	{key: "ai.model.provider", to: tProvider, as: asName},
	{key: "langsmith.metadata.ls_provider", to: tProvider, as: asName},

	{key: "gen_ai.request.model", to: tRequestModel, as: asName},
	{key: "llm.request.model_name", to: tRequestModel, as: asName},
	{key: "llm.request.model", to: tRequestModel, as: asName},
	{key: "ai.model.id", to: tRequestModel, as: asName},
	{key: "langfuse.observation.model.name", to: tRequestModel, as: asName},
	{key: "embedding.model_name", to: tRequestModel, as: asName},
	{key: "reranker.model_name", to: tRequestModel, as: asName},
	{key: "genkit:name", to: tRequestModel, as: asName},
	{key: "model", to: tRequestModel, as: asName},
	{key: "llm.model_name", to: tModelName, as: asName},

	{key: "gen_ai.response.model", to: tResponseModel, as: asName},
	{key: "llm.response.model_name", to: tResponseModel, as: asName},
	{key: "llm.response.model", to: tResponseModel, as: asName},
	{key: "ai.response.model", to: tResponseModel, as: asName},

	{key: "gen_ai.response.id", to: tResponseID, as: asName},
	{key: "ai.response.id", to: tResponseID, as: asName},
	{key: "llm.response.id", to: tResponseID, as: asName},
	{key: string(semconv.RequestIDKey), to: tRequestID, as: asName},
	{key: "anthropic.request.id", to: tRequestID, as: asName},
	{key: "request_id", to: tRequestID, as: asName},

	{key: "gen_ai.usage.input_tokens", to: cInput, as: asCount, set: setPlain},
	{key: "gen_ai.usage.prompt_tokens", to: cInput, as: asCount, set: setPlain},
	{key: "llm.token_count.prompt", to: cInput, as: asCount, set: setOpenInference},
	{key: "llm.usage.prompt_tokens", to: cInput, as: asCount, set: setPlain},
	{key: "ai.usage.inputTokens", to: cInput, as: asCount, set: setPlain},
	{key: "ai.usage.promptTokens", to: cInput, as: asCount, set: setPlain},
	{key: "ai.usage.tokens", to: cInput, as: asCount, set: setPlain},
	{key: "input_tokens", to: cInput, as: asCount, set: setFlat},

	{key: "gen_ai.usage.output_tokens", to: cOutput, as: asCount, set: setPlain},
	{key: "gen_ai.usage.completion_tokens", to: cOutput, as: asCount, set: setPlain},
	{key: "llm.token_count.completion", to: cOutput, as: asCount, set: setOpenInference},
	{key: "llm.usage.completion_tokens", to: cOutput, as: asCount, set: setPlain},
	{key: "ai.usage.outputTokens", to: cOutput, as: asCount, set: setPlain},
	{key: "ai.usage.completionTokens", to: cOutput, as: asCount, set: setPlain},
	{key: "output_tokens", to: cOutput, as: asCount, set: setFlat},

	{key: "gen_ai.usage.total_tokens", to: cTotal, as: asCount, set: setPlain},
	{key: "llm.usage.total_tokens", to: cTotal, as: asCount, set: setPlain},
	{key: "llm.token_count.total", to: cTotal, as: asCount, set: setOpenInference},
	{key: "ai.usage.totalTokens", to: cTotal, as: asCount, set: setPlain},
	{key: "gen_ai.client.token.usage", to: cTotal, as: asCount, set: setPlain},

	{key: "gen_ai.usage.cache_read.input_tokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.cache_read_input_tokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.input_tokens.cached", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.cached_tokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.details.cache_read_tokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.details.cache_read_input_tokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.prompt_tokens_details.cached_tokens", to: cCacheRead, as: asCount},
	{key: "llm.token_count.prompt_details.cache_read", to: cCacheRead, as: asCount},
	{key: "ai.usage.inputTokenDetails.cacheReadTokens", to: cCacheRead, as: asCount, marks: markInputDetails},
	{key: "ai.usage.cachedInputTokens", to: cCacheRead, as: asCount},
	{key: "gen_ai.usage.input_cached_tokens", to: cCacheRead, as: asCount}, // livekit/agents telemetry/trace_types.py
	{key: "gen_ai.usage.input_tokens_details.cached_tokens", to: cCacheRead, as: asCount},
	{key: "llm.token_count.prompt_details.cache_input", to: cCacheRead, as: asCount},
	{key: "llm.usage.cache_read_input_tokens", to: cCacheRead, as: asCount},
	{key: "cache_read_tokens", to: cCacheRead, as: asCount},

	{key: "gen_ai.usage.cache_creation.input_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.cache_write.input_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.cache_creation_input_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.cache_write_input_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.input_tokens.cache_write", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.details.cache_write_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.details.cache_creation_input_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.prompt_tokens_details.cache_creation_tokens", to: cCacheWrite, as: asCount},
	{key: "llm.token_count.prompt_details.cache_write", to: cCacheWrite, as: asCount},
	{key: "ai.usage.inputTokenDetails.cacheWriteTokens", to: cCacheWrite, as: asCount, marks: markInputDetails},
	{key: "gen_ai.usage.prompt_tokens_details.cache_write_tokens", to: cCacheWrite, as: asCount},
	{key: "gen_ai.usage.input_tokens_details.cache_write_tokens", to: cCacheWrite, as: asCount},
	{key: "llm.usage.cache_creation_input_tokens", to: cCacheWrite, as: asCount},
	{key: "cache_creation_tokens", to: cCacheWrite, as: asCount},

	{key: string(semconv.UsageCacheWrite5mKey), to: cWrite5m, as: asCount},
	{key: "anthropic.usage.cache_creation.ephemeral_5m_input_tokens", to: cWrite5m, as: asCount},
	{key: string(semconv.UsageCacheWrite1hKey), to: cWrite1h, as: asCount},
	{key: "anthropic.usage.cache_creation.ephemeral_1h_input_tokens", to: cWrite1h, as: asCount},

	{key: "gen_ai.usage.reasoning.output_tokens", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.output_tokens.reasoning", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.details.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.completion_tokens_details.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.experimental.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "gen_ai.usage.output_tokens_details.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "llm.usage.reasoning_tokens", to: cReasoning, as: asCount},
	{key: "llm.token_count.completion_details.reasoning", to: cReasoning, as: asCount},
	{key: "ai.usage.outputTokenDetails.reasoningTokens", to: cReasoning, as: asCount},
	{key: "ai.usage.reasoningTokens", to: cReasoning, as: asCount},
	{key: "thoughts_token_count", to: cReasoning, as: asCount}, // Qwen Code

	{key: "gen_ai.usage.audio.input_tokens", to: cAudioInput, as: asCount},
	{key: "gen_ai.usage.input_audio_tokens", to: cAudioInput, as: asCount},
	{key: "gen_ai.usage.audio_input_tokens", to: cAudioInput, as: asCount},
	{key: "gen_ai.usage.details.input_audio_tokens", to: cAudioInput, as: asCount},
	{key: "llm.token_count.prompt_details.audio", to: cAudioInput, as: asCount},
	{key: "gen_ai.usage.audio.output_tokens", to: cAudioOutput, as: asCount},
	{key: "gen_ai.usage.output_audio_tokens", to: cAudioOutput, as: asCount},
	{key: "gen_ai.usage.audio_output_tokens", to: cAudioOutput, as: asCount},
	{key: "gen_ai.usage.details.output_audio_tokens", to: cAudioOutput, as: asCount},
	{key: "llm.token_count.completion_details.audio", to: cAudioOutput, as: asCount},
	{key: "gen_ai.usage.image.input_tokens", to: cImageInput, as: asCount},
	{key: "gen_ai.usage.input_image_tokens", to: cImageInput, as: asCount},
	{key: "gen_ai.usage.output_image_tokens", to: cImageOutput, as: asCount},
	{key: "gen_ai.usage.image.output_tokens", to: cImageOutput, as: asCount},
	{key: "gen_ai.usage.video.input_tokens", to: cVideoInput, as: asCount},
	{key: "gen_ai.usage.audio.cache_read.input_tokens", to: cCachedAudio, as: asCount},
	{key: "gen_ai.usage.image.cache_read.input_tokens", to: cCachedImage, as: asCount},
	{key: string(semconv.UsageWebSearchesKey), to: cWebSearches, as: asCount},
	{key: string(semconv.UsageMissingKey), to: tMissing, as: asEnum},

	{key: "gen_ai.request.stream", to: bStream, as: asFlag},
	{key: "gen_ai.is_streaming", to: bStream, as: asFlag},
	{key: "gen_ai.request.is_stream", to: bStream, as: asFlag},
	{key: "llm.is_streaming", to: bStream, as: asFlag},
	{key: "gen_ai.response.streaming", to: bStream, as: asFlag},
	{key: "langsmith.request.streaming", to: bStream, as: asFlag},
	{key: "spring.ai.chat.client.stream", to: bStream, as: asFlag},
	{key: "ai.streaming", to: bStream, as: asFlag},

	{key: "gen_ai.response.time_to_first_chunk", as: asSeconds},
	{key: "gen_ai.client.operation.time_to_first_chunk", as: asSeconds},
	{key: "gen_ai.server.time_to_first_token", as: asSeconds},
	{key: "ai.response.msToFirstChunk", as: asMillis},
	{key: "ai.stream.msToFirstChunk", as: asMillis},
	{key: "ttft_ms", as: asMillis},
	{key: "langfuse.observation.completion_start_time", as: asMoment},
	{key: "mastra.completion_start_time", as: asMoment},

	{key: "gen_ai.response.finish_reasons", to: tFinish, as: asFinish},
	{key: "gen_ai.response.finish_reason", to: tFinish, as: asFinish},
	{key: "ai.response.finishReason", to: tFinish, as: asFinish},
	{key: "gen_ai.response.stop_reason", to: tFinish, as: asFinish},
	{key: "anthropic.message.stop_reason", to: tFinish, as: asFinish},
	{key: "llm.finish_reason", to: tFinish, as: asFinish},
	{key: "stop_reason", to: tFinish, as: asFinish},

	{key: "session.id", to: tSession, as: asLabel},
	{key: "langfuse.session.id", to: tSession, as: asLabel},
	{key: "gen_ai.conversation.id", to: tSession, as: asLabel},
	{key: "gcp.vertex.agent.session_id", to: tSession, as: asLabel},
	{key: "ai.telemetry.metadata.sessionId", to: tSession, as: asLabel},
	{key: "langsmith.metadata.session_id", to: tSession, as: asLabel},
	{key: "langsmith.metadata.thread_id", to: tSession, as: asLabel},
	{key: "langsmith.metadata.conversation_id", to: tSession, as: asLabel},
	{key: "traceloop.association.properties.session_id", to: tSession, as: asLabel},
	{key: "gen_ai.session.id", to: tSession, as: asLabel},
	{key: "spring.ai.chat.client.conversation.id", to: tSession, as: asLabel},

	{key: "user.id", to: tUser, as: asLabel},
	{key: "enduser.id", to: tUser, as: asLabel},
	{key: "langfuse.user.id", to: tUser, as: asLabel},
	{key: "ai.telemetry.metadata.userId", to: tUser, as: asLabel},
	{key: "gen_ai.user", to: tUser, as: asLabel},
	{key: "llm.user", to: tUser, as: asLabel},
	{key: "gen_ai.request.user", to: tUser, as: asLabel},
	{key: "gen_ai.user.id", to: tUser, as: asLabel},
	{key: "traceloop.association.properties.user_id", to: tUser, as: asLabel},
	{key: "metadata.user_api_key_end_user_id", to: tUser, as: asLabel},

	{key: "openai.response.service_tier", to: tTier, as: asEnum},
	{key: "gen_ai.openai.response.service_tier", to: tTier, as: asEnum},
	{key: "gen_ai.response.service_tier", to: tTier, as: asEnum},
	{key: string(semconv.ServiceTierKey), to: tTier, as: asEnum},
	{key: "anthropic.response.service_tier", to: tTier, as: asEnum},
	{key: "openai.request.service_tier", to: tRequestTier, as: asEnum},
	{key: "gen_ai.openai.request.service_tier", to: tRequestTier, as: asEnum},

	{key: "speed", to: tSpeed, as: asEnum}, // Claude Code

	{key: "gen_ai.usage.cost", as: asCost},
	{key: "gen_ai.cost.total_cost", as: asCost},
	{key: "llm.cost.total", as: asCost},
	{key: "operation.cost", as: asCost},
	{key: "gen_ai.client.estimated_cost", as: asCost},
	{key: "cost_usd", as: asCost},

	{key: "server.address", to: tHost, as: asHost},
	{key: "gen_ai.openai.api_base", to: tHost, as: asURL},
	{key: "url.full", to: tHost, as: asURL},
	{key: "http.url", to: tHost, as: asURL},
	{key: "net.peer.name", to: tHost, as: asHost},
	{key: "http.host", to: tHost, as: asHost},
	{key: "gen_ai.endpoint", to: tHost, as: asURL},
	{key: "server.port", to: cPort, as: asCount},

	{key: "error.type", to: tError, as: asError},
	{key: "http.response.status_code", to: cHTTPStatus, as: asCount},
	{key: "http.status_code", to: cHTTPStatus, as: asCount},
	{key: "status_code", to: cHTTPStatus, as: asCount}, // Claude Code
	{key: "success", to: bSuccess, as: asFlag},
	{key: "langfuse.observation.level", to: tLevel, as: asEnum},

	{key: "code.function.name", to: tFunction, as: asCode},
	{key: "code.function", to: tOldFunction, as: asCode},
	{key: "code.namespace", to: tNamespace, as: asCode},
	{key: "code.file.path", to: tFile, as: asFile},
	{key: "code.filepath", to: tFile, as: asFile},
	{key: "code.line.number", to: cLine, as: asCount},
	{key: "code.lineno", to: cLine, as: asCount},
	{key: string(semconv.CallPathKey), as: asPath},

	{key: "traceloop.span.kind", to: tTraceloopKind, as: asEnum, marks: markKind},
	{key: "openinference.span.kind", to: tOpenInferenceKind, as: asEnum, marks: markKind},
	{key: "langfuse.observation.type", to: tLangfuseType, as: asEnum, marks: markKind},
	{key: "langsmith.span.kind", to: tLangsmithKind, as: asEnum, marks: markKind},
	{key: "ai.operationId", to: tVercelOperation, as: asEnum, marks: markKind},
	{key: "mastra.span.type", to: tMastraType, as: asEnum, marks: markKind},
	{key: "genkit:metadata:subtype", to: tGenkitSubtype, as: asEnum, marks: markKind},
	{key: "sentry.op", to: tSentryOp, as: asEnum, marks: markKind},
	{key: "span.type", to: tClaudeType, as: asEnum, marks: markKind},
	{key: "logfire.span_type", to: tLogfireType, as: asEnum},
	{key: "ai.sdk.version", to: tUserAgent, as: asEnum},
	{key: "ai.request.headers.user-agent", to: tUserAgent, as: asName},

	{key: "spring.ai.kind", as: asMark, marks: markSpringKind},
	{key: "gen_ai.tool.name", as: asMark, marks: markInside},
	{key: "gen_ai.tool.call.id", as: asMark, marks: markInside},
	{key: "mcp.method.name", as: asMark, marks: markInside},
	{key: "agent_name", as: asMark, marks: markInside},
	{key: "gen_ai.agent.name", as: asMark, marks: markInside},
	{key: "gen_ai.agent.call.id", as: asMark, marks: markInside},
	{key: "ai.usage.inputTokenDetails.noCacheTokens", as: asMark, marks: markInputDetails},
	{key: "gen_ai.event.start_time", as: asMark, marks: markStrands},
	{key: "gen_ai.sdk.version", as: asMark, marks: markOpenLIT},
	{key: "hidden_params", as: asMark, marks: markLiteLLM},

	{key: "ai.response.providerMetadata", to: jProviderMetadata, as: asJSON},
	{key: "langfuse.observation.usage_details", to: jUsageDetails, as: asJSON},
	{key: "langfuse.observation.cost_details", to: jCostDetails, as: asJSON},
	{key: "genkit:output", to: jGenkitOutput, as: asJSON},
	{key: "gcp.vertex.agent.llm_response", to: jADKResponse, as: asJSON},
	{key: "response_data", to: jLogfireResponse, as: asJSON},
	{key: "gen_ai.usage.raw", to: jUsageRaw, as: asJSON},
	{key: "gen_ai.usage.input_token_details", to: jInputTokenDetails, as: asJSON},
	{key: "gen_ai.usage.output_token_details", to: jOutputTokenDetails, as: asJSON},
	{key: "metadata", to: jMetadata, as: asJSON},
	{key: string(semconv.ProviderUsageKey), to: jProviderUsage, as: asJSON},
}
