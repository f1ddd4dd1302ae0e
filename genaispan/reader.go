package genaispan

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Settings are the choices of the user that reading a span depends on.
type Settings struct {
	// CaptureBody fills Call.RequestBody and Call.ResponseBody. Off: no text of a prompt or an answer is read.
	CaptureBody bool
	// Tags names attribute keys, beside costkey.tag.*, whose scalar values become tags.
	Tags []string
}

// Reader reads spans. It holds no state of any span and is safe for concurrent use.
type Reader struct {
	settings Settings
}

// NewReader returns a reader with the given settings.
func NewReader(s Settings) *Reader { return &Reader{settings: s} }

// Resource is what a resource tells, read once for all its spans.
type Resource struct {
	Project        string // costkey.project as the data says it
	ServiceName    string
	ServiceVersion string
	Environment    string
	SessionID      string
	UserID         string
}

// ReadResource reads a resource.
func (r *Reader) ReadResource(res pcommon.Resource) Resource { panic("being written") }

// Read reads span into dst, which it overwrites, and says what the span is. For NotGenAI dst is left in an undefined
// state. Strings in dst are the span's own: they live as long as dst is referenced, and no text outside the allow-list
// is among them.
func (r *Reader) Read(res *Resource, scope pcommon.InstrumentationScope, schemaURL string, span ptrace.Span, dst *Call) Verdict {
	panic("being written")
}
