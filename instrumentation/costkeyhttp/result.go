package costkeyhttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// spanName returns the name of a span: the operation, and the model once it is known.
func spanName(operation, model string) string {
	if model == "" {
		return operation
	}
	return operation + " " + model
}

// startAttributes appends what a sampler may go by: what is known before the request is sent, but for the caller's place.
func startAttributes(ctx context.Context, attrs []attribute.KeyValue, to target) []attribute.KeyValue {
	attrs = append(attrs,
		semconv.GenAIOperationNameKey.String(to.Operation),
		semconv.GenAIProviderNameKey.String(to.provider),
		semconv.ServerAddressKey.String(to.host))
	if to.port > 0 {
		attrs = append(attrs, semconv.ServerPortKey.Int(to.port))
	}
	if to.Model != "" {
		attrs = append(attrs, semconv.GenAIRequestModelKey.String(to.Model))
	}
	return appendContext(attrs, costkeyctx.FromContext(ctx))
}

func appendSite(attrs []attribute.KeyValue, site *callsite.Site) []attribute.KeyValue {
	if site == nil {
		return attrs
	}
	attrs = append(attrs,
		semconv.CodeFunctionNameKey.String(site.Function),
		semconv.CodeFilePathKey.String(site.File))
	if site.Line > 0 {
		attrs = append(attrs, semconv.CodeLineNumberKey.Int(site.Line))
	}
	if len(site.Path) > 0 {
		attrs = append(attrs, attribute.KeyValue{Key: semconv.CallPathKey, Value: site.PathValue})
	}
	return attrs
}

func appendContext(attrs []attribute.KeyValue, v *costkeyctx.Values) []attribute.KeyValue {
	if v == nil {
		return attrs
	}
	attrs = appendText(attrs, semconv.UserIDKey, v.User)
	attrs = appendText(attrs, semconv.SessionIDKey, v.Session)
	for _, tag := range v.Tags {
		attrs = append(attrs, attribute.KeyValue{Key: semconv.TagPrefix + tag.Key, Value: tag.Value})
	}
	return attrs
}

// result is what a call came to.
type result struct {
	call      *call
	request   *provider.Request
	answer    *provider.Answer
	model     string // as asked for
	streamed  bool
	errorType string // "" where all went well
	missing   string // why token counts are missing, or ""
	duration  time.Duration
}

// result reads off what is known at the end of the call.
func (c *call) result(how ending) result {
	r := result{call: c, request: c.request.Request(), duration: time.Since(c.start)}
	r.model = c.Model
	if r.model == "" {
		r.model = r.request.Model
	}
	if c.decoder != nil {
		c.endDecoding()
	}
	if c.reading {
		r.answer = c.answer.Settle(c.provider)
		r.streamed = c.answer.Streams()
	} else {
		r.answer = &provider.Answer{}
	}
	r.streamed = r.streamed || r.request.Stream || c.Streams || c.head.stream
	whole := r.whole(how)
	r.errorType = r.failure(how, whole)
	r.missing = r.missingUsage(whole)
	return r
}

// endDecoding has the decoder tell what it still holds: some give out the last of a body at its end only.
func (c *call) endDecoding() {
	c.head.encoded = !c.decoder.Close()
	if c.answer.Answer().Content && c.ttft == 0 {
		c.ttft = max(time.Since(c.start), 1)
	}
}

// whole reports whether the answer has passed as far as it tells anything: also where the caller closed it between the
// last event that matters and the end mark.
func (r *result) whole(how ending) bool {
	a := r.answer
	if a.Complete || (len(a.FinishReasons) > 0 && a.Usage.Output.IsKnown()) {
		return true
	}
	return how.whole && (!r.streamed || len(a.FinishReasons) > 0 || r.call.head.encoded)
}

// failure returns error.type: the provider's word, else the HTTP status, else what broke the call off.
func (r *result) failure(how ending, whole bool) string {
	status := r.call.head.status
	switch {
	case r.answer.ErrorType() != "":
		return r.answer.ErrorType()
	case status >= 400:
		return strconv.Itoa(status)
	case how.err != nil && !whole:
		return errorType(r.call.incoming.Context(), how.err)
	}
	return ""
}

