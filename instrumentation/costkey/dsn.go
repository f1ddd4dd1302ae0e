package costkey

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// dsn is where a CostKey receiver listens, as whom and for which project.
type dsn struct {
	endpoint string // "http://localhost:4319/v1/traces"
	key      string // empty for a receiver that asks for none
	project  string
}

// maxProject bounds a project's slug, in bytes.
const maxProject = 200

// parseDSN reads "http://key@host:port/project". Its errors say what is wrong and hold no part of the DSN but host and
// scheme, since the key may be anywhere in a malformed one.
func parseDSN(s string) (dsn, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return dsn{}, dsnError("is not a URL") // err quotes the DSN
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return dsn{}, dsnError("does not begin with http:// or https://")
	case u.Hostname() == "":
		return dsn{}, dsnError("names no host")
	case !validPort(u):
		return dsn{}, dsnError("has a port that is not between 1 and 65535")
	case u.RawQuery != "" || u.Fragment != "":
		return dsn{}, dsnError("has a query or a fragment")
	}
	d := dsn{
		endpoint: u.Scheme + "://" + u.Host + "/v1/traces",
		project:  strings.Trim(u.Path, "/"),
	}
	if d.project == "" || len(d.project) > maxProject || !printable(d.project) {
		return dsn{}, dsnError("names no project after the host, or one that is too long or not plain text")
	}
	if u.User == nil {
		return d, nil
	}
	if _, has := u.User.Password(); has {
		return dsn{}, dsnError("has a password: the key is the user name alone")
	}
	d.key = u.User.Username()
	if !printable(d.key) {
		return dsn{}, dsnError("has a key that is not plain text")
	}
	return d, nil
}

func dsnError(what string) error {
	return fmt.Errorf("read the CostKey DSN: %w", errors.New("it "+what+"; the form is http://key@host:port/project"))
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// printable reports whether s is visible ASCII, which a header and a slug can hold.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// headers are what an exporter sends to the receiver. The map is never nil, so that it replaces the headers that
// OTEL_EXPORTER_OTLP_HEADERS holds for somebody else.
func (d dsn) headers() map[string]string {
	if d.key == "" {
		return map[string]string{}
	}
	return map[string]string{http.CanonicalHeaderKey("authorization"): "Bearer " + d.key}
}
