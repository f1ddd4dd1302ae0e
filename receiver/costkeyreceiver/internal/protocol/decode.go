package protocol

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usualEvents is what the SDKs send at most; leastEvent is about how many bytes of JSON an event takes at least.
const usualEvents, leastEvent = 50, 256

// Decode reads a batch. Its error is [ErrMalformed], [ErrShape] or [ErrTooMany], wrapped with what
// can be said without quoting. A batch of which some events can't be read is no error: see Batch.Rejected.
func Decode(body []byte, set Settings) (Batch, error) {
	r := newReader(body)
	r.bodies = set.Bodies
	var b Batch
	listed, tooMany := false, false
	b.Events = make([]Event, 0, min(set.MaxEvents, usualEvents, len(body)/leastEvent+1))
	isObject := r.object(func(name []byte) {
		switch string(name) {
		case "sdkVersion":
			b.SDKVersion = r.text(MaxKey)
		case "release":
			b.Release = r.text(MaxContextText)
		case "events":
			listed = r.list(func() {
				if len(b.Events)+len(b.Rejected) >= set.MaxEvents {
					tooMany = true
					r.skip()
					return
				}
				r.intoBatch(&b)
			})
		default:
			r.skip()
		}
	})
	if r.err == nil && !r.cursor.done() {
		r.fail() // something follows
	}
	switch {
	case r.err != nil:
		return Batch{}, fmt.Errorf("read %d bytes: %w", len(body), ErrMalformed)
	case !isObject || !listed:
		return b, fmt.Errorf("read %d bytes: %w", len(body), ErrShape)
	case tooMany:
		return Batch{}, fmt.Errorf("take at most %d events: %w", set.MaxEvents, ErrTooMany)
	}
	return b, nil
}

// intoBatch reads the next event and puts it, or its rejection, into b.
func (r *reader) intoBatch(b *Batch) {
	index := len(b.Events) + len(b.Rejected)
	r.odd = false
	b.Events = append(b.Events, Event{Usage: NoUsage, Answer: NoAnswer})
	e := &b.Events[len(b.Events)-1]
	isObject := r.object(func(name []byte) { r.member(e, name) })
	e.Repaired = r.odd
	why := ""
	switch {
	case !isObject:
		why = "the event is no object"
	case e.ID == "":
		why = "id is missing or no text"
	case e.Timestamp.IsZero():
		why = "timestamp is missing or no ISO 8601 time"
	}
	if why != "" {
		b.Events = b.Events[:len(b.Events)-1]
		b.Rejected = append(b.Rejected, Rejection{Index: index, Error: why})
	}
}

// member reads one member of an event.
func (r *reader) member(e *Event, name []byte) {
	switch string(name) {
	case "id":
		e.ID = r.text(MaxContextText)
	case "timestamp":
		e.Timestamp = r.time()
	case "projectId":
		e.ProjectID = r.text(MaxContextText)
	case "provider":
		e.Provider = r.text(MaxKey)
	case "model":
		e.Model = r.text(MaxContextText)
	case "url":
		e.URL = r.url()
	case "statusCode":
		e.StatusCode = 0
		if n := r.count(); n >= 100 && n <= 599 {
			e.StatusCode = int(n)
		}
	case "usage":
		r.usage(&e.Usage)
	case "costUsd":
		e.CostUSD = r.cost()
	case "durationMs":
		e.Duration = r.millis()
	case "streaming":
		e.Streaming = r.flag()
	case "streamTiming":
		r.streamTiming(e)
	case "callSite":
		r.callSite(e)
	case "context":
		r.context(e)
	case "responseBody":
		if raw := r.body(&e.Bodies.Response); raw != nil {
			readerInto(raw, r.texts).answer(&e.Answer)
			return
		}
		r.answer(&e.Answer)
	case "requestBody":
		r.prompt(&e.Bodies.Request)
	case "systemPrompt":
		r.prompt(&e.Bodies.System)
	case "metadata":
		r.prompt(&e.Bodies.Metadata)
	case "method":
		r.skip()
	default:
		e.Unknown = r.field(e.Unknown, name, MaxUnknownText)
	}
}

// url reads a URL up to its query.
func (r *reader) url() string {
	if r.kind() != '"' {
		r.other()
		return ""
	}
	raw := r.value()
	if r.err != nil {
		return ""
	}
	url := raw
	if i := bytes.IndexAny(raw, "?#"); i >= 0 {
		url = append(raw[:i:i], '"')
	}
	if len(url) > maxURL {
		r.odd = true
		return ""
	}
	text, _, _ := strings.Cut(r.unquote(url), "?") // which can be escaped
	return text
}

func (r *reader) usage(u *Usage) {
	r.object(func(name []byte) {
		switch string(name) {
		case "inputTokens":
			u.Input = r.count()
		case "outputTokens":
			u.Output = r.count()
		case "reasoningTokens":
			u.Reasoning = r.count()
		case "cacheReadTokens":
			u.CacheRead = r.count()
		case "cacheCreationTokens":
			u.CacheCreation = r.count()
		default:
			r.skip()
		}
	})
}

