// Package costkeyreceiver is the collector receiver costkey: it takes what CostKey's JavaScript and Python SDKs send, and
// OTLP over HTTP on the same port, and hands GenAI spans to the pipeline.
//
// A request passes, in this order: who it is of, its size, its decoding, the key's limits, translation, the pipeline. The
// SDKs drop a batch on any 4xx but 429 and send it again on 429 and 5xx. So pressure, and anything that is away, is 429 or
// 503, and 4xx is for what can never succeed. One bad event in a batch is named in the answer, and the others are taken.
package costkeyreceiver
