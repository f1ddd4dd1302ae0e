package genaispan_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

func TestEveryKeyIsListedOnceAndFound(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for i, k := range genaispan.Keys() {
		if seen[k] {
			t.Errorf("key %s is listed twice", k)
		}
		seen[k] = true
		if got := genaispan.RuleOf(k); got != i {
			t.Errorf("key %s finds rule %d, want %d", k, got, i)
		}
		if got := genaispan.RuleOf(k + "x"); got >= 0 && !slices.Contains(genaispan.Keys(), k+"x") {
			t.Errorf("key %sx finds rule %d", k, got)
		}
	}
}

func TestProvidersAreBroughtToTheirCanonicalNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"openai": "openai", "OpenAI": "openai", "openai.responses": "openai", "openai_chat": "openai", "OPEN_AI": "openai",
		"az.ai.openai": "azure.ai.openai", "azure.chat": "azure.ai.openai", "AzureOpenAI": "azure.ai.openai",
		"az.ai.inference": "azure.ai.inference", "anthropic.messages": "anthropic", "AWS": "aws.bedrock",
		"bedrock_converse": "aws.bedrock", "amazon-bedrock": "aws.bedrock", "google.generative-ai": "gcp.gemini",
		"google_genai": "gcp.gemini", "google-gla": "gcp.gemini", "google.vertex.chat": "gcp.vertex_ai",
		"vertex.anthropic.messages": "gcp.vertex_ai", "gcp.gen_ai": "gcp.gen_ai", "MistralAI": "mistral_ai", "xai.chat": "x_ai",
		"x-ai": "x_ai", "Watsonx": "ibm.watsonx.ai", "together_ai": "together", "hugging_face": "huggingface",
		"langchain": "", "strands-agents": "", "microsoft.agent_framework": "", "_OTHER": "", "My.Own-Provider": "my.own-provider",
	} {
		if got := genaispan.CanonicalProvider(in); got != want {
			t.Errorf("provider %q is %q, want %q", in, got, want)
		}
	}
}

func TestHostsTellTheProvider(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host string
		port int64
		want string
	}{
		{"api.openai.com", 443, "openai"},
		{"acme.openai.azure.com", 443, "azure.ai.openai"},
		{"bedrock-runtime.us-east-1.amazonaws.com", 443, "aws.bedrock"},
		{"europe-west1-aiplatform.googleapis.com", 443, "gcp.vertex_ai"},
		{"api.groq.com", 443, "groq"},
		{"localhost", 11434, "ollama"},
		{"192.168.1.4", 11434, "ollama"},
		{"models.acme.com", 11434, ""},
		{"localhost", 8000, ""},
		{"evil-openai.azure.com.example.org", 443, ""},
	} {
		if got := genaispan.ProviderByHost(test.host, test.port); got != test.want {
			t.Errorf("%s:%d is %q, want %q", test.host, test.port, got, test.want)
		}
	}
}

func TestAKnownHostOverrulesTheProviderThatASpanNames(t *testing.T) {
	t.Parallel()
	c := one(t, "x", chat("", 1, 1, attrs{"gen_ai.openai.api_base": "https://user:pw@api.groq.com:443/openai/v1?key=secret"}))
	if c.Provider != "groq" || c.Host != "api.groq.com" {
		t.Errorf("provider %q at host %q, want groq at its host and nothing else of the URL", c.Provider, c.Host)
	}
	c = one(t, "x", chat("", 1, 1, attrs{"server.address": "10.0.0.7"}))
	if c.Provider != "openai" || !slices.Contains(c.Notes, genaispan.NoteHostUnknown) {
		t.Errorf("provider %q with notes %v, want openai, marked", c.Provider, c.Notes)
	}
}

func TestAModelTellsTheProviderWhereNothingElseDoes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"gpt-4o": "openai", "o3-mini": "openai", "claude-sonnet-4-5": "anthropic", "gemini-2.5-pro": "gcp.gemini",
		"us.anthropic.claude-sonnet-4-20250514-v1:0":                     "aws.bedrock",
		"meta.llama3-1-8b-instruct-v1:0":                                 "aws.bedrock",
		"nvidia.nemotron-nano-9b-v2":                                     "aws.bedrock",
		"claude-sonnet-4-5@20250929":                                     "gcp.vertex_ai",
		"arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.x": "aws.bedrock",
		"grok-4": "x_ai", "anthropic/claude-3": "anthropic", "acme/model": "", "mystery": "",
	} {
		if got := genaispan.ProviderByModel(in); got != want {
			t.Errorf("model %q is of %q, want %q", in, got, want)
		}
	}
}

