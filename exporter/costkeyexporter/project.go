package costkeyexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage"
)

// defaultProject takes what no one named a project for, in open mode.
const defaultProject = "default"

// projectOf decides the project of a resource's calls. claimed is what the data says.
//
// With auth data that names a project, the key decides and the claim is ignored. Without, in open mode, the claim counts,
// else "default".
func projectOf(auth client.AuthData, claimed string) (string, error) {
	if auth != nil {
		if project, ok := auth.GetAttribute(string(semconv.ProjectKey)).(string); ok && project != "" {
			return project, nil
		}
	}
	if claimed == "" {
		return defaultProject, nil
	}
	if !storage.ValidProject(claimed) {
		return "", errBadProject
	}
	return claimed, nil
}

var errBadProject = errors.New("resource attribute costkey.project must be 1 to 63 of a-z, 0-9, '.', '_', '-', and begin with a letter or digit")

// withoutMetadata returns ctx with the client's address only: its metadata can hold the key, and the queue may write what
// the context carries to disk.
func withoutMetadata(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{Addr: client.FromContext(ctx).Addr})
}
