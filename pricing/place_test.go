package pricing

import (
	"slices"
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

func TestWhereACallRanDecidesItsPrice(t *testing.T) {
	t.Parallel()
	const unknown = ""
	for _, c := range []struct {
		what, provider, model, host, residency string
		cost                                   string
	}{
		{"a model of before the uplift, in Europe", "openai", "gpt-4o", "eu.api.openai.com", "", "0.035"},
		{"a snapshot of one, in Japan", "openai", "gpt-4o-2024-05-13", "jp.api.openai.com", "", "0.065"},
		{"GPT-5.4, the first with the uplift", "openai", "gpt-5.4", "eu.api.openai.com", "", "0.044"},
		{"GPT-6, in Europe", "openai", "gpt-6-sol", "eu.api.openai.com", "", "0.033"},
		{"GPT-6, in the Emirates", "openai", "gpt-6-sol", "ae.api.openai.com", "", "0.033"},
		{"GPT-6, anywhere", "openai", "gpt-6-sol", "api.openai.com", "", "0.03"},
		{"a model whose uplift is not known", "openai", "gpt-chat-latest", "eu.api.openai.com", "", unknown},
		{"a proxy of one's own that begins so", "openai", "gpt-6-sol", "eu.proxy.example", "", "0.03"},

		{"Claude of before Opus 4.6", "anthropic", "claude-opus-4-5", "api.anthropic.com", "us", "0.075"},
		{"a place that Anthropic does not sell", "anthropic", "claude-opus-4-6", "api.anthropic.com", "mars", unknown},
		{"wherever there is room", "anthropic", "claude-opus-4-6", "api.anthropic.com", "global", "0.075"},
		{"not told", "anthropic", "claude-opus-4-6", "api.anthropic.com", "not_available", "0.075"},

		{"Claude in a region of Vertex AI", "gcp.vertex_ai", "claude-sonnet-4-5@20250929", "us-east5-aiplatform.googleapis.com", "", "0.0495"},
		{"in a multi-region", "gcp.vertex_ai", "claude-sonnet-4-5@20250929", "aiplatform.eu.rep.googleapis.com", "", "0.0495"},
		{"in a region, whatever the answer can't tell", "gcp.vertex_ai", "claude-sonnet-4-5@20250929", "us-east5-aiplatform.googleapis.com", "not_available", "0.0495"},
		{"at the global endpoint", "gcp.vertex_ai", "claude-sonnet-4-5@20250929", "aiplatform.googleapis.com", "", "0.045"},
		{"an older one", "gcp.vertex_ai", "claude-opus-4-1", "us-east5-aiplatform.googleapis.com", "", "0.225"},
		{"Gemini 2.5", "gcp.vertex_ai", "gemini-2.5-pro", "europe-west4-aiplatform.googleapis.com", "", "0.0225"},
		{"Gemini 3.5", "gcp.vertex_ai", "gemini-3.5-flash", "europe-west4-aiplatform.googleapis.com", "", "0.0264"},
		{"a Gemini whose uplift is not known", "gcp.vertex_ai", "gemini-3.8-flash", "europe-west4-aiplatform.googleapis.com", "", unknown},

		{"Nova in Virginia", "aws.bedrock", "amazon.nova-pro-v1:0", "bedrock-runtime.us-east-1.amazonaws.com", "", "0.0112"},
		{"Nova for the government", "aws.bedrock", "amazon.nova-pro-v1:0", "bedrock-runtime.us-gov-west-1.amazonaws.com", "", unknown},
		{"Nova in Mumbai", "aws.bedrock", "amazon.nova-pro-v1:0", "bedrock-runtime.ap-south-1.amazonaws.com", "", unknown},
		{"Nova in Mumbai by its profile", "aws.bedrock", "apac.amazon.nova-pro-v1:0", "bedrock-runtime.ap-south-1.amazonaws.com", "", "0.01176"},
		{"Nova through a private endpoint", "aws.bedrock", "amazon.nova-pro-v1:0", "vpce-abc1.bedrock-runtime.us-west-2.vpce.amazonaws.com", "", "0.0112"},
		{"Nova by an ARN in Mumbai", "aws.bedrock", "arn:aws:bedrock:ap-south-1::foundation-model/amazon.nova-pro-v1:0", "", "", unknown},
		{"Claude by its European profile", "aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock-runtime.eu-central-1.amazonaws.com", "", "0.0495"},
		{"Claude by its global profile", "aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock-runtime.eu-central-1.amazonaws.com", "", "0.045"},
		{"Claude for the government", "aws.bedrock", "anthropic.claude-3-haiku-20240307-v1:0", "bedrock-runtime.us-gov-west-1.amazonaws.com", "", unknown},

		{"Azure for the government", "azure.ai.openai", "gpt-4o", "ours.openai.azure.us", "", unknown},
		{"Azure", "azure.ai.openai", "gpt-4o", "us.openai.azure.com", "", "0.035"},
	} {
		q := Query{
			Provider: c.provider, RequestModel: c.model, Host: c.host, Residency: c.residency, AtNanos: at(november),
			Usage: &usage.Usage{Input: known(10_000), Output: known(1_000)},
		}
		got := Embedded().Price(&q)
		if c.cost != unknown {
			wantCost(t, c.what, got, c.cost)
			continue
		}
		if got.Status != StatusNoPrice || got.Reason != "no_rate:residency" || got.Note != NotePlace || got.Model == "" {
			t.Errorf("%s: %+v, want no price for want of a rate there", c.what, got)
		}
	}
}

func TestASpeedWhosePriceIsNotKnownIsNoted(t *testing.T) {
	t.Parallel()
	for speed, reason := range map[string]string{"fast": "no_rate:fast", "optimized": "no_rate:speed"} {
		q := Query{Provider: "anthropic", ResponseModel: "claude-opus-4-5", Speed: speed, AtNanos: at(november), Usage: &tokens}
		if got := Embedded().Price(&q); got.Status != StatusNoPrice || got.Reason != reason || got.Note != NoteSpeed || !IsNote(got.Note) {
			t.Errorf("%s: %+v", speed, got)
		}
	}
}

func TestOwnPricesHoldEverywhere(t *testing.T) {
	t.Parallel()
	table, err := LoadWithOwn(EmbeddedCatalogue(), []byte(`prices:
  - {provider: aws.bedrock, model: "amazon.nova-pro-v1:0", rows: [{rates: {input: 1}}]}
  - {provider: openai, model: gpt-chat-latest, rows: [{rates: {input: 1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	u := usage.Usage{Input: known(1_000_000)}
	for _, q := range []Query{
		{Provider: "aws.bedrock", RequestModel: "amazon.nova-pro-v1:0", Host: "bedrock-runtime.us-gov-west-1.amazonaws.com"},
		{Provider: "aws.bedrock", RequestModel: "amazon.nova-pro-v1:0", Host: "bedrock-runtime.cn-north-1.amazonaws.com.cn"},
		{Provider: "aws.bedrock", RequestModel: "amazon.nova-pro-v1:0", Host: "bedrock-runtime.ap-south-1.amazonaws.com"},
		{Provider: "openai", RequestModel: "gpt-chat-latest", Host: "eu.api.openai.com"},
	} {
		q.Usage = &u
		wantCost(t, q.RequestModel+" at "+q.Host, table.Price(&q), "1")
	}
}

func TestRegionsAreToldFromOtherWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{
		"us-east-1": true, "us-gov-west-1": true, "us-east5": true, "europe-west4": true, "northamerica-northeast1": true,
		"bedrock-runtime": false, "bedrock-runtime-fips": false, "us": false, "": false, "-": false, "us-": false, "us-1": true,
		"us-east-": false, "my-resource": false, "US-EAST-1": false,
	} {
		if got := isRegion(word); got != want {
			t.Errorf("%q is a region: %v, want %v", word, got, want)
		}
	}
}

func TestPlaceAndSpeedScaleTokensAndADiscountScalesAll(t *testing.T) {
	t.Parallel()
	u := usage.Usage{Input: known(1_000), Output: known(100), WebSearches: known(3)}
	q := Query{Provider: "anthropic", ResponseModel: "claude-opus-4-6", AtNanos: asOfNanos, Usage: &u}
	discounted, err := LoadWithOwn(EmbeddedCatalogue(), []byte("discounts: [{provider: anthropic, multiplier: 0.5}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		place, speed, cost, halved string
	}{
		{"", "", "0.0375", "0.01875"},
		{"", "fast", "0.075", "0.0375"},
		{"us", "", "0.03825", "0.019125"},
		{"us", "fast", "0.0795", "0.03975"},
	} {
		q.Residency, q.Speed = c.place, c.speed
		what := "in " + c.place + " at speed " + c.speed
		res, lines := Embedded().Explain(&q)
		wantCost(t, what, res, c.cost)
		sum := Money{}
		for _, l := range lines {
			sum = sum.Add(l.USD)
			if l.What == "web_search" && (l.USDPerUnit != "0.01" || l.USD != mustMoney(t, "0.03")) {
				t.Errorf("%s: the searches are %+v, want 3 at 0.01", what, l)
			}
		}
		if sum != res.Cost {
			t.Errorf("%s: lines add up to %s, cost %s", what, sum, res.Cost)
		}
		wantCost(t, what+" at half price", discounted.Price(&q), c.halved)
		_, rates := Embedded().Rates(&q)
		if i := slices.IndexFunc(rates, func(l Line) bool { return l.What == "web_search" }); i < 0 || rates[i].USDPerUnit != "0.01" {
			t.Errorf("%s: the rates are %+v", what, rates)
		}
	}
}
