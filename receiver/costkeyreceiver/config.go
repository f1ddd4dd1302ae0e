package costkeyreceiver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
)

// Config is the user's YAML under receivers::costkey.
type Config struct {
	// Server is the HTTP server's: endpoint, tls, auth, cors, max_request_body_size, read_timeout and so on; see
	// confighttp. Default: localhost:4319, bodies of up to 20 MiB, 30s to read a request.
	Server confighttp.ServerConfig `mapstructure:",squash"`
	// AllowUnauthenticated lets anybody who reaches an endpoint other than this machine's send calls, of any project.
	// Default: false: such an endpoint needs `auth`.
	AllowUnauthenticated bool `mapstructure:"allow_unauthenticated"`
	// CaptureBody hands on the prompts and answers that the SDKs send, with secrets scrubbed. Default: false: they are not
	// read.
	CaptureBody bool `mapstructure:"capture_body"`
	// MaxEvents bounds the events of one request. Default: 1000; the SDKs send 50.
	MaxEvents int `mapstructure:"max_events"`
	// Storage names the costkey_storage extension with the source maps, and with the call graphs that outlive a restart.
	// Default: none: frames are not translated, and a call graph counts until the collector stops.
	Storage *component.ID `mapstructure:"storage"`
}

// Validate reports every problem of the configuration.
func (c *Config) Validate() error {
	var problems []error
	if c.Server.NetAddr.Endpoint == "" {
		problems = append(problems, errors.New("`endpoint` must not be empty"))
	}
	if c.MaxEvents < 1 {
		problems = append(problems, fmt.Errorf("`max_events` must be positive, found %d", c.MaxEvents))
	}
	if !c.Server.Auth.HasValue() && !c.AllowUnauthenticated && !isLocal(c.Server.NetAddr) {
		problems = append(problems, fmt.Errorf("`endpoint` %s can be reached from other machines, so it needs `auth` "+
			"(auth: {authenticator: costkey_auth}), or `allow_unauthenticated: true` if anybody may send calls", c.Server.NetAddr.Endpoint))
	}
	return errors.Join(problems...)
}

// isLocal reports whether only this machine reaches an address. A name counts as what it says: only localhost is local.
func isLocal(addr confignet.AddrConfig) bool {
	if strings.HasPrefix(string(addr.Transport), "unix") {
		return true
	}
	host, _, err := net.SplitHostPort(addr.Endpoint)
	if err != nil {
		return addr.Endpoint == "" // said to be missing elsewhere
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

const defaultEndpoint = "localhost:4319"

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	server.MaxRequestBodySize = 20 << 20
	server.ReadTimeout = readTimeout
	return &Config{Server: server, MaxEvents: 1000}
}
