package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How long an update may take, and how often it may be sent elsewhere.
const (
	updateTimeout   = time.Minute
	updateRedirects = 5
)

// catalogueClient fetches catalogues: over https alone, also where it is sent elsewhere.
func catalogueClient() *http.Client {
	return &http.Client{
		Timeout: updateTimeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > updateRedirects {
				return fmt.Errorf("more than %d redirects", updateRedirects)
			}
			if req.URL.Scheme != "https" {
				return errors.New("a redirect leads away from https")
			}
			return nil
		},
	}
}

// read reads a catalogue from a file or an https address, up to the bound of one.
func (u *pricesUpdate) read(ctx context.Context, source string) ([]byte, error) {
	if !strings.Contains(source, "://") {
		data, err := readPriceFile(source)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", source, err)
		}
		return data, nil
	}
	address, err := url.Parse(source)
	if err != nil || address.Scheme != "https" || address.Host == "" {
		return nil, misuse{errors.New("a catalogue comes from a file or an https:// address")}
	}
	data, err := fetch(ctx, u.client, source)
	if err != nil {
		return nil, fmt.Errorf("fetch https://%s%s: %w", address.Host, address.EscapedPath(), err)
	}
	return data, nil
}

// fetch gets a document. Its errors don't hold the address, whose query or account may be a secret.
func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("no address to fetch")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if problem := (*url.Error)(nil); errors.As(err, &problem) {
		err = problem.Err
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", resp.Status)
	}
	return readBounded(resp.Body)
}

// replaceFile puts content at path, whole or not at all: who reads path finds the old file or the new one, and after a
// power cut too. The directory is made where it isn't there.
func replaceFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	next, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	if err := fill(next, content); err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	if err := os.Rename(next.Name(), path); err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return syncDir(dir)
}

// fill writes a new file, for everyone to read, and waits until it is on the disk.
func fill(f *os.File, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
