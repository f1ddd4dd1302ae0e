// Package demo plays an afternoon in the shop: it opens the shop in front of the providers, real ones where their key is
// set and the stand-in otherwise, sends a fixed set of requests, and holds what CostKey stored against what the
// providers served.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/costkey/costkey-otel/examples/go-shop/provider"
	"github.com/costkey/costkey-otel/examples/go-shop/shop"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/clients"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/support"
	"github.com/costkey/costkey-otel/semconv"
)

// Host is an address on this machine that stands in for a provider.
type Host struct {
	Address  string // "127.0.0.1:41231"
	Provider string // as gen_ai.provider.name
}

// Keys of the real providers; the stand-in plays those that are empty.
type Keys struct {
	OpenAI, Anthropic, Google string
}

// Options say how the shop is set up.
type Options struct {
	Keys   Keys
	Models shop.Models
	// Transport wraps base for measurement. hosts are the addresses that a provider can't be told by, own is the shop's
	// other service.
	Transport func(base http.RoundTripper, hosts []Host, own string) http.RoundTripper
	// Server are options of the shop's own instrumentation.
	Server []otelhttp.Option
}

// Stage is the open shop, and its support desk as a service of its own, with the providers behind them.
type Stage struct {
	// URL is where the shop is.
	URL string

	standIn *provider.Provider
	real    *tally
	servers []*http.Server // the shop first, then the support desk
	base    *http.Transport
}

// Open starts the providers that are needed, the support desk and the shop, each on a port of its own.
func Open(ctx context.Context, o Options) (*Stage, error) {
	s := &Stage{
		standIn: provider.New(
			provider.WithBusy(shop.DefaultModels().Classify, 1), // one 429, which the SDK retries
			provider.WithHold(shop.DefaultModels().Suggest, 1),  // one stream that the shopper leaves
		),
		base: http.DefaultTransport.(*http.Transport).Clone(),
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, o Options) error {
	var cfg clients.Config
	var hosts []Host
	for _, p := range []struct {
		name     string
		key      string
		endpoint *clients.Endpoint
	}{
		{semconv.ProviderOpenAI, o.Keys.OpenAI, &cfg.OpenAI},
		{semconv.ProviderAnthropic, o.Keys.Anthropic, &cfg.Anthropic},
		{semconv.ProviderGemini, o.Keys.Google, &cfg.Google},
	} {
		if p.key != "" {
			*p.endpoint = clients.Endpoint{Key: p.key}
			continue
		}
		address, err := s.serve(ctx, s.standIn)
		if err != nil {
			return fmt.Errorf("open the stand-in for %s: %w", p.name, err)
		}
		*p.endpoint = clients.Endpoint{BaseURL: "http://" + address, Key: "stand-in"}
		hosts = append(hosts, Host{Address: address, Provider: p.name})
	}
	return s.openShop(ctx, o, cfg, hosts)
}

// openShop opens the support desk, and the shop in front of it.
func (s *Stage) openShop(ctx context.Context, o Options, cfg clients.Config, hosts []Host) error {
	listener, err := listen(ctx) // the transport must know where the desk is before the desk can have a client
	if err != nil {
		return fmt.Errorf("open the support desk: %w", err)
	}
	desk := listener.Addr().String()
	s.real = newTally(s.base, hosts, desk)
	cfg.Transport = o.Transport(s.real, hosts, desk)
	c, err := clients.New(ctx, cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s.run(listener, (&support.Desk{Client: c.OpenAI, Classifier: o.Models.Classify, Answerer: o.Models.Answer}).Handler(o.Server...))
	line := &support.Line{URL: "http://" + desk, Client: &http.Client{Transport: cfg.Transport}}
	address, err := s.serve(ctx, shop.New(c, o.Models, line).Handler(o.Server...))
	if err != nil {
		return fmt.Errorf("open the shop: %w", err)
	}
	s.URL = "http://" + address
	slices.Reverse(s.servers)
	return nil
}

// serve runs h on a free port of this machine until Close.
func (s *Stage) serve(ctx context.Context, h http.Handler) (address string, err error) {
	listener, err := listen(ctx)
	if err != nil {
		return "", err
	}
	s.run(listener, h)
	return listener.Addr().String(), nil
}

func listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", "127.0.0.1:0")
}

func (s *Stage) run(listener net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(listener) }() // ends with Close, and a dead one shows at the next request
}

// Close waits for the requests that are being answered and stops everything: the shop, the desk, then the providers.
func (s *Stage) Close(ctx context.Context) error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown(ctx))
		s.base.CloseIdleConnections() // the next server would wait for those that were never used
	}
	return errors.Join(errs...)
}

// Served is what the providers did so far.
func (s *Stage) Served() Served {
	calls := s.standIn.Served()
	return Served{
		Calls:  int64(len(calls)) + s.real.count(),
		Real:   s.real.count(),
		Tokens: provider.Total(calls),
	}
}

// Log is the stand-in's log.
func (s *Stage) Log() []provider.Call { return s.standIn.Served() }

// Served counts the calls that the providers answered, refused ones included: what has to be in the database.
type Served struct {
	Calls int64 // all of them
	Real  int64 // those of real providers, whose tokens aren't known here
	// Tokens are the sum over the stand-in's answers.
	Tokens provider.Tokens
}
