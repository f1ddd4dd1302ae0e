package costkeyauth

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"
)

// NotifyConfigSnapshot warns of otlp receivers that listen beyond this machine and ask nobody who he is.
func (e *Extension) NotifyConfigSnapshot(_ context.Context, snapshot extensioncapabilities.ConfigSnapshot) error {
	if e.cfg.AllowUnauthenticated || snapshot == nil || snapshot.Effective() == nil {
		return nil
	}
	for _, name := range openReceivers(snapshot.Effective().ToStringMap(), e.id.String()) {
		e.logger.Warn("an otlp receiver listens beyond this machine without authentication: set its `auth` or `middlewares`,"+
			" or `allow_unauthenticated: true` here", zap.String("receiver", name))
	}
	return nil
}

// openReceivers lists the protocols of otlp receivers that listen on another address than this machine's own, and have
// neither authenticator, nor client certificates, nor the extension id as middleware.
func openReceivers(config map[string]any, id string) []string {
	receivers, _ := config["receivers"].(map[string]any)
	var open []string
	for name, value := range receivers {
		if kind, _, _ := strings.Cut(name, "/"); kind != "otlp" {
			continue
		}
		receiver, _ := value.(map[string]any)
		protocols, _ := receiver["protocols"].(map[string]any)
		for protocol, value := range protocols {
			server, _ := value.(map[string]any)
			endpoint, _ := server["endpoint"].(string)
			if endpoint != "" && !isLocal(endpoint) && !isGuarded(server, id) {
				open = append(open, name+"/"+protocol)
			}
		}
	}
	slices.Sort(open)
	return open
}

func isLocal(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isGuarded(server map[string]any, id string) bool {
	if auth, ok := server["auth"].(map[string]any); ok && auth["authenticator"] != nil {
		return true
	}
	if tls, ok := server["tls"].(map[string]any); ok && hasText(tls["client_ca_file"]) {
		return true
	}
	middlewares, _ := server["middlewares"].([]any)
	return slices.ContainsFunc(middlewares, func(m any) bool {
		middleware, _ := m.(map[string]any)
		return middleware["id"] != nil && fmt.Sprint(middleware["id"]) == id
	})
}

func hasText(value any) bool {
	text, _ := value.(string)
	return text != ""
}
