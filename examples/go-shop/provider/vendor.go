package provider

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"strings"
)

// vendor is what the APIs of one provider have in common.
type vendor struct {
	jsonType        string // content type of a whole answer
	streamType      string // content type of a stream
	errorBody       string // recording of an error
	requestIDHeader string // empty where the provider sends none
	headers         map[string]string
	lineEnd         string // of the event stream
	hasKey          func(http.Header) bool
	refusals        refusals
}

// refusals are the error answers of a provider. {model} in a message stands for the model that was asked.
type refusals struct {
	malformed refusal // the body is not JSON
	noKey     refusal
	noModel   refusal
	tooLong   refusal // more output asked for than the model has
	busy      refusal
}

// refusal is one error answer: what the recording of the error fills in.
type refusal struct {
	Status    int
	Type      string
	Code      string
	Param     string
	Message   string
	RequestID string
}

func (v *vendor) newRequestID() string { return "req_" + strings.ToLower(rand.Text()) }

func (v *vendor) sendsRequestID() bool { return v.requestIDHeader != "" }

// header sets what every answer of the provider carries.
func (v *vendor) header(h http.Header, requestID string) {
	for name, value := range v.headers {
		h.Set(name, value)
	}
	if v.sendsRequestID() {
		h.Set(v.requestIDHeader, requestID)
	}
}

// frame ends the lines of one event as the provider ends them, the blank line included.
func (v *vendor) frame(event []byte) []byte {
	event = append(bytes.TrimRight(event, "\n"), "\n\n"...)
	return bytes.ReplaceAll(event, []byte("\n"), []byte(v.lineEnd))
}

var openAI = vendor{
	jsonType:        "application/json",
	streamType:      "text/event-stream; charset=utf-8",
	errorBody:       "openai_error.json.tmpl",
	requestIDHeader: "x-request-id",
	lineEnd:         "\n",
	headers: map[string]string{
		"openai-organization":            "org-shop",
		"openai-processing-ms":           "312",
		"openai-version":                 "2020-10-01",
		"x-ratelimit-limit-requests":     "10000",
		"x-ratelimit-remaining-requests": "9999",
		"x-ratelimit-limit-tokens":       "2000000",
		"x-ratelimit-remaining-tokens":   "1998742",
		"x-ratelimit-reset-requests":     "6ms",
		"x-ratelimit-reset-tokens":       "37ms",
	},
	hasKey: func(h http.Header) bool { return strings.HasPrefix(h.Get("Authorization"), "Bearer ") },
	refusals: refusals{
		malformed: refusal{Status: 400, Type: "invalid_request_error", Message: "We could not parse the JSON body of your request."},
		noKey:     refusal{Status: 401, Type: "invalid_request_error", Message: "You didn't provide an API key."},
		noModel:   refusal{Status: 404, Type: "invalid_request_error", Code: "model_not_found", Message: "The model `{model}` does not exist or you do not have access to it."},
		tooLong:   refusal{Status: 400, Type: "invalid_request_error", Code: "invalid_value", Param: "max_tokens", Message: "max_tokens is too large. This model supports at most 64000 completion tokens."},
		busy:      refusal{Status: 429, Type: "tokens", Code: "rate_limit_exceeded", Message: "Rate limit reached for {model} in organization org-shop on tokens per min (TPM): Limit 2000000, Used 1999871, Requested 488. Please try again in 5ms."},
	},
}

var anthropic = vendor{
	jsonType:        "application/json",
	streamType:      "text/event-stream; charset=utf-8",
	errorBody:       "anthropic_error.json.tmpl",
	requestIDHeader: "request-id",
	lineEnd:         "\n",
	headers: map[string]string{
		"anthropic-organization-id":                  "5f7c4d4e-0000-4000-8000-73686f700000",
		"anthropic-ratelimit-requests-limit":         "4000",
		"anthropic-ratelimit-requests-remaining":     "3999",
		"anthropic-ratelimit-input-tokens-limit":     "2000000",
		"anthropic-ratelimit-output-tokens-limit":    "400000",
		"anthropic-ratelimit-tokens-limit":           "2400000",
		"anthropic-ratelimit-tokens-remaining":       "2394000",
		"anthropic-ratelimit-requests-reset":         "2026-01-01T00:00:00Z",
		"strict-transport-security":                  "max-age=31536000; includeSubDomains; preload",
		"anthropic-ratelimit-input-tokens-remaining": "1994000",
	},
	hasKey: func(h http.Header) bool { return h.Get("X-Api-Key") != "" || h.Get("Authorization") != "" },
	refusals: refusals{
		malformed: refusal{Status: 400, Type: "invalid_request_error", Message: "The request body is not valid JSON"},
		noKey:     refusal{Status: 401, Type: "authentication_error", Message: "x-api-key header is required"},
		noModel:   refusal{Status: 404, Type: "not_found_error", Message: "model: {model}"},
		tooLong:   refusal{Status: 400, Type: "invalid_request_error", Message: "max_tokens is larger than 64000, which is the maximum allowed number of output tokens for {model}"},
		busy:      refusal{Status: 429, Type: "rate_limit_error", Message: "This request would exceed your organization's rate limit of 2,000,000 input tokens per minute"},
	},
}

var google = vendor{
	jsonType:   "application/json; charset=UTF-8",
	streamType: "text/event-stream",
	errorBody:  "google_error.json.tmpl",
	lineEnd:    "\r\n",
	headers: map[string]string{
		"server":                 "scaffolding on HTTPServer2",
		"server-timing":          "gfet4t7; dur=742",
		"vary":                   "Origin, X-Origin, Referer",
		"x-content-type-options": "nosniff",
		"x-frame-options":        "SAMEORIGIN",
		"x-xss-protection":       "0",
	},
	hasKey: func(h http.Header) bool { return h.Get("X-Goog-Api-Key") != "" },
	refusals: refusals{
		malformed: refusal{Status: 400, Type: "INVALID_ARGUMENT", Message: "Invalid JSON payload received."},
		noKey:     refusal{Status: 403, Type: "PERMISSION_DENIED", Message: "Method doesn't allow unregistered callers (callers without established identity)."},
		noModel:   refusal{Status: 404, Type: "NOT_FOUND", Message: "models/{model} is not found for API version v1beta, or is not supported for generateContent."},
		tooLong:   refusal{Status: 400, Type: "INVALID_ARGUMENT", Message: "The value of max_output_tokens must be in the supported range from 1 (inclusive) to 64001 (exclusive)."},
		busy:      refusal{Status: 429, Type: "RESOURCE_EXHAUSTED", Message: "Resource has been exhausted (e.g. check quota)."},
	},
}
