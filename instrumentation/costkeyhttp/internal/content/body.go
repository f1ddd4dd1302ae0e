package content

import (
	"cmp"
	"encoding/json"
)

// Request returns what a request's body says: the system's instructions as a list of parts, where they stand apart, and
// the messages. A body that was cut or is of no known shape is returned as its text.
func Request(b *Body) (system, input string) {
	if !b.isJSON() {
		return "", ""
	}
	var r struct {
		Messages     json.RawMessage `json:"messages"`
		Message      json.RawMessage `json:"message"`
		Input        json.RawMessage `json:"input"`
		Contents     json.RawMessage `json:"contents"`
		Prompt       json.RawMessage `json:"prompt"`
		System       json.RawMessage `json:"system"`
		Instructions json.RawMessage `json:"instructions"`
		Google       struct {
			Parts json.RawMessage `json:"parts"`
		} `json:"systemInstruction"`
	}
	if b.over || json.Unmarshal(b.bytes, &r) != nil {
		return "", string(b.bytes)
	}
	messages, ok := messagesOf(first(r.Messages, r.Input, r.Contents, r.Prompt, r.Message), "user")
	if !ok {
		return "", string(b.bytes)
	}
	if parts := partsOf(first(r.System, r.Instructions, r.Google.Parts)); len(parts) > 0 {
		system = write(parts)
	}
	return system, write(messages)
}

// Answer returns the messages of a plain answer. A body that was cut or is of no known shape is returned as its text.
func Answer(b *Body) string {
	if !b.isJSON() {
		return ""
	}
	var a struct {
		Choices []struct {
			Message json.RawMessage `json:"message"`
			Text    json.RawMessage `json:"text"`
			Finish  string          `json:"finish_reason"`
		} `json:"choices"`
		Candidates []struct {
			Content json.RawMessage `json:"content"`
			Finish  string          `json:"finishReason"`
		} `json:"candidates"`
		Content json.RawMessage `json:"content"`
		Stop    string          `json:"stop_reason"`
		Output  json.RawMessage `json:"output"`
		lone
	}
	if b.over || json.Unmarshal(b.bytes, &a) != nil {
		return string(b.bytes)
	}
	var out []message
	for _, c := range a.Choices {
		out = appendFinished(out, first(c.Message, c.Text), c.Finish)
	}
	for _, c := range a.Candidates {
		out = appendFinished(out, c.Content, c.Finish)
	}
	if parts := partsOf(a.Content); len(parts) > 0 {
		out = append(out, message{Role: "assistant", Parts: parts, Finish: a.Stop})
	}
	if message := a.lone.message(a.Output); message != nil {
		out = appendFinished(out, message, cmp.Or(a.StopReason, a.Finish, a.Done, a.Stop))
	} else {
		out = appendFinished(out, a.Output, "")
	}
	if len(out) == 0 {
		return string(b.bytes)
	}
	return write(out)
}

// lone are the members of a plain answer that is one message, as those of Bedrock, Cohere and Ollama are.
type lone struct {
	Message    json.RawMessage `json:"message"`
	Response   json.RawMessage `json:"response"`
	Text       json.RawMessage `json:"text"`
	Generation json.RawMessage `json:"generation"`
	StopReason string          `json:"stopReason"`
	Finish     string          `json:"finish_reason"`
	Done       string          `json:"done_reason"`
}

// message returns the message, or nil where the answer has none such. output is where Converse has it.
func (l *lone) message(output json.RawMessage) json.RawMessage {
	var o struct {
		Message json.RawMessage `json:"message"`
	}
	if len(output) > 0 && output[0] == '{' && json.Unmarshal(output, &o) != nil {
		return nil
	}
	return first(o.Message, l.Message, l.Response, l.Text, l.Generation)
}

func appendFinished(out []message, raw json.RawMessage, finish string) []message {
	messages, _ := messagesOf(raw, "assistant")
	for i := range messages {
		messages[i].Finish = cmp.Or(messages[i].Finish, finish)
	}
	return append(out, messages...)
}

// first returns the first value that is there.
func first(values ...json.RawMessage) json.RawMessage {
	for _, v := range values {
		if len(v) > 0 && string(v) != "null" {
			return v
		}
	}
	return nil
}
