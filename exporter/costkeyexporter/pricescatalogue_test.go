package costkeyexporter

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/costkey/costkey-otel/pricing"
)

// catalogueOf is a catalogue of a day whose only model is the "ours" of ownPrice.
func catalogueOf(day, rate string) string {
	return fmt.Sprintf(`{"schema":"costkey.prices/1","as_of":%q,"providers":[{"id":"openai","models":[`+
		`{"id":"ours","rows":[{"rates":{"input":%q}}]}]}]}`, day, rate)
}

// after is a day that many days after the built-in catalogue's.
func after(days int) string {
	return pricing.Embedded().AsOf().AddDate(0, 0, days).Format(time.DateOnly)
}

// pricesUnderTest reads its files from a directory of its own, and tells what it reports.
type pricesUnderTest struct {
	*prices
	dir      string
	logs     *observer.ObservedLogs
	statuses []*componentstatus.Event
}

func newPricesUnderTest(t *testing.T) *pricesUnderTest {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	u := &pricesUnderTest{dir: t.TempDir(), logs: logs}
	u.prices = newPrices(filepath.Join(u.dir, "catalogue.json"), filepath.Join(u.dir, "prices.yaml"), zap.New(core))
	u.own.path = "" // until a test writes it
	u.report = func(e *componentstatus.Event) { u.statuses = append(u.statuses, e) }
	u.now = func() time.Time { return pricing.Embedded().AsOf().AddDate(0, 0, 10) }
	t.Cleanup(func() { assert.NoError(t, u.stop()) })
	return u
}

func (u *pricesUnderTest) write(t *testing.T, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(u.catalogue.path, []byte(content), 0o600))
}

func (u *pricesUnderTest) writeOwn(t *testing.T, content string) {
	t.Helper()
	u.own.path = filepath.Join(u.dir, "prices.yaml")
	require.NoError(t, os.WriteFile(u.own.path, []byte(content), 0o600))
}

func (u *pricesUnderTest) said(text string) int {
	return u.logs.Filter(func(e observer.LoggedEntry) bool { return strings.Contains(e.Message, text) }).Len()
}

func TestOnlyANewerCatalogueFileTakesThePlaceOfTheBuiltInOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, price, said string
	}{
		"a newer one holds":             {catalogueOf(after(1), "2"), "2", "Prices are those of the catalogue_file."},
		"one of the same day does not":  {catalogueOf(after(0), "2"), "unknown_model", "not newer than the built-in"},
		"an older one does not":         {catalogueOf(after(-1), "2"), "unknown_model", "not newer than the built-in"},
		"one that isn't there does not": {"", "unknown_model", "There is no catalogue_file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newPricesUnderTest(t)
			if c.file != "" {
				u.write(t, c.file)
			}
			require.NoError(t, u.start())
			assert.Equal(t, c.price, ownPrice(t, u.prices))
			assert.Equal(t, 1, u.said(c.said))
			require.NoError(t, u.stop())
		})
	}
}

func TestACatalogueFileThatCannotBeUsedStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, problem string }{
		"no JSON":         {"prices:", "not a catalogue of schema"},
		"another schema":  {`{"schema":"costkey.prices/2"}`, "not a catalogue of schema"},
		"a misspelt key":  {strings.Replace(catalogueOf(after(1), "2"), "rates", "rate", 1), "unknown field"},
		"a negative rate": {catalogueOf(after(1), "-2"), "openai ours"},
		"too large":       {strings.Repeat(" ", pricing.MaxCatalogueBytes+1), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newPricesUnderTest(t)
			u.write(t, c.file)
			err := u.start()
			require.ErrorContains(t, err, "use `catalogue_file`")
			assert.ErrorContains(t, err, c.problem)
		})
	}
}

func TestAChangedCatalogueFileIsTakenUpAndABadOneLeavesThePrices(t *testing.T) {
	t.Parallel()
	u := newPricesUnderTest(t)
	u.reload(t.Context())
	assert.Equal(t, "unknown_model", ownPrice(t, u.prices), "a file that isn't there yet is no error")
	u.write(t, catalogueOf(after(1), "2"))
	u.reload(t.Context())
	assert.Equal(t, "2", ownPrice(t, u.prices))

	u.write(t, catalogueOf(after(2), "-3"))
	u.reload(t.Context())
	u.reload(t.Context())
	assert.Equal(t, "2", ownPrice(t, u.prices), "the last good one stays")
	u.writeOwn(t, oursAt("7"))
	u.reload(t.Context())
	assert.Equal(t, "7", ownPrice(t, u.prices), "a bad catalogue does not keep prices_file from being taken")

	require.NoError(t, os.Remove(u.catalogue.path))
	u.reload(t.Context())
	u.reload(t.Context())
	assert.Equal(t, 2, u.said("The changed catalogue_file can't be used"), "once for each problem: bad, and gone")
	u.write(t, catalogueOf(after(2), "3"))
	u.reload(t.Context())
	assert.Equal(t, "7", ownPrice(t, u.prices), "prices_file lies on top of the new one too")
	assert.Equal(t, after(2), u.current().AsOf().Format(time.DateOnly))

	u.write(t, catalogueOf(after(-5), "9"))
	u.reload(t.Context())
	assert.Equal(t, pricing.Embedded().AsOf(), u.current().AsOf(), "an older one gives way to the built-in one")
	good, bad := componentstatus.StatusOK, componentstatus.StatusRecoverableError
	var got []componentstatus.Status
	for _, e := range u.statuses {
		got = append(got, e.Status())
	}
	assert.Equal(t, []componentstatus.Status{good, bad, bad, good, good}, got)
	assert.ErrorContains(t, u.statuses[1].Err(), "use `catalogue_file`")
}

