package genaispan

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/semconv"
)

// judgement is what a span is, and why.
type judgement struct {
	verdict   Verdict
	operation string
	// inner says that the span is an agent or a tool.
	inner bool
	// enclosing says that the span is vetoed by its kind, but has the usage and the id of a call of its own.
	enclosing bool
	// unknown says that the operation is none that we know.
	unknown bool
}

// judge decides from the span alone whether it is a call. First the vetoes, any of which makes the span an outer one
// whatever usage it carries; then the signs of a call.
func (f *found) judge(d *dialect, span ptrace.Span) judgement {
	op, unknown := f.operation(d)
	byKind, veto := f.kinds(d, span.Name())
	switch {
	case veto.class == classOuter && d.id == dialectLangSmith && f.isOwnCall(op):
		return judgement{verdict: ProviderCall, operation: "chat", enclosing: true}
	case op.class >= classOuter:
		return outer(op)
	case veto.class >= classOuter:
		return outer(veto)
	}
	if v := f.vetoByMark(op, byKind); v.class >= classOuter {
		return outer(v)
	}
	return f.judgeCall(d, span, op, byKind, unknown)
}

func outer(m meaning) judgement {
	return judgement{verdict: OuterSpan, inner: m.class == classInner}
}

// operation reads the operation keys. unknown says that gen_ai.operation.name has a value that nobody listed.
func (f *found) operation(d *dialect) (m meaning, unknown bool) {
	if s := f.text[tOperation]; s != "" || f.badText[tOperation] > 0 {
		m = operationOf(s)
		return m, m.class == classNone
	}
	s := f.text[tOperationType]
	if s == "completion" && d.id == dialectLiteLLM {
		return isChat, false // LiteLLM's name of the function that was called
	}
	return operationOf(s), false
}

// kinds reads the kind keys: what the first of them makes of a call, and what any of them vetoes.
func (f *found) kinds(d *dialect, name string) (call, veto meaning) {
	if f.marks&markKind == 0 && d.id != dialectClaudeCode {
		return call, veto // Fast path - most spans have no such key.
	}
	see := func(m meaning) {
		if m.class == classCall && call.class == classNone {
			call = m
		}
		veto.class = max(veto.class, m.class)
	}
	for i := range kinds {
		k := &kinds[i]
		s := f.text[k.field]
		if s == "" || k.field == tClaudeType && d.id != dialectClaudeCode {
			continue
		}
		m, ok := k.values[s]
		if !ok {
			m = k.rest
		}
		if k.field == tLangfuseType && s == "span" && f.isOldLangfuse() {
			m = isChat
		}
		see(m)
	}
	see(vercelOperation(f.text[tVercelOperation]))
	see(sentryOperation(f.text[tSentryOp]))
	if d.id == dialectClaudeCode {
		see(claudeName(name))
	}
	return call, veto
}

// isOldLangfuse knows the generations of Langfuse's SDK up to 3.3.0, whose type is span.
func (f *found) isOldLangfuse() bool {
	return f.json[jUsageDetails] != "" && f.text[tRequestModel] != ""
}

// isOwnCall reports whether a vetoed span of LangSmith has a call of its own: it puts the usage of a streamed call onto
// the span around it.
func (f *found) isOwnCall(op meaning) bool {
	return op.class != classInner && f.text[tResponseID] != "" && f.hasUsage() && f.text[tLangsmithKind] == "chain"
}

func claudeName(name string) meaning {
	switch {
	case !strings.HasPrefix(name, claudeCodePrefix):
		return meaning{}
	case name == "claude_code.llm_request":
		return isChat
	case strings.HasPrefix(name, "claude_code.tool"):
		return isInner
	default:
		return isOuter
	}
}

// vetoByMark vetoes by keys that are on outer spans only.
func (f *found) vetoByMark(op, byKind meaning) meaning {
	switch {
	case f.marks&markAggregated != 0:
		return isInner
	case f.marks&markSpringKind != 0:
		return isOuter
	case f.marks&markInside != 0 && op.class != classCall && byKind.class != classCall:
		return isInner
	default:
		return meaning{}
	}
}

// judgeCall decides about a span that nothing vetoes.
func (f *found) judgeCall(d *dialect, span ptrace.Span, op, byKind meaning, unknown bool) judgement {
	hasModel := f.text[tRequestModel] != "" || f.text[tResponseModel] != "" || f.text[tModelName] != ""
	failed := f.looksFailed(span)
	m := op
	if m.class != classCall {
		m = byKind
	}
	switch {
	case m.class == classCall:
		if !hasModel && !f.hasUsage() && !failed && d.scope != semconv.ScopeInstrumentation {
			return judgement{verdict: OuterSpan}
		}
		if f.isWrapper(d, m.operation) {
			return judgement{verdict: OuterSpan}
		}
		return judgement{verdict: ProviderCall, operation: m.operation}
	case d.scope == semconv.ScopeInstrumentation: // the transport makes a span of nothing else
		return judgement{verdict: ProviderCall, operation: operationByName(span.Name()), unknown: unknown}
	case unknown:
		if f.hasUsage() && (span.Kind() == ptrace.SpanKindClient || hasModel && f.hasBoth() && !encloses(f.text[tOperation])) {
			return judgement{verdict: ProviderCall, operation: f.text[tOperation], unknown: true}
		}
	case span.Name() == codexCall && f.hasBoth():
		return judgement{verdict: ProviderCall, operation: "chat"}
	case hasModel && (f.hasUsage() || f.text[tResponseID] != "" || f.text[tFinish] != "" || failed):
		return judgement{verdict: ProviderCall, operation: operationByName(span.Name())}
	}
	return judgement{verdict: OuterSpan}
}

// hasBoth reports whether input and output are told.
func (f *found) hasBoth() bool { return f.known(cInput) && f.known(cOutput) || f.objectTells }

// codexCall is Codex's span of one answer. It names no model: a span around it does.
// github.com/openai/codex codex-rs/core/src/codex.rs
const codexCall = "handle_responses"

// isCodexTurn reports whether a span that has no key of ours is one of Codex's that name the model.
func isCodexTurn(name string) bool {
	switch name {
	case "session_task.turn", "run_turn", "run_sampling_request", "try_run_sampling_request":
		return true
	default:
		return false
	}
}

// isWrapper knows the outer spans of embeddings and reranks that look like calls: AI SDK 7 and LangChain wrappers put
// the usage at the inner one. A reranker without provider and usage runs in the process.
func (f *found) isWrapper(d *dialect, operation string) bool {
	if f.hasUsage() || operation != "embeddings" && operation != "rerank" {
		return false
	}
	return d.id == dialectVercel7 || strings.Contains(d.scope, "langchain") || operation == "rerank" && f.text[tProvider] == "" && f.text[tHost] == ""
}

// operationByName reads the first word of a span's name. Where it says nothing the call is a chat.
func operationByName(name string) string {
	word, _, _ := strings.Cut(name, " ")
	if len(word) <= maxEnum {
		if m := operationOf(strings.ToLower(word)); m.class == classCall {
			return m.operation
		}
	}
	return "chat"
}
