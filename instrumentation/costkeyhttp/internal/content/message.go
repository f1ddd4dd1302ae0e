package content

import (
	"bytes"
	"encoding/json"
	"strings"
)

// message and its parts are written as the JSON schemas of the semantic conventions say.
type message struct {
	Role   string `json:"role"`
	Parts  []any  `json:"parts"`
	Finish string `json:"finish_reason,omitempty"`
}

type textPart struct {
	Type    string `json:"type"` // text or reasoning
	Content string `json:"content"`
}

type callPart struct {
	Type      string `json:"type"` // tool_call
	ID        string `json:"id,omitempty"`
	Name      string `json:"name"`
	Arguments any    `json:"arguments,omitempty"`
}

type responsePart struct {
	Type     string          `json:"type"` // tool_call_response
	ID       string          `json:"id,omitempty"`
	Response json.RawMessage `json:"response,omitempty"`
}

// item is a message or a part of one, in any provider's words.
type item struct {
	Role    string          `json:"role"`
	Type    string          `json:"type"`
	Content json.RawMessage `json:"content"`
	Parts   json.RawMessage `json:"parts"`

	Text      *string         `json:"text"`
	Thinking  *string         `json:"thinking"`
	Thought   bool            `json:"thought"`
	Refusal   *string         `json:"refusal"`
	Reasoning *string         `json:"reasoning_content"`
	ID        string          `json:"id"`
	CallID    string          `json:"call_id"`
	ToolUse   string          `json:"tool_use_id"`
	ToolCall  string          `json:"tool_call_id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Arguments json.RawMessage `json:"arguments"`
	Output    json.RawMessage `json:"output"`

	ToolCalls []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	ToolBlock *struct { // Converse
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse"`
	ToolResult *struct {
		ID      string          `json:"toolUseId"`
		Content json.RawMessage `json:"content"`
	} `json:"toolResult"`
	FunctionCall *struct {
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	FunctionResponse *struct {
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	} `json:"functionResponse"`
}

// messagesOf reads a text, a message or a list of them; ok is false where raw is something else.
func messagesOf(raw json.RawMessage, role string) (out []message, ok bool) {
	for _, one := range listOf(raw) {
		if text, is := textOf(one); is {
			out = append(out, message{Role: role, Parts: []any{textPart{"text", text}}})
			continue
		}
		var it item
		if json.Unmarshal(one, &it) != nil {
			return nil, false
		}
		out = append(out, it.message(one, role))
	}
	return out, len(out) > 0
}

func (it *item) message(raw json.RawMessage, role string) message {
	m := message{Role: role}
	switch it.Role {
	case "":
	case "model":
		m.Role = "assistant"
	default:
		m.Role = it.Role
	}
	if it.ToolCall != "" {
		m.Parts = []any{responsePart{"tool_call_response", it.ToolCall, it.Content}}
		return m
	}
	if it.Content == nil && it.Parts == nil && it.ToolCalls == nil {
		m.Parts = []any{it.part(raw)}
		return m
	}
	if it.Reasoning != nil && *it.Reasoning != "" {
		m.Parts = append(m.Parts, textPart{"reasoning", *it.Reasoning})
	}
	m.Parts = append(append(m.Parts, partsOf(it.Content)...), partsOf(it.Parts)...)
	if it.Refusal != nil && *it.Refusal != "" {
		m.Parts = append(m.Parts, textPart{"text", *it.Refusal})
	}
	for _, c := range it.ToolCalls {
		m.Parts = append(m.Parts, callPart{"tool_call", c.ID, c.Function.Name, argumentsOf(c.Function.Arguments)})
	}
	return m
}

// partsOf reads the content of a message: a text, a part or a list of them.
func partsOf(raw json.RawMessage) (parts []any) {
	for _, one := range listOf(raw) {
		if text, is := textOf(one); is {
			parts = append(parts, textPart{"text", text})
			continue
		}
		var it item
		if json.Unmarshal(one, &it) != nil {
			parts = append(parts, one)
			continue
		}
		parts = append(parts, it.part(one))
	}
	return parts
}

// part returns the part that it is; one of a kind not known stays as it came.
func (it *item) part(raw json.RawMessage) any {
	switch {
	case it.Text != nil && it.Thought:
		return textPart{"reasoning", *it.Text}
	case it.Text != nil:
		return textPart{"text", *it.Text}
	case it.Thinking != nil:
		return textPart{"reasoning", *it.Thinking}
	case it.Refusal != nil:
		return textPart{"text", *it.Refusal}
	case it.ToolBlock != nil:
		return callPart{"tool_call", it.ToolBlock.ID, it.ToolBlock.Name, it.ToolBlock.Input}
	case it.ToolResult != nil:
		return responsePart{"tool_call_response", it.ToolResult.ID, it.ToolResult.Content}
	case it.FunctionCall != nil:
		return callPart{"tool_call", "", it.FunctionCall.Name, it.FunctionCall.Args}
	case it.FunctionResponse != nil:
		return responsePart{"tool_call_response", it.FunctionResponse.Name, it.FunctionResponse.Response}
	case it.Type == "tool_use":
		return callPart{"tool_call", it.ID, it.Name, it.Input}
	case it.Type == "tool_result":
		return responsePart{"tool_call_response", it.ToolUse, it.Content}
	case it.Type == "function_call":
		return callPart{"tool_call", it.CallID, it.Name, argumentsOf(it.Arguments)}
	case it.Type == "function_call_output":
		return responsePart{"tool_call_response", it.CallID, it.Output}
	}
	return raw
}

// argumentsOf returns a tool's arguments as the object they are: OpenAI writes them as a text.
func argumentsOf(raw json.RawMessage) any {
	text, is := textOf(raw)
	if is && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	if raw == nil {
		return nil
	}
	return raw
}

// listOf returns the elements of an array, and any other value as the only one. A null is none.
func listOf(raw json.RawMessage) []json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	return []json.RawMessage{raw}
}

func textOf(raw json.RawMessage) (text string, is bool) {
	return text, len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil
}

// write returns v as JSON, or "" for nothing.
func write(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
