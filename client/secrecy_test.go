package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

// wantSecrecy prints v in all ways and looks for secrets in what comes out.
func wantSecrecy(t *testing.T, v any) {
	t.Helper()
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", struct{ V any }{v})
		fmt.Fprintf(&out, verb+"\n", []any{v})
	}
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, level), slog.NewJSONHandler(&out, level)} {
		l := slog.New(h)
		l.Info("m", "v", v, slog.Group("g", "v", v))
		l.Info("m", "v", struct{ V any }{v})
	}
	if j, err := json.Marshal(v); err == nil {
		out.Write(j)
	}
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&out, "%v %+v %#v\n", err, err, err)
		}
	}
	got := strings.ToLower(out.String())
	for name, secret := range map[string]string{"API key": apiKey, "token": token, "e-mail": email, "secret": totpKey} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), url.QueryEscape(secret), html.EscapeString(secret)} {
			if strings.Contains(got, strings.ToLower(form)) {
				t.Errorf("the %s comes out: %s", name, out.String())
				return
			}
		}
	}
}

func TestA38_PrintingHidesSecrets(t *testing.T) {
	c := client.New(clientID, apiKey)
	wantSecrecy(t, c)
	wantSecrecy(t, *c)
	wantSecrecy(t, enabled())
	s := enabled()
	wantSecrecy(t, &s)
	wantSecrecy(t, client.Status{Email: email, Secret: totpKey})
	expect.Contains(t, fmt.Sprintf("%v %#v", c, c), clientID, "one that names the client")
	expect.Equal(t, c.GoString()+enabled().GoString(), `client.Client("`+clientID+`")client.Status(enabled, SHA1, 6 digits, 30s)`)
	expect.Equal(t, fmt.Sprint(enabled()), "client.Status(enabled, SHA1, 6 digits, 30s)")
}

// sent returns the secrets that came with a request.
func sent(r *http.Request) []string {
	var raw []byte
	if r.Body != nil {
		raw, _ = io.ReadAll(r.Body)
	}
	var body struct{ Email, Secret string }
	_ = json.Unmarshal(raw, &body)
	secrets := []string{string(raw), r.Header.Get("X-API-Key"), r.Header.Get("X-Session-Token"), body.Email, body.Secret}
	return slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
}

// A service may say back what it was sent, in whatever form.
func TestA38_EchoIsRedacted(t *testing.T) {
	forms := map[string]func(string) string{
		"plain":       func(s string) string { return s },
		"upper case":  strings.ToUpper,
		"lower case":  strings.ToLower,
		"query":       url.QueryEscape,
		"HTML":        html.EscapeString,
		"interleaved": func(s string) string { return s[:5] + "\u200b\x00" + s[5:] },
		"at the end":  func(s string) string { return strings.Repeat(".", 190) + s },
	}
	for name, form := range forms {
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				c := serve(t, func(w http.ResponseWriter, r *http.Request) {
					text := ""
					for _, s := range sent(r) {
						text += " " + form(s)
					}
					j, _ := json.Marshal(map[string]any{"code": text, "message": text, "data": ""})
					says(400, "application/json", string(j))(w, r)
				})
				err := op.call(t.Context(), c)
				wantKind(t, err, client.Refused)
				wantSecrecy(t, err)
			})
		}
	}
}

func TestA38_UnknownTokensAreRedacted(t *testing.T) {
	fresh := strings.Repeat("abcDEF123_", 5)
	c := serve(t, says(500, "application/json", `{"code":"X","message":"made `+fresh+` for bob@example.org, sorry"}`))
	_, err := c.CreateSession(t.Context(), email)
	if got := err.Error(); strings.Contains(got, fresh) || strings.Contains(got, "bob") || !strings.Contains(got, "sorry") {
		t.Errorf("got %q, it without token and address", got)
	}
}

func TestA38_TransportErrors(t *testing.T) {
	talks := func(r *http.Request) error {
		return fmt.Errorf("sending %v: %w", r.Header, fmt.Errorf("failed: %q", sent(r)))
	}
	tests := []struct {
		name string
		wire wire
	}{
		{"plain", func(r *http.Request) (*http.Response, error) { return nil, talks(r) }},
		{"in a URL error", func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: "https://x.example/?q=" + url.QueryEscape(strings.Join(sent(r), " ")), Err: errors.New("broken")}
		}},
		{"while reading", func(r *http.Request) (*http.Response, error) {
			resp, err := reply(200, "")
			resp.Body = failingBody{talks(r)}
			return resp, err
		}},
		{"a struct", func(r *http.Request) (*http.Response, error) { return nil, dumb{strings.Join(sent(r), " ")} }},
	}
	for _, tt := range tests {
		for _, op := range operations {
			t.Run(tt.name+"/"+op.name, func(t *testing.T) {
				c := client.New(clientID, apiKey, tt.wire.option(), client.WithAttempts(1))
				err := op.call(t.Context(), c)
				wantKind(t, err, client.Unavailable)
				wantSecrecy(t, err)
			})
		}
	}
}

// dumb says nothing, but holds a lot.
type dumb struct{ held string }

func (dumb) Error() string { return "dumb" }

type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }
func (failingBody) Close() error               { return nil }

// A server that doesn't speak HTTP, or answers with nonsense, is quoted by
// net/http.
func TestA38_MalformedAnswer(t *testing.T) {
	for _, raw := range []string{"HTTP/1.1 " + apiKey + " x\r\n\r\n", apiKey + " " + email + "\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://%zz/" + apiKey + token + "\r\nContent-Length: 0\r\n\r\n"} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte(raw))
		})
		_, err := c.SecretNumber(t.Context(), token)
		wantKind(t, err, client.Unavailable)
		wantSecrecy(t, err)
	}
}

func TestA38_InvalidCalls(t *testing.T) {
	c := client.New(clientID, apiKey)
	bad := enabled()
	bad.Algorithm = "\n" + "MD5"
	bad.Secret = totpKey + "!"
	wantSecrecy(t, c.SyncStatus(t.Context(), bad))
	_, err := c.SecretNumber(t.Context(), token+" ")
	wantSecrecy(t, err)
	_, err = c.CreateSession(t.Context(), email+"\n")
	wantSecrecy(t, err)
	_, err = c.RedirectURL(token, "http://"+email+"/?"+apiKey)
	wantSecrecy(t, err)
	wantSecrecy(t, client.New(clientID, apiKey+"\n").Check())
	wantSecrecy(t, client.New(clientID, apiKey, client.WithBaseURL("https://"+apiKey+"@x.example/%zz"+token)).Check())
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.CreateSession(canceled, email)
	wantSecrecy(t, err)
}

// The key stands in no URL, where proxies and logs would see it.
func TestA38_SecretsStayOutOfURLs(t *testing.T) {
	for _, op := range operations {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			expect.Equal(t, r.URL.RawQuery, "", "%s, query", op.name)
			says(200, "application/json", data(usable))(w, r)
		})
		expect.NoError(t, op.call(t.Context(), c))
	}
}
