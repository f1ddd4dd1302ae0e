package pricing

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/costkey/costkey-otel/usage"
)

// doc wraps models of one provider into a catalogue.
func doc(models string) string {
	return `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"shop","models":[` + models + `]}]}`
}

// one wraps rows into a catalogue of one model.
func one(rows string) string { return doc(`{"id":"m","rows":[` + rows + `]}`) }

func TestTheEmbeddedCatalogueLoads(t *testing.T) {
	t.Parallel()
	table, err := Load(bytes.NewReader(embeddedCatalogue))
	if err != nil {
		t.Fatal(err)
	}
	if table.Version() != Embedded().Version() || len(table.Providers()) != 46 {
		t.Errorf("version %s with %d providers, embedded %s", table.Version(), len(table.Providers()), Embedded().Version())
	}
}

func TestACatalogueThatWouldPriceWronglyIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, doc, problem string }{
		{"no JSON", `prices`, "invalid character"},
		{"nothing", ``, "EOF"},
		{"another schema", `{"schema":1,"as_of":"2026-01-01"}`, "schema"},
		{"a later schema", `{"schema":"costkey.prices/2","as_of":"2026-01-01","providers":[]}`, "costkey.prices/2"},
		{"a misspelled key", one(`{"rates":{"input":"1"},"untill":"2025-01-01"}`), "untill"},
		{"two documents", one(`{"rates":{"input":"1"}}`) + "{}", "data after its end"},
		{"a number as a rate", one(`{"rates":{"input":1.5}}`), "number"},
		{"no date", `{"schema":"costkey.prices/1","as_of":"soon","providers":[]}`, `as_of "soon"`},
		{"a provider twice", `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"a"},{"id":"a"}]}`, `provider "a"`},
		{"an id twice", doc(`{"id":"m","rows":[{"rates":{"input":"1"}}]},{"id":"M","rows":[{"rates":{"input":"1"}}]}`), `shop M: id "M"`},
		{"an alias that is an id", doc(`{"id":"m","aliases":["n"],"rows":[{"rates":{"input":"1"}}]},{"id":"n","rows":[{"rates":{"input":"1"}}]}`), `id "n"`},
		{"an id too long to be found", doc(`{"id":"` + strings.Repeat("m", 300) + `","rows":[{"rates":{"input":"1"}}]}`), "too long"},
		{"a model without rows", doc(`{"id":"m","rows":[]}`), "shop m: no rows"},
		{"a row without rates", one(`{"rates":{}}`), "a row without rates"},
		{"rows of one time", one(`{"rates":{"input":"1"}},{"rates":{"input":"2"}}`), "rows 1 and 2 overlap"},
		{"rows that share a day", one(`{"until":"2025-01-02","rates":{"input":"1"}},{"from":"2025-01-01","rates":{"input":"2"}}`), "overlap"},
		{"sizes that share a token", one(`{"up_to":100,"rates":{"input":"1"}},{"over":99,"rates":{"input":"2"}}`), "overlap"},
		{"daily windows that meet", one(`{"daily":"23:00-01:00","rates":{"input":"1"}},{"daily":"00:30-02:00","rates":{"input":"2"}}`), "overlap"},
		{"a time that never comes", one(`{"from":"2025-01-02","until":"2025-01-01","rates":{"input":"1"}}`), "holds never"},
		{"a size that never comes", one(`{"over":100,"up_to":100,"rates":{"input":"1"}}`), "holds never"},
		{"no time", one(`{"from":"June","rates":{"input":"1"}}`), `"June"`},
		{"an unknown tier", one(`{"tier":"gold","rates":{"input":"1"}}`), `tier "gold"`},
		{"an unknown kind", one(`{"rates":{"inputs":"1"}}`), `rate "inputs"`},
		{"an unknown unpriced kind", one(`{"rates":{"input":"1"},"unpriced":["inputs"]}`), `unpriced "inputs"`},
		{"a kind both priced and not", one(`{"rates":{"input":"1"},"unpriced":["input"]}`), `unpriced "input"`},
		{"a negative rate", one(`{"rates":{"input":"-1"}}`), `"-1"`},
		{"a rate in exponents", one(`{"rates":{"input":"1e-6"}}`), `"1e-6"`},
		{"a rate beyond reason", one(`{"rates":{"input":"1000000000"}}`), "above 100 USD"},
		{"an unknown weekday", one(`{"weekdays":["monday"],"rates":{"input":"1"}}`), `"monday"`},
		{"an empty daily window", one(`{"daily":"10:00-10:00","rates":{"input":"1"}}`), "daily"},
		{"an unknown multiplier", doc(`{"id":"m","multipliers":{"mars":"2"},"rows":[{"rates":{"input":"1"}}]}`), `"mars"`},
		{"a multiplier beyond reason", doc(`{"id":"m","multipliers":{"us":"1000"},"rows":[{"rates":{"input":"1"}}]}`), `"1000"`},
	} {
		table, err := Load(strings.NewReader(c.doc))
		if !errors.Is(err, ErrCatalogue) || table != nil {
			t.Errorf("%s: %v, %v; want ErrCatalogue", c.name, table, err)
			continue
		}
		if !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %q does not tell %q", c.name, err, c.problem)
		}
	}
}

func TestEveryProblemOfACatalogueIsToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(strings.NewReader(one(`{"tier":"gold","daily":"x","rates":{"inputs":"1","output":"-1"}}`)))
	for _, problem := range []string{`tier "gold"`, `daily "x"`, `rate "inputs"`, `"-1"`} {
		if err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%v does not tell %s", err, problem)
		}
	}
}

func TestACatalogueThatCannotBeReadIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	if _, err := Load(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrCatalogue) {
		t.Errorf("got %v", err)
	}
}

func TestRowsThatOnlyTouchDoNotOverlap(t *testing.T) {
	t.Parallel()
	load(t, one(`{"until":"2025-01-01","rates":{"input":"1"}},{"from":"2025-01-01","rates":{"input":"2"}},{"tier":"batch","rates":{"input":"1"}}`))
	load(t, one(`{"up_to":100,"rates":{"input":"1"}},{"over":100,"rates":{"input":"2"}}`))
	load(t, one(`{"daily":"23:00-01:00","rates":{"input":"1"}},{"daily":"01:00-23:00","rates":{"input":"2"}}`))
	load(t, one(`{"weekdays":["sat","sun"],"rates":{"input":"1"}},{"weekdays":["mon","tue","wed","thu","fri"],"rates":{"input":"2"}}`))
}

func TestSellersOfAModel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model, assumed string
		several        bool
	}{
		{"gpt-4o", "openai", true},
		{"claude-sonnet-4-5", "anthropic", true},
		{"gemini-2.5-pro", "gcp.gemini", true},
		{"llama-3.3-70b-versatile", "groq", false},
		{"us.anthropic.claude-opus-4-8-v1:0", "aws.bedrock", false},
		{"deepseek-ai/DeepSeek-V3", "", true},
		{"nobody's", "", false},
	} {
		all, assumed := Embedded().Sellers(c.model, asOfNanos)
		if assumed != c.assumed || (len(all) > 1) != c.several {
			t.Errorf("%s: %q of %v, want %q", c.model, assumed, all, c.assumed)
		}
	}
}

func TestProvidersAreKnownByOtherWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"openai": "openai", "OpenAI": "openai", "bedrock": "aws.bedrock", "azure": "azure.ai.openai", "gemini": "gcp.gemini",
		"gcp.gen_ai": "gcp.gen_ai", "vertex_ai": "gcp.vertex_ai", "Nobody": "nobody",
	} {
		if got := Embedded().ProviderID(word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}

func TestOwnPricesLieOnTopOfTheCatalogue(t *testing.T) {
	t.Parallel()
	own := `{"schema":"costkey.prices/1","as_of":"2026-10-01","providers":[
		{"id":"openai","models":[
			{"id":"O1","rows":[{"rates":{"input":"7"}}]},
			{"id":"house-blend","aliases":["gpt-4o-2024-11-20"],"rows":[{"rates":{"input":"9"}}]}]},
		{"id":"acme","models":[{"id":"in-house","rows":[{"rates":{"input":"0"}}]}]}]}`
	table, err := LoadLayers(EmbeddedCatalogue(), strings.NewReader(own))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, provider, id, model, cost string
		status                          Status
	}{
		{"a model of one's own", "acme", "in-house", "in-house", "0", StatusFree},
		{"a model that is replaced", "openai", "o1", "O1", "0.007", StatusPriced},
		{"its alias in the catalogue", "openai", "o1-2024-12-17", "O1", "0.007", StatusPriced},
		{"an alias that was taken over", "openai", "gpt-4o-2024-11-20", "house-blend", "0.009", StatusPriced},
		{"the model that lost it", "openai", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06", "0.0025", StatusPriced},
		{"a model that is not mentioned", "anthropic", "claude-opus-5", "claude-opus-5", "0.005", StatusPriced},
	} {
		got := table.Price(&Query{
			Provider: c.provider, ResponseModel: c.id, AtNanos: asOfNanos, Usage: &usage.Usage{Input: known(1000)},
		})
		if got.Status != c.status || got.Model != c.model || got.Cost.String() != c.cost {
			t.Errorf("%s: %s %q %s, want %q %s", c.name, got.Status, got.Model, got.Cost, c.model, c.cost)
		}
	}
	if table.AsOf() != Embedded().AsOf() || table.Version() == Embedded().Version() {
		t.Errorf("as of %s, version %s", table.AsOf(), table.Version())
	}
	_, err = LoadLayers(EmbeddedCatalogue(), strings.NewReader(one(`{"rates":{"input":"x"}}`)))
	if !errors.Is(err, ErrCatalogue) || !strings.Contains(err.Error(), "layer 1") {
		t.Errorf("a layer that can't be used: %v", err)
	}
	_, err = LoadLayers(EmbeddedCatalogue(), iotest.ErrReader(io.ErrUnexpectedEOF))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a layer that can't be read: %v", err)
	}
}
