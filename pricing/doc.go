// Package pricing says what one AI call cost, exactly, or why that is not known.
//
// A Table holds prices as facts: provider, model, and rows that differ by time, served tier and size of the input.
// Price looks the model up, picks the one row that fits the call and adds up its parts; Explain does the same and shows
// the lines of the sum. The embedded table is generated from the files in catalogue/; its schema, the matching rules and
// what is not priced are in the README.
//
// The package is pure: no clock, no network, no environment, no log. Money is never a float. What is not known is
// never 0: a Result without a price says so in its Status and tells the Reason.
package pricing
