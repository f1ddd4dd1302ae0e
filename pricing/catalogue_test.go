package pricing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
)

func readCatalogue(t *testing.T, document string) *pricing.Catalogue {
	t.Helper()
	c, err := pricing.ReadCatalogue([]byte(document))
	require.NoError(t, err)
	return c
}

func TestTheNewerCatalogueCounts(t *testing.T) {
	t.Parallel()
	old := readCatalogue(t, ownBase)
	same := readCatalogue(t, strings.Replace(ownBase, `"m-alias"`, `"m-other"`, 1))
	newer := readCatalogue(t, strings.Replace(ownBase, "2026-01-01", "2026-01-02", 1))
	assert.Same(t, newer, old.Newer(newer))
	assert.Same(t, newer, newer.Newer(old))
	assert.Same(t, old, old.Newer(same), "of one day: the one that is there")
	assert.Same(t, old, old.Newer(nil))
	assert.False(t, same.NewerThan(old))
}

func TestACatalogueThatWasReadIsWhatLoadMakesOfIt(t *testing.T) {
	t.Parallel()
	assert.Equal(t, pricing.Embedded().Version(), pricing.BuiltIn().Table().Version())
	c := readCatalogue(t, ownBase)
	loaded, err := pricing.Load(strings.NewReader(ownBase))
	require.NoError(t, err)
	assert.Equal(t, loaded.Version(), c.Table().Version())
	plain, err := c.WithOwn(nil)
	require.NoError(t, err)
	assert.Same(t, c.Table(), plain, "no file of one's own")
	empty, err := c.WithOwn([]byte{})
	require.NoError(t, err)
	assert.Equal(t, loaded.Version(), empty.Version(), "a file that says nothing changes no price")
	own, err := c.WithOwn([]byte("discounts: [{provider: p, multiplier: 0.5}]"))
	require.NoError(t, err)
	assert.Equal(t, "1.5", own.Price(askOwn("m", day("2026-01-01"))).Cost.String())
	_, err = pricing.ReadCatalogue([]byte(strings.Replace(ownBase, `"3"`, `"-3"`, 1)))
	assert.ErrorIs(t, err, pricing.ErrCatalogue)
}

func TestACatalogueIsStaleAfterThirtyDays(t *testing.T) {
	t.Parallel()
	table := readCatalogue(t, ownBase).Table()
	for at, stale := range map[time.Time]bool{
		day("2025-12-01"):                      false, // a clock that is behind
		day("2026-01-01"):                      false,
		day("2026-01-31"):                      false,
		day("2026-01-31").Add(time.Nanosecond): true,
		day("2027-01-01"):                      true,
	} {
		assert.Equal(t, stale, table.IsStale(at), at)
	}
	assert.Zero(t, table.Age(day("2025-12-01")))
	assert.Equal(t, 48*time.Hour, table.Age(day("2026-01-03")))
}

func TestWhatTwoCataloguesSayDifferently(t *testing.T) {
	t.Parallel()
	old := readCatalogue(t, `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[
 {"id":"p","models":[
  {"id":"gone","rows":[{"rates":{"input":"1"}}]},
  {"id":"m","aliases":["b","a"],"multipliers":{"us":"1.1"},"rows":[
    {"rates":{"input":"3.0","output":"15","request":"0.01"}},
    {"tier":"batch","rates":{"input":"1.5"},"unpriced":["input_audio"]}]},
  {"id":"same","aliases":["x","y"],"rows":[{"rates":{"input":"0.50","audio_second":"0.017/60"}}]}]}]}`)
	is := readCatalogue(t, `{"schema":"costkey.prices/1","as_of":"2026-02-01","providers":[
 {"id":"o","models":[{"id":"new","rows":[{"rates":{"input":"9"}}]}]},
 {"id":"p","models":[
  {"id":"m","aliases":["a"],"rows":[
    {"until":"2026-02-01","rates":{"input":"3","output":"15","request":"0.012"}},
    {"from":"2026-02-01","up_to":200000,"rates":{"input":"2"}},
    {"from":"2026-02-01","over":200000,"daily":"16:30-00:30","weekdays":["sat","sun"],"rates":{"input":"4","audio_second":"0.017/60"}}]},
  {"id":"same","aliases":["y","x"],"rows":[{"rates":{"input":"0.5","audio_second":"0.017/60"}}]}]}]}`)
	const late = "standard, over 200000, daily 16:30-00:30, on sat sun, from 2026-02-01"
	one := func(change pricing.ChangeKind, row, what, was, is string) pricing.Difference {
		return pricing.Difference{Change: change, Provider: "p", Model: "m", Row: row, What: what, Old: was, New: is}
	}
	assert.Equal(t, []pricing.Difference{
		{Change: pricing.ChangeAdded, Provider: "o", Model: "new"},
		{Change: pricing.ChangeRemoved, Provider: "p", Model: "gone"},
		one("changed", "", "aliases", "a b", "a"),
		one("removed", "", "multiplier us", "1.1", ""),
		one("changed", "standard", "request", "0.01", "0.012"),
		one("added", "standard", "until", "", "2026-02-01"),
		one("removed", "batch", "input", "1.5", ""),
		one("removed", "batch", "unpriced", "input_audio", ""),
		one("added", "standard, up to 200000, from 2026-02-01", "input", "", "2"),
		one("added", late, "input", "", "4"),
		one("added", late, "audio_second", "", "0.000283333333333333"),
	}, is.Differences(old))
	assert.Empty(t, is.Differences(is))
	assert.Empty(t, pricing.BuiltIn().Differences(pricing.BuiltIn()))
}
