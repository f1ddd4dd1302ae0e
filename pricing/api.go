package pricing

import (
	"github.com/costkey/costkey-otel/usage"
)

// Status says how a price came about. The values are those of the column cost_status.
type Status string

// The statuses. Only priced, free, reported and not_billed carry a cost.
const (
	StatusPriced       Status = "priced"
	StatusFree         Status = "free"          // a row matched and every rate used is 0
	StatusReported     Status = "reported"      // the span's own figure was taken, since the config says so
	StatusUnknownModel Status = "unknown_model" // no such model at this provider
	StatusNoPrice      Status = "no_price"      // the model is known, but no rate fits this time, tier, size or kind
	StatusNoUsage      Status = "no_usage"      // token counts are not known
	StatusNotBilled    Status = "not_billed"    // refused or never sent: costs 0
)

// Query asks what a call cost.
type Query struct {
	Provider      string // canonical gen_ai.provider.name; "" is unknown
	ResponseModel string // looked for first
	RequestModel  string // looked for if no model is answered, or an unlisted one that can only be a snapshot of this
	Operation     string // what the call was; no price hangs on it
	ServiceTier   string // as served; "" and "default" and "auto" mean standard
	Host          string // server.address: tells regional endpoints apart; "" is unknown
	// Residency is where the provider says it ran the call, "us" or "eu" (Anthropic's inference_geo); "" lets Host tell,
	// and an ARN, as "not_available" and "default" do. "global" is the place that list prices are for.
	Residency string
	// Speed is the speed mode the provider says it served ("fast" at Anthropic); "", "standard" and "default" are the
	// normal one.
	Speed string
	// SearchContext is the search context size of the call, "low", "medium" or "high"; "" is low, the providers' default.
	SearchContext string
	AtNanos       int64 // Unix time of the call's start in nanoseconds: picks the row that was valid then
	Usage         *usage.Usage
	// Refused says that the provider can't have billed: HTTP 400 or above, or no connection, and no usage.
	Refused bool
}

// Result is the answer to a Query.
type Result struct {
	Status Status
	Cost   Money // meaningful for priced, free, reported and not_billed only
	// Provider is the catalogue's id of the provider whose price it is; "" where the model is not found.
	Provider string
	Model    string // the catalogue's id of the model; "" where not found
	Tier     string // the tier of the row that priced; "" where none did
	Rule     string // the rule that matched, see README.md: "exact", "alias", "profile+request_model"…; "" where none
	Discount string // the multiplier of the user's discount that is in the cost, as written, "0.85"; "" where none is
	Reason   string // why there is no price: "no_rate:input_audio", "no_row:batch"; "" where there is one
	Note     string // what was assumed in pricing, or is not known, for the column notes: NoteCacheWriteSplit, …; "" if nothing
}

// Line is one line of a priced call, for people who ask why.
type Line struct {
	What          string // the rate's name in the catalogue: "input", "cached_input", "web_search"
	Tokens        int64  // tokens or units
	USDPerMillion string // the rate as a plain decimal, of unit fees too: USD = Tokens × USDPerMillion / 10^6
	PerUnit       bool   // the provider quotes the rate per unit, not per million
	USDPerUnit    string // the rate per unit, only where PerUnit
	USD           Money
}
