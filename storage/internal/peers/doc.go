// Package peers reads what may be other spans of a call: the stored rows of the same traces and of the same answers, and the
// spans between them that have no row. All of one question is read from one snapshot.
//
// A short trace is read whole. Of a long one only what a rule of package samecall can reach is read: what is around a span
// and what is inside it, up to samecall.MaxDepth, and of what stands beside it the nearest in time. So the cost of a question
// grows with the batch that asks, not with the trace.
package peers