func TestCountsAreReadFromEveryType(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value any
		want  usage.Count
		bad   bool
	}{
		"integer":          {1207, usage.Known(1207), false},
		"whole double":     {1207.0, usage.Known(1207), false},
		"text":             {"1207", usage.Known(1207), false},
		"text of a double": {"1207.0", usage.Known(1207), false},
		"JSON text":        {`{"intValue":"1207"}`, usage.Known(1207), false},
		"the largest":      {1_000_000_000, usage.Known(1_000_000_000), false},
		"too large":        {1_000_000_001, 0, true},
		"negative":         {-1, 0, true},
		"fraction":         {1.5, 0, true},
		"not a number":     {math.NaN(), 0, true},
		"infinite":         {math.Inf(1), 0, true},
		"word":             {"many", 0, true},
		"boolean":          {true, 0, true},
		"none":             {"none", 0, false},
		"UNKNOWN":          {"UNKNOWN", 0, false},
		"empty":            {"", 0, false},
		"null":             {nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, "x", chat("", 0, 0, attrs{"gen_ai.usage.input_tokens": test.value, "gen_ai.usage.output_tokens": 5}))
			if c.Usage.Input != test.want || slices.Contains(c.Notes, genaispan.NoteBadCount) != test.bad {
				t.Errorf("input is %d (known %v), notes %v", c.Usage.Input.Value(), c.Usage.Input.IsKnown(), c.Notes)
			}
		})
	}
}

func TestReportedCostsAreExactDecimals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0.0012": "0.0012", "1": "1", "1.50": "1.5", "2.00": "2", "1e-05": "0.00001", "0": "0", "0.000": "0", "-1": "", "x": "",
		"9999999999": "", "": "", "NaN": "", "0.1234567890123456789": "0.123456789012345678",
	} {
		if got := genaispan.Decimal(in); got != want {
			t.Errorf("cost %q is %q, want %q", in, got, want)
		}
	}
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"double": {0.1, "0.1"}, "small double": {1e-7, "0.0000001"}, "integer": {2, "2"}, "the 0 of a missing price list": {0, ""},
		"text with its currency": {"0.0012USD", "0.0012"}, "not a number": {math.NaN(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c := one(t, "x", chat("", 1, 1, attrs{"gen_ai.usage.cost": test.value})); c.ReportedCost != test.want {
				t.Errorf("cost is %q, want %q", c.ReportedCost, test.want)
			}
		})
	}
	free := attrs{"gen_ai.usage.cost": "0.0"}
	if c := one(t, semconv.ScopeInstrumentation, chat("", 1, 1, free)); c.ReportedCost != "0" {
		t.Errorf("the provider's own 0 is %q", c.ReportedCost)
	}
}

func TestProviderUsageIsTakenOnlyAsPlainCompactJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`{}`: true, `{"a":1,"b":{"c":[1,2.5,true,{"d":"TEXT"}]}}`: true, `{"a":[]}`: true,
		`{"a": 1}`: false, `[]`: false, `{"a":null}`: false, `{"a":"a sentence"}`: false, `{"a sentence":1}`: false,
		`{"a":{"b c":{}}}`: false, `{"a":1e999}`: false, `{"a":01}`: false, `{"a":1`: false, `{"a":1}}`: false, `{"a"}`: false,
		`{"a":1,}`: false, `{"":1}`: false, `{"a":"` + strings.Repeat("x", 65) + `"}`: false,
		`{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}`: false, `{"a":"\u0041"}`: false,
		`{"a":[` + strings.Repeat("1,", 2100) + `1]}`: false,
	} {
		if got := genaispan.IsProviderUsage(in); got != want {
			t.Errorf("%.60s is taken: %v, want %v", in, got, want)
		}
	}
}

func TestTimeToFirstTokenInEachUnit(t *testing.T) {
	t.Parallel()
	const ms = 1_000_000
	for name, test := range map[string]struct {
		attrs attrs
		want  int64
	}{
		"seconds":                   {attrs{"gen_ai.response.time_to_first_chunk": 0.05}, 50 * ms},
		"milliseconds":              {attrs{"ai.response.msToFirstChunk": 50.5}, 50*ms + ms/2},
		"Strands' milliseconds":     {attrs{"gen_ai.server.time_to_first_token": 50, "gen_ai.event.start_time": "x"}, 50 * ms},
		"OpenLIT's seconds":         {attrs{"gen_ai.server.time_to_first_token": 0.05}, 50 * ms},
		"a moment":                  {attrs{"mastra.completion_start_time": "2026-11-23T20:43:27.050Z"}, 50 * ms},
		"a quoted moment":           {attrs{"langfuse.observation.completion_start_time": `"2026-11-23T20:43:27.050Z"`}, 50 * ms},
		"longer than the call":      {attrs{"gen_ai.response.time_to_first_chunk": 5}, 0},
		"negative":                  {attrs{"gen_ai.response.time_to_first_chunk": -1}, 0},
		"a moment before the start": {attrs{"mastra.completion_start_time": "2026-11-23T20:00:00Z"}, 0},
		"no moment":                 {attrs{"mastra.completion_start_time": "soon"}, 0},
		"absurd":                    {attrs{"gen_ai.response.time_to_first_chunk": 1e300}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, "x", chat("", 1, 1, test.attrs))
			if c.TTFTNanos != test.want || c.Streaming != (test.want > 0) {
				t.Errorf("time to first token is %d, streaming %v, want %d", c.TTFTNanos, c.Streaming, test.want)
			}
		})
	}
}

