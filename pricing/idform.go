package pricing

import (
	"slices"
	"strings"
)

// providerNames are the words that stand for a provider in front of a model id, as gateways and SDKs write them
// ("azure/gpt-4o", "vertex_ai/gemini-2.5-pro", "anthropic/claude-…"). What they say is where the call ran, or who made
// the model; at that provider, cutting them changes no price. A word of several providers means the first where the
// provider is not known otherwise.
var providerNames = []struct {
	provider string
	names    []string
}{
	{"openai", []string{"openai"}},
	{"azure.ai.openai", []string{"azure", "azure_openai", "azure-openai", "openai"}},
	{"azure.ai.inference", []string{"azure_ai", "azure"}},
	{"anthropic", []string{"anthropic"}},
	{"aws.bedrock", []string{"bedrock", "bedrock/converse", "bedrock/invoke", "bedrock_converse", "amazon-bedrock", "amazon_bedrock", "aws_bedrock"}},
	{"gcp.gemini", []string{"gemini", "google", "google_genai", "google-gla", "googleai"}},
	{"gcp.vertex_ai", []string{"vertex_ai", "vertexai", "google-vertex", "google_vertexai", "vertex", "google", "anthropic"}},
	{"mistral_ai", []string{"mistral", "mistralai"}},
	{"x_ai", []string{"xai", "x-ai", "x_ai"}},
	{"deepseek", []string{"deepseek"}},
	{"groq", []string{"groq"}},
	{"cohere", []string{"cohere", "cohere_chat"}},
	{"perplexity", []string{"perplexity"}},
	{"ibm.watsonx.ai", []string{"watsonx"}},
	{"moonshot_ai", []string{"moonshot", "moonshotai"}},
	{"openrouter", []string{"openrouter"}},
	{"together", []string{"together_ai", "togetherai", "together"}},
	{"fireworks", []string{"fireworks_ai", "fireworks"}},
	{"cerebras", []string{"cerebras"}},
	{"deepinfra", []string{"deepinfra"}},
	{"sambanova", []string{"sambanova"}},
	{"nebius", []string{"nebius"}},
	{"hyperbolic", []string{"hyperbolic"}},
	{"novita", []string{"novita"}},
	{"nscale", []string{"nscale"}},
	{"voyageai", []string{"voyage", "voyageai"}},
	{"ai21", []string{"ai21"}},
	{"dashscope", []string{"dashscope"}},
	{"minimax", []string{"minimax"}},
	{"zai", []string{"zai", "z-ai"}},
	{"vercel_ai_gateway", []string{"vercel_ai_gateway"}},
	{"huggingface", []string{"huggingface", "hugging_face"}},
	{"replicate", []string{"replicate"}},
	{"cloudflare", []string{"cloudflare"}},
	{"snowflake", []string{"snowflake"}},
	{"oci", []string{"oci"}},
}

// namesOf returns the words that may stand in front of a provider's ids; its own id always may.
func namesOf(providerID string) []string {
	for _, p := range providerNames {
		if p.provider == providerID {
			return p.names
		}
	}
	return []string{providerID}
}

// providerInID returns the provider that an id names by its form, "" if it names none.
func providerInID(id string) string {
	id = strings.TrimSpace(id)
	switch {
	case hasPrefixFold(id, "arn:") && strings.Contains(id, ":bedrock:"):
		return "aws.bedrock"
	case hasPrefixFold(id, fireworksPath):
		return "fireworks"
	case hasPrefixFold(id, "publishers/"), hasPrefixFold(id, "projects/"):
		return "gcp.vertex_ai"
	case hasPrefixFold(id, "models/gemini"):
		return "gcp.gemini"
	case isBedrockID(id):
		return "aws.bedrock"
	}
	for _, p := range providerNames {
		if _, ok := cutName(id, p.names); ok {
			return p.provider
		}
	}
	return ""
}

// isBedrockID reports whether an id has what only Bedrock's have: a geography in front of the maker, or a version behind
// ("us.anthropic.claude-opus-4-8", "amazon.nova-lite-v1:0").
func isBedrockID(id string) bool {
	maker, name, ok := strings.Cut(id, ".")
	if !ok || !isLetters(maker) || strings.ContainsAny(id, "/ ") {
		return false
	}
	if inProfile := maker + "."; inProfile == globalProfile || slices.Contains(geographies[:], inProfile) {
		maker, name, ok = strings.Cut(name, ".")
		return ok && isLetters(maker) && name != ""
	}
	i := strings.LastIndexByte(name, ':')
	return i > 1 && isDigits(name[i+1:]) && isDigits(name[i-1:i]) // "-v1:0", "-1:0"
}

