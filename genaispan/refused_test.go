package genaispan_test

import "testing"

func TestAClassThatAnAnsweredCallMayHaveTooTellsNothing(t *testing.T) {
	t.Parallel()
	for class, refused := range map[string]bool{
		"pydantic_core._pydantic_core.ValidationError": false, "ValidationError": false, "ValidationException": true,
		"PermissionError": false, "permission_error": true, "openai.PermissionDeniedError": true,
		"org.springframework.web.client.HttpClientErrorException": true, "HttpClientError": false, "APIConnectionError": false,
		"TimeoutError": false, "asyncio.CancelledError": false, "json.decoder.JSONDecodeError": false,
	} {
		c := one(t, "x", attrs{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-opus-4-6", "error.type": class,
		})
		if c.Refused() != refused {
			t.Errorf("%s: refused is %t", class, c.Refused())
		}
	}
}
