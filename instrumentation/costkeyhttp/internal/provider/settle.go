package provider

import (
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/usage/wire"
)

// settle takes what the usage object tells as package wire reads it, which is how the collector reads the span's copy of it:
// so both come to the same counts.
func (a *Answer) settle(f *Format, provider string) {
	a.UsageObject = string(a.ProviderUsage)
	if !f.Telling { // a user's own object is read by the user
		if r, ok := wire.Read(a.UsageObject, provider); ok {
			a.Usage = r.Over(a.Usage)
			if a.ServiceTier == "" {
				a.ServiceTier = r.Tier
			}
			if a.Cost == "" {
				a.Cost = r.Cost
			}
		}
	}
	a.Usage.WebSearches = a.counts.billedSearches.Or(a.Usage.WebSearches)
	if f.Draws {
		a.Usage.ImageOutput = a.Usage.ImageOutput.Or(a.Usage.Output)
	}
	a.addToolUsage()
}

// toolUsage is the name of the member that keeps what tools used in the usage object.
const toolUsage = `,"tool_usage":`

// addToolUsage keeps what tools used, the images that they drew among it, in the usage object, if there is room.
func (a *Answer) addToolUsage() {
	n := len(a.UsageObject)
	if n <= len("{}") || len(a.toolUsage) <= len("{}") || n+len(toolUsage)+len(a.toolUsage) > jsonscan.MaxCompact {
		return
	}
	a.UsageObject = a.UsageObject[:n-1] + toolUsage + string(a.toolUsage) + "}"
}
