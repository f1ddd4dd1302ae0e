package genaispan

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/costkey/costkey-otel/internal/jsonwalk"
	"github.com/costkey/costkey-otel/semconv"
)

// A jsonPath says where the scalar at one path of a JSON attribute goes: the number to counts, the word to a text.
type jsonPath struct {
	counts []uint8
	text   uint8
	isText bool
	tells  bool // that the usage object around it is worth reading as a whole
}

// jsonPaths is what is read of a JSON attribute. Nothing else of it is looked at or kept.
type jsonPaths map[string]jsonPath

func to(counts ...uint8) jsonPath { return jsonPath{counts: counts} }

func toText(field uint8) jsonPath { return jsonPath{text: field, isText: true} }

func tells() jsonPath { return jsonPath{tells: true} }

// jsonTables holds the paths of each JSON attribute.
var jsonTables = [numJSONs]jsonPaths{
	// vercel/ai packages/{openai,anthropic,google,amazon-bedrock}: seen in 4.3, 5.0 and 6.0.
	jProviderMetadata: {
		"openai.cachedPromptTokens":                                to(cCacheRead),
		"openai.reasoningTokens":                                   to(cReasoning),
		"openai.serviceTier":                                       toText(tTier),
		"azure.cachedPromptTokens":                                 to(cCacheRead),
		"azure.reasoningTokens":                                    to(cReasoning),
		"azure.serviceTier":                                        toText(tTier),
		"anthropic.usage.input_tokens":                             to(cNativeInput),
		"anthropic.usage.cache_read_input_tokens":                  to(cCacheRead),
		"anthropic.usage.cache_creation_input_tokens":              to(cCacheWrite),
		"anthropic.usage.cache_creation.ephemeral_5m_input_tokens": to(cWrite5m),
		"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": to(cWrite1h),
		"anthropic.usage.server_tool_use.web_search_requests":      to(cWebSearches),
		"anthropic.usage.service_tier":                             toText(tTier),
		"anthropic.cacheReadInputTokens":                           to(cCacheRead),
		"anthropic.cacheCreationInputTokens":                       to(cCacheWrite),
		"google.usageMetadata.cachedContentTokenCount":             to(cCacheRead),
		"google.usageMetadata.thoughtsTokenCount":                  to(cReasoning),
		"google.usageMetadata.candidatesTokenCount":                to(cNativeCandidates),
		"vertex.usageMetadata.cachedContentTokenCount":             to(cCacheRead),
		"vertex.usageMetadata.thoughtsTokenCount":                  to(cReasoning),
		"vertex.usageMetadata.candidatesTokenCount":                to(cNativeCandidates),
		"gateway.cost":                                             toText(tMetadataCost), // USD, of Vercel's gateway
		"anthropic.usage.speed":                                    tells(),
		"anthropic.usage.inference_geo":                            tells(),
		"anthropic.usage.iterations.type":                          tells(),
		"google.usageMetadata.toolUsePromptTokenCount":             tells(),
		"vertex.usageMetadata.toolUsePromptTokenCount":             tells(),
		"openrouter.usage.cost":                                    toText(tMetadataCost),
		"openrouter.usage.promptTokensDetails.cachedTokens":        to(cCacheRead),
		"openrouter.usage.promptTokensDetails.cacheWriteTokens":    to(cCacheWrite),
		"openrouter.usage.completionTokensDetails.reasoningTokens": to(cReasoning),
		"bedrock.usage.cacheReadInputTokens":                       to(cCacheRead),
		"bedrock.usage.cacheWriteInputTokens":                      to(cCacheWrite),
	},
	// Genkit's GenerateResponse.usage.
	jGenkitOutput: {
		"usage.inputTokens":         to(cInput),
		"usage.outputTokens":        to(cOutput),
		"usage.totalTokens":         to(cTotal),
		"usage.thoughtsTokens":      to(cReasoning),
		"usage.cachedContentTokens": to(cCacheRead),
	},
	// LangChain's usage_metadata, by LangSmith.
	jInputTokenDetails: {
		"cache_read":                to(cCacheRead),
		"cache_creation":            to(cCacheWrite),
		"ephemeral_5m_input_tokens": to(cWrite5m),
		"ephemeral_1h_input_tokens": to(cWrite1h),
		"audio":                     to(cAudioInput),
	},
	jOutputTokenDetails: {"reasoning": to(cReasoning), "audio": to(cAudioOutput)},
	// OpenInference: what LangChain says of its model.
	jMetadata: {"ls_provider": toText(tProvider)},
}

// readJSON fills what no attribute said from the JSON attributes.
func (f *found) readJSON() {
	f.findObject()
	f.readUsageDetails()
	for i := range jsonTables {
		switch {
		case f.json[i] == "" || jsonTables[i] == nil:
		case uint8(i) == jMetadata && f.text[tProvider] != "":
		default:
			f.readPaths(f.json[i], jsonTables[i])
		}
	}
	if f.metadataTells && f.object == "" {
		f.findObject()
	}
	f.objectTells = !f.known(cInput) && !f.known(cOutput) && f.objectCounts()
}

