package genaispan

import "github.com/costkey/costkey-otel/internal/jsonwalk"

// Keys returns every attribute key that is read.
func Keys() []string {
	out := make([]string, len(rules))
	for i := range rules {
		out[i] = rules[i].key
	}
	return out
}

// ScanJSON reports whether the scanner takes s for JSON, and how many scalars it has.
func ScanJSON(s string) (scalars int, ok bool) {
	j := jsonwalk.Of(s)
	for j.Next() {
		scalars++
	}
	return scalars, j.Done()
}

// IsProviderUsage reports whether s is taken as a provider's usage object.
func IsProviderUsage(s string) bool { return isProviderUsage(s) }

// Member returns the text of a member of a JSON object.
func Member(s, path string) string { return member(s, path) }

// Compact returns what may be kept of a usage object.
func Compact(s string) string { return string(compactValue(nil, s, 0)) }

// Decimal returns s as a reported cost is kept.
func Decimal(s string) string { return decimal(s) }

// CanonicalProvider returns the canonical name of a provider.
func CanonicalProvider(s string) string { return canonicalProvider(s) }

// ProviderByHost returns the provider that serves at a host.
func ProviderByHost(host string, port int64) string { return providerByHost(host, port) }

// ProviderByModel returns the provider that a model's id tells.
func ProviderByModel(model string) string { return providerByModel(model) }

// RuleOf returns the index of the rule of a key.
func RuleOf(k string) int { return ruleOf(k) }

// tokenFields names the counts of tokens and units by their fields.
var tokenFields = map[uint8]string{
	cInput: "input", cOutput: "output", cTotal: "total", cCacheRead: "cache read", cCacheWrite: "cache write",
	cWrite5m: "cache write", cWrite1h: "cache write 1h", cReasoning: "reasoning", cAudioInput: "audio input",
	cAudioOutput: "audio output", cImageInput: "image input", cImageOutput: "image output", cVideoInput: "video input",
	cCachedAudio: "cached audio", cCachedImage: "cached image", cWebSearches: "web searches",
}

// TokenKeys returns every attribute key of a count of tokens or units, with the name of what it counts.
func TokenKeys() map[string]string {
	out := make(map[string]string)
	for i := range rules {
		if name := tokenFields[rules[i].to]; rules[i].as == asCount && name != "" {
			out[rules[i].key] = name
		}
	}
	return out
}

// TokenPaths returns, by attribute key, every path of a JSON attribute that counts tokens or units, with the name of what it
// counts.
func TokenPaths() map[string]map[string]string {
	out := make(map[string]map[string]string)
	for i := range rules {
		if rules[i].as != asJSON {
			continue
		}
		paths := make(map[string]string)
		for path, to := range jsonTables[rules[i].to] {
			if !to.isText && !to.tells && tokenFields[to.counts[0]] != "" {
				paths[path] = tokenFields[to.counts[0]]
			}
		}
		if len(paths) > 0 {
			out[rules[i].key] = paths
		}
	}
	return out
}