func TestANewCatalogueThatOwnPricesDoNotGoWithIsLeftUntilTheyDo(t *testing.T) {
	t.Parallel()
	u := newPricesUnderTest(t)
	discount := func(model string) string {
		return "discounts: [{provider: openai, model: " + model + ", multiplier: 0.5}]"
	}
	u.writeOwn(t, discount("gpt-4o"))
	u.reload(t.Context())
	u.write(t, catalogueOf(after(1), "2"))
	u.reload(t.Context())
	u.reload(t.Context())
	assert.Equal(t, "unknown_model", ownPrice(t, u.prices))
	assert.Equal(t, 1, u.said("The changed prices_file can't be used"), "its discount is of a model that the new catalogue has not")
	u.writeOwn(t, discount("ours"))
	u.reload(t.Context())
	assert.Equal(t, "1", ownPrice(t, u.prices))
	assert.Equal(t, componentstatus.StatusOK, u.statuses[len(u.statuses)-1].Status())

	u.write(t, catalogueOf(after(2), "4"))
	u.writeOwn(t, discount("nobodys"))
	u.reload(t.Context())
	assert.Equal(t, "2", ownPrice(t, u.prices), "a good catalogue is taken though prices_file turned bad at once")
}

func TestTheStatusNamesEveryFileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	u := newPricesUnderTest(t)
	u.write(t, "{")
	u.writeOwn(t, "prices: 1")
	u.reload(t.Context())
	require.Len(t, u.statuses, 1)
	assert.ErrorContains(t, u.statuses[0].Err(), "use `catalogue_file`")
	assert.ErrorContains(t, u.statuses[0].Err(), "use `prices_file`")
	u.write(t, catalogueOf(after(1), "2"))
	u.reload(t.Context())
	require.Len(t, u.statuses, 2)
	assert.ErrorContains(t, u.statuses[1].Err(), "use `prices_file`")
	assert.NotContains(t, u.statuses[1].Err().Error(), "catalogue_file")
	assert.Equal(t, "2", ownPrice(t, u.prices))
	assert.Equal(t, after(1), u.statuses[1].Attributes().AsRaw()["catalogue_as_of"])
}

func TestAnOldCatalogueIsToldOnceAndShownInTheStatus(t *testing.T) {
	t.Parallel()
	const warning = "The price catalogue is of"
	u := newPricesUnderTest(t)
	now := pricing.Embedded().AsOf().Add(pricing.StaleAfter)
	u.now = func() time.Time { return now }
	u.reload(t.Context())
	assert.Zero(t, u.said(warning), "thirty days are not too old")
	assert.Equal(t, map[string]any{
		"catalogue_as_of": after(0), "catalogue_age_days": int64(30), "catalogue_stale": false,
	}, u.status().Attributes().AsRaw())

	now = now.Add(time.Hour)
	u.reload(t.Context())
	u.reload(t.Context())
	assert.Equal(t, 1, u.said(warning))
	assert.Equal(t, true, u.status().Attributes().AsRaw()["catalogue_stale"])
	assert.Equal(t, componentstatus.StatusOK, u.status().Status(), "an old catalogue still prices")

	u.write(t, catalogueOf(after(20), "2"))
	u.reload(t.Context())
	assert.Equal(t, 1, u.said(warning))
	assert.EqualValues(t, 10, u.days())
}

func TestTheAgeOfTheCatalogueAndBadFilesAreMetrics(t *testing.T) {
	t.Parallel()
	u := newPricesUnderTest(t)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, tel.Shutdown(context.Background())) })
	require.NoError(t, u.observe(tel.NewTelemetrySettings().MeterProvider.Meter(scopeName)))
	u.write(t, "{")
	u.reload(t.Context())
	u.reload(t.Context())

	age, err := tel.GetMetric("costkey.exporter.catalogue_age")
	require.NoError(t, err)
	assert.Equal(t, "d", age.Unit)
	assert.EqualValues(t, 10, age.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
	refused, err := tel.GetMetric("costkey.exporter.prices_refused")
	require.NoError(t, err)
	point := refused.Data.(metricdata.Sum[int64]).DataPoints[0]
	assert.EqualValues(t, 1, point.Value, "counted once, however often it is looked at")
	option, _ := point.Attributes.Value("option")
	assert.Equal(t, "catalogue_file", option.AsString())
	require.NoError(t, u.stop())
	_, err = tel.GetMetric("costkey.exporter.catalogue_age")
	assert.Error(t, err, "nothing is observed after the end")
}
