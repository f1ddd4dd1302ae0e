// Package archtest holds the rules of who may import whom, as tests over what `go list` says. It ships no code.
//
// A rule names the packages it is for, what they may not have among their dependencies, direct or not, and why. A rule
// that can no longer be broken is an error too: where a banned package or one that a rule is for has left the module,
// the rule is renamed or dropped.
package archtest