func TestFailuresInEachOfTheirWays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scope     string
		attrs     attrs
		errorType string
		refused   bool
	}{
		"error.type":                        {"x", attrs{"error.type": "*url.Error"}, "*url.Error", false},
		"a sentence as error.type":          {"x", attrs{"error.type": "it went wrong"}, "_OTHER", false},
		"HTTP status alone":                 {"x", attrs{"http.response.status_code": 429}, "429", true},
		"HTTP status as text":               {"x", attrs{"http.status_code": "503"}, "503", true},
		"an absurd HTTP status":             {"x", attrs{"http.status_code": 7, "error.type": "x"}, "x", false},
		"success=false":                     {"x", attrs{"success": false}, "_OTHER", false},
		"Langfuse's level":                  {"x", attrs{"langfuse.observation.level": "ERROR"}, "_OTHER", false},
		"a cancel":                          {"x", attrs{"error.type": "context_canceled"}, "context_canceled", false},
		"a time-out":                        {"x", attrs{"error.type": "timeout"}, "timeout", false},
		"no connection in Node":             {"x", attrs{"error.type": "ECONNREFUSED"}, "ECONNREFUSED", true},
		"no connection in Java":             {"x", attrs{"error.type": "java.net.ConnectException"}, "java.net.ConnectException", true},
		"no connection in Go":               {"x", attrs{"error.type": "*net.DNSError"}, "*net.DNSError", true},
		"a lost connection":                 {"x", attrs{"error.type": "ECONNRESET"}, "ECONNRESET", false},
		"Go's net.OpError, whoever says it": {"x", attrs{"error.type": "*net.OpError"}, "*net.OpError", false},
		"Go's net.OpError, ours": {
			"github.com/costkey/costkey-otel/instrumentation/costkeyhttp", attrs{"error.type": "*net.OpError"}, "*net.OpError", true,
		},
		"OpenAI's in Python":           {"x", attrs{"error.type": "openai.RateLimitError"}, "openai.RateLimitError", true},
		"a bare class":                 {"x", attrs{"error.type": "AuthenticationError"}, "AuthenticationError", true},
		"OpenAI's code":                {"x", attrs{"error.type": "rate_limit_exceeded"}, "rate_limit_exceeded", true},
		"Anthropic's":                  {"x", attrs{"error.type": "overloaded_error"}, "overloaded_error", true},
		"Bedrock's":                    {"x", attrs{"error.type": "botocore.errorfactory.ThrottlingException"}, "botocore.errorfactory.ThrottlingException", true},
		"Google's":                     {"x", attrs{"error.type": "RESOURCE_EXHAUSTED"}, "RESOURCE_EXHAUSTED", true},
		"google-genai's":               {"x", attrs{"error.type": "google.genai.errors.ClientError"}, "google.genai.errors.ClientError", true},
		"somebody's ClientError":       {"x", attrs{"error.type": "aiohttp.ClientError"}, "aiohttp.ClientError", false},
		"Go's SDK":                     {"x", attrs{"error.type": "*openai.Error"}, "*openai.Error", true},
		"Java's":                       {"x", attrs{"error.type": "com.openai.errors.BadRequestException"}, "com.openai.errors.BadRequestException", true},
		"a status as the class":        {"x", attrs{"error.type": "429"}, "429", true},
		"no class that tells":          {"x", attrs{"error.type": "AI_APICallError"}, "AI_APICallError", false},
		"a time-out of Anthropic's":    {"x", attrs{"error.type": "timeout_error"}, "timeout_error", false},
		"a stream that broke off":      {"x", attrs{"error.type": "overloaded_error", "gen_ai.response.id": "msg_1"}, "overloaded_error", false},
		"a status that says otherwise": {"x", attrs{"error.type": "overloaded_error", "http.response.status_code": 200}, "overloaded_error", false},
		"no connection, yet an answer": {"x", attrs{"error.type": "ECONNREFUSED", "gen_ai.response.id": "a"}, "ECONNREFUSED", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := one(t, test.scope, chat("", 0, 0, test.attrs))
			if c.ErrorType != test.errorType || c.Refused() != test.refused {
				t.Errorf("error is %q, refused %v, want %q, %v", c.ErrorType, c.Refused(), test.errorType, test.refused)
			}
		})
	}
}

