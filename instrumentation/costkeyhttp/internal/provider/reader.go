package provider

import (
	"bytes"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/eventstream"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/sse"
	"github.com/costkey/costkey-otel/usage"
)

// Framing says how an answer's body is cut into JSON documents.
type Framing uint8

const (
	// Plain is one document, or one array of them.
	Plain Framing = iota
	// EventStream is text/event-stream, one document per event.
	EventStream
	// Lines is one document per line: application/x-ndjson.
	Lines
	// AWSEventStream is application/vnd.amazon.eventstream, one document per message.
	AWSEventStream
)

// FramingOf returns the framing of a media type.
func FramingOf(mediaType string) Framing {
	switch mediaType {
	case "text/event-stream":
		return EventStream
	case "application/x-ndjson", "application/ndjson", "application/stream+json", "application/jsonl":
		return Lines
	case "application/vnd.amazon.eventstream":
		return AWSEventStream
	}
	return Plain
}

// doneMark is the data of the event that ends an OpenAI stream.
const doneMark = "[DONE]"

// Reader reads one answer as its bytes pass. The zero value is not ready: call [Reader.Init]. It is not safe for
// concurrent use.
type Reader struct {
	format  *Format
	framing Framing
	answer  Answer
	json    jsonscan.Scanner
	events  sse.Splitter
	amazon  *amazonReader // of an AWSEventStream

	headers    [len(bedrockHeaders)]usage.Count
	headerTier string              // the tier, where a header tells it
	sniff      bool                // the first byte tells whether the answer is an event stream
	head       [len(doneMark)]byte // the first bytes of the event at hand
	size       int                 // bytes of the event at hand, counted up to one more than head holds
	ended      int                 // events that have ended
	settled    bool
	repeats    repeats
	watch      sse.Handler // hears of the events too; may be nil
}

// Init makes the reader ready for an answer, also where it has read another before: it uses that one's memory again.
func (r *Reader) Init(f *Format, framing Framing) {
	r.format, r.framing = f, framing
	r.answer = Answer{ProviderUsage: r.answer.ProviderUsage[:0], toolUsage: r.answer.toolUsage[:0]}
	r.repeats.init(f)
	r.events, r.size, r.ended, r.settled = sse.Splitter{}, 0, 0, false
	r.headerTier, r.sniff = "", false
	r.amazon, r.headers = nil, [len(bedrockHeaders)]usage.Count{}
	r.watch = nil
	r.answer.begin()
	r.json.Init(f.set, valueSink{r})
	if framing == AWSEventStream {
		r.amazon = newAmazonReader(r)
	}
}

// Sniff has the reader take an answer of one document for an event stream where it begins like one: some gateways send
// streams as application/json. Call it after Init.
func (r *Reader) Sniff() { r.sniff = r.framing == Plain }

// Streams reports whether the answer comes in events.
func (r *Reader) Streams() bool { return r.framing != Plain }

// Write reads on. It keeps nothing of p.
func (r *Reader) Write(p []byte) {
	if r.sniff {
		if p = bytes.TrimLeft(p, " \t\r\n"); len(p) == 0 {
			return
		}
		r.sniff = false
		switch p[0] {
		case ':', 'd', 'e', 'i', 'r': // of a comment, data, event, id and retry; no JSON object or array begins so
			r.framing = EventStream
		}
	}
	switch r.framing {
	case EventStream:
		r.events.Write(p, eventSink{r})
	case Lines:
		r.writeLines(p)
	case AWSEventStream:
		r.amazon.messages.Write(p, r.amazon)
	default:
		r.json.Write(p)
		if r.json.Done() {
			r.answer.Complete = true
		}
	}
}

func (r *Reader) writeLines(p []byte) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, newline)
		if len(line) > 0 {
			eventSink{r}.Data(line)
		}
		if ended && r.size > 0 {
			eventSink{r}.EndEvent()
		}
		p = rest
	}
}

var newline = []byte{'\n'}

// Answer returns what the answer has said so far. The reader goes on writing to it.
func (r *Reader) Answer() *Answer { return &r.answer }

// Watch has h hear of the events of a stream, whatever its framing, until the next Init. Nil ends that.
func (r *Reader) Watch(h sse.Handler) { r.watch = h }

// Events returns how many events of a stream have passed whole.
func (r *Reader) Events() int { return r.ended }

// Settle ends the reading and brings the counts into one accounting: of what the provider's usage object tells too, that
// goes before what was read beside it. It works once.
func (r *Reader) Settle(provider string) *Answer {
	if r.settled {
		return &r.answer
	}
	r.settled = true
	switch {
	case r.framing == EventStream:
		r.events.Flush(eventSink{r})
	case r.framing == Lines && r.size > 0:
		eventSink{r}.EndEvent()
	}
	if r.format.ModelBehind == bedrockModel {
		r.settleHeaders()
	}
	if r.format.Account != nil {
		r.format.Account(&r.answer)
	}
	r.answer.settle(r.format, provider)
	if r.headerTier != "" {
		r.answer.ServiceTier = r.headerTier
	}
	return &r.answer
}

// valueSink and eventSink keep the reader's callbacks out of its method set.
type valueSink struct{ *Reader }

func (s valueSink) Value(field int, v jsonscan.Value) {
	if v.Kind == jsonscan.Object {
		s.answer.objects++
	}
	s.format.Fields[field].Read(&s.answer, v)
}

type eventSink struct{ *Reader }

func (s eventSink) Data(p []byte) {
	if s.watch != nil {
		s.watch.Data(p)
	}
	first := s.size == 0
	if s.size <= len(s.head) {
		n := copy(s.head[min(s.size, len(s.head)):], p)
		s.size += n
		if n < len(p) {
			s.size = len(s.head) + 1
		}
	}
	if first && s.repeats.on {
		s.begin(p)
		return
	}
	s.json.Write(p)
}

func (s eventSink) EndEvent() {
	if s.watch != nil {
		s.watch.EndEvent()
	}
	s.repeats.end(&s.answer)
	if s.size == len(s.head) && string(s.head[:]) == doneMark || s.answer.ending {
		s.answer.Complete = true
	}
	s.size = 0
	s.ended++
	s.answer.begin()
	s.json.Reset()
	if s.answer.Content {
		s.json.Look(s.format.late[s.answer.names()])
		s.repeats.on = s.repeats.may
	}
}

// amazonReader takes the documents out of the messages of an AWS event stream.
type amazonReader struct {
	reader   *Reader
	messages eventstream.Splitter
	chunks   *chunkReader // where a message's payload holds the model's own document
}

func newAmazonReader(r *Reader) *amazonReader {
	a := &amazonReader{reader: r}
	if r.format.Chunks {
		a.chunks = newChunkReader(eventSink{r}.Data)
	}
	return a
}

// Header reads what a message says of itself: Converse's last one, and the name of a failure.
func (a *amazonReader) Header(name, value []byte) {
	answer := &a.reader.answer
	switch string(name) {
	case ":event-type":
		if string(value) == "metadata" {
			a.reader.repeats.shape.Clear()
			answer.ending = true
		}
	case ":exception-type", ":error-code":
		a.reader.repeats.shape.Clear()
		setWord(&answer.ErrorClass, jsonscan.Value{Kind: jsonscan.String, Text: value})
	}
}

func (a *amazonReader) Data(p []byte) {
	if a.chunks != nil {
		a.chunks.outer.Write(p)
		return
	}
	eventSink{a.reader}.Data(p)
}

func (a *amazonReader) EndEvent() {
	if a.chunks != nil {
		a.chunks.end()
	}
	eventSink{a.reader}.EndEvent()
}