func (r *reader) streamTiming(e *Event) {
	r.object(func(name []byte) {
		if string(name) == "ttft" {
			e.TTFT = r.millis()
			return
		}
		r.skip()
	})
}

// callSite finds the frames, and the printed stack that they are held against.
func (r *reader) callSite(e *Event) {
	r.object(func(name []byte) {
		switch kind := r.kind(); {
		case string(name) == "frames" && kind == '[':
			e.Stack = r.value()
		case string(name) == "frames":
			r.other()
		case string(name) == "raw" && kind == '"':
			e.Printed = r.value()
		default:
			r.skip()
		}
	})
}

// Unquote reads [Event.Printed]; ok is false for a text of more than limit bytes.
func Unquote(token []byte, limit int) (text string, ok bool) {
	if len(token) > 6*limit {
		return "", false
	}
	r := newReader(token)
	text = r.unquote(token)
	return text, len(text) <= limit && r.err == nil
}

// Frames reads [Event.Stack]: its innermost frames, first in the list. repaired tells that a value was left out or mended.
func Frames(stack []byte) (frames []Frame, repaired bool) {
	if len(stack) == 0 {
		return nil, false
	}
	r := newReader(stack)
	r.list(func() {
		if len(frames) == MaxFrames {
			r.skip()
			return
		}
		frames = append(frames, r.frame())
	})
	return frames, r.odd
}

func (r *reader) frame() (f Frame) {
	r.object(func(name []byte) {
		switch string(name) {
		case "functionName":
			f.Function = r.text(maxText)
		case "fileName":
			f.File = r.text(maxText)
		case "lineNumber":
			f.Line = place(r.count())
		case "columnNumber":
			f.Column = place(r.count())
		default:
			r.skip()
		}
	})
	return f
}

// place returns a line or column, 0 where it is unknown.
func place(c Count) int {
	if c < 0 || c > math.MaxInt32 {
		return 0
	}
	return int(c)
}

func (r *reader) context(e *Event) {
	r.object(func(name []byte) {
		e.Context = r.contextField(e.Context, name, 0)
		if n := len(e.Context); n > 0 && e.Context[n-1].Key == "traceId" {
			e.TraceID = e.Context[n-1].Text
		}
	})
}

// maxContextDepth is how deep objects and lists in a context may be nested: Python allows any JSON.
const maxContextDepth = 8

// contextField appends the next value to fields, where it is within the limits. What an object or a list holds is named by
// the way to it: "order.id", "labels.0".
func (r *reader) contextField(fields []Field, name []byte, depth int) []Field {
	kind := r.kind()
	if kind != '{' && kind != '[' {
		return r.field(fields, name, MaxContextText)
	}
	if len(name) == 0 || len(name) > MaxKey || depth == maxContextDepth {
		r.odd = true
		r.skip()
		return fields
	}
	within := func(step []byte) {
		if len(fields) == MaxFields {
			r.odd = true
			r.skip()
			return
		}
		fields = r.contextField(fields, slices.Concat(name, []byte("."), step), depth+1)
	}
	if kind == '{' {
		r.object(within)
		return fields
	}
	at := int64(0)
	r.list(func() {
		within(strconv.AppendInt(nil, at, 10))
		at++
	})
	return fields
}

// field appends the next value to fields, where it is a scalar within the limits.
func (r *reader) field(fields []Field, name []byte, limit int) []Field {
	if len(name) == 0 || len(name) > MaxKey || len(fields) == MaxFields {
		r.odd = true
		r.skip()
		return fields
	}
	f := Field{Key: r.texts.keep(name)}
	if !r.scalar(&f, limit) {
		return fields
	}
	if fields == nil {
		fields = make([]Field, 0, usualFields)
	}
	return append(fields, f)
}

const usualFields = 4

// cost reads a number and keeps it as it is written: money is no float.
func (r *reader) cost() string {
	before := r.odd
	s := r.numeral()
	if len(s) == 0 || len(s) > 40 {
		return ""
	}
	for _, c := range s {
		if (c < '0' || c > '9') && c != '.' && c != 'e' && c != 'E' && c != '-' && c != '+' {
			r.odd = true
			return ""
		}
	}
	r.odd = before
	return string(s)
}

// maxMillis is a month: no call takes longer.
const maxMillis = 31 * 24 * 60 * 60 * 1000

// millis reads a length of time from 0 on; 0 where it is none.
func (r *reader) millis() time.Duration {
	x, ok := r.number()
	if !ok {
		return 0
	}
	if x < 0 || x > maxMillis {
		r.odd = true
		return 0
	}
	return time.Duration(math.Round(x * float64(time.Millisecond)))
}

// years that a span's 64 bits of nanoseconds hold, with a margin.
const minYear, maxYear = 1971, 2261

// time reads an ISO 8601 time, or milliseconds since 1970.
func (r *reader) time() time.Time {
	if r.kind() == '0' {
		x, ok := r.number()
		if !ok || x < 0 || x > 9e12 {
			return time.Time{}
		}
		return time.UnixMilli(int64(x)).UTC()
	}
	s := r.text(MaxKey)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		t, err := time.Parse(layout, s)
		if err == nil && t.Year() >= minYear && t.Year() <= maxYear {
			return t.UTC()
		}
	}
	return time.Time{}
}
