// Package costkeyauth is the collector extension costkey_auth: it checks CostKey API keys for any receiver, over HTTP and
// gRPC, puts the key's project into the request's auth data, and bounds what each key may send.
//
// It stands in a server's configuration as authenticator, as middleware or as both. As middleware it can answer over HTTP
// what an authenticator can't: 403, 429 and 503 with Retry-After. See README.md.
package costkeyauth
