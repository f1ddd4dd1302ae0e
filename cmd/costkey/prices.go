package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

const pricesHelp = `Look at, and look after, the prices that calls are priced with.

Prices come from the catalogue of list prices that is built in, or from the newer one of a file that 'prices update' brings;
your own prices and discounts lie on top of either, in a file that you write, or make with 'prices import' of another tool's
list. A collector and the commands prices lookup and reprice agree where they are given the same two files: the exporter's
catalogue_file and prices_file are their --catalogue (COSTKEY_CATALOGUE_FILE, else catalogue.json in the data directory, where
there is one) and --prices-file (COSTKEY_PRICES_FILE).`

func newPricesCommand(db *database) *cobra.Command {
	group := newGroup("prices", "Look at, and look after, the prices that calls are priced with",
		newPricesImportCommand(db),
		newPricesLookupCommand(db),
		newPricesUnknownCommand(db),
		newPricesUpdateCommand(db, catalogueClient()),
		newPricesDisagreementsCommand(db),
	)
	group.Long = pricesHelp
	return group
}

// lookup is one question for a price, as the user put it.
type lookup struct {
	provider, model, at, tier string
	counts                    lookupCounts
}

// lookupCounts are token counts, totals as in costkey.calls: the cached ones are part of the input, reasoning is part of
// the output. A count that was not given is not known.
type lookupCounts struct {
	input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning usage.Count
}

func newPricesLookupCommand(db *database) *cobra.Command {
	var l lookup
	var prices priceFlags
	cmd := &cobra.Command{
		Use:   "lookup MODEL",
		Short: "Show what a call would cost, line by line",
		Long: "Show what a call would cost, line by line, and which model of the catalogue it is priced as.\n" +
			"Token counts are totals: --input holds the cached tokens, --output the reasoning.\n" +
			"Without --provider the only provider that sells the model is meant, else the only one that makes it.\n" +
			"Needs no database.",
		Example: "  costkey prices lookup gpt-4o --input 1200 --cache-read 1000 --output 300\n" +
			"  costkey prices lookup us.anthropic.claude-opus-4-8 --provider aws.bedrock --input 5000 --output 700 --format json",
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&l.provider, "provider", "", "who answered the call, such as openai or aws.bedrock")
	flags.StringVar(&l.at, "at", "", "when the call was made, RFC 3339 (default: now)")
	flags.StringVar(&l.tier, "service-tier", "", "the served tier: standard, batch, flex or priority (default: standard)")
	l.counts.addFlags(flags)
	prices.add(flags, db)
	as := addFormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l.model = args[0]
		table, err := prices.table()
		if err != nil {
			return err
		}
		answer, err := l.ask(table, time.Now())
		if err != nil {
			return misuse{err}
		}
		return answer.write(cmd.OutOrStdout(), *as)
	}
	return cmd
}

func (c *lookupCounts) addFlags(flags *pflag.FlagSet) {
	for _, f := range []struct {
		count *usage.Count
		name  string
		help  string
	}{
		{&c.input, "input", "all input tokens, cached ones included"},
		{&c.cacheRead, "cache-read", "the part of the input that was read from a cache"},
		{&c.cacheWrite, "cache-write", "the part of the input that was written to a cache"},
		{&c.cacheWrite1h, "cache-write-1h", "the part of --cache-write that is kept for an hour"},
		{&c.output, "output", "all output tokens, reasoning included"},
		{&c.reasoning, "reasoning", "the part of the output that is reasoning"},
	} {
		flags.Var((*countFlag)(f.count), f.name, f.help)
	}
}

// countFlag is a token count as a flag: unknown until it is given.
type countFlag usage.Count

var _ pflag.Value = (*countFlag)(nil)

// String implements pflag.Value.
func (f *countFlag) String() string {
	if c := usage.Count(*f); c.IsKnown() {
		return fmt.Sprint(c.Value())
	}
	return ""
}

