package storage_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// absurd are usage objects that a provider should not send, and some that are hard to take apart.
var absurd = []string{
	`{"a":1e200000}`, `{"a":-1e-200000}`, `{"a":1e999}`, `{"a":1E+0000000001}`, `{"a":-0}`, `{"a":0.0}`, `{"a":-0.5e-3}`,
	`{"a":` + strings.Repeat("9", 41) + `}`, `{"a":` + strings.Repeat("9", 39) + `}`, `{"a":0.` + strings.Repeat("0", 200) + `1}`,
	`{"prompt_tokens":1207}`, `{"prompt_tokens":1208}`, `{"prompt_tokens":1207.0}`, `{"prompt_tokens":12.07e2}`, `{"prompt_tokens":-1207}`,
	`{"input_tokens":183,"cache_read_input_tokens":1024}`, `{"total_tokens":1350}`, `{"prompt_tokens":[1207,1207,{"x":1207}]}`,
	`{"?":1}`, `{"a":"?"}`, `{"a":"\u003f1"}`, `{"a":"\\"}`, `{"a":"\\\""}`, `{"a\\":1}`, `{"a\"b":1207}`, `{"a":"\u0000"}`, `{"\u0000":1}`,
	`{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`, `{"\ud83d":1}`, `{"a":"\ud83d\ude00"}`, `{"a":"\\ud800"}`, `{"a":"\\u0000"}`, `{"a":"ü"}`,
	`{}`, `{"a":{}}`, `{"a":null,"b":true,"c":false}`, `{"":1}`, `{"a":1,"a":2}`, ` {"a" : 1 }`, `{"a":1}x`, `[1,2]`, `"text"`, `12`, `null`, `{`,
	`{"a":"` + strings.Repeat("x", 5000) + `"}`, strings.Repeat(`{"a":`, 700) + "1" + strings.Repeat("}", 700),
	`{"a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, "{\"a\":\"\xff\"}", "{\"a\":\"b\x00\"}", `{"completion_tokens":143,"o":2}`,
	`{"i":1,"c":2,"w":3,"o":4,"r":5,"t":6,"f":7}`, `{"prompt_tokens":2147483648}`, `{"prompt_tokens":9223372036854775808}`,
}

// randomObject writes an object of what such objects are made of.
func randomObject(r *rand.Rand, depth int) string {
	keys := []string{"prompt_tokens", "input_tokens", "total_tokens", "cached_tokens", "reasoning_tokens", "o", "i?", "t\\\"", "é", "\\ud83d\\ude00", ""}
	values := []string{"1207", "143", "1024", "64", "1350", "183", "0", "-1", "1.5", "2e3", "null", "true", `"i"`, `"1207"`, `"\\"`, `"}"`, "[1,1207,0]"}
	var b strings.Builder
	b.WriteByte('{')
	for n := range r.IntN(6) {
		if n > 0 {
			b.WriteByte(',')
		}
		value := values[r.IntN(len(values))]
		if depth > 0 && r.IntN(4) == 0 {
			value = randomObject(r, depth-1)
		}
		fmt.Fprintf(&b, `"%s%d":%s`, keys[r.IntN(len(keys))], n, value)
		if r.IntN(2) == 0 {
			fmt.Fprintf(&b, `,"%s":%s`, keys[r.IntN(5)], values[r.IntN(len(values))])
		}
	}
	b.WriteByte('}')
	return b.String()
}

// TestNoUsageObjectBreaksWhatReadersAsk stores absurd and random usage objects: each comes back as it was or not at all.
func TestNoUsageObjectBreaksWhatReadersAsk(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	objects := append([]string(nil), absurd...)
	r := rand.New(rand.NewPCG(13, 1))
	for range 600 {
		objects = append(objects, randomObject(r, 3))
	}
	batch := calls(0, len(objects))
	for i := range batch {
		batch[i].UsageObject = objects[i]
		switch i % 4 {
		case 1:
			batch[i].Usage = usage.Usage{}
		case 2:
			batch[i].Usage.Input = usage.Known(3 * usage.MaxCount) // beyond its column
		case 3:
			batch[i].Usage.CacheRead = usage.Count(0)
		}
	}
	res := write(t, s, batch...)
	require.Equal(t, len(objects), res.Written)
	requireUsage(t, conn, objects)
	require.NotZero(t, reprice(t, s, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{}).Changed)
	requireUsage(t, conn, objects)
	requireSums(t, conn)
}

// requireUsage compares what the view shows with objects, by the number of the call.
func requireUsage(t *testing.T, conn *pgx.Conn, objects []string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), "SELECT * FROM costkey.calls")
	require.NoError(t, err)
	ids, sent := make([]string, len(objects)), make([]string, len(objects))
	for i, o := range objects {
		ids[i], sent[i] = fmt.Sprintf("chatcmpl-%d", i), strings.ReplaceAll(strings.ToValidUTF8(o, ""), "\x00", "")
	}
	var all, whole, other int
	err = conn.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE c.provider_usage <> '{}'),
			count(*) FILTER (WHERE CASE WHEN c.provider_usage <> '{}' THEN c.provider_usage <> o.sent::jsonb END)
		FROM costkey.calls c JOIN unnest($1::text[], $2::text[]) AS o (id, sent) ON o.id = c.response_id`, ids, sent).
		Scan(&all, &whole, &other)
	require.NoError(t, err)
	require.Equal(t, len(objects), all)
	require.Greater(t, whole, len(objects)/3)
	require.Zero(t, other, "not as they were sent")
}
