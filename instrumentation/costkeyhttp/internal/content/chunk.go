package content

import (
	"cmp"
	"encoding/json"
)

// chunk is one event of a stream, in any provider's words.
type chunk struct {
	Choices []struct { // OpenAI chat and completions
		Index  int    `json:"index"`
		Text   string `json:"text"`
		Finish string `json:"finish_reason"`
		Delta  struct {
			Content   string `json:"content"`
			Refusal   string `json:"refusal"`
			Reasoning string `json:"reasoning_content"`
			ToolCalls []struct {
				Index    int    `json:"index"`
				ID       string `json:"id"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
	} `json:"choices"`
	Candidates []struct { // Gemini
		Index   int    `json:"index"`
		Finish  string `json:"finishReason"`
		Content struct {
			Parts []item `json:"parts"`
		} `json:"content"`
	} `json:"candidates"`

	// Anthropic and OpenAI responses.
	Type        string          `json:"type"`
	Index       int             `json:"index"`
	OutputIndex int             `json:"output_index"`
	Delta       json.RawMessage `json:"delta"`
	Block       item            `json:"content_block"`
	Item        item            `json:"item"`

	vendors
}

// perChoice keeps the tool calls of several choices apart.
const perChoice = 1000

func (s *Stream) add(c *chunk) {
	for _, choice := range c.Choices {
		d := &choice.Delta
		s.grow("reasoning", choice.Index, "", "", d.Reasoning)
		s.grow("text", choice.Index, "", "", choice.Text+d.Content+d.Refusal)
		for _, t := range d.ToolCalls {
			s.grow("tool_call", choice.Index*perChoice+t.Index, t.ID, t.Function.Name, t.Function.Arguments)
		}
		s.finish = cmp.Or(choice.Finish, s.finish)
	}
	for _, candidate := range c.Candidates {
		for _, part := range candidate.Content.Parts {
			s.addGoogle(&part, candidate.Index)
		}
		s.finish = cmp.Or(candidate.Finish, s.finish)
	}
	switch c.Type {
	case "content_block_start":
		s.addBlock(c)
	case "content_block_delta", "message_delta":
		s.addAnthropic(c)
	case "response.output_item.added":
		if c.Item.Type == "function_call" {
			s.grow("tool_call", c.OutputIndex, c.Item.CallID, c.Item.Name, "")
		}
	default:
		s.addResponses(c)
		s.addVendors(c)
	}
}

func (s *Stream) addGoogle(part *item, index int) {
	switch {
	case part.Text != nil && part.Thought:
		s.grow("reasoning", index, "", "", *part.Text)
	case part.Text != nil:
		s.grow("text", index, "", "", *part.Text)
	case part.FunctionCall != nil: // comes whole
		s.grow("tool_call", len(s.parts), "", part.FunctionCall.Name, string(part.FunctionCall.Args))
	}
}

func (s *Stream) addBlock(c *chunk) {
	switch {
	case c.Block.Type == "tool_use":
		s.grow("tool_call", c.Index, c.Block.ID, c.Block.Name, "")
	case c.Block.Text != nil:
		s.grow("text", c.Index, "", "", *c.Block.Text)
	}
}

func (s *Stream) addAnthropic(c *chunk) {
	var d struct {
		Text     string `json:"text"`
		Thinking string `json:"thinking"`
		JSON     string `json:"partial_json"`
		Stop     string `json:"stop_reason"`
	}
	if json.Unmarshal(c.Delta, &d) != nil {
		return
	}
	s.grow("text", c.Index, "", "", d.Text)
	s.grow("reasoning", c.Index, "", "", d.Thinking)
	s.grow("tool_call", c.Index, "", "", d.JSON)
	s.finish = cmp.Or(d.Stop, s.finish)
}

func (s *Stream) addResponses(c *chunk) {
	text, is := textOf(c.Delta)
	if !is {
		return
	}
	switch c.Type {
	case "response.output_text.delta", "response.refusal.delta":
		s.grow("text", c.OutputIndex, "", "", text)
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		s.grow("reasoning", c.OutputIndex, "", "", text)
	case "response.function_call_arguments.delta":
		s.grow("tool_call", c.OutputIndex, "", "", text)
	}
}