// Type implements pflag.Value.
func (f *countFlag) Type() string { return "N" }

// Set implements pflag.Value.
func (f *countFlag) Set(value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > usage.MaxCount {
		return fmt.Errorf("must be a whole number from 0 to %d", int64(usage.MaxCount))
	}
	*f = countFlag(usage.Known(n))
	return nil
}

// check tells parts that don't fit into their totals.
func (c *lookupCounts) check() error {
	var errs []error
	if c.input.IsKnown() && c.cacheRead.Value()+max(c.cacheWrite.Value(), c.cacheWrite1h.Value()) > c.input.Value() {
		errs = append(errs, errors.New("--cache-read and --cache-write are parts of --input, but exceed it"))
	}
	if c.cacheWrite.IsKnown() && c.cacheWrite1h.Value() > c.cacheWrite.Value() {
		errs = append(errs, errors.New("--cache-write-1h is a part of --cache-write, but exceeds it"))
	}
	if c.output.IsKnown() && c.reasoning.Value() > c.output.Value() {
		errs = append(errs, errors.New("--reasoning is a part of --output, but exceeds it"))
	}
	return errors.Join(errs...)
}

// ask answers the lookup from a table.
func (l *lookup) ask(table *pricing.Table, now time.Time) (*lookupAnswer, error) {
	if err := l.counts.check(); err != nil {
		return nil, err
	}
	at := now
	if l.at != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, l.at); err != nil {
			return nil, fmt.Errorf("--at must be an RFC 3339 time such as 2026-09-23T12:00:00Z, found %q", l.at)
		}
	}
	provider := table.ProviderID(l.provider)
	if l.provider == "" {
		all, assumed := table.Sellers(l.model, at.UnixNano())
		if assumed == "" && len(all) > 0 {
			return nil, fmt.Errorf("several providers sell %q: choose with --provider: %s", l.model, strings.Join(all, ", "))
		}
		provider = assumed
	}
	c := &l.counts
	q := pricing.Query{
		Provider: provider, RequestModel: l.model, ServiceTier: l.tier, AtNanos: at.UnixNano(),
		Usage: &usage.Usage{
			Input: c.input, CacheRead: c.cacheRead, CacheWrite: c.cacheWrite, CacheWrite1h: c.cacheWrite1h,
			Output: c.output, Reasoning: c.reasoning,
		},
	}
	res, lines := table.Explain(&q)
	if res.Status == pricing.StatusNoUsage { // nothing to add up: show what it would be added up with
		_, lines = table.Rates(&q)
	}
	if res.Model == "" { // whatever the counts: that is what was asked
		res.Status = pricing.StatusUnknownModel
	}
	return newLookupAnswer(l.model, provider, at, table, res, lines), nil
}

// lookupAnswer is what is printed. The first keys and those of its lines are a promise to users; null is not known.
type lookupAnswer struct {
	Provider    *string        `json:"provider"`
	Model       string         `json:"model"`
	PricedModel *string        `json:"priced_model"`
	CostStatus  pricing.Status `json:"cost_status"`
	CostUSD     *string        `json:"cost_usd"`
	Lines       []lookupLine   `json:"lines"`
	ServiceTier *string        `json:"service_tier"`
	Rule        *string        `json:"rule"`     // how the model was found
	Discount    *string        `json:"discount"` // the multiplier that is in the rates
	Reason      *string        `json:"reason"`   // why there is no price
	At          string         `json:"at"`
	AsOf        string         `json:"as_of"` // the age of the catalogue
}

type lookupLine struct {
	What          string        `json:"what"`
	Tokens        int64         `json:"tokens"`
	USDPerMillion string        `json:"usd_per_million"`
	USD           pricing.Money `json:"usd"`
}

