package costkeyexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage"
)

// outerSpans are a chain, an agent, a root and a tool, none of them a call.
func outerSpans() ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, operation := range []string{"chain", "invoke_agent", "invoke_workflow", "execute_tool"} {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(i + 1)})
		if operation != "invoke_workflow" {
			s.SetParentSpanID(pcommon.SpanID{9})
		}
		s.SetStartTimestamp(1_795_176_000_000_000_000)
		s.Attributes().PutStr("gen_ai.operation.name", operation)
	}
	return td
}

func TestWrappersReachTheStoreAsLinksThoughNoCallComesWithThem(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, _ := newTest(t, store, nil)
	require.NoError(t, e.ConsumeTraces(t.Context(), outerSpans()))
	assert.Empty(t, store.written())
	assert.Equal(t, []storage.Node{{
		Project: "default", TraceID: [16]byte{1}, SpanID: [8]byte{1}, ParentSpanID: [8]byte{9},
		StartMicros: 1_795_176_000_000_000,
	}}, store.links, "agents and tools stand between two calls, and a root leads nowhere")
}

func TestWrappersOfARefusedProjectAreNoLinks(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, _ := newTest(t, store, nil)
	td := outerSpans()
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("costkey.project", "Not_A/Slug")
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	assert.Empty(t, store.links)
}

func TestASpanThatIsJoinedWithTheCallBesideItReachesTheStoreAsSuch(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, _ := newTest(t, store, nil)
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	for i, scope := range []string{"one", "two"} {
		spans := resource.ScopeSpans().AppendEmpty()
		spans.Scope().SetName(scope)
		s := spans.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(i + 1)})
		s.SetParentSpanID(pcommon.SpanID{9})
		s.SetStartTimestamp(1_795_176_000_000_000_000)
		s.SetEndTimestamp(1_795_176_001_000_000_000)
		s.Attributes().PutStr("gen_ai.operation.name", "chat")
		s.Attributes().PutStr("gen_ai.request.model", "gpt-4o")
		s.Attributes().PutStr("error.type", "")
		if scope == "one" {
			s.Attributes().PutInt("gen_ai.usage.input_tokens", 5)
			s.Attributes().PutStr("gen_ai.response.id", "chatcmpl-1")
		}
	}
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	require.Len(t, store.written(), 1)
	seen := samecall.Facts{Scope: "two", Service: "shop"}
	assert.Equal(t, []storage.Node{{
		Project: "default", TraceID: [16]byte{1}, SpanID: [8]byte{2}, ParentSpanID: [8]byte{9},
		StartMicros: 1_795_176_000_000_000, ReplacedBy: [8]byte{1}, Observer: seen.Observer(),
	}}, store.links)
}