func TestTheExceptionTellsWhatErrorTypeDoesNot(t *testing.T) {
	t.Parallel()
	s := currentSpan()
	s.Attributes().Clear()
	if err := s.Attributes().FromRaw(chat("", 0, 0, attrs{"error.type": "_OTHER"})); err != nil {
		t.Fatal(err)
	}
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", "litellm.exceptions.RateLimitError")
	_, c := readSpan(s, "x")
	if c.ErrorType != "litellm.exceptions.RateLimitError" || !c.Refused() {
		t.Errorf("error is %q, refused %v, want the exception's class, refused", c.ErrorType, c.Refused())
	}
}

func TestAnExceptionOnAGoodSpanIsNoFailure(t *testing.T) {
	t.Parallel()
	s := currentSpan()
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", "RetryError")
	if _, c := readSpan(s, "x"); c.ErrorType != "" {
		t.Errorf("error is %q although the call has usage", c.ErrorType)
	}
	s.Status().SetCode(ptrace.StatusCodeError)
	if _, c := readSpan(s, "x"); c.ErrorType != "RetryError" {
		t.Errorf("error is %q, want the class of the exception", c.ErrorType)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	td := traces(t, testSpan{name: "chat", id: 1, attrs: chat("", 1, 1, attrs{
		"costkey.tag.tenant": "Acme \"Corp\"", "costkey.tag.seats": 3.5, "costkey.tag.n": 3, "costkey.tag.paid": true,
		"costkey.tag.bad key": "x", "costkey.tag.json": `{"a":1}`, "costkey.tag.lines": "a\nb", "costkey.tag.list": []any{"a"},
		"costkey.tag.scrubbed": "[secret]", "costkey.tag.nan": math.NaN(), "costkey.tag.long": strings.Repeat("x", 257), "ai.telemetry.metadata.plan": "gold",
		"ai.telemetry.metadata.other": "no",
	})})
	r := genaispan.NewReader(genaispan.Settings{Tags: []string{"ai.telemetry.metadata.plan"}})
	want := []genaispan.Tag{
		{Key: "ai.telemetry.metadata.plan", Value: `"gold"`},
		{Key: "n", Value: "3"},
		{Key: "paid", Value: "true"},
		{Key: "scrubbed", Value: `"[secret]"`},
		{Key: "seats", Value: "3.5"},
		{Key: "tenant", Value: `"Acme \"Corp\""`},
	}
	c := readCalls(r, td)[0]
	if !slices.Equal(c.Tags, want) || !slices.Contains(c.Notes, genaispan.NoteTagsCut) {
		t.Errorf("tags are %v, notes %v, want %v", c.Tags, c.Notes, want)
	}
}

func TestAtMost32TagsAreKept(t *testing.T) {
	t.Parallel()
	a := chat("", 1, 1, nil)
	for i := range 40 {
		a["costkey.tag.t"+string(rune('A'+i))] = "x"
	}
	c := one(t, "x", a)
	if len(c.Tags) != 32 || !slices.Contains(c.Notes, genaispan.NoteTagsCut) {
		t.Errorf("%d tags, notes %v", len(c.Tags), c.Notes)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	res := pcommon.NewResource()
	for k, v := range map[string]string{
		"service.name": "Weather API", "service.version": "1.4.2", "deployment.environment": "old",
		"deployment.environment.name": "staging", "costkey.project": "shop", "user.id": "u-1", "session.id": "a sentence, no id",
		"process.command_args": marker,
	} {
		res.Attributes().PutStr(k, v)
	}
	res.Attributes().PutInt("service.instance.id", 4)
	got := genaispan.NewReader(genaispan.Settings{}).ReadResource(res)
	want := genaispan.Resource{Project: "shop", ServiceName: "Weather API", ServiceVersion: "1.4.2", Environment: "staging", UserID: "u-1"}
	if got != want {
		t.Errorf("resource is %+v, want %+v", got, want)
	}
}

func TestOldAndNewKeysOfTheCodeLocation(t *testing.T) {
	t.Parallel()
	c := one(t, "x", chat("", 1, 1, attrs{
		"code.function": "run", "code.namespace": "shop.summary", "code.filepath": "/home/x/My Shop/summary.py", "code.lineno": 7,
		"costkey.call_path": []any{"main.main (main.go:12)", "a sentence is no frame"},
	}))
	if c.FunctionName != "shop.summary.run" || c.FilePath != "/home/x/My Shop/summary.py" || c.LineNumber != 7 ||
		!slices.Equal(c.CallPath, []string{"main.main (main.go:12)"}) || !slices.Contains(c.Notes, genaispan.NoteBadValue) {
		t.Errorf("code location is %+v", c)
	}
}
