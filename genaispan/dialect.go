package genaispan

import "strings"

// dialectID names a dialect as far as its accounting differs from that of others.
type dialectID uint8

const (
	dialectUnknown     dialectID = iota
	dialectUniform               // ours, the Anthropic SDK's, Pydantic AI, Logfire, Mastra: semconv's rule everywhere
	dialectGenAIDev              // schema gen-ai-dev
	dialectVercel7               // scope gen_ai
	dialectVercelOld             // scope ai: 3 to 6
	dialectVercel6               // the same, seen to be 6
	dialectContrib               // opentelemetry-python-contrib
	dialectContribJS             // @opentelemetry/instrumentation-openai
	dialectContribVtx            // its vertexai
	dialectContribAWS            // its botocore
	dialectOpenLLMetry           // Python
	dialectTraceloopJS           // JavaScript
	dialectLangChain             // LangChain's usage_metadata, by OpenLLMetry, ADOT
	dialectLangSmith             // the same, by LangSmith
	dialectOpenInference
	dialectOpenInfVtx // its vertexai
	dialectOpenLIT
	dialectLangfuse
	dialectADK
	dialectStrands
	dialectClaudeCode
	dialectLiteLLM
	dialectSentry
	dialectMicrosoftAI // Microsoft.Extensions.AI, Semantic Kernel
	dialectAgentFramework
	dialectSpring
	numDialects
)

// dialect is what was recognised of a span.
type dialect struct {
	id    dialectID
	scope string // the name of the instrumentation's scope
}

// scopePattern recognises a dialect by the beginning of the scope's name.
type scopePattern struct {
	prefix string
	id     dialectID
}

// scopes are hints only: users rename their tracers. The first pattern that fits counts, so longer ones come first.
var scopes = []scopePattern{
	{ownScopes, dialectUniform},
	{"com.anthropic.claude_code", dialectClaudeCode},
	{"com.anthropic.", dialectUniform},
	{"pydantic-ai", dialectUniform},
	{"logfire", dialectUniform},
	{"@mastra/", dialectUniform},
	{"@traceloop/", dialectTraceloopJS},
	{"@openlit/", dialectOpenLIT},
	{"openlit", dialectOpenLIT},
	{"@arizeai/openinference-instrumentation-vertex", dialectOpenInfVtx},
	{"openinference.instrumentation.vertexai", dialectOpenInfVtx},
	{"@arizeai/openinference-", dialectOpenInference},
	{"openinference.instrumentation.", dialectOpenInference},
	{"langfuse-sdk", dialectLangfuse},
	{"langsmith", dialectLangSmith},
	{"litellm", dialectLiteLLM},
	{"gcp.vertex.agent", dialectADK},
	{"strands", dialectStrands},
	{"@sentry/", dialectSentry},
	{"Experimental.Microsoft.Extensions.AI", dialectMicrosoftAI},
	{"Microsoft.SemanticKernel", dialectMicrosoftAI},
	{"semantic_kernel", dialectMicrosoftAI},
	{"agent_framework", dialectAgentFramework},
	{"Experimental.Microsoft.Agents.AI", dialectAgentFramework},
	{"amazon.opentelemetry.distro.instrumentation.langchain", dialectLangChain},
	{"@opentelemetry/instrumentation-", dialectContribJS},
	{"opentelemetry.instrumentation.openai_v2", dialectContrib},
	{"opentelemetry.instrumentation.openai_agents", dialectContrib},
	{"opentelemetry.instrumentation.google_genai", dialectContrib},
	{"opentelemetry.instrumentation.botocore", dialectContribAWS},
	{"opentelemetry.instrumentation.langchain", dialectLangChain},
	{"opentelemetry.instrumentation.", dialectOpenLLMetry},
	{"org.springframework", dialectSpring},
}

// recognise finds the dialect of a span. A key that only one dialect writes counts more than the scope.
func (f *found) recognise(scope, schemaURL, name string) dialect {
	d := dialect{id: dialectByScope(scope), scope: scope}
	switch {
	case strings.HasPrefix(name, claudeCodePrefix):
		d.id = dialectClaudeCode
	case f.text[tVercelOperation] != "":
		d.id = dialectVercelOld
		if f.marks&markInputDetails != 0 || f.isVercel6() {
			d.id = dialectVercel6
		}
	case d.id != dialectUnknown:
	case f.text[tMastraType] != "":
		d.id = dialectUniform
	case f.text[tLangsmithKind] != "":
		d.id = dialectLangSmith
	case f.text[tLangfuseType] != "":
		d.id = dialectLangfuse
	case f.text[tOpenInferenceKind] != "":
		d.id = dialectOpenInference
	case f.marks&markStrands != 0 || f.text[tProvider] == "strands-agents":
		d.id = dialectStrands
	case f.marks&markLiteLLM != 0:
		d.id = dialectLiteLLM
	case f.marks&markOpenLIT != 0:
		d.id = dialectOpenLIT
	case f.text[tProvider] == "gcp.vertex.agent":
		d.id = dialectADK
	case strings.HasPrefix(f.text[tSentryOp], "gen_ai."):
		d.id = dialectSentry
	}
	if d.id == dialectUnknown && strings.Contains(schemaURL, "/schemas/gen-ai-dev/") {
		d.id = dialectGenAIDev
	}
	return d
}

func dialectByScope(scope string) dialectID {
	switch scope {
	case "":
		return dialectUnknown
	case "gen_ai":
		return dialectVercel7
	case "opentelemetry.instrumentation.vertexai_v2":
		return dialectContribVtx
	}
	for i := range scopes {
		if strings.HasPrefix(scope, scopes[i].prefix) {
			return scopes[i].id
		}
	}
	return dialectUnknown
}

