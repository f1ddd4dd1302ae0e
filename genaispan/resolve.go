package genaispan

import "github.com/costkey/costkey-otel/samecall"

// Node is the place of a span in its trace.
type Node = samecall.Node

// Resolve joins the spans of one batch that are one call, by the rules that samecall.Same names, and returns the spans in
// their order: the kept calls, filled from the spans that were joined with them, and outer spans. A span that another
// call stands for becomes an outer one; a span that is there twice is returned once. What comes out does not depend on
// the order of calls. The slice calls is changed. others are spans of the batch that are no GenAI spans: ancestors are
// looked for through them.
func Resolve(calls []Call, others ...Node) []Call {
	// What was joined can tell of more, where ids contradict what lies inside what. Most batches have nothing to join, and
	// are looked at once.
	for range maxRounds {
		before := Leaves(calls)
		calls = without(calls, samecall.Resolve(batch(calls), len(calls), 0, others...))
		if Leaves(calls) == before {
			break
		}
	}
	inheritModels(calls, others)
	return calls
}

// inheritModels gives calls that name no model that of the nearest span around them which does.
func inheritModels(calls []Call, others []Node) {
	lacks := func(c *Call) bool {
		return !c.Outer && c.RequestModel == "" && c.ResponseModel == "" && !c.Usage.IsZero()
	}
	lacking := 0
	for i := range calls {
		if lacks(&calls[i]) {
			lacking++
		}
	}
	if lacking == 0 {
		return // Fast path - a call names its model as a rule.
	}
	type id struct {
		trace [16]byte
		span  [8]byte
	}
	parents, models := make(map[id][8]byte, len(calls)+len(others)), make(map[id]*Call, len(calls))
	for i := range others {
		parents[id{others[i].TraceID, others[i].SpanID}] = others[i].ParentSpanID
	}
	for i := range calls {
		c := &calls[i]
		at := id{c.TraceID, c.SpanID}
		parents[at], models[at] = c.ParentSpanID, c
	}
	for i := range calls {
		c := &calls[i]
		at := id{c.TraceID, c.ParentSpanID}
		for depth := 0; lacks(c) && depth < maxDepth && at.span != ([8]byte{}); depth++ {
			if outer := models[at]; outer != nil && outer.RequestModel != "" {
				c.RequestModel = outer.RequestModel
				if c.Provider == "" {
					c.Provider = outer.Provider
				}
			}
			at.span = parents[at]
		}
	}
}

// maxDepth bounds how far up a model is looked for.
const maxDepth = 16

// maxRounds bounds how often a batch is looked at.
const maxRounds = 8

// Leaves counts the calls that are no outer spans.
func Leaves(calls []Call) int {
	n := 0
	for i := range calls {
		if !calls[i].Outer {
			n++
		}
	}
	return n
}

// without returns calls without those of the numbers, which are in order.
func without(calls []Call, numbers []int) []Call {
	if len(numbers) == 0 {
		return calls
	}
	kept := numbers[0]
	for i := kept; i < len(calls); i++ {
		if len(numbers) > 0 && numbers[0] == i {
			numbers = numbers[1:]
			continue
		}
		calls[kept] = calls[i]
		kept++
	}
	return calls[:kept]
}

// Facts returns what tells whether c and another span are one call.
func (c *Call) Facts() samecall.Facts {
	return samecall.Facts{
		TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
		StartNanos: c.StartNanos, EndNanos: c.EndNanos,
		Project: c.Project, Service: c.ServiceName, Scope: c.ScopeName,
		RequestModel: c.RequestModel, ResponseModel: c.ResponseModel,
		ResponseID: c.ResponseID, RequestID: c.RequestID,
		Input: c.Usage.Input, Output: c.Usage.Output, Fresh: c.Usage.Fresh(),
		ReplacedBy: c.ReplacedBy, Outer: c.Outer, Inner: c.Inner, Enclosing: c.Enclosing, Client: c.Client,
		Failed: c.ErrorType != "" || c.HTTPStatus >= 400,
		Code:   c.FunctionName != "" || c.FilePath != "",
	}
}

// batch lets samecall resolve calls.
type batch []Call

func (b batch) Facts(i int) samecall.Facts { return b[i].Facts() }

func (b batch) Drop(i int) { b[i].Outer = true }

func (b batch) Merge(to, from int, fields samecall.MergeFields) {
	c, other := &b[to], &b[from]
	c.merge(other, fields)
	if fields&samecall.MarkReplaced != 0 {
		other.ReplacedBy = c.SpanID
	}
}
