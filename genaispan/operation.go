package genaispan

import "strings"

// class says what an operation or a kind makes of its span.
type class uint8

const (
	classNone  class = iota // nothing known
	classCall               // a call to a provider
	classOuter              // encloses or repeats calls
	classInner              // an agent or a tool: encloses calls that are not the same call as one above it
)

// meaning is what one value of an operation or kind key says.
type meaning struct {
	class     class
	operation string // ours, for classCall
}

var (
	isChat       = meaning{classCall, "chat"}
	isCompletion = meaning{classCall, "text_completion"}
	isGenerate   = meaning{classCall, "generate_content"}
	isEmbeddings = meaning{classCall, "embeddings"}
	isRerank     = meaning{classCall, "rerank"}
	isOuter      = meaning{class: classOuter}
	isInner      = meaning{class: classInner}
)

// operations is what the values of gen_ai.operation.name and its like mean. Semantic conventions 1.41 know chat,
// generate_content, text_completion, embeddings, retrieval, create_agent, invoke_agent, execute_tool and
// invoke_workflow; gen-ai-dev adds plan and the memory operations; the rest are inventions of dialects.
var operations = map[string]meaning{
	"chat": isChat, "chat.completions": isChat, "message": isChat, "messages": isChat, "responses": isChat,
	"response": isChat, "generate": isChat, "generate_text": isChat, "converse": isChat, "acompletion": isChat,
	"aresponses": isChat, "anthropic_messages": isChat, "llm": isChat, "generation": isChat, "llm_request": isChat,
	"llm_call":   isChat, // google-gemini/gemini-cli packages/core/src/telemetry/constants.ts, GeminiCliOperation; so the next lines
	"agent_call": isInner, "user_prompt": isOuter, "system_prompt": isOuter, "schedule_tool_calls": isOuter,

	"text_completion": isCompletion, "text_completions": isCompletion, "completion": isCompletion,
	"completions": isCompletion, "atext_completion": isCompletion,

	"generate_content": isGenerate, "models.generate_content": isGenerate,

	"embeddings": isEmbeddings, "embedding": isEmbeddings, "embed": isEmbeddings, "aembedding": isEmbeddings,

	"rerank": isRerank, "reranker": isRerank, "image_generation": {classCall, "image_generation"},
	"image": {classCall, "image"}, "audio": {classCall, "audio"}, "speech": {classCall, "speech"},
	"text_to_speech": {classCall, "text_to_speech"}, "transcription": {classCall, "transcription"},
	"moderation": {classCall, "moderation"}, "realtime": {classCall, "realtime"},

	"invoke_agent": isInner, "create_agent": isInner, "agent": isInner, "handoff": isInner,
	"execute_tool": isInner, "tool": isInner, "tool_call": isInner, "tools/call": isInner,

	"invoke_workflow": isOuter, "agent_step": isOuter, "execute_event_loop_cycle": isOuter, "execute_task": isOuter,
	"workflow": isOuter, "chain": isOuter, "task": isOuter, "plan": isOuter, "framework": isOuter,
	"orchestrate_tools": isOuter, "guardrail": isOuter, "guardrail_check": isOuter, "evaluator": isOuter,
	"evaluation": isOuter, "retrieval": isOuter, "retriever": isOuter, "vectordb": isOuter,
	"vector_db_retrieve": isOuter,
}

// operationOf returns what the operation s, in lower case, means.
func operationOf(s string) meaning {
	if m, ok := operations[s]; ok {
		return m
	}
	if strings.HasSuffix(s, "_memory") || strings.HasSuffix(s, "_memory_store") {
		return isOuter
	}
	return meaning{}
}

// encloses reports whether the name of an operation that nobody listed is that of something around calls: their counts are
// sums, as a rule.
func encloses(operation string) bool {
	for _, word := range [...]string{
		"agent", "tool", "chain", "workflow", "flow", "graph", "crew", "task", "step", "turn", "run", "session", "conversation",
		"pipeline", "retriev", "memory", "plan", "eval", "guard", "team", "swarm", "loop", "cycle", "invoke", "execute",
	} {
		if strings.Contains(operation, word) {
			return true
		}
	}
	return false
}

// kind is one key by which a dialect says what a span is. A value in values means what is written there, any other
// value means rest.
type kind struct {
	field  uint8
	values map[string]meaning
	rest   meaning
}

// kinds are the kind keys of all dialects.
var kinds = []kind{
	{
		field:  tTraceloopKind,
		values: map[string]meaning{"workflow": isOuter, "task": isOuter, "agent": isInner, "tool": isInner},
	},
	{
		field: tOpenInferenceKind,
		values: map[string]meaning{
			"llm": isChat, "embedding": isEmbeddings, "reranker": isRerank, "agent": isInner, "tool": isInner,
		},
		rest: isOuter,
	},
	{
		field: tLangfuseType,
		values: map[string]meaning{
			"generation": isChat, "embedding": isEmbeddings, "agent": isInner, "tool": isInner,
		},
		rest: isOuter,
	},
	{
		field:  tLangsmithKind,
		values: map[string]meaning{"llm": isChat, "embedding": isEmbeddings, "tool": isInner},
		rest:   isOuter,
	},
	{
		// Seen in Mastra 1.71: the usage is at model_inference alone; older ones have it at model_generation.
		field: tMastraType,
		values: map[string]meaning{
			"model_inference": isChat, "model_generation": isChat, "rag_embedding": isEmbeddings,
			"agent_run": isInner, "tool_call": isInner, "mcp_tool_call": isInner,
		},
		rest: isOuter,
	},
	{
		field: tGenkitSubtype,
		values: map[string]meaning{
			"model": isChat, "background-model": isChat, "embedder": isEmbeddings, "tool": isInner, "agent": isInner,
		},
		rest: isOuter,
	},
	{
		field:  tClaudeType,
		values: map[string]meaning{"llm_request": isChat, "tool": isInner},
		rest:   isOuter,
	},
}

// vercelOperation reads ai.operationId: the calls end in .doGenerate and its like, whatever is in front.
func vercelOperation(s string) meaning {
	switch {
	case s == "":
		return meaning{}
	case strings.HasSuffix(s, ".dogenerate"), strings.HasSuffix(s, ".dostream"):
		return isChat
	case strings.HasSuffix(s, ".doembed"):
		return isEmbeddings
	case strings.HasSuffix(s, ".dorerank"):
		return isRerank
	case s == "ai.toolcall":
		return isInner
	default:
		return isOuter
	}
}

// sentryOperation reads sentry.op, which is on spans of every sort.
func sentryOperation(s string) meaning {
	if strings.HasPrefix(s, "ai.pipeline.") || s == "ai.run" {
		return isOuter
	}
	op, ok := strings.CutPrefix(s, "gen_ai.")
	if !ok {
		return meaning{}
	}
	return operationOf(op)
}
