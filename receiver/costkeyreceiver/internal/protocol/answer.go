package protocol

import "bytes"

// answer reads what an answer's body tells of the call: its id, its model, and the parts of its usage that the SDKs do not
// send. The text is passed over.
func (r *reader) answer(a *Answer) {
	odd := r.odd
	r.object(func(name []byte) {
		switch string(name) {
		case "id", "responseId":
			a.ID = r.text(MaxContextText)
		case "model", "modelVersion":
			a.Model = r.text(MaxContextText)
		case "service_tier":
			a.ServiceTier = r.text(MaxKey)
		case "usage":
			r.usageOf(a, (*reader).answerUsage)
		case "usageMetadata":
			r.usageOf(a, (*reader).answerMetadata)
		case "meta":
			r.cohereMeta(a)
		default:
			r.skip()
		}
	})
	r.odd = odd // a body is the provider's, and nothing of it was repaired
}

// usageOf keeps a usage object, and reads it.
func (r *reader) usageOf(a *Answer, read func(*reader, *Answer)) {
	raw := r.value()
	if r.err != nil {
		return
	}
	a.UsageObject = usageObject(raw)
	read(readerInto(raw, r.texts), a)
}

// cohereMeta reads the usage of Cohere's first version. Others may mean anything by a "meta": it is none of ours then.
func (r *reader) cohereMeta(a *Answer) {
	raw := r.value()
	if r.err != nil || !bytes.Contains(raw, []byte(`"billed_units"`)) {
		return
	}
	meta := readerInto(raw, r.texts)
	meta.usageOf(a, (*reader).answerUsage)
}

// answerMetadata reads the usage of Google's answers.
func (r *reader) answerMetadata(a *Answer) {
	r.counts("cachedContentTokenCount", &a.CacheRead, "thoughtsTokenCount", &a.Reasoning)
}

// answerUsage reads the usage of all others.
func (r *reader) answerUsage(a *Answer) {
	r.object(func(name []byte) {
		switch string(name) {
		case "input_tokens", "prompt_tokens":
			a.Input = r.count()
		case "output_tokens", "completion_tokens":
			a.Output = r.count()
		case "tokens":
			r.counts("input_tokens", &a.Input, "output_tokens", &a.Output)
		case "billed_units":
			r.counts("input_tokens", &a.BilledInput, "output_tokens", &a.BilledOutput)
		case "prompt_tokens_details", "input_tokens_details":
			r.counts("cached_tokens", &a.CacheRead, "", nil)
		case "completion_tokens_details", "output_tokens_details":
			r.counts("reasoning_tokens", &a.Reasoning, "", nil)
		case "cache_read_input_tokens", "cacheReadInputTokens":
			a.CacheRead = r.count()
		case "cache_creation_input_tokens", "cacheWriteInputTokens":
			a.CacheWrite = r.count()
		case "cache_creation":
			r.counts("ephemeral_5m_input_tokens", &a.CacheWrite5m, "ephemeral_1h_input_tokens", &a.CacheWrite1h)
		case "server_tool_use":
			r.counts("web_search_requests", &a.Search, "", nil)
		case "service_tier":
			a.ServiceTier = r.text(MaxKey)
		default:
			r.skip()
		}
	})
}

// counts reads up to two counts of an object by their names.
func (r *reader) counts(name string, dst *Count, name2 string, dst2 *Count) {
	r.object(func(member []byte) {
		switch {
		case string(member) == name:
			*dst = r.count()
		case string(member) == name2 && dst2 != nil:
			*dst2 = r.count()
		default:
			r.skip()
		}
	})
}
