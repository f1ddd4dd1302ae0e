package costkeyhttp

import (
	"io"
	"net/http"
	"time"
)

// outgoing returns the request to send: r with the span's context, and with a body that is read as it is sent.
func (c *call) outgoing(r *http.Request) *http.Request {
	out := r.WithContext(c.ctx)
	if r.Body == nil || r.Body == http.NoBody {
		return out
	}
	c.askForUsage(out)
	out.Body = c.newRequestBody(out.Body)
	if again := out.GetBody; again != nil {
		out.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil || body == nil || body == http.NoBody {
				return body, err
			}
			return c.newRequestBody(body), nil
		}
	}
	return out
}

// requestBody is a request's body, or one more copy of it for another try of the base transport.
type requestBody struct {
	io.ReadCloser
	call *call
}

// newRequestBody starts the reading of the request anew.
func (c *call) newRequestBody(body io.ReadCloser) *requestBody {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := &c.first
	if c.sending != nil {
		b = new(requestBody)
	}
	b.ReadCloser, b.call = body, c
	c.sending = b
	if !c.ended {
		c.request.Init(c.Format)
		c.bodies.beginRequest(c.transport.bodies.limit)
	}
	return b
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && !b.call.over.Load() {
		b.call.sent(b, p, n)
	}
	return n, err
}

// sent reads n bytes of the request, and names the span once they told the model.
func (c *call) sent(b *requestBody, p []byte, n int) {
	defer c.guard()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.sending != b {
		return
	}
	c.request.Write(p[:n])
	c.bodies.sent(p[:n])
	model := c.request.Request().Model
	if c.Model == "" && model != c.named {
		c.named = model
		c.span.SetName(spanName(c.Operation, model))
	}
}

// responseBody is an answer's body. It is the call itself, so that it costs no allocation.
type responseBody call

func (b *responseBody) Read(p []byte) (int, error) {
	c := (*call)(b)
	n, err := c.body.Read(p)
	if !c.over.Load() {
		c.passed(p, n, err)
	}
	return n, err
}

func (b *responseBody) Close() error {
	c := (*call)(b)
	if !c.over.Load() {
		c.closed()
	}
	return c.body.Close()
}

// passed reads n bytes of the answer, and ends the span where they, or err, end it.
func (c *call) passed(p []byte, n int, err error) {
	defer c.guard()
	marked := n > 0 && c.read(p[:n])
	switch {
	case marked || err == io.EOF: //nolint:errorlint // an io.Reader returns io.EOF bare
		c.end(ending{whole: true})
	case err != nil:
		c.end(ending{err: err})
	}
}

// read reports whether the bytes held the provider's end mark.
func (c *call) read(p []byte) (marked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || !c.reading {
		return false
	}
	if c.decoder != nil {
		c.decoder.Write(p)
	} else {
		c.decoded(p)
	}
	answer := c.answer.Answer()
	if answer.Content && c.ttft == 0 {
		c.ttft = max(time.Since(c.start), 1)
		c.chunks = c.transport.metrics.chunkTimer(c)
	} else if c.chunks != nil {
		c.chunks.passed(c)
	}
	return answer.Complete && c.head.stream
}

// decoded reads bytes of the answer as they are without an encoding. The caller of the decoder holds c.mu.
func (c *call) decoded(p []byte) {
	c.answer.Write(p)
	c.bodies.answered(p)
}

func (c *call) closed() {
	defer c.guard()
	c.end(ending{})
}

// ending says how a call ended. The zero value is a Close before the answer's end.
type ending struct {
	whole bool  // the answer has passed to its end
	err   error // what broke it off
}

// end ends the span, once.
func (c *call) end(how ending) {
	defer c.guard()
	c.mu.Lock()
	first := !c.ended
	c.ended = true
	release := c.release
	c.mu.Unlock()
	if !first {
		return
	}
	c.over.Store(true)
	if release != nil {
		release()
	}
	c.emit(how)
}

// emit tells span and metrics what is known. Nothing writes to the call any more.
func (c *call) emit(how ending) {
	r := c.result(how)
	if c.span.IsRecording() {
		c.span.SetAttributes(c.appendContent(r.attributes(), &r)...)
		r.setStatus(c.span)
	}
	c.transport.metrics.record(c.ctx, &r)
	c.giveBack()
	c.span.End()
}