// readPaths fills the fields that the paths of p name. A text that is no JSON, since it was torn, tells nothing.
func (f *found) readPaths(s string, p jsonPaths) {
	counts, tier, provider, cost := f.count, f.text[tTier], f.text[tProvider], f.text[tMetadataCost]
	j := jsonwalk.Of(s)
	for j.Next() {
		if path, ok := p[string(j.Where())]; ok {
			f.fillPath(&j, &path)
		}
	}
	if j.Done() {
		return
	}
	f.count, f.text[tTier], f.text[tProvider], f.text[tMetadataCost] = counts, tier, provider, cost
	f.metadataTells = false
	if len(s) <= maxDictionary && strings.HasPrefix(s, "{'") {
		f.readDictionary(s, p)
	}
}

func (f *found) fillPath(j *jsonwalk.Walker, path *jsonPath) {
	if path.tells {
		f.metadataTells = f.metadataTells || j.Kind != jsonwalk.Null
		return
	}
	if path.isText {
		isText := j.Kind == jsonwalk.String || path.text == tMetadataCost && j.Kind == jsonwalk.Number
		if isText && f.text[path.text] == "" && isToken(j.Raw, maxEnum, enumChars) {
			f.text[path.text] = strings.ToLower(j.Raw)
		}
		return
	}
	if j.Kind != jsonwalk.Number {
		return
	}
	if n, ok := jsonCount(j.Raw); ok {
		for _, c := range path.counts {
			f.fill(c, n)
		}
	}
}

func jsonCount(raw string) (int64, bool) {
	n, res := parseCount(raw)
	return n, res == good
}

// maxDictionary bounds a Python dictionary that is looked through.
const maxDictionary = 4096

// readDictionary reads the numbers of p out of a Python dictionary as str() prints it: {'cache_read': 1024}. LangSmith
// sends its details so.
func (f *found) readDictionary(s string, p jsonPaths) {
	for name, path := range p {
		_, rest, ok := strings.Cut(s, "'"+name+"': ")
		if !ok || path.isText {
			continue
		}
		if n, ok := jsonCount(rest[:jsonwalk.Digits(rest)]); ok {
			for _, c := range path.counts {
				f.fill(c, n)
			}
		}
	}
}

// reportedCost fills what the span itself says that the call cost. A 0 is left out: OpenLIT sends it where it has no price
// list and Langfuse on errors, so that it does not tell a free call from an unpriced one. Only our transport's 0 is kept,
// which is the provider's own.
func (f *found) reportedCost(dst *Call) {
	cost := ""
	if f.costRank > 0 {
		cost = costOf(f.usd)
	}
	if details := f.json[jCostDetails]; details != "" && (cost == "" || cost == "0") {
		cost = costTotal(details)
	}
	if s := f.text[tMetadataCost]; s != "" && (cost == "" || cost == "0") {
		cost = decimal(s)
	}
	if cost == "0" && dst.ScopeName != semconv.ScopeInstrumentation {
		cost = ""
	}
	dst.ReportedCost = cost
}

// costTotal returns the total of Langfuse's cost_details.
func costTotal(details string) string {
	j := jsonwalk.Of(details)
	var total string
	for j.Next() {
		if j.Kind == jsonwalk.Number && string(j.Where()) == "total" {
			total = j.Raw
		}
	}
	if !j.Done() {
		return ""
	}
	return decimal(total)
}

func costOf(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return decimal(strconv.FormatInt(v.Int(), 10))
	case pcommon.ValueTypeDouble:
		if math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0) {
			return ""
		}
		return decimal(strconv.FormatFloat(v.Double(), 'f', -1, 64))
	case pcommon.ValueTypeStr:
		s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v.Str()), "USD"))
		return decimal(strings.TrimPrefix(s, "$"))
	default:
		return ""
	}
}

// decimal returns the number s as a plain decimal with at most 18 places, "" if it is none, negative or absurd. No
// digit goes through a float, save where s has an exponent.
func decimal(s string) string {
	if len(s) > maxNumber || !jsonwalk.IsNumber(s) || strings.HasPrefix(s, "-") {
		return ""
	}
	if strings.ContainsAny(s, "eE") {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return ""
		}
		s = strconv.FormatFloat(x, 'f', -1, 64)
	}
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > 18 {
		frac = frac[:18]
	}
	frac = strings.TrimRight(frac, "0")
	switch {
	case len(whole) > 9:
		return ""
	case frac == "":
		return whole
	case len(whole)+1+len(frac) == len(s):
		return s
	default:
		return whole + "." + frac
	}
}
