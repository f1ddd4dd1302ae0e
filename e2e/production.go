package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// revoked is how long a key may still be taken after its revocation.
const revoked = 5 * time.Second

// production runs config/production.yaml: senders without a key are refused, those with one reach their project and no
// other, also through a kill -9 with calls in the queue, until their key is revoked.
func production(ctx context.Context, s *stage) error {
	c, a, b, err := inProduction(ctx, s)
	if err != nil {
		return err
	}
	l := newLoad("production")
	if err := refusedWithoutKey(ctx, a, l.calls(0, 1)); err != nil {
		return err
	}
	// b says that it is team-a, and must not be believed.
	if err := errors.Join(a.grpc(ctx, l.calls(0, 3)), b.http(ctx, c.http, claiming(l.calls(3, 2), "team-a"))); err != nil {
		return err
	}
	if err := c.eventuallyHolds(ctx, 5); err != nil {
		return err
	}
	if err := errors.Join(a.http(ctx, c.sdk, l.calls(5, 300)), b.grpc(ctx, l.calls(305, 200)), c.kill()); err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	if err := c.eventuallyHolds(ctx, 505); err != nil {
		return err
	}
	const byProject = `select project, count(*) from costkey.calls group by project order by project`
	if err := c.expect(ctx, byProject, "team-a|303\nteam-b|202"); err != nil {
		return err
	}
	return errors.Join(c.revocationEnds(ctx, a, l.calls(0, 1)), b.grpc(ctx, l.calls(0, 1)), c.stop(), noMarkerUnder(s.dir))
}

// inProduction starts a collector of config/production.yaml with a certificate of its own, and makes the projects team-a and
// team-b with a sender for each.
func inProduction(ctx context.Context, s *stage) (c *collector, a, b sender, err error) {
	c, err = s.collector("collector", "")
	if err != nil {
		return nil, a, b, err
	}
	trusted, err := c.secure()
	if err != nil {
		return nil, a, b, err
	}
	if _, err := output(c.command(ctx, filepath.Join(s.root, "bin", "otelcol-costkey"), "validate", "--config", c.configFile())); err != nil {
		return nil, a, b, err
	}
	if err := c.start(ctx); err != nil {
		return nil, a, b, err
	}
	if a, err = c.newSender(ctx, trusted, "team-a"); err != nil {
		return nil, a, b, err
	}
	b, err = c.newSender(ctx, trusted, "team-b")
	return c, a, b, err
}

// claiming puts a project into the data, which is not the client's to choose.
func claiming(td ptrace.Traces, project string) ptrace.Traces {
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("costkey.project", project)
	return td
}

// refusedWithoutKey fails unless the collector wants a valid key on both ports.
func refusedWithoutKey(ctx context.Context, s sender, td ptrace.Traces) error {
	for _, key := range []string{"", "ck_aaaaaaaaaaaa_" + "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
		s.key = key
		if err := s.grpc(ctx, td); status.Code(err) != codes.Unauthenticated {
			return fmt.Errorf("sending over gRPC without a valid key: got %w, want Unauthenticated", err)
		}
		for _, address := range []string{s.c.http, s.c.sdk} {
			if err := s.http(ctx, address, td); !errors.Is(err, errUnauthorized) {
				return fmt.Errorf("sending over HTTP without a valid key: got %w, want 401", err)
			}
		}
	}
	return nil
}

// revocationEnds revokes the sender's key, and fails unless it is refused soon.
func (c *collector) revocationEnds(ctx context.Context, s sender, td ptrace.Traces) error {
	if err := c.revoke(ctx, s); err != nil {
		return err
	}
	return eventually(ctx, revoked, func(ctx context.Context) error {
		if err := s.grpc(ctx, td); status.Code(err) != codes.Unauthenticated {
			return fmt.Errorf("sending with a revoked key: got %w, want Unauthenticated", err)
		}
		return nil
	})
}

// revoke revokes the sender's key.
func (c *collector) revoke(ctx context.Context, s sender) error {
	id, err := c.query(ctx, "select id from costkey.api_key where prefix = '"+s.key[3:15]+"'")
	if err != nil {
		return err
	}
	_, err = c.costkey(ctx, "keys", "revoke", id)
	return err
}

// costkey runs the command on the collector's database.
func (c *collector) costkey(ctx context.Context, args ...string) (string, error) {
	return output(c.command(ctx, filepath.Join(c.s.root, "bin", "costkey"), args...))
}

// secure makes the collector one of config/production.yaml, with a certificate for this machine, and returns who trusts it.
func (c *collector) secure() (*tls.Config, error) {
	certificate, key, err := selfSigned()
	if err != nil {
		return nil, err
	}
	certFile, keyFile := filepath.Join(c.s.dir, "tls.crt"), filepath.Join(c.s.dir, "tls.key")
	if err := errors.Join(os.WriteFile(certFile, certificate, 0o644), os.WriteFile(keyFile, key, 0o600)); err != nil {
		return nil, err
	}
	c.config = "production.yaml"
	c.env = []string{"COSTKEY_TLS_CERT_FILE=" + certFile, "COSTKEY_TLS_KEY_FILE=" + keyFile}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &tls.Config{RootCAs: roots}, nil
}

// selfSigned returns a certificate for 127.0.0.1 and its key, as PEM.
func selfSigned() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// sender sends over TLS with a key, each time once.
type sender struct {
	c       *collector
	trusted *tls.Config
	key     string
}

// newSender makes a project and a key for it, as an operator would.
func (c *collector) newSender(ctx context.Context, trusted *tls.Config, project string) (sender, error) {
	if _, err := c.costkey(ctx, "projects", "create", project); err != nil {
		return sender{}, err
	}
	key, err := c.costkey(ctx, "keys", "create", "--project", project, "--expires", "1d")
	return sender{c: c, trusted: trusted, key: key}, err
}

func (s sender) grpc(ctx context.Context, td ptrace.Traces) error {
	conn, err := grpc.NewClient(s.c.grpc, grpc.WithTransportCredentials(credentials.NewTLS(s.trusted.Clone())))
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.key)
	}
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	return err
}

var errUnauthorized = errors.New("unauthorized")

// http posts to one of the collector's two ports for OTLP over HTTP.
func (s sender) http(ctx context.Context, address string, td ptrace.Traces) error {
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		return err
	}
	// The basic form is what a client makes of http://<key>@host.
	return s.post(ctx, "https://"+address+"/v1/traces", "application/x-protobuf", body, func(r *http.Request) { r.SetBasicAuth(s.key, "") })
}

// post sends a body, with the key as authorize puts it.
func (s sender) post(ctx context.Context, url, contentType string, body []byte, authorize func(*http.Request)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	if s.key != "" {
		authorize(req)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: s.trusted.Clone(), DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusUnauthorized:
		return errUnauthorized
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("post %d bytes to %s: %s: %s", len(body), url, resp.Status, answer)
	}
	return nil
}
