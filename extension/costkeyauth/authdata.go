package costkeyauth

import (
	"go.opentelemetry.io/collector/client"

	"github.com/costkey/costkey-otel/semconv"
)

// The attributes of [AuthData], all strings. The project's is costkey.project.
const (
	AttributeKeyID  = "costkey.key_id"
	AttributeScopes = "costkey.scopes" // comma-separated
)

// AuthData says on whose behalf a request is made. It holds no secret.
type AuthData struct{ project, keyID, scopes string }

var _ client.AuthData = (*AuthData)(nil)

// GetAttribute returns the string of an attribute, nil where there is none of that name.
func (a *AuthData) GetAttribute(name string) any {
	switch name {
	case string(semconv.ProjectKey):
		return a.project
	case AttributeKeyID:
		return a.keyID
	case AttributeScopes:
		return a.scopes
	default:
		return nil
	}
}

// GetAttributeNames returns the names of all attributes.
func (a *AuthData) GetAttributeNames() []string {
	return []string{string(semconv.ProjectKey), AttributeKeyID, AttributeScopes}
}
