package demo_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/provider"
	"github.com/costkey/costkey-otel/examples/go-shop/shop"
)

func TestMain(m *testing.M) {
	// A dependency of the Gemini SDK starts it when it is linked, and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// afternoon is what the visits make the stand-in serve, added up by hand from its table.
var afternoon = demo.Served{
	Calls: 26,
	Tokens: provider.Tokens{
		Input:        35285, // 2·(9+1412+1538) + 2·(5021+1630+3·742+2950) + 2·(488+2213) + 311
		CacheRead:    15518, // 2·(1024+1408) + 4510 + 2·1024 + 2·2048
		CacheWrite5m: 613,
		CacheWrite1h: 3897,
		Output:       6926, // 2·(102+377) + 187+181 + 2·(402+3·58+930) + 2·(71+1211) + 24
		Reasoning:    4592, // 2·(64+256) + 2·(305+711) + 2·(64+896)
	},
}

// play opens the shop, makes the visits and closes it.
func play(t *testing.T, o demo.Options) *demo.Stage {
	t.Helper()
	o.Models = shop.DefaultModels()
	s, err := demo.Open(t.Context(), o)
	require.NoError(t, err)
	var out bytes.Buffer
	err = demo.Visit(t.Context(), s.URL, &out)
	assert.NoError(t, s.Close(context.WithoutCancel(t.Context())))
	require.NoError(t, err, out.String())
	return s
}

func plain(base http.RoundTripper, _ []demo.Host, _ string) http.RoundTripper { return base }

func TestAfternoonIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	s := play(t, demo.Options{Transport: plain})
	assert.Equal(t, afternoon, s.Served())
	statuses := make(map[int]int)
	interrupted := 0
	for _, c := range s.Log() {
		statuses[c.Status]++
		if c.Interrupted {
			interrupted++
		}
	}
	assert.Equal(t, map[int]int{200: 24, 429: 1, 400: 1}, statuses)
	assert.Equal(t, 1, interrupted, "the stream that the shopper left")
}
