package content

import (
	"cmp"
	"encoding/json"
)

// vendors are the members of an event that Bedrock, Cohere and Ollama have of their own.
type vendors struct {
	block
	StopReason string `json:"stopReason"`        // Converse
	Stopped    string `json:"stop_reason"`       // Llama
	BlockDelta block  `json:"contentBlockDelta"` // Nova
	BlockStart block  `json:"contentBlockStart"`
	End        struct {
		StopReason string `json:"stopReason"`
	} `json:"messageStop"`
	Generation string `json:"generation"` // Llama
	OutputText string `json:"outputText"` // Titan
	Completion string `json:"completionReason"`

	EventType string          `json:"event_type"` // Cohere, version 1
	Text      string          `json:"text"`
	Finish    string          `json:"finish_reason"`
	Message   json.RawMessage `json:"message"` // Ollama
	Response  json.RawMessage `json:"response"`
	Thinking  string          `json:"thinking"`
	Done      string          `json:"done_reason"`
}

// block is a piece of a block of Converse's.
type block struct {
	BlockIndex int             `json:"contentBlockIndex"`
	Piece      json.RawMessage `json:"delta"`
	Start      struct {
		ToolUse struct {
			ID   string `json:"toolUseId"`
			Name string `json:"name"`
		} `json:"toolUse"`
	} `json:"start"`
}

func (s *Stream) addVendors(c *chunk) {
	switch c.Type {
	case "":
		s.addBlocks(c)
		s.addOllama(c)
		if c.EventType == "text-generation" {
			s.grow("text", 0, "", "", c.Text)
		}
		s.finish = cmp.Or(s.finish, c.StopReason, c.Stopped, c.End.StopReason, c.Completion, c.vendors.Finish, c.Done)
	case "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta", "message-end":
		s.addCohere(c)
	}
}

// addBlocks adds Converse's events and the models' own.
func (s *Stream) addBlocks(c *chunk) {
	own := c.block
	own.Piece = c.Delta
	for _, b := range []*block{&own, &c.BlockStart, &c.BlockDelta} {
		s.addBlockPiece(b)
	}
	s.grow("text", 0, "", "", c.Generation+c.OutputText)
}

func (s *Stream) addBlockPiece(b *block) {
	s.grow("tool_call", b.BlockIndex, b.Start.ToolUse.ID, b.Start.ToolUse.Name, "")
	var d struct {
		Text    string `json:"text"`
		ToolUse struct {
			Input string `json:"input"`
		} `json:"toolUse"`
		Reasoning struct {
			Text string `json:"text"`
		} `json:"reasoningContent"`
	}
	if len(b.Piece) == 0 || json.Unmarshal(b.Piece, &d) != nil {
		return
	}
	s.grow("text", b.BlockIndex, "", "", d.Text)
	s.grow("reasoning", b.BlockIndex, "", "", d.Reasoning.Text)
	s.grow("tool_call", b.BlockIndex, "", "", d.ToolUse.Input)
}

// addOllama adds an event of a chat, whose tool calls come whole, or of a generation.
func (s *Stream) addOllama(c *chunk) {
	s.grow("reasoning", 0, "", "", c.Thinking)
	if text, is := textOf(c.Response); is {
		s.grow("text", 0, "", "", text)
	}
	var m item
	if len(c.Message) == 0 || json.Unmarshal(c.Message, &m) != nil {
		return
	}
	if m.Thinking != nil {
		s.grow("reasoning", 0, "", "", *m.Thinking)
	}
	if text, is := textOf(m.Content); is {
		s.grow("text", 0, "", "", text)
	}
	for _, t := range m.ToolCalls {
		s.grow("tool_call", len(s.parts), t.ID, t.Function.Name, string(t.Function.Arguments))
	}
}

// addCohere adds an event of version 2.
func (s *Stream) addCohere(c *chunk) {
	var d struct {
		Finish  string `json:"finish_reason"`
		Message struct {
			Content struct {
				Text     string `json:"text"`
				Thinking string `json:"thinking"`
			} `json:"content"`
			Plan string `json:"tool_plan"`
			Call struct {
				ID       string `json:"id"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"message"`
	}
	if json.Unmarshal(c.Delta, &d) != nil {
		return
	}
	m := &d.Message
	s.grow("text", c.Index, "", "", m.Content.Text)
	s.grow("reasoning", c.Index, "", "", m.Content.Thinking+m.Plan)
	s.grow("tool_call", c.Index, m.Call.ID, m.Call.Function.Name, m.Call.Function.Arguments)
	s.finish = cmp.Or(d.Finish, s.finish)
}