// cutName cuts one of names and a slash off the front of id; of several the longest.
func cutName(id string, names []string) (rest string, ok bool) {
	best := 0
	for _, n := range names {
		if len(n) > best && len(id) > len(n)+1 && id[len(n)] == '/' && strings.EqualFold(id[:len(n)], n) {
			best = len(n)
		}
	}
	if best == 0 {
		return "", false
	}
	return id[best+1:], true
}

// unwrap cuts one wrapper off an id: an ARN, a resource path, the provider's name. "" if there is none.
func (p *provider) unwrap(id string) (string, rule) {
	switch p.form {
	case formBedrock:
		if inner, ok := cutARN(id); ok {
			return inner, ruleARN
		}
	case formGoogle:
		if _, inner, ok := cutPublisher(id); ok {
			return inner, rulePrefix
		}
		if hasPrefixFold(id, "models/") {
			return id[len("models/"):], rulePrefix
		}
	}
	if inner, ok := cutName(id, p.names); ok {
		return inner, rulePrefix
	}
	return "", ruleNone
}

// cutARN returns the model inside the ARN of a foundation model or of a system-defined inference profile. The ARNs of
// application profiles, provisioned and imported models name no model that has a price per token.
func cutARN(id string) (string, bool) {
	if !hasPrefixFold(id, "arn:") || !strings.Contains(id, ":bedrock:") {
		return "", false
	}
	for _, kind := range [...]string{":foundation-model/", ":inference-profile/"} {
		if _, inner, ok := strings.Cut(id, kind); ok && inner != "" {
			return inner, true
		}
	}
	return "", false
}

