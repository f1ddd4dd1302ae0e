// Package dedup decides what to keep of spans that are one call. It is pure: package samecall judges, and what it judges is
// read and written elsewhere. [Memory] knows which traces this program wrote to lately.
package dedup
