package demo

import (
	"fmt"
	"io"
	"math/big"
	"strings"
	"text/tabwriter"

	"github.com/costkey/costkey-otel/storage"
)

// decimals is how exact costs are: what the database keeps.
const decimals = 18

// total sums lines. Its cost is nil where no line has one.
func total(lines []storage.FunctionCost) storage.FunctionCost {
	var sum storage.FunctionCost
	var cost *big.Rat
	for _, l := range lines {
		sum.Calls += l.Calls
		sum.UnpricedCalls += l.UnpricedCalls
		sum.InputTokens += l.InputTokens
		sum.OutputTokens += l.OutputTokens
		if c, ok := parse(l.CostUSD); ok {
			if cost == nil {
				cost = new(big.Rat)
			}
			cost.Add(cost, c)
		}
	}
	if cost != nil {
		s := trim(cost.FloatString(decimals))
		sum.CostUSD = &s
	}
	return sum
}

func parse(s *string) (*big.Rat, bool) {
	if s == nil {
		return nil, false
	}
	return new(big.Rat).SetString(*s)
}

// trim cuts the zeros at the end of a decimal with a point.
func trim(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

// Print writes the lines as a table with their sum below.
func Print(out io.Writer, lines []storage.FunctionCost) error {
	width := 0
	for _, l := range lines {
		width = max(width, len(shortName(l.Function)))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "calls\tunpriced\tinput\toutput\tcost USD\t")
	for _, l := range lines {
		row(w, l, fmt.Sprintf("  %-*s  %s", width, shortName(l.Function), l.File))
	}
	row(w, total(lines), "  all")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func row(w io.Writer, l storage.FunctionCost, name string) {
	cost := "unknown"
	if l.CostUSD != nil {
		cost = *l.CostUSD
		if strings.Contains(cost, ".") {
			cost = trim(cost)
		}
	}
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%s\t%s\n", l.Calls, l.UnpricedCalls, l.InputTokens, l.OutputTokens, cost, name)
}

// shortName cuts the import path's directories: "search.(*Finder).rank".
func shortName(function string) string {
	return function[strings.LastIndexByte(function, '/')+1:]
}
