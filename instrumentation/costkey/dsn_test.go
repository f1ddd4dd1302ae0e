package costkey

import (
	"strings"
	"testing"
)

func TestADSNIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want dsn
	}{
		"the usual form":                {"http://ck_1@localhost:4319/shop", dsn{"http://localhost:4319/v1/traces", "ck_1", "shop"}},
		"without a key":                 {"http://localhost:4319/shop", dsn{"http://localhost:4319/v1/traces", "", "shop"}},
		"https without a port":          {"https://ck_1@costkey.example.com/shop", dsn{"https://costkey.example.com/v1/traces", "ck_1", "shop"}},
		"an IPv6 address":               {"http://ck_1@[::1]:4319/shop", dsn{"http://[::1]:4319/v1/traces", "ck_1", "shop"}},
		"a project with slashes":        {"http://ck_1@localhost:4319/team/shop/", dsn{"http://localhost:4319/v1/traces", "ck_1", "team/shop"}},
		"white space around":            {" http://ck_1@localhost:4319/shop\n", dsn{"http://localhost:4319/v1/traces", "ck_1", "shop"}},
		"an escaped key":                {"http://ck%2F1@localhost:4319/shop", dsn{"http://localhost:4319/v1/traces", "ck/1", "shop"}},
		"a key that is there but empty": {"http://@localhost:4319/shop", dsn{"http://localhost:4319/v1/traces", "", "shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDSN(c.in)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAMalformedDSNIsExplainedWithoutItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"not a URL":              {"http://sekret@local host:4319/shop", "is not a URL"},
		"a bad port":             {"http://sekret@localhost:port/shop", "is not a URL"},
		"a port of 0":            {"http://sekret@localhost:0/shop", "port"},
		"a port too high":        {"http://sekret@localhost:70000/shop", "port"},
		"a colon and no port":    {"http://sekret@localhost:/shop", "port"},
		"a bad escape":           {"http://sekret%zz@localhost:4319/shop", "is not a URL"},
		"no scheme":              {"sekret@localhost:4319/shop", "http://"},
		"another scheme":         {"postgres://sekret@localhost:4319/shop", "http://"},
		"no host":                {"http://sekret@/shop", "no host"},
		"no project":             {"http://sekret@localhost:4319", "no project"},
		"no project but a slash": {"http://sekret@localhost:4319/", "no project"},
		"a project of spaces":    {"http://sekret@localhost:4319/a%20b", "no project"},
		"a password":             {"http://user:sekret@localhost:4319/shop", "password"},
		"a query":                {"http://localhost:4319/shop?key=sekret", "query"},
		"a fragment":             {"http://localhost:4319/shop#sekret", "fragment"},
		"a key with a newline":   {"http://sekret%0A@localhost:4319/shop", "plain text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseDSN(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "http://key@host:port/project") {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "sekret") {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func FuzzDSN(f *testing.F) {
	f.Add("http://key@localhost:4319/shop")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDSN(s)
		if err == nil && (d.project == "" || !strings.HasSuffix(d.endpoint, "/v1/traces")) {
			t.Errorf("%q gives %+v", s, d)
		}
	})
}
