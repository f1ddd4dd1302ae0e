// Package provider is a local stand-in for the APIs of OpenAI, Anthropic and Google: it plays recorded answers in the
// providers' own wire formats, so that a program with the official SDKs runs without a key, a bill or an internet
// connection, and so that what it used is known to the token.
//
// Every answer has a fresh id, every number in it is one of the table [Answers], and everything that was served is in
// the log [Provider.Served]: whoever measures the calls has something to hold the measurement against.
//
// Played are, each as plain JSON and as an event stream where the API has one: OpenAI chat completions, responses and
// embeddings, Anthropic messages, Google generateContent. Refused as the providers refuse: a request without a key
// (401), a model that is not in the table (404), more output tokens asked for than a model has (400), and, where an
// [Option] asks for it, too many requests (429). The wire formats were read from the providers' API references and
// from what their official Go SDKs accept, in the autumn of 2026; the files under recorded are the bodies.
package provider
