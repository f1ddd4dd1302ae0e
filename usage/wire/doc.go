// Package wire reads the usage objects in which providers report what a call consumed: those of their answers, and of the
// libraries that pass them on. One table says where each count, tier, place, speed, fee and cost stands, and one function
// what contains what. It is pure, and allocates nothing for an object without iterations.
//
// A field of a provider is one row of [places], or of [lists] where it is broken down by a word; both name the page or the
// SDK that they follow. What the SDKs' types have besides is listed in the tests, with the reason why it is not billed.
package wire
