package costkeyexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage"
)

// defaultProject takes what no one named a project for, in open mode.
const defaultProject = "default"

// authType is the extension that says which project a request belongs to.
const authType = "costkey_auth"

// needsKey decides whether data without a key is refused: as `authenticated` says, else where the collector runs an
// extension costkey_auth, whichever receivers use it.
func needsKey(mode string, host component.Host) bool {
	switch mode {
	case authenticatedTrue:
		return true
	case authenticatedFalse:
		return false
	}
	for id := range host.GetExtensions() {
		if id.Type().String() == authType {
			return true
		}
	}
	return false
}

// projectOf decides the project of a resource's calls. claimed is what the data says.
//
// With auth data that names a project, the key decides and the claim is ignored; other reports that it was another one.
// Without, where keys are needed, there is none, unless claims are trusted. In open mode the claim counts, else "default".
func (e *tracesExporter) projectOf(auth client.AuthData, claimed string) (project string, other bool, err error) {
	if auth != nil {
		if project, ok := auth.GetAttribute(string(semconv.ProjectKey)).(string); ok && project != "" {
			return project, claimed != "" && claimed != project, nil
		}
	}
	switch {
	case e.needsKey && (!e.cfg.TrustProjectAttribute || claimed == ""):
		return "", false, errNoProject
	case claimed == "":
		return defaultProject, false, nil
	case !storage.ValidProject(claimed):
		return "", false, errBadProject
	}
	return claimed, false, nil
}

var (
	errBadProject = errors.New("resource attribute costkey.project must be 1 to 63 of a-z, 0-9, '.', '_', '-', and begin with a letter or digit")
	errNoProject  = errors.New("no key tells the project: the receiver must use costkey_auth, with no processor such as batch between it and exporter costkey")
)

// rejectionReason is the metric's word for an error of projectOf.
func rejectionReason(err error) string {
	if errors.Is(err, errNoProject) {
		return "no_project"
	}
	return "bad_project"
}

// withoutMetadata returns ctx with the client's address only: its metadata can hold the key, and the queue may write what
// the context carries to disk.
func withoutMetadata(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{Addr: client.FromContext(ctx).Addr})
}
