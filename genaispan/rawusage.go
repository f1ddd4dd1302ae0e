package genaispan

import (
	"github.com/costkey/costkey-otel/usage/wire"
)

// usageObject is where a span may carry the provider's usage object. Nothing else of the attribute is looked at.
type usageObject struct {
	field uint8
	path  string // the members that lead to it; "" is the whole attribute
}

// usageObjects are the places in their order: the first that has an object counts.
var usageObjects = [...]usageObject{
	{jProviderUsage, ""},
	{jUsageRaw, ""},                  // Logfire
	{jLogfireResponse, "usage"},      // Logfire, of a streamed call
	{jADKResponse, "usage_metadata"}, // google/adk-python: the model's answer as google-genai has it
	{jProviderMetadata, "anthropic.usage"},
	{jProviderMetadata, "google.usageMetadata"},
	{jProviderMetadata, "vertex.usageMetadata"},
}

// findObject looks for the provider's usage object. That in the AI SDK's metadata is read only where it tells what the SDK's
// own counts don't.
func (f *found) findObject() {
	for i := range usageObjects {
		p := &usageObjects[i]
		s := f.json[p.field]
		if s == "" || p.field == jProviderMetadata && !f.metadataTells {
			continue
		}
		if p.path != "" {
			s = member(s, p.path)
		}
		if s != "" && s[0] == '{' {
			f.object, f.objectIn = s, p.field
			return
		}
	}
	if s := f.json[jUsageDetails]; f.object == "" && s != "" && !f.known(cInput) && !f.known(cOutput) {
		f.object, f.objectIn = s, jUsageDetails // Langfuse's, where it has the provider's own names
	}
}

// objectCounts reports whether the object tells of tokens, whoever the provider is.
func (f *found) objectCounts() bool {
	if f.object == "" || f.objectIn == jProviderUsage {
		return false // the transport says on the span whatever the object tells
	}
	r, ok := wire.Read(f.object, "")
	return ok && (r.Usage.Input.IsKnown() || r.Usage.Output.IsKnown())
}

// takeObject takes the object into the call: all of it that costkey.provider.usage may hold is kept, and its counts replace
// the span's.
func (f *found) takeObject(d *dialect, c *Call) {
	switch {
	case f.object == "" && d.id == dialectClaudeCode && f.text[tSpeed] == "fast":
		c.ProviderUsage = `{"speed":"fast"}` // as Anthropic's own object tells what Claude Code says on the span
		return
	case f.object == "":
		if f.json[jProviderUsage] != "" {
			f.badOther = true
		}
		return
	case isProviderUsage(f.object):
		c.ProviderUsage = f.object
	case f.objectIn == jProviderUsage:
		f.badOther = true
		return
	default:
		if s := string(compactValue(nil, f.object, 0)); isProviderUsage(s) {
			c.ProviderUsage = s
		}
	}
	f.takeProviderUsage(c)
}
