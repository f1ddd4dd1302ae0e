package protocol_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
)

var settings = protocol.Settings{MaxEvents: 100}

// one wraps the members of an event, beside its id and time, into a batch.
func one(members string) string {
	return `{"sdkVersion":"0.5.0","events":[{"id":"a1","timestamp":"2026-03-01T10:00:00.123Z"` + members + `}]}`
}

func decodeOne(t *testing.T, members string) protocol.Event {
	t.Helper()
	b, err := protocol.Decode([]byte(one(members)), settings)
	require.NoError(t, err)
	require.Len(t, b.Events, 1)
	return b.Events[0]
}

func TestNumbersAreReadInEveryFormThatSDKsSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		written string
		want    protocol.Count
	}{
		"a whole number":         {"12", 12},
		"a float":                {"12.0", 12},
		"a text":                 {`"12"`, 12},
		"a text of a float":      {`" 12.0 "`, 12},
		"with an exponent":       {"1.2e1", 12},
		"null, which was NaN":    {"null", protocol.Unknown},
		"the text NaN":           {`"NaN"`, protocol.Unknown},
		"the text Infinity":      {`"Infinity"`, protocol.Unknown},
		"a fraction of a token":  {"12.5", protocol.Unknown},
		"a negative number":      {"-1", protocol.Unknown},
		"more than anybody pays": {"1e300", protocol.Unknown},
		"a list":                 {"[12]", protocol.Unknown},
		"an object":              {`{"n":12}`, protocol.Unknown},
		"a boolean":              {"true", protocol.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := decodeOne(t, `,"usage":{"inputTokens":`+c.written+`,"outputTokens":3}`)
			assert.Equal(t, c.want, e.Usage.Input)
			assert.EqualValues(t, 3, e.Usage.Output, "what follows is read all the same")
		})
	}
}

func TestOneBadEventDoesNotRefuseTheOthers(t *testing.T) {
	t.Parallel()
	b, err := protocol.Decode([]byte(`{"events":[{"id":"a","timestamp":"2026-03-01T10:00:00Z"},7,{"id":"","timestamp":"2026-03-01T10:00:00Z"},
		{"id":"b","timestamp":"yesterday, at noon"},{"id":["c"],"timestamp":"2026-03-01T10:00:00Z"},{"id":"d","timestamp":"2026-03-01T10:00:00Z"}]}`), settings)
	require.NoError(t, err)
	require.Len(t, b.Events, 2)
	assert.Equal(t, "d", b.Events[1].ID)
	require.Len(t, b.Rejected, 4)
	assert.Equal(t, []int{1, 2, 3, 4}, []int{b.Rejected[0].Index, b.Rejected[1].Index, b.Rejected[2].Index, b.Rejected[3].Index})
	for _, r := range b.Rejected {
		assert.NotContains(t, r.Error, "noon", "an answer quotes nothing of an event")
	}
}

func TestABatchThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"empty":                   {"", protocol.ErrMalformed},
		"half a body":             {one(`,"model":"gpt-4o"`)[:60], protocol.ErrMalformed},
		"two bodies":              {one("") + one(""), protocol.ErrMalformed},
		"a list":                  {"[]", protocol.ErrShape},
		"no events":               {`{"sdkVersion":"9"}`, protocol.ErrShape},
		"events that are no list": {`{"events":{"a":1}}`, protocol.ErrShape},
		"too many events":         {`{"events":[` + strings.Repeat("{},", 100) + `{}]}`, protocol.ErrTooMany},
		"nested without end":      {strings.Repeat(`{"a":`, 20_000), protocol.ErrMalformed},
		"lists without end":       {`{"events":` + strings.Repeat("[", 100_000), protocol.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := protocol.Decode([]byte(c.body), settings)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestTornTextIsCleaned(t *testing.T) {
	t.Parallel()
	b, err := protocol.Decode([]byte(one(",\"model\":\"gpt\xff-4o\",\"context\":{\"team\":\"a\\u0000b\"}")), settings)
	require.NoError(t, err)
	assert.Equal(t, "gpt\uFFFD-4o", b.Events[0].Model)
	assert.Equal(t, []protocol.Field{{Key: "team", Kind: protocol.Text, Text: "ab"}}, b.Events[0].Context)
	assert.True(t, b.Events[0].Repaired)
}

func TestUnknownFieldsAreKeptWhereTheyAreShortScalars(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, `,"region":"eu","attempt":2,"cached":true,"essay":"`+strings.Repeat("x", 200)+`","nested":{"prompt":"secret"},"list":["secret"],"none":null`)
	assert.Equal(t, []protocol.Field{
		{Key: "region", Kind: protocol.Text, Text: "eu"}, {Key: "attempt", Kind: protocol.Number, Number: 2}, {Key: "cached", Kind: protocol.Flag, Number: 1},
	}, e.Unknown)
}