// missingUsage says why counts are missing. A call that was refused, or that got no answer, misses none.
func (r *result) missingUsage(whole bool) string {
	u, head := &r.answer.Usage, r.call.head
	known := u.Input.IsKnown() && (u.Output.IsKnown() || r.call.Operation == semconv.OperationEmbeddings)
	switch {
	case head.status == 0, head.status >= 400 && u.IsZero(), known && whole:
		return ""
	case head.encoded:
		return semconv.UsageMissingEncoding
	case r.answer.Background || (r.request.Background && !r.streamed):
		return semconv.UsageMissingBackground
	case !whole:
		return semconv.UsageMissingInterrupted
	case !u.IsZero(), r.answer.Measured:
		return ""
	case r.streamed:
		return semconv.UsageMissingStream
	}
	return semconv.UsageMissingNotReported
}

func (r *result) setStatus(span trace.Span) {
	if r.errorType != "" {
		span.SetStatus(codes.Error, "") // an error's text may quote the prompt
	}
}

// attributes returns what the end of the call tells, beyond what its start told.
func (r *result) attributes() []attribute.KeyValue {
	c, a := r.call, r.answer
	attrs := appendSite(c.attrs[:0], c.site)
	if c.Model == "" {
		attrs = appendText(attrs, semconv.GenAIRequestModelKey, r.model)
	}
	attrs = appendText(attrs, semconv.OpenAIAPITypeKey, c.Format.APIType)
	if r.streamed {
		attrs = append(attrs, semconv.GenAIRequestStreamKey.Bool(true))
		if c.ttft > 0 {
			attrs = append(attrs, semconv.GenAIResponseTimeToFirstChunkKey.Float64(c.ttft.Seconds()))
		}
		if rate := r.outputRate(); rate > 0 {
			attrs = append(attrs, semconv.OutputTokensPerSecondKey.Float64(rate))
		}
	}
	if c.head.status > 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCodeKey.Int(c.head.status))
	}
	attrs = appendText(attrs, semconv.GenAIResponseIDKey, a.ID)
	attrs = appendText(attrs, semconv.GenAIResponseModelKey, a.Model)
	if len(a.FinishReasons) > 0 {
		attrs = append(attrs, semconv.GenAIResponseFinishReasonsKey.StringSlice(a.FinishReasons))
	}
	attrs = appendText(attrs, semconv.RequestIDKey, c.head.requestID)
	attrs = appendText(attrs, semconv.ErrorTypeKey, r.errorType)
	attrs = appendText(attrs, semconv.UsageMissingKey, r.missing)
	attrs = appendTier(attrs, r)
	attrs = appendSettings(attrs, r.request)
	return appendUsage(attrs, a)
}

// outputRate returns how many output tokens a second the call had, from its start to its end, or 0.
func (r *result) outputRate() float64 {
	if r.duration <= 0 || r.errorType != "" || r.missing != "" {
		return 0
	}
	return float64(r.answer.Usage.Output.Value()) / r.duration.Seconds()
}

func appendTier(attrs []attribute.KeyValue, r *result) []attribute.KeyValue {
	if !r.call.Format.OpenAI {
		return appendText(attrs, semconv.ServiceTierKey, servedTier(r))
	}
	attrs = appendText(attrs, semconv.OpenAIRequestServiceTierKey, r.request.ServiceTier)
	attrs = appendText(attrs, semconv.OpenAIResponseServiceTierKey, r.answer.ServiceTier)
	return appendText(attrs, semconv.OpenAIResponseSystemFingerprintKey, r.answer.SystemFingerprint)
}

// servedTier returns the tier that served the call, as the answer tells it, else the one that was asked for: a provider that
// served another says so.
func servedTier(r *result) string {
	switch asked := r.request.ServiceTier; {
	case r.answer.ServiceTier != "":
		return r.answer.ServiceTier
	case asked == "auto", asked == "standard_only": // Anthropic's: neither is a tier
		return ""
	default:
		return asked
	}
}

func appendSettings(attrs []attribute.KeyValue, q *provider.Request) []attribute.KeyValue {
	attrs = appendCount(attrs, semconv.GenAIRequestMaxTokensKey, q.MaxTokens)
	if q.Choices.Value() > 1 { // one choice is what everybody gets
		attrs = appendCount(attrs, semconv.GenAIRequestChoiceCountKey, q.Choices)
	}
	if q.Seed.Set {
		attrs = append(attrs, semconv.GenAIRequestSeedKey.Int64(int64(q.Seed.Value)))
	}
	attrs = appendSetting(attrs, semconv.GenAIRequestTemperatureKey, q.Temperature)
	attrs = appendSetting(attrs, semconv.GenAIRequestTopPKey, q.TopP)
	attrs = appendSetting(attrs, semconv.GenAIRequestTopKKey, q.TopK)
	attrs = appendSetting(attrs, semconv.GenAIRequestFrequencyPenaltyKey, q.FrequencyPenalty)
	return appendSetting(attrs, semconv.GenAIRequestPresencePenaltyKey, q.PresencePenalty)
}

