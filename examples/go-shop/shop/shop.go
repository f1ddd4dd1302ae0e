// Package shop is a small shop with AI in five places, served over HTTP.
//
// It knows nothing of costs: it makes its calls with the official SDKs, through the HTTP client it is given. What it
// adds for the bill is who a request is for.
package shop

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/costkey/costkey-otel/examples/go-shop/shop/clients"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/product"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/reviews"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/search"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/shopper"
	"github.com/costkey/costkey-otel/examples/go-shop/shop/support"
)

// maxQuestion bounds what is read of a question.
const maxQuestion = 16 << 10

// Shop answers requests. It is safe for concurrent use.
type Shop struct {
	stock   map[string]int
	reviews []string

	finder *search.Finder
	writer *product.Writer
	reader *reviews.Reader
	desk   *support.Line
}

// New opens the shop. Its support desk is another service, at the other end of desk.
func New(c *clients.Clients, m Models, desk *support.Line) *Shop {
	stock := map[string]int{"kettle": 12, "teapot": 3, "coaster": 0}
	return &Shop{
		stock: stock,
		reviews: []string{
			"Looks as good as in the pictures, and my neighbours know when there is tea.",
			"Fine kettle, but mind the lid: it gets hot.",
			"Third one in ten years, and only because I gave two away.",
		},
		finder: &search.Finder{Client: c.OpenAI, Embed: m.Embed, Rank: m.Rank, Suggest: m.Suggest, Stock: stock},
		writer: &product.Writer{
			OpenAI: c.OpenAI, Anthropic: c.Anthropic, Google: c.Google,
			Describer: m.Describe, Recommender: m.Recommend, Rewriter: m.Rewrite,
		},
		reader: &reviews.Reader{Anthropic: c.Anthropic, Google: c.Google, One: m.Review, All: m.Verdict},
		desk:   desk,
	}
}

// Handler serves the shop. Each request is a trace: the span of the request above the spans of the calls made for it.
func (s *Shop) Handler(opts ...otelhttp.Option) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /search", s.search)
	mux.HandleFunc("GET /suggest", s.suggest)
	mux.HandleFunc("GET /products/{name}", s.product)
	mux.HandleFunc("POST /support", s.support)
	mux.HandleFunc("POST /catalogue/rewrite", s.rewrite)
	return otelhttp.NewHandler(shopper.Known(mux), "shop", opts...)
}

func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	found, err := s.finder.Find(r.Context(), r.URL.Query().Get("q"))
	reply(w, map[string]string{"found": found}, err)
}

// suggest sends the suggestions as they come. A shopper who types on leaves, and with them the provider's stream.
func (s *Shop) suggest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	flush := http.NewResponseController(w)
	begun := false
	err := s.finder.Complete(r.Context(), r.URL.Query().Get("q"), func(piece string) error {
		if piece == "" {
			return nil
		}
		begun = true
		if _, err := io.WriteString(w, piece); err != nil {
			return err
		}
		return flush.Flush()
	})
	if err != nil && !begun {
		reply(w, nil, err)
	}
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	page, err := s.page(r.Context(), r.PathValue("name"))
	reply(w, page, err)
}

// page is everything that a product's page shows.
func (s *Shop) page(ctx context.Context, name string) (map[string]string, error) {
	description, err := s.writer.Describe(ctx, name)
	if err != nil {
		return nil, err
	}
	alongside, err := s.writer.Recommend(ctx, name)
	if err != nil {
		return nil, err
	}
	verdict, err := s.reader.Summarise(ctx, s.reviews)
	if err != nil {
		return nil, err
	}
	return map[string]string{"description": description, "alongside": alongside, "reviews": verdict}, nil
}

func (s *Shop) support(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	if err != nil {
		http.Error(w, "the question is too long", http.StatusRequestEntityTooLarge)
		return
	}
	answer, err := s.desk.Ask(r.Context(), string(question))
	reply(w, map[string]string{"answer": answer}, err)
}

func (s *Shop) rewrite(w http.ResponseWriter, r *http.Request) {
	names := slices.Sorted(maps.Keys(s.stock))
	catalogue, err := s.writer.RewriteAll(r.Context(), names)
	reply(w, map[string]string{"catalogue": catalogue}, err)
}

// reply sends v, or that a provider didn't do its part. The shopper is not told more than that.
func reply(w http.ResponseWriter, v map[string]string, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		v = map[string]string{"error": "this part of the shop is closed for the moment"}
	}
	_ = json.NewEncoder(w).Encode(v) // the shopper may be gone, which is their business
}
