package genaispan

import "strings"

// provider resolves who was asked. The first of these that tells decides:
//
//  1. what can't be mistaken: the form of an id that one provider alone has
//  2. a host that is known
//  3. a gateway's own mark, and agents that name the protocol for the provider
//  4. what the span says, where it is a provider's name, or a host in its place; names of frameworks are none
//  5. the model's id
func (f *found) provider(d *dialect, dst *Call) string {
	byHost := providerByHost(dst.Host, f.value(cPort))
	f.hostKnown = byHost != ""
	if p := providerInID(dst.RequestModel); p != "" {
		return p
	}
	if p := providerInID(dst.ResponseModel); p != "" {
		return p
	}
	if byHost != "" {
		return byHost
	}
	said := f.text[tProvider]
	if f.isVercelGateway(said) {
		return providerVercel
	}
	if d.scope == scopeQwenCode && hasPrefixFold(dst.RequestModel, "qwen") {
		return providerDashscope // it says openai, the protocol, whatever it asks
	}
	if p := f.providerSaid(said, dst); p != "" {
		return p
	}
	if p := providerByModel(dst.RequestModel); p != "" {
		return p
	}
	return providerByModel(dst.ResponseModel)
}

const scopeQwenCode = "qwen-code"

// isVercelGateway reports whether the AI SDK names the gateway as its provider: what it says of the model is then the
// gateway's own id. Elsewhere the word may mean any gateway.
func (f *found) isVercelGateway(said string) bool {
	return said == "gateway" && (f.text[tVercelOperation] != "" || f.text[tMetadataCost] != "")
}

// providerSaid returns the provider that a span names, "" for a framework's name. A host is looked up as one, and is the
// call's where the span tells no other.
func (f *found) providerSaid(said string, dst *Call) string {
	if said == "" {
		return ""
	}
	if p, ok := lookUpProvider(said); ok {
		return p
	}
	host, res := hostOfURL(said)
	if res != good {
		return canonicalProvider(said)
	}
	p := providerByHost(host, 0)
	switch {
	case p != "":
		f.hostKnown = true
	case !looksLikeHost(said, host):
		return canonicalProvider(said)
	}
	if dst.Host == "" {
		dst.Host = host
	}
	return p
}

// looksLikeHost reports whether said, whose host is host, can be nothing but a host: names of providers have dots as well.
func looksLikeHost(said, host string) bool {
	if strings.Contains(said, "://") || strings.HasPrefix(host, "api.") {
		return true
	}
	if i := strings.LastIndexByte(said, ':'); i > 0 && i < len(said)-1 && said[i+1] >= '0' && said[i+1] <= '9' {
		return true
	}
	return strings.IndexByte(host, '.') >= 0 && isLocalHost(host)
}

// providerInID returns the provider that the form of a model's id proves, "" where other providers have such ids too.
func providerInID(id string) string {
	for i := range len(id) {
		switch id[i] {
		case ':', '@', '/', '.':
			return providerInForm(id)
		}
	}
	return "" // Fast path - most ids have nothing of the kind.
}

func providerInForm(id string) string {
	switch {
	case hasPrefixFold(id, "arn:aws") && strings.Contains(id, ":bedrock:"):
		return providerBedrock
	case hasPrefixFold(id, "publishers/"), hasPrefixFold(id, "projects/") && strings.Contains(id, "/publishers/"):
		return providerVertex
	case hasPrefixFold(id, "claude-") && strings.IndexByte(id, '@') > 0: // claude-sonnet-4-5@20250929
		return providerVertex
	}
	region, vendor := cutBedrock(id)
	if ends, surely := hasBedrockVersion(id); surely || vendor && (region || ends) {
		return providerBedrock
	}
	return ""
}

// bedrockRegions begin the ids of inference profiles.
// docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
var bedrockRegions = [...]string{"us.", "eu.", "apac.", "global.", "au.", "jp.", "ca.", "us-gov.", "sa.", "mx.", "me.", "af."}

// bedrockVendors begin the ids of models. docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
var bedrockVendors = [...]string{
	"anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "ai21.", "deepseek.", "qwen.", "openai.", "google.", "minimax.",
	"moonshot.", "moonshotai.", "nvidia.", "stability.", "twelvelabs.", "writer.", "zai.", "luma.",
}

// cutBedrock reports whether an id begins with a region of inference profiles, and whether a vendor's name follows. Oracle
// writes vendors' names so too, without regions and versions.
func cutBedrock(id string) (region, vendor bool) {
	for _, r := range bedrockRegions {
		if hasPrefixFold(id, r) {
			id, region = id[len(r):], true
			break
		}
	}
	for _, v := range bedrockVendors {
		if hasPrefixFold(id, v) {
			return region, true
		}
	}
	return region, false
}

// hasBedrockVersion reports whether an id ends as Bedrock's do, -v1:0, -v1 or -1:0, and whether as no other's does: -v1:0.
// A size of the context may follow: -v1:0:300k.
func hasBedrockVersion(id string) (ends, surely bool) {
	i := len(id)
	if i > 0 && id[i-1] == 'k' {
		i--
	}
	for i > 0 && (id[i-1] >= '0' && id[i-1] <= '9' || id[i-1] == ':') {
		i--
	}
	version := id[i:]
	if version == "" || i < 2 || version[0] == ':' {
		return false, false
	}
	colon := strings.IndexByte(version, ':') > 0
	if id[i-1] == 'v' && id[i-2] == '-' {
		return true, colon
	}
	return id[i-1] == '-' && colon, false
}
