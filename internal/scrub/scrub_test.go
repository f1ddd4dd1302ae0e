package scrub_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/internal/scrub"
)

const (
	body40 = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d"
	jwt    = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
	pem    = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nAAAA==\n-----END RSA PRIVATE KEY-----"
)

func TestSecretsAreTakenOutOfTheMiddleOfATextAndTheRestStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"OpenAI":                    {"use sk-proj-" + body40 + ", please", "use [secret], please"},
		"Anthropic":                 {"sk-ant-api03-" + body40, "[secret]"},
		"Google":                    {"?key=AIza" + body40[:35] + "&alt=sse", "?key=[secret]&alt=sse"},
		"Groq":                      {"(gsk_" + body40 + ")", "([secret])"},
		"xAI":                       {"xai-" + body40, "[secret]"},
		"Hugging Face":              {"hf_" + body40, "[secret]"},
		"AWS key id":                {"AKIAIOSFODNN7EXAMPLE is it", "[secret] is it"},
		"AWS secret":                {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfi", "aws_secret_access_key = [secret]"},
		"Google OAuth":              {"ya29." + body40, "[secret]"},
		"GitHub":                    {"ghp_" + body40[:36], "[secret]"},
		"GitHub fine":               {"github_pat_" + body40, "[secret]"},
		"Slack":                     {"xoxb-123456789012-abcdef", "[secret]"},
		"a JWT":                     {"token " + jwt + ".", "token [secret]."},
		"a JWT cut off":             {jwt[:40], "[secret]"},
		"a bearer token":            {"Authorization: BEARER abc.DEF/ghi+jkl012==", "Authorization: BEARER [secret]"},
		"a PEM block":               {"key:\n" + pem + "\nend", "key:\n[secret]\nend"},
		"a PEM block cut off":       {pem[:45], "[secret]"},
		"a PEM block in JSON":       {`{"k":"-----BEGIN PRIVATE KEY-----\nMII\n","z":1}`, `{"k":"[secret]","z":1}`},
		"a connection string":       {"postgres://app:hunter2@db:5432/x", "postgres://app:[secret]@db:5432/x"},
		"a password with an @":      {"amqp://u:p@ss@host/v", "amqp://u:[secret]@host/v"},
		"a password without a user": {"redis://:hunter2@cache:6379", "redis://:[secret]@cache:6379"},
		"a keyword DSN":             {"host=db password=hunter2 user=u", "host=db password=[secret] user=u"},
		"Azure storage":             {"AccountName=a;AccountKey=" + body40 + "==;x=1", "AccountName=a;AccountKey=[secret];x=1"},
		"behind an escape in JSON":  {`"a\nsk-` + body40 + `\n"`, `"a\n[secret]\n"`},
		"behind \\u in JSON":        {`\u0022sk-` + body40, `\u0022[secret]`},
		"a PEM block in JSON twice": {`"{\"k\":\"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n\"}"`, `"{\"k\":\"[secret]\\n\"}"`},
		"two":                       {"sk-" + body40 + " gsk_" + body40, "[secret] [secret]"},
		"a field of JSON":           {`{"password":"hunter2","a":1}`, `{"password":"[secret]","a":1}`},
		"a passphrase in JSON":      {`{"db_Password" : "a \"b\" c\\","a":1}`, `{"db_Password" : "[secret]","a":1}`},
		"a field of JSON in JSON":   {`"{\"password\":\"hun\\\"ter2\"}"`, `"{\"password\":\"[secret]\"}"`},
		"a field cut off in JSON":   {`["{\"password\":\"hunter2","b"]`, `["{\"password\":\"[secret]","b"]`},
		"a field of Python":         {`{'password': 'hunter2'}`, `{'password': '[secret]'}`},
		"a header":                  {"api-key: 0123abcd\r\nAccept: */*", "api-key: [secret]\r\nAccept: */*"},
		"YAML":                      {"password: \"hunter2\"\nuser: a", "password: \"[secret]\"\nuser: a"},
		"quoted in JSON":            {`"password=\"hunter2\""`, `"password=\"[secret]\""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := scrub.Text(c.in); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestPlainTextsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "a task-management-system-for-everyone", "https://example.com:8080/a@b", "see http://user@host/", "risk-averse",
		"the bearer of bad news", "eyJust a word", "----- BEGIN -----", "-----BEGIN of a long story", "a = b", "password = x", "AKIA", "sk-short",
		"the password: it must be long", `{"password":12345678,"api_key":null}`, `["password:",   "hunter2"]`, `{"password":"x"}`,
		"what is my password?", "12:30://", `{"role":"user","content":"Grüße, 世界"}`,
	} {
		if got := scrub.Text(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestTextsWithoutSecretsCostNoAllocation(t *testing.T) {
	text := strings.Repeat("You are a helpful assistant; be brief, e.g. answer x=1. ", 100)
	if n := testing.AllocsPerRun(100, func() { _ = scrub.Text(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzText(f *testing.F) {
	f.Add("sk-" + body40 + " x://a:b@c password=\\\"abcd")
	f.Add(pem)
	f.Add(`{"password":"hunter2","api_key": "a\"b\\"}`)
	f.Add(`"{\"password\":\"hun\\\"ter2\"}"`)
	f.Add("api-key: abcdefgh\npassword: 'x y z'")
	f.Fuzz(func(t *testing.T, s string) {
		got := scrub.Text(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q became invalid UTF-8", s)
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid([]byte(s)) && !json.Valid([]byte(got)) {
			t.Errorf("%s became %s, which is no JSON", s, got)
		}
		if out := scrub.Text(string(quoted)); !json.Valid([]byte(out)) {
			t.Errorf("%s became %s, which is no JSON", quoted, out)
		}
	})
}

func BenchmarkText(b *testing.B) {
	for name, part := range map[string]string{
		"prose": "You are a helpful assistant; be brief, e.g. answer x=1. ",
		"json":  `{"id":17,"city":"Köln","tags":["a","b"],"next":{"at":"2026-03-01T10:00:00Z","ok":true}},`,
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(part, 1+32<<10/len(part))[:32<<10]
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if scrub.Text(text) != text {
					b.Fatal("something was taken for a secret")
				}
			}
		})
	}
}
