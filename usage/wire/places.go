package wire

// Fact is one thing that a usage object tells.
type Fact uint8

// The counts come first.
const (
	Input Fact = iota
	Output
	Total
	CacheRead
	CacheWrite
	CacheWrite5m
	CacheWrite1h
	Reasoning
	Apart      // reasoning and citations of Perplexity's, which the output leaves out
	Thoughts   // of Gemini's, which the output leaves out
	ToolPrompt // results of tools at Gemini, which the input leaves out
	AudioInput
	CachedAudioInput
	ImageInput
	CachedImageInput
	VideoInput
	AudioOutput
	ImageOutput
	VideoOutput
	Citation
	WebSearches
	SearchUnits

	numCounts
)

// The words and amounts follow.
const (
	Tier Fact = numCounts + iota
	Geography
	Speed
	SearchSize
	Cost      // USD
	CostTicks // 10⁻¹⁰ USD

	numFacts
	nothing
)

// form is how the counts of an object contain each other.
type form uint8

const (
	formUnknown   form = iota
	formOpenAI         // input with the cache, output with reasoning
	formGemini         // thoughts beside the output, results of tools beside the input
	formAnthropic      // input without what is read from and written to the cache
	formCohere         // what is billed goes before what is counted
)

// place is where a fact stands, by the names above it, joined by dots; elements of lists have no name.
type place struct {
	path string
	fact Fact
	// form is what the place proves of the whole object. Of several the first in the order of the forms holds: gateways put
	// Anthropic's names beside OpenAI's, and count as OpenAI does.
	form form
}

var places = []place{
	// OpenAI's chat completions and all who speak like them.
	// platform.openai.com/docs/api-reference/chat/object; openai-go v3.96 completion.go
	{"prompt_tokens", Input, formOpenAI},
	{"completion_tokens", Output, formOpenAI},
	{"total_tokens", Total, formUnknown},
	{"prompt_tokens_details.cached_tokens", CacheRead, formUnknown},
	{"prompt_tokens_details.cache_write_tokens", CacheWrite, formUnknown}, // OpenRouter too
	// github.com/BerriAI/litellm types/utils.py, PromptTokensDetailsWrapper
	{"prompt_tokens_details.cache_creation_tokens", CacheWrite, formUnknown},
	{"prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens", CacheWrite5m, formUnknown},
	{"prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens", CacheWrite1h, formUnknown},
	{"prompt_tokens_details.audio_tokens", AudioInput, formUnknown},
	{"prompt_tokens_details.image_tokens", ImageInput, formUnknown},
	{"prompt_tokens_details.video_tokens", VideoInput, formUnknown},
	{"completion_tokens_details.reasoning_tokens", Reasoning, formUnknown},
	{"completion_tokens_details.audio_tokens", AudioOutput, formUnknown},
	{"completion_tokens_details.image_tokens", ImageOutput, formUnknown},
	{"prompt_cache_hit_tokens", CacheRead, formUnknown}, // api-docs.deepseek.com/api/create-chat-completion
	{"cached_tokens", CacheRead, formUnknown},           // platform.moonshot.ai/docs/api/chat

	{"cost", Cost, formUnknown},            // openrouter.ai/docs/use-cases/usage-accounting
	{"cost.total_cost", Cost, formUnknown}, // docs.perplexity.ai/api-reference/chat-completions-post
	{"search_context_size", SearchSize, formUnknown},
	{"num_search_queries", WebSearches, formUnknown},
	{"citation_tokens", Citation, formUnknown},
	{"reasoning_tokens", Apart, formUnknown},
	{"cost_in_usd_ticks", CostTicks, formUnknown}, // docs.x.ai/developers/cost-tracking

	// OpenAI's responses, images and transcriptions. openai-go v3.96 responses/response.go, image.go, audiotranscription.go
	{"input_tokens", Input, formUnknown},
	{"output_tokens", Output, formUnknown},
	{"input_tokens_details.cached_tokens", CacheRead, formOpenAI},
	{"input_tokens_details.cache_write_tokens", CacheWrite, formOpenAI},
	{"input_tokens_details.audio_tokens", AudioInput, formOpenAI},
	{"input_tokens_details.image_tokens", ImageInput, formOpenAI},
	{"input_tokens_details.cached_tokens_details.image_tokens", CachedImageInput, formOpenAI},
	{"output_tokens_details.reasoning_tokens", Reasoning, formOpenAI},
	{"output_tokens_details.image_tokens", ImageOutput, formOpenAI},
	{"output_tokens_details.audio_tokens", AudioOutput, formOpenAI},
	// Of the realtime API and of transcriptions. openai-go v3.96 realtime/realtime.go
	{"input_token_details.cached_tokens", CacheRead, formOpenAI},
	{"input_token_details.audio_tokens", AudioInput, formOpenAI},
	{"input_token_details.image_tokens", ImageInput, formOpenAI},
	{"input_token_details.cached_tokens_details.audio_tokens", CachedAudioInput, formOpenAI},
	{"input_token_details.cached_tokens_details.image_tokens", CachedImageInput, formOpenAI},
	{"output_token_details.audio_tokens", AudioOutput, formOpenAI},
	// LangChain's usage_metadata. python.langchain.com/api_reference/core/messages, UsageMetadata
	{"input_token_details.cache_read", CacheRead, formOpenAI},
	{"input_token_details.cache_creation", CacheWrite, formOpenAI},
	{"input_token_details.ephemeral_5m_input_tokens", CacheWrite5m, formOpenAI},
	{"input_token_details.ephemeral_1h_input_tokens", CacheWrite1h, formOpenAI},
	{"input_token_details.audio", AudioInput, formOpenAI},
	{"output_token_details.reasoning", Reasoning, formOpenAI},
	{"output_token_details.audio", AudioOutput, formOpenAI},

	// Anthropic's messages. anthropic-sdk-go v1.84 betamessage.go, BetaUsage
	{"cache_read_input_tokens", CacheRead, formAnthropic},
	{"cache_creation_input_tokens", CacheWrite, formAnthropic},
	{"cache_creation.ephemeral_5m_input_tokens", CacheWrite5m, formAnthropic},
	{"cache_creation.ephemeral_1h_input_tokens", CacheWrite1h, formAnthropic},
	{"output_tokens_details.thinking_tokens", Reasoning, formAnthropic},
	{"server_tool_use.web_search_requests", WebSearches, formAnthropic},
	{"inference_geo", Geography, formAnthropic},
	{"speed", Speed, formAnthropic},
	{"service_tier", Tier, formUnknown},

	// Gemini's, as JSON has it and as Python's SDK names it. ai.google.dev/api/generate-content, UsageMetadata
	{"promptTokenCount", Input, formGemini},
	{"candidatesTokenCount", Output, formGemini},
	{"totalTokenCount", Total, formGemini},
	{"cachedContentTokenCount", CacheRead, formGemini},
	{"thoughtsTokenCount", Thoughts, formGemini},
	{"toolUsePromptTokenCount", ToolPrompt, formGemini},
	{"serviceTier", Tier, formUnknown},
	{"trafficType", Tier, formGemini},
	{"prompt_token_count", Input, formGemini},
	{"candidates_token_count", Output, formGemini},
	{"total_token_count", Total, formGemini},
	{"cached_content_token_count", CacheRead, formGemini},
	{"thoughts_token_count", Thoughts, formGemini},
	{"tool_use_prompt_token_count", ToolPrompt, formGemini},
	// Of the interactions API. genai v1.77 interactions/models/interactions/usage.go
	{"total_input_tokens", Input, formGemini},
	{"total_output_tokens", Output, formGemini},
	{"total_cached_tokens", CacheRead, formGemini},
	{"total_thought_tokens", Thoughts, formGemini},
	{"total_tool_use_tokens", ToolPrompt, formGemini},

	// Bedrock's Converse, Nova's own answers and InvokeModel's last chunk.
	// docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
	{"inputTokens", Input, formAnthropic},
	{"outputTokens", Output, formAnthropic},
	{"totalTokens", Total, formUnknown},
	{"cacheReadInputTokens", CacheRead, formAnthropic},
	{"cacheReadInputTokenCount", CacheRead, formAnthropic},
	{"cacheWriteInputTokens", CacheWrite, formAnthropic},
	{"cacheWriteInputTokenCount", CacheWrite, formAnthropic},
	{"inputTokenCount", Input, formAnthropic},
	{"outputTokenCount", Output, formAnthropic},

	// Cohere's. docs.cohere.com/reference/chat, usage
	{"billed_units.input_tokens", Input, formCohere},
	{"billed_units.output_tokens", Output, formCohere},
	{"billed_units.search_units", SearchUnits, formCohere},

	// Ollama's, which stand beside the texts. github.com/ollama/ollama/blob/main/docs/api.md
	{"prompt_eval_count", Input, formOpenAI},
	{"eval_count", Output, formOpenAI},
}

