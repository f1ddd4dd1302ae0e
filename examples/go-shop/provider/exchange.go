package provider

import (
	"bytes"
	"net/http"
	"strings"
)

// exchange is one request on its way to its answer.
type exchange struct {
	p         *Provider
	e         endpoint
	w         http.ResponseWriter
	r         *http.Request
	req       request
	requestID string
}

// refusal says why the request gets no answer, nil where it gets one.
func (x *exchange) refusal() *refusal {
	why := &x.e.vendor.refusals
	switch {
	case !x.e.vendor.hasKey(x.r.Header):
		return &why.noKey
	case x.req.outputLimit() > maxOutput:
		return &why.tooLong
	case x.p.take(x.p.busy, x.req.Model):
		return &why.busy
	default:
		return nil
	}
}

// entry begins the log's entry of this exchange.
func (x *exchange) entry(status int) Call {
	c := Call{
		API: x.e.api, Model: x.req.Model, Status: status, Stream: x.req.Stream,
		HeaderNames: headerNames(x.r.Header),
	}
	if x.e.vendor.sendsRequestID() {
		c.RequestID = x.requestID
	}
	return c
}

// refuse answers with an error in the provider's form.
func (x *exchange) refuse(why refusal) {
	why.Message = strings.ReplaceAll(why.Message, "{model}", x.req.Model)
	why.RequestID = x.requestID
	var b bytes.Buffer
	if err := bodies.ExecuteTemplate(&b, x.e.vendor.errorBody, why); err != nil {
		http.Error(x.w, err.Error(), http.StatusInternalServerError)
		return
	}
	x.p.log.add(x.entry(why.Status))
	if why.Status == http.StatusTooManyRequests {
		x.w.Header().Set("Retry-After-Ms", "5")
		x.w.Header().Set("Retry-After", "1")
	}
	x.w.Header().Set("Content-Type", x.e.vendor.jsonType)
	x.w.WriteHeader(why.Status)
	_, _ = x.w.Write(b.Bytes()) // the client may be gone, which is its business
}

// play answers with a, whole or as a stream.
func (x *exchange) play(a Answer) {
	p := newPlay(a, x.e.idPrefix)
	p.WithUsage = x.req.StreamOptions.IncludeUsage
	if x.e.api == Embeddings {
		p.embed(x.req.inputs(), x.req.Dimensions, x.req.EncodingFormat)
	}
	recording := x.e.plain
	if x.req.Stream {
		recording = x.e.stream
	}
	body, err := p.body(recording)
	if err != nil {
		http.Error(x.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c := x.entry(http.StatusOK)
	c.Served = a.Served
	if x.e.idPrefix != noID {
		c.ID = p.ID
	}
	if x.req.Stream {
		x.stream(p, c, body)
		return
	}
	c.Tokens = a.Tokens
	x.p.log.add(c)
	x.w.Header().Set("Content-Type", x.e.vendor.jsonType)
	_, _ = x.w.Write(body) // the client may be gone, which is its business
}

// stream sends body event by event, each flushed, and keeps the log's entry ahead of what the client can know.
func (x *exchange) stream(p *play, c Call, body []byte) {
	events := bytes.SplitAfter(bytes.TrimSpace(body), []byte("\n\n"))
	place := x.p.log.add(c)
	x.w.Header().Set("Content-Type", x.e.vendor.streamType)
	x.w.Header().Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(x.w)
	held := x.p.take(x.p.hold, c.Model)
	for i, event := range events {
		if held && i == (len(events)+1)/2 {
			<-x.r.Context().Done()
		}
		if x.r.Context().Err() != nil {
			x.p.log.change(place, func(c *Call) { c.Interrupted = true })
			return
		}
		x.p.log.change(place, func(c *Call) { c.Tokens = x.e.told(p, i+1, len(events)) })
		// An error of either shows in the request's context, which is looked at before the next event.
		_, _ = x.w.Write(x.e.vendor.frame(event))
		_ = flush.Flush()
	}
}
