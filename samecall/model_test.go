package samecall_test

import (
	"testing"

	"github.com/costkey/costkey-otel/samecall"
)

func TestModelsAreComparedWithoutWayRegionVersionAndDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"gpt-4o-2024-08-06": "gpt-4o", "claude-sonnet-4-20250514": "claude-sonnet-4", "models/gemini-2.5-pro": "gemini-2.5-pro",
		"us.anthropic.claude-sonnet-4-20250514-v1:0": "claude-sonnet-4", "claude-3-5-haiku@20241022": "claude-3-5-haiku",
		"openai/gpt-4o": "gpt-4o", "claude-3-5-sonnet-latest": "claude-3-5-sonnet", "gpt-4-0613": "gpt-4-0613", "o3": "o3", "": "",
	} {
		if got := samecall.BaseModel(in); got != want {
			t.Errorf("model %q compares as %q, want %q", in, got, want)
		}
	}
}
