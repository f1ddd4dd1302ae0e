package costkeyauth

import "reflect"

// spansIn counts the spans of an OTLP request, for each stands for a call; 1 for any other message, and for a request
// without spans. The type of what OTLP's server decodes into can't be named outside of pdata, only looked at.
func spansIn(req any) int {
	return max(1, entries(reflect.ValueOf(req), "ResourceSpans", "ScopeSpans", "Spans"))
}

// entries counts what is in the lists that the last of the fields names, below those of the fields before.
func entries(v reflect.Value, fields ...string) (n int) {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return 0
	}
	list := v.FieldByName(fields[0])
	if list.Kind() != reflect.Slice {
		return 0
	}
	if len(fields) == 1 {
		return list.Len()
	}
	for i := range list.Len() {
		n += entries(list.Index(i), fields[1:]...)
	}
	return n
}