// reportedCostKey holds what the provider itself says the call cost, in USD: a text, so that no digit is lost.
const reportedCostKey = attribute.Key("gen_ai.usage.cost")

func appendUsage(attrs []attribute.KeyValue, a *provider.Answer) []attribute.KeyValue {
	u := &a.Usage
	attrs = appendCount(attrs, semconv.GenAIUsageInputTokensKey, u.Input)
	attrs = appendCount(attrs, semconv.GenAIUsageOutputTokensKey, u.Output)
	attrs = appendCount(attrs, semconv.GenAIUsageCacheReadInputTokensKey, u.CacheRead)
	attrs = appendCount(attrs, semconv.GenAIUsageCacheCreationInputTokensKey, u.CacheWrite)
	attrs = appendCount(attrs, semconv.UsageCacheWrite5mKey, a.CacheWrite5m)
	attrs = appendCount(attrs, semconv.UsageCacheWrite1hKey, u.CacheWrite1h)
	attrs = appendCount(attrs, semconv.GenAIUsageReasoningOutputTokensKey, u.Reasoning)
	attrs = appendPart(attrs, semconv.GenAIUsageAudioInputTokensKey, u.AudioInput)
	attrs = appendPart(attrs, semconv.GenAIUsageImageInputTokensKey, u.ImageInput)
	attrs = appendPart(attrs, semconv.GenAIUsageVideoInputTokensKey, u.VideoInput)
	attrs = appendPart(attrs, semconv.GenAIUsageAudioOutputTokensKey, u.AudioOutput)
	attrs = appendPart(attrs, semconv.GenAIUsageImageOutputTokensKey, u.ImageOutput)
	attrs = appendPart(attrs, semconv.GenAIUsageAudioCacheReadInputTokensKey, u.CachedAudioInput)
	attrs = appendPart(attrs, semconv.GenAIUsageImageCacheReadInputTokensKey, u.CachedImageInput)
	attrs = appendCount(attrs, semconv.UsageWebSearchesKey, u.WebSearches)
	attrs = appendText(attrs, reportedCostKey, a.Cost)
	if len(a.UsageObject) > len("{}") {
		attrs = append(attrs, semconv.ProviderUsageKey.String(a.UsageObject))
	}
	return attrs
}

func appendText(attrs []attribute.KeyValue, key attribute.Key, text string) []attribute.KeyValue {
	if text == "" {
		return attrs
	}
	return append(attrs, key.String(text))
}

func appendCount(attrs []attribute.KeyValue, key attribute.Key, n usage.Count) []attribute.KeyValue {
	if !n.IsKnown() {
		return attrs
	}
	return append(attrs, key.Int64(n.Value()))
}

// appendPart is appendCount for the part of one modality, of which OpenAI reports zeros in every answer.
func appendPart(attrs []attribute.KeyValue, key attribute.Key, n usage.Count) []attribute.KeyValue {
	if n.Value() == 0 {
		return attrs
	}
	return append(attrs, key.Int64(n.Value()))
}

func appendSetting(attrs []attribute.KeyValue, key attribute.Key, s provider.Setting) []attribute.KeyValue {
	if !s.Set {
		return attrs
	}
	return append(attrs, key.Float64(s.Value))
}

// errorType returns the class of an error that broke a call off: what the context tells, else the error's Go type. An
// error's text is never used.
func errorType(ctx context.Context, err error) string {
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "context_canceled"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return "timeout"
	}
	// A failed dial alone is called by net's own type: of it a reader concludes that no connection was made and nothing
	// billed, which is not so where a connection broke later.
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if err = op; op.Op != "dial" && op.Err != nil {
			err = op.Err
		}
	}
	return errorWord(fmt.Sprintf("%T", err))
}

// errorWord returns text where it can be an error's class, else semconv's word for others.
func errorWord(text string) string {
	if provider.IsWord(text) {
		return text
	}
	return semconv.ErrorTypeOther
}
