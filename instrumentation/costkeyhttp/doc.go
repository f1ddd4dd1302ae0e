// Package costkeyhttp is an [http.RoundTripper] that turns each call to an AI provider into an OpenTelemetry span: which
// line of code asked which model, and what it consumed.
//
//	client := &http.Client{Transport: costkeyhttp.NewTransport(nil)}
//	ai := openai.NewClient(option.WithHTTPClient(client))
//
// A call is a POST to a create path of a known host; every other request goes to the base transport as it is. One that looks
// like a call at another host is counted and said once; see [WithUnknownHosts]. A call gets a GenAI span of kind CLIENT, after
// the semantic conventions 1.41, and below it the HTTP span of otelhttp.
//
// # What it never does
//
// It changes neither request nor answer, adds no header, reads no request header, and never fails or holds up the
// caller's call. The bytes of both bodies are read as they pass, in constant memory, and each Read of an answer's body
// returns what the base's Read returned. No key, query of a URL or text of an error reaches a span, and no prompt or answer
// without [WithCaptureBody].
//
// An API that is not known is taught by an [Extractor]; see [WithExtractor].
//
// Requests to the user's own services are left alone too, unless [WithPropagateTo] names their hosts.
//
// # When a span ends
//
// At the first of: the provider's own end mark in a stream, the end of the body, a read error, Close, the end of the
// request's context.
//
//	request sent ──▶ head ──▶ bytes ──▶ end mark | EOF ───────────▶ whole
//	     │             │        ├─────▶ Close before either ──────▶ costkey.usage.missing = interrupted
//	     │             │        └─────▶ read error | context end ─▶ error.type, interrupted
//	     │             └─ 101, 3xx ───▶ no span
//	     └─ error ────────────────────▶ error.type
//
// An answer of 101 or 3xx is no call. Its spans have been started by then, since otelhttp's needs its parent, and a
// started span can't be taken back: both are left without an end, which the OpenTelemetry SDK never exports and keeps no
// hold of. Where the base is the user's own otelhttp transport, its span ends as ever and its parent is then missing.
package costkeyhttp