func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, `,"projectId":"shop/web","provider":"openai","model":"gpt-4o","url":"https://api.openai.com/v1/chat/completions",
		"method":"POST","statusCode":200,"usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15,"reasoningTokens":2,"cacheReadTokens":null},
		"costUsd":0.00012,"durationMs":1234.56,"streaming":true,"streamTiming":{"ttft":230.5,"tps":12,"streamDuration":900,"chunkCount":4},
		"callSite":{"raw":"secret = 1","frames":[{"functionName":"ask","fileName":"/app/src/a.ts","lineNumber":3,"columnNumber":9}]},
		"context":{"traceId":"order-4711","team":"core","n":3}`)
	assert.Equal(t, protocol.Usage{Input: 10, Output: 5, Reasoning: 2, CacheRead: protocol.Unknown, CacheCreation: protocol.Unknown}, e.Usage)
	assert.Equal(t, time.Duration(1234.56*float64(time.Millisecond)), e.Duration)
	assert.Equal(t, 230500*time.Microsecond, e.TTFT)
	assert.Equal(t, "0.00012", e.CostUSD, "as it is written")
	frames, repaired := protocol.Frames(e.Stack)
	assert.Equal(t, []protocol.Frame{{Function: "ask", File: "/app/src/a.ts", Line: 3, Column: 9}}, frames)
	assert.False(t, repaired)
	assert.Equal(t, "order-4711", e.TraceID)
	assert.Equal(t, time.Date(2026, 3, 1, 10, 0, 0, 123e6, time.UTC), e.Timestamp)
	assert.Equal(t, 200, e.StatusCode)
	assert.Equal(t, "shop/web", e.ProjectID)
}

func TestAContextOfAnyJSONIsKeptAsFlatFields(t *testing.T) {
	t.Parallel()
	text := func(key, value string) protocol.Field {
		return protocol.Field{Key: key, Kind: protocol.Text, Text: value}
	}
	long := strings.Repeat("k", protocol.MaxKey)
	for name, c := range map[string]struct {
		context  string
		want     []protocol.Field
		repaired bool
	}{
		"an object":              {`{"order":{"id":"4711","n":2}}`, []protocol.Field{text("order.id", "4711"), {Key: "order.n", Kind: protocol.Number, Number: 2}}, false},
		"a list":                 {`{"labels":["eu","beta"]}`, []protocol.Field{text("labels.0", "eu"), text("labels.1", "beta")}, false},
		"both, nested":           {`{"a":[{"b":{"c":"d"}},null]}`, []protocol.Field{text("a.0.b.c", "d")}, false},
		"what follows is read":   {`{"a":{},"b":[],"team":"core"}`, []protocol.Field{text("team", "core")}, false},
		"a name with escapes":    {`{"\u0061":{"\u0062":"c"}}`, []protocol.Field{text("a.b", "c")}, false},
		"a way too long":         {`{"` + long + `":{"a":"b"},"team":"core"}`, []protocol.Field{text("team", "core")}, true},
		"deeper than anybody":    {`{"a":` + strings.Repeat(`[`, 9) + `1` + strings.Repeat(`]`, 9) + `,"team":"core"}`, []protocol.Field{text("team", "core")}, true},
		"a trace id in an order": {`{"order":{"traceId":"t"}}`, []protocol.Field{text("order.traceId", "t")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := decodeOne(t, `,"context":`+c.context)
			assert.Equal(t, c.want, e.Context)
			assert.Equal(t, c.repaired, e.Repaired)
			assert.Empty(t, e.TraceID)
		})
	}
	e := decodeOne(t, `,"context":{"a":[`+strings.Repeat("1,", 1000)+`1]}`)
	assert.Len(t, e.Context, protocol.MaxFields)
	assert.True(t, e.Repaired)
}

func TestAnEventThatIsNestedTooDeepDoesNotRefuseTheOthers(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 5000) + strings.Repeat(`]}`, 5000)
	for _, member := range []string{"requestBody", "responseBody", "metadata", "future", "context", "usage", "callSite", "streamTiming", "id"} {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			body := `{"events":[{"id":"a","timestamp":"2026-03-01T10:00:00Z","model":"gpt-4o","` + member + `":` + deep + `},
				{"id":"b","timestamp":"2026-03-01T10:00:00Z"}]}`
			for _, bodies := range []bool{false, true} {
				b, err := protocol.Decode([]byte(body), protocol.Settings{MaxEvents: 2, Bodies: bodies})
				require.NoError(t, err)
				assert.Equal(t, "b", b.Events[len(b.Events)-1].ID)
				assert.Equal(t, member == "id", len(b.Rejected) == 1, "an event that is known by its id is taken without what is too deep")
				assert.Empty(t, b.Events[0].Bodies)
			}
		})
	}
}

func TestBodiesAreReadOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	members := `,"requestBody":{"messages":["hello"]},"responseBody":{"id":"r1","usage":{"prompt_tokens_details":{"cached_tokens":7}}},"systemPrompt":"be kind"`
	e := decodeOne(t, members)
	assert.Equal(t, protocol.Bodies{}, e.Bodies)
	assert.EqualValues(t, 7, e.Answer.CacheRead)
	b, err := protocol.Decode([]byte(one(members)), protocol.Settings{MaxEvents: 1, Bodies: true})
	require.NoError(t, err)
	assert.Equal(t, `{"messages":["hello"]}`, b.Events[0].Bodies.Request)
	assert.Equal(t, `"be kind"`, b.Events[0].Bodies.System)
	assert.Equal(t, e.Answer, b.Events[0].Answer)
}