func newLookupAnswer(
	model, provider string, at time.Time, table *pricing.Table, res pricing.Result, lines []pricing.Line,
) *lookupAnswer {
	if res.Provider != "" {
		provider = res.Provider
	}
	a := &lookupAnswer{
		Provider: orNull(provider), Model: model, PricedModel: orNull(res.Model), CostStatus: res.Status,
		Lines: make([]lookupLine, len(lines)), ServiceTier: orNull(res.Tier), Rule: orNull(res.Rule),
		Discount: orNull(res.Discount), Reason: orNull(res.Reason), At: at.UTC().Format(time.RFC3339), AsOf: table.AsOf().Format(time.DateOnly),
	}
	if res.Status == pricing.StatusPriced || res.Status == pricing.StatusFree {
		cost := res.Cost.String()
		a.CostUSD = &cost
	}
	for i, l := range lines {
		a.Lines[i] = lookupLine{What: l.What, Tokens: l.Tokens, USDPerMillion: l.USDPerMillion, USD: l.USD}
	}
	return a
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *lookupAnswer) write(w io.Writer, as format) error {
	switch as {
	case formatJSON:
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(a); err != nil {
			return fmt.Errorf("print the price: %w", err)
		}
		return nil
	case formatCSV:
		return a.listing().write(w, formatCSV)
	default:
		return a.table(w)
	}
}

// lineColumns are the columns of the sum.
var lineColumns = []column{
	{name: "what", title: "WHAT"},
	{name: "tokens", title: "TOKENS", right: true},
	{name: "usd_per_million", title: "USD PER MILLION", right: true},
	{name: "usd", title: "USD", right: true},
}

// listing has one row a line of the sum, each with the whole answer, so that the CSV of several lookups can be put
// together; an answer without lines has one row.
func (a *lookupAnswer) listing() listing {
	l := listing{columns: append([]column{
		{name: "provider"}, {name: "model"}, {name: "priced_model"}, {name: "cost_status"}, {name: "cost_usd"},
	}, lineColumns...)}
	head := []any{cellOf(a.Provider), a.Model, cellOf(a.PricedModel), string(a.CostStatus), cellOf(a.CostUSD)}
	for i := range a.Lines {
		l.rows = append(l.rows, append(head[:len(head):len(head)], a.Lines[i].cells()...))
	}
	if len(l.rows) == 0 {
		l.rows = append(l.rows, append(head, nil, nil, nil, nil))
	}
	return l
}

func (l *lookupLine) cells() []any { return []any{l.What, l.Tokens, l.USDPerMillion, l.USD.String()} }

func cellOf(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// table shows the answer for people: what it was found as, and the sum.
func (a *lookupAnswer) table(w io.Writer) error {
	var out bytes.Buffer
	listing{
		columns: []column{{title: "MODEL"}, {title: "PROVIDER"}, {title: "PRICED AS"}, {title: "RULE"}, {title: "TIER"}, {title: "STATUS"}},
		rows: [][]any{{
			a.Model, cellOf(a.Provider), cellOf(a.PricedModel), cellOf(a.Rule), cellOf(a.ServiceTier), string(a.CostStatus),
		}},
	}.table(&out)
	if a.Reason != nil {
		fmt.Fprintf(&out, "\nNo price: %s\n", *a.Reason)
	}
	sum := listing{columns: lineColumns}
	for i := range a.Lines {
		sum.rows = append(sum.rows, a.Lines[i].cells())
	}
	if a.CostUSD != nil {
		sum.rows = append(sum.rows, []any{"total", "", "", *a.CostUSD})
	}
	if len(sum.rows) > 0 {
		out.WriteByte('\n')
		sum.table(&out)
	}
	if a.Discount != nil {
		fmt.Fprintf(&out, "\nDiscount: rates are those listed × %s\n", *a.Discount)
	}
	fmt.Fprintf(&out, "\nAt %s; prices as of %s.\n", a.At, a.AsOf)
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("print the price: %w", err)
	}
	return nil
}
