package main

import (
	"encoding/json"

	"github.com/costkey/costkey-otel/usage"
)

// providerDetail is what of a provider's usage object a price can hang on and a span need not say: Anthropic's Messages
// API, also at Bedrock and Vertex.
type providerDetail struct {
	CacheCreation struct {
		Hour int64 `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
	ServerToolUse struct {
		Searches int64 `json:"web_search_requests"`
	} `json:"server_tool_use"`
}

// withDetail returns u with the counts that only the provider's usage object tells. What is known stays, and a part that
// exceeds its total is not believed.
func withDetail(u usage.Usage, object string) usage.Usage {
	var d providerDetail
	if object == "" || json.Unmarshal([]byte(object), &d) != nil {
		return u // of another form: it tells nothing more
	}
	if hour := d.CacheCreation.Hour; !u.CacheWrite1h.IsKnown() && hour > 0 && hour <= u.CacheWrite.Value() {
		u.CacheWrite1h = usage.Known(hour)
	}
	if n := d.ServerToolUse.Searches; !u.WebSearches.IsKnown() && n > 0 && n <= usage.MaxCount {
		u.WebSearches = usage.Known(n)
	}
	return u
}