// isVercel6 reads the major version of the AI SDK where a span tells it: ai/6.0.326, or 6.0.326.
func (f *found) isVercel6() bool {
	v := strings.TrimPrefix(f.text[tUserAgent], "ai/")
	major, _, ok := strings.Cut(v, ".")
	return ok && len(major) == 1 && major[0] >= '6'
}

// family groups providers by their own way of counting.
type family uint8

const (
	familyOpenAI family = iota // and all that count as OpenAI does
	familyAnthropic
	familyBedrock
	familyGoogle
	familyXAI
	numFamilies
)

// familyOf returns how the provider of a model counts. Claude through Vertex counts as Anthropic, through Bedrock as
// Bedrock, through an OpenAI-like endpoint as OpenAI.
func familyOf(provider, model string) family {
	claude := containsFold(model, "claude")
	if provider == providerVercel { // it passes on what the provider of the model counts
		provider = providerByModel(model)
	}
	switch provider {
	case providerAnthropic:
		return familyAnthropic
	case providerBedrock:
		return familyBedrock
	case providerGemini, providerVertex, providerGenAI:
		if claude {
			return familyAnthropic
		}
		return familyGoogle
	case providerXAI:
		return familyXAI
	case "":
		switch {
		case claude:
			return familyAnthropic
		case containsFold(model, "gemini"):
			return familyGoogle
		}
	}
	return familyOpenAI
}

// cell is one field of the accounting table: what a dialect's numbers of a provider include.
type cell uint8

const (
	unknown cell = iota
	plain        // input includes the cache, output the reasoning
	inExcl       // input leaves the cache out
	outExcl      // output leaves the reasoning out
	lost         // the cache is not reported at all, although the provider has it
)

// table says what the numbers of a dialect include, by the way in which the provider counts. "seen" means that a span
// of the unmodified library was captured against a provider of fixed counts (testdata/captures); else the source of the
// library was read. A cell that is not here is unknown: semconv's rule holds, and the call is marked.
var table = [numDialects][numFamilies]cell{
	// semconv 1.40 and later: input includes the cache, output the reasoning. Seen: Anthropic SDK, Mastra, AI SDK 6, 7.
	dialectUniform:  {plain, plain, plain, plain, plain},
	dialectGenAIDev: {plain, plain, plain, plain, plain},
	dialectVercel7:  {plain, plain, plain, plain, plain},
	dialectVercel6:  {plain, plain, plain, plain, plain},
	// Seen: ai 4.3 and 5.0, where an OpenAI call without stream says nothing of its cache; vercel/ai packages/*/src/convert-*-usage.ts.
	dialectVercelOld: {lost, inExcl, inExcl, outExcl, outExcl},
	// opentelemetry-python-contrib: google_genai adds thoughts to output, vertexai does not; botocore writes no cache keys.
	dialectContrib:    {familyOpenAI: plain, familyGoogle: plain},
	dialectContribVtx: {familyGoogle: outExcl},
	dialectContribJS:  {familyOpenAI: lost}, // seen
	dialectContribAWS: {familyBedrock: lost},
	// traceloop/openllmetry packages/*: Python's Anthropic includes the cache since 2024-10. JavaScript's seen.
	dialectOpenLLMetry: {plain, plain, inExcl, outExcl, plain},
	dialectTraceloopJS: {lost, inExcl, inExcl, outExcl, plain},
	// LangChain's usage_metadata includes everything, but langchain-aws takes Bedrock's numbers as they are. Seen: OpenAI.
	dialectLangChain: {plain, plain, inExcl, plain, plain},
	dialectLangSmith: {plain, plain, inExcl, plain, plain},
	// Arize-ai/openinference: Converse leaves the cache out, InvokeModel of Claude does not; the total tells. Seen: OpenAI, Anthropic.
	dialectOpenInference: {familyOpenAI: plain, familyAnthropic: plain, familyGoogle: plain, familyXAI: plain},
	dialectOpenInfVtx:    {familyAnthropic: plain, familyGoogle: outExcl},
	// Seen: OpenAI, Anthropic, Google. Bedrock: openlit/openlit sdk/python.
	dialectOpenLIT: {plain, inExcl, inExcl, outExcl, plain},
	// usage_details is brought into our terms where it is read. Seen: OpenAI.
	dialectLangfuse: {plain, plain, plain, plain, plain},
	// google/adk-python telemetry/tracing.py: candidates without thoughts; other models come through LiteLLM.
	dialectADK: {familyOpenAI: plain, familyAnthropic: plain, familyGoogle: outExcl, familyXAI: plain},
	// strands-agents/sdk-python: the Anthropic provider drops the cache counts.
	dialectStrands: {familyOpenAI: plain, familyAnthropic: lost, familyBedrock: inExcl, familyGoogle: plain},
	// Claude Code's monitoring page: input_tokens excludes the cache whoever serves the model.
	dialectClaudeCode: {plain, inExcl, inExcl, inExcl, plain},
	// BerriAI/litellm integrations/opentelemetry.py: prompt_tokens includes the cache, no cache keys are written.
	dialectLiteLLM: {plain, lost, lost, plain, plain},
	// Seen: sentry-javascript 10.78. Older ones leave Anthropic's cache out, which the total tells.
	dialectSentry: {familyOpenAI: plain, familyAnthropic: plain},
	// dotnet/extensions: the adapter of the provider decides, but for OpenAI's.
	dialectMicrosoftAI: {familyOpenAI: plain},
	// microsoft/agent-framework observability.py takes the wire's numbers.
	dialectAgentFramework: {plain, inExcl, inExcl, outExcl, plain},
	// spring-projects/spring-ai: the wire's numbers.
	dialectSpring: {familyOpenAI: plain, familyAnthropic: inExcl, familyGoogle: outExcl},
}
