package costkeyhttp

import (
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/content"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/semconv"
)

const defaultBodyLimit = 32 << 10

// Content is what was said in one call, as JSON after the schemas of the semantic conventions, or the body's text where
// its shape is not known or it was cut. What is empty is not exported.
type Content struct {
	// SystemInstructions is a list of parts; it is empty where the instructions are one of the messages.
	SystemInstructions string
	// InputMessages and OutputMessages are lists of messages.
	InputMessages, OutputMessages string
}

type bodyConfig struct {
	on    bool
	limit int
	hook  func(*Content)
}

// bodies hold what passed, as far as it may be told. A nil one holds nothing. The call's lock guards it.
type bodies struct {
	request content.Body
	answer  content.Body
	stream  content.Stream
	framing provider.Framing
}

func (b *bodies) beginRequest(limit int) {
	if b != nil {
		b.request.Init(limit)
	}
}

func (b *bodies) sent(p []byte) {
	if b != nil {
		b.request.Write(p)
	}
}

// beginAnswer begins an answer, whose events, where it is a stream, are those that reader finds.
func (b *bodies) beginAnswer(reader *provider.Reader, framing provider.Framing, limit int) {
	if b == nil {
		return
	}
	b.framing = framing
	if framing == provider.Plain {
		b.answer.Init(limit)
		return
	}
	b.stream.Init(limit)
	reader.Watch(&b.stream)
}

// answered reads on in a plain answer. The events of a stream come from the reader.
func (b *bodies) answered(p []byte) {
	if b != nil && b.framing == provider.Plain {
		b.answer.Write(p)
	}
}

// appendContent appends the content of a call that has ended. A refusal and a list of vectors are none.
func (c *call) appendContent(attrs []attribute.KeyValue, r *result) (with []attribute.KeyValue) {
	b, limit := c.bodies, c.transport.bodies.limit
	if b == nil {
		return attrs
	}
	defer func() {
		if recover() != nil { // a mistake of ours costs the content, not the span
			with = attrs
			reportPanic()
		}
	}()
	var said Content
	said.SystemInstructions, said.InputMessages = content.Request(&b.request)
	switch {
	case c.head.status >= 400 || r.call.Operation == semconv.OperationEmbeddings:
	case b.framing == provider.Plain:
		said.OutputMessages = content.Answer(&b.answer)
	default:
		said.OutputMessages = b.stream.Messages()
	}
	said.clean(limit)
	if hook := c.transport.bodies.hook; hook != nil {
		if !c.transport.ask(hook, &said) {
			return attrs
		}
		said.clean(limit) // what the hook put in too
	}
	attrs = appendText(attrs, semconv.GenAISystemInstructionsKey, said.SystemInstructions)
	attrs = appendText(attrs, semconv.GenAIInputMessagesKey, said.InputMessages)
	return appendText(attrs, semconv.GenAIOutputMessagesKey, said.OutputMessages)
}

func (s *Content) clean(limit int) {
	for _, text := range []*string{&s.SystemInstructions, &s.InputMessages, &s.OutputMessages} {
		*text = content.Clean(*text, limit)
	}
}

var errHook = errors.New("costkeyhttp: recover from a panic in the WithBeforeExport function; content dropped")

// ask lets the hook see what was said, and reports whether it came back.
func (t *Transport) ask(hook func(*Content), said *Content) (ok bool) {
	defer func() {
		if ok {
			return
		}
		_ = recover() // its value may quote the content
		t.contentDropped.Add(1)
		defer func() { _ = recover() }() // the handler is the user's
		otel.Handle(errHook)
	}()
	hook(said)
	return true
}

// ContentDropped counts the calls whose content was dropped since the function of [WithBeforeExport] panicked.
func (t *Transport) ContentDropped() int64 { return t.contentDropped.Load() }
