package genaispan

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
	j := jsonScanner{s: s}
	for j.next() {
		scalars++
	}
	return scalars, j.done()
}

// IsProviderUsage reports whether s is taken as a provider's usage object.
func IsProviderUsage(s string) bool { return isProviderUsage(s) }

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