// list is a breakdown: objects of which one member names what the other counts.
type list struct {
	path, word, count string
	facts             map[string]Fact
}

var (
	inputModalities  = map[string]Fact{"AUDIO": AudioInput, "IMAGE": ImageInput, "VIDEO": VideoInput}
	cachedModalities = map[string]Fact{"AUDIO": CachedAudioInput, "IMAGE": CachedImageInput}
	outputModalities = map[string]Fact{"AUDIO": AudioOutput, "IMAGE": ImageOutput, "VIDEO": VideoOutput}
)

var lists = []list{
	{"promptTokensDetails", "modality", "tokenCount", inputModalities},
	{"cacheTokensDetails", "modality", "tokenCount", cachedModalities},
	{"candidatesTokensDetails", "modality", "tokenCount", outputModalities},
	{"prompt_tokens_details", "modality", "token_count", inputModalities},
	{"cache_tokens_details", "modality", "token_count", cachedModalities},
	{"candidates_tokens_details", "modality", "token_count", outputModalities},
	{"input_tokens_by_modality", "modality", "tokens", inputModalities},
	{"cached_tokens_by_modality", "modality", "tokens", cachedModalities},
	{"output_tokens_by_modality", "modality", "tokens", outputModalities},
	{"cacheDetails", "ttl", "inputTokens", map[string]Fact{"5m": CacheWrite5m, "1h": CacheWrite1h}},
}

// row is what the walker finds at a path: a place, or a member of a list.
type row struct {
	fact Fact
	form form
	list *list
	word bool // the member that names
}

// rows holds all places and lists by path.
var rows = func() map[string]row {
	m := make(map[string]row, len(places)+2*len(lists))
	for _, p := range places {
		m[p.path] = row{fact: p.fact, form: p.form}
	}
	for i := range lists {
		l := &lists[i]
		m[l.path+"."+l.word] = row{fact: nothing, list: l, word: true}
		m[l.path+"."+l.count] = row{fact: nothing, list: l}
	}
	return m
}()
