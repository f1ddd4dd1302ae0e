package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// visit is one request of a shopper.
type visit struct {
	method, path, body string
	shopper, session   string
	status             int  // what the shop answers with the stand-in behind it
	leaves             bool // the shopper leaves after the first words
}

// visits are the afternoon, in order. With the stand-in they make 26 calls:
//
//	search             an embedding, a chat that uses a tool, a chat that answers       2 × 3
//	product page       Claude streamed, Gemini, three reviews at once, Gemini streamed  2 × 6
//	support            two Responses, one streamed; the first try meets a 429           2 × 2 + 1
//	suggestions        a chat streamed; once the shopper leaves in the middle           2 × 1
//	catalogue rewrite  a chat that is refused with 400                                  1 × 1
var visits = []visit{
	{method: http.MethodGet, path: "/search?q=whistling+kettle", shopper: "ada", session: "s-1", status: http.StatusOK},
	{method: http.MethodGet, path: "/products/kettle", shopper: "ada", session: "s-1", status: http.StatusOK},
	{method: http.MethodGet, path: "/suggest?q=kettle", shopper: "ben", session: "s-2", status: http.StatusOK, leaves: true},
	{method: http.MethodGet, path: "/suggest?q=kettle+f", shopper: "ben", session: "s-2", status: http.StatusOK},
	{method: http.MethodGet, path: "/search?q=kettle+for+induction", shopper: "ben", session: "s-2", status: http.StatusOK},
	{method: http.MethodGet, path: "/products/teapot", shopper: "ben", session: "s-2", status: http.StatusOK},
	{method: http.MethodPost, path: "/support", body: "Where is my kettle?", shopper: "ada", session: "s-1", status: http.StatusOK},
	{method: http.MethodPost, path: "/support", body: "Can it go on gas?", shopper: "cem", session: "s-3", status: http.StatusOK},
	{method: http.MethodPost, path: "/catalogue/rewrite", shopper: "owner", session: "s-4", status: http.StatusBadGateway},
}

// Visit sends every request to the shop at url, one after the other, and writes a line for each to out. An answer other
// than the one that the stand-in causes is an error, but doesn't keep the rest from being sent.
func Visit(ctx context.Context, url string, out io.Writer) error {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var errs []error
	for _, v := range visits {
		status, err := v.send(ctx, client, url)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s %s: %w", v.method, v.path, err))
		case status != v.status:
			errs = append(errs, fmt.Errorf("%s %s: the shop answered %d, not %d", v.method, v.path, status, v.status))
		default:
			fmt.Fprintf(out, "  %-4s %-32s %d%s\n", v.method, v.path, status, v.remark())
		}
	}
	return errors.Join(errs...)
}

func (v visit) remark() string {
	switch {
	case v.leaves:
		return "  (the shopper leaves in the middle)"
	case v.status >= http.StatusBadRequest:
		return "  (the provider refuses: too much output asked for)"
	default:
		return ""
	}
}

func (v visit) send(ctx context.Context, client *http.Client, url string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, v.method, url+v.path, strings.NewReader(v.body))
	if err != nil {
		return 0, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("X-Shopper", v.shopper)
	req.Header.Set("X-Session", v.session)
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if v.leaves {
		_, err = io.ReadFull(resp.Body, make([]byte, 1))
	} else {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return resp.StatusCode, nil
}
