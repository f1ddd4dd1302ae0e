package postgres

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

const (
	mavenCentral = "https://repo1.maven.org/maven2"
	// maxArchive bounds what is read from the repository; the archives are 10 to 30 MB.
	maxArchive = 200 << 20
	// fetchTimeout bounds a download on a slow line.
	fetchTimeout = 10 * time.Minute
	// answerTimeout bounds the wait for a repository that does not answer: without a network a user should not wait
	// long to be told.
	answerTimeout = 20 * time.Second
)

// fetchable maps a major version to the release that is fetched for it: the newest of which the repository has programs.
var fetchable = map[int]string{15: "15.18.0", 16: "16.14.0", 17: "17.10.0", 18: "18.4.0"}

// NewestMajor is the newest major version of which programs can be fetched, the one that a new cluster gets from them.
const NewestMajor = 18

// fetchPrograms returns the programs of the given major version (0: the newest) from the cache, which it fills from the
// repository: Maven artifacts io.zonky.test.postgres:embedded-postgres-binaries-<platform>, each a zip with one
// .txz in it. What does not have the checksum beside it in the repository is refused.
func fetchPrograms(ctx context.Context, cfg Config, major int, run account) (programs, error) {
	home, version, err := fetchedHome(cfg, major, run)
	if err != nil {
		return programs{}, err
	}
	platform := platformName()
	if p, ok := inspect(ctx, filepath.Join(home, "bin"), run); ok {
		return p, nil
	}
	artifact := "embedded-postgres-binaries-" + platform
	repository := strings.TrimRight(cfg.RepositoryURL, "/")
	if repository == "" {
		repository = mavenCentral
	}
	url := fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar", repository, artifact, version, artifact, version)
	cfg.log().Info("fetching PostgreSQL's programs, which this machine does not have", zap.String("url", url))
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	archive, err := download(ctx, url)
	if err != nil {
		return programs{}, err
	}
	if err := install(archive, home); err != nil {
		return programs{}, fmt.Errorf("unpack %s: %w", url, err)
	}
	p, ok := inspect(ctx, filepath.Join(home, "bin"), run)
	if !ok {
		return programs{}, fmt.Errorf("run the programs of %s in %s: they do not work on this machine", url, home)
	}
	return p, nil
}

// fetchedHome returns where fetched programs of the given major version (0: the newest) are or will be, with the
// directories bin, lib and share in it, and which release they are of.
func fetchedHome(cfg Config, major int, run account) (home, version string, err error) {
	version, ok := fetchable[cmp.Or(major, NewestMajor)]
	if !ok {
		return "", "", fmt.Errorf("no programs of version %d to fetch", major)
	}
	cache, err := cacheDir(cfg, run)
	if err != nil {
		return "", "", err
	}
	return filepath.Join(cache, platformName()+"-"+version), version, nil
}

// cacheDir is where fetched programs stay. The account must be able to run them there.
func cacheDir(cfg Config, run account) (string, error) {
	dir := cfg.CacheDir
	if dir == "" && run.switched {
		dir = "/var/cache/costkey"
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a directory for PostgreSQL's programs: %w", err)
		}
		dir = filepath.Join(user, "costkey")
	}
	dir = filepath.Join(dir, "postgres")
	if err := makePublicDir(dir); err != nil {
		return "", fmt.Errorf("create a directory for PostgreSQL's programs: %w", err)
	}
	return dir, nil
}

// platformName is the part of the artifact's name that says for which machine it is.
func platformName() string {
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch = "arm64v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		arch += "-alpine"
	}
	return runtime.GOOS + "-" + arch
}

// download returns the archive at url, checked against the SHA-256 that the repository has beside it.
func download(ctx context.Context, url string) ([]byte, error) {
	want, err := get(ctx, url+".sha256", 1<<10)
	if err != nil {
		return nil, err
	}
	archive, err := get(ctx, url, maxArchive)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(archive)
	fields := strings.Fields(string(want))
	if len(fields) == 0 || !strings.EqualFold(fields[0], hex.EncodeToString(sum[:])) {
		return nil, fmt.Errorf("fetch %s: its checksum is not the one the repository names", url)
	}
	return archive, nil
}

func get(ctx context.Context, url string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", url, err)
	}
	client := &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: answerTimeout}).DialContext,
		TLSHandshakeTimeout:   answerTimeout,
		ResponseHeaderTimeout: answerTimeout,
		DisableKeepAlives:     true,
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch PostgreSQL's programs: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: status %s", url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", url, err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("fetch %s: larger than %d bytes", url, limit)
	}
	return body, nil
}

// install unpacks the archive beside home and moves it there whole, so that a kill leaves no half of it and two
// processes do not meet.
func install(archive []byte, home string) (err error) {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(files.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".txz") })
	if i < 0 {
		return errors.New("no .txz in it")
	}
	packed, err := files.File[i].Open()
	if err != nil {
		return err
	}
	defer packed.Close()
	next, err := os.MkdirTemp(filepath.Dir(home), "new-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(next)) }()
	if err := unpack(packed, next); err != nil {
		return err
	}
	if err := os.Chmod(next, 0o755); err != nil {
		return err
	}
	if err := os.Rename(next, home); err != nil {
		if _, there := os.Stat(home); there != nil {
			return err
		}
	}
	return nil // if home was there, another process was faster
}
