package genaispan

import "strings"

// refusedByClass reports whether nothing but the class of the error tells that the provider answered with HTTP 400 or above.
// Where a status, an id or a first token tells of an answer the class is that of a stream which broke off.
func (c *Call) refusedByClass() bool {
	return c.ErrorType != "" && c.HTTPStatus == 0 && c.ResponseID == "" && c.TTFTNanos == 0 && isHTTPError(c.ErrorType)
}

// isHTTPError reports whether an error class is one that only an answer with HTTP 400 or above has.
func isHTTPError(class string) bool {
	if len(class) == 3 && (class[0] == '4' || class[0] == '5') && isDigit(class[1]) && isDigit(class[2]) {
		return true // semantic conventions put the status there
	}
	lower := strings.ToLower(class)
	if httpErrorTypes[lower] {
		return true
	}
	short := strings.NewReplacer("_", "", "-", "").Replace(lower[strings.LastIndexAny(lower, ".*:/")+1:])
	for _, end := range [...]string{"exception", "error"} {
		short = strings.TrimSuffix(short, end)
	}
	return httpErrors[short]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// httpErrorTypes are classes whose last name alone means anything, in lower case: a ValidationError is more often that of an
// answer which did come, and was billed.
var httpErrorTypes = map[string]bool{
	"*openai.error": true, "*anthropic.error": true, "*apierror.error": true, "*openai.apierror": true, "genai.apierror": true,
	"google.genai.errors.clienterror": true, "google.genai.errors.servererror": true, "botocore.exceptions.clienterror": true, "validationexception": true, "permission_error": true,
	"org.springframework.web.client.httpclienterrorexception": true, "anthropic.permissiondeniederror": true,
}

// httpErrors are the names of errors that SDKs and APIs give to a status, without the package, separators and the words error
// and exception at the end. Those that a time-out, a cancel, a lost connection or a broken stream has too are not here:
// APIError, APICallError, timeout_error, DEADLINE_EXCEEDED, UNAVAILABLE.
var httpErrors = setOf(
	// 429, and what is spent
	"ratelimit", "ratelimitexceeded", "toomanyrequests", "throttling", "throttled", "resourceexhausted", "insufficientquota",
	"quotaexceeded", "servicequotaexceeded", "billinghardlimitreached", "usagelimitreached", "tokensexceeded",
	// 400, 413, 422
	"badrequest", "invalidrequest", "httpvalidation", "unprocessableentity", "invalidargument", "requesttoolarge",
	"failedprecondition", "contextlengthexceeded", "contextwindowexceeded", "contentpolicyviolation", "invalidprompt",
	"unsupportedparams", "stringabovemaxlength",
	// 401, 402, 403
	"authentication", "unauthorized", "unauthenticated", "clientauthentication", "invalidapikey", "permissiondenied",
	"forbidden", "accessdenied", "unrecognizedclient", "billing", "paymentrequired", "billingnotactive",
	// 404, 409
	"notfound", "modelnotfound", "resourcenotfound", "deploymentnotfound", "conflict", "modelnotready",
	// 500, 503, 529
	"internalserver", "overloaded", "serviceunavailable", "engineoverloaded", "modelerror", "serviceoverloaded",
	// any status
	"apistatus", "httpstatus", "httpresponse", "httpserver", "clientresult", "nontransientai", "transientai",
)

func setOf(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