// cutPublisher takes "[projects/…/]publishers/V/models/X" apart.
func cutPublisher(id string) (publisher, name string, ok bool) {
	i := strings.Index(id, "publishers/")
	if i != 0 && (i < 0 || id[i-1] != '/') {
		return "", "", false
	}
	publisher, name, ok = strings.Cut(id[i+len("publishers/"):], "/models/")
	return publisher, name, ok && publisher != "" && name != ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// form is how a provider's ids vary without changing the price.
type form uint8

const (
	formPlain     form = iota
	formGoogle         // resource paths, "@version"
	formBedrock        // geographic prefixes, "-v1:0"
	formFireworks      // "accounts/fireworks/models/x" for "x"
	formGateway        // "maker/model" with the parts of the name in another order, or dated
)

func formOf(providerID string) form {
	switch providerID {
	case "gcp.gemini", "gcp.vertex_ai":
		return formGoogle
	case "aws.bedrock":
		return formBedrock
	case "fireworks":
		return formFireworks
	case "openrouter", "vercel_ai_gateway":
		return formGateway
	default:
		return formPlain
	}
}

// longWindow is what Claude Code writes behind the id of a model that it calls with the long context window. The window
// changes no price: the size of the input does.
const longWindow = "[1m]"

// fireworksPath stands in front of the ids of models that Fireworks itself serves.
const fireworksPath = "accounts/fireworks/models/"

// Marks that end the keys of groups of Bedrock ids that differ in geography only. A NUL is in no id.
const (
	globalMark   = "\x00global"
	regionalMark = "\x00local"
)

// reach is where a Bedrock id may run. Global inference profiles have prices of their own.
type reach uint8

const (
	reachUnsaid reach = iota // no geography said
	reachRegional
	reachGlobal
)

// skeletonID is an id without what may differ between ids of one model.
type skeletonID struct {
	key     []byte  // lower case, without version
	base    []byte  // the tail of key without geography
	version version // Bedrock's "-v1:0"
	reach   reach
	rule    rule // what a match by this skeleton is called
}

// skeleton appends the skeleton of id to b. It is false for ids that have none: too long, or of a kind whose price is
// not that of its plain form (GovCloud).
func (p *provider) skeleton(b []byte, id string) (skeletonID, bool) {
	key, ok := appendLower(b, id)
	s := skeletonID{key: key, rule: ruleAtVersion}
	switch {
	case !ok:
		return s, false
	case p.form == formBedrock:
		return bedrockSkeleton(key)
	case p.form == formFireworks:
		s.rule = rulePath
		if hasPrefix(key, fireworksPath) {
			s.key = key[len(fireworksPath):]
		}
		return s, len(s.key) > 0
	}
	const atDefault = "@default"
	if n := len(key) - len(atDefault); n > 0 && string(key[n:]) == atDefault {
		s.key = key[:n]
		return s, true
	}
	for i, c := range key {
		if c == '@' && i > 0 || c == '.' && p.id == "anthropic" { // whose ids have no dots: "claude-sonnet-4.5"
			key[i] = '-'
		}
	}
	return s, true
}

// geographies are the prefixes of Bedrock's inference profiles, GovCloud apart.
var geographies = [...]string{"us.", "eu.", "apac.", "au.", "jp.", "ca.", "sa.", "mx.", "me.", "af.", "il."}

// globalProfile is the prefix of those that may run anywhere.
const globalProfile = "global."

func bedrockSkeleton(key []byte) (skeletonID, bool) {
	s := skeletonID{rule: ruleProfile}
	if hasPrefix(key, "us-gov.") {
		return s, false
	}
	s.key, s.version = cutVersion(key)
	s.base = s.key
	if hasPrefix(s.key, globalProfile) {
		s.base, s.reach = s.key[len(globalProfile):], reachGlobal
	}
	for _, g := range geographies {
		if s.reach == reachUnsaid && hasPrefix(s.key, g) {
			s.base, s.reach = s.key[len(g):], reachRegional
		}
	}
	return s, len(s.base) > 0
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// version is the number at the end of a Bedrock id: "-v2:0", "-v1", ":0". Parts that are not said are 0, others are
// their number plus one.
type version struct {
	major, minor int
}

// fits reports whether an entry of version v can be what an id of version asked means. An id without a version may mean
// any; a listed id without one is version 1, revision 0.
func (v version) fits(asked version) bool {
	return fitsPart(v.major, asked.major, 2) && fitsPart(v.minor, asked.minor, 1)
}

func fitsPart(listed, asked, unsaid int) bool {
	if listed == 0 {
		listed = unsaid
	}
	return asked == 0 || asked == listed
}

// cutVersion cuts the version off an id. A second number after a colon ("…-v1:0:48k", the size of a provisioned
// model) is no version; such an id stays as it is and matches nothing.
func cutVersion(key []byte) ([]byte, version) {
	var v version
	rest, n, ok := cutNumber(key)
	if ok && len(rest) > 0 && rest[len(rest)-1] == ':' {
		v.minor = n + 1
		key = rest[:len(rest)-1]
		rest, n, ok = cutNumber(key)
	}
	if ok && len(rest) > 2 && rest[len(rest)-1] == 'v' && rest[len(rest)-2] == '-' {
		v.major = n + 1
		key = rest[:len(rest)-2]
	}
	return key, v
}

// cutNumber cuts a number of at most three digits off the end.
func cutNumber(key []byte) (rest []byte, n int, ok bool) {
	i := len(key)
	for i > 0 && len(key)-i < 3 && key[i-1] >= '0' && key[i-1] <= '9' {
		i--
	}
	for _, c := range key[i:] {
		n = 10*n + int(c-'0')
	}
	return key[:i], n, i < len(key)
}

// undated cuts a date off the end of an id: "-2025-04-16", "-20250416", "@20250416". Other ids come back as they are.
func undated(id string) string {
	for _, layout := range [...]string{"-0000-00-00", "-00000000", "@00000000"} {
		if n := len(id) - len(layout); n > 0 && isDate(id[n:], layout) {
			return id[:n]
		}
	}
	return id
}

// isDate reports whether s is laid out like layout, a digit for each 0, with a month and a day that exist.
func isDate(s, layout string) bool {
	var digits [8]byte
	n := 0
	for i := range len(layout) {
		switch {
		case layout[i] != '0':
			if s[i] != layout[i] {
				return false
			}
		case s[i] < '0' || s[i] > '9':
			return false
		default:
			digits[n] = s[i] - '0'
			n++
		}
	}
	month, day := 10*digits[4]+digits[5], 10*digits[6]+digits[7]
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}
