package emulator_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

const pathSecret = "0123456789abcdefghijklmnopqrstuv"

// Why a report isn't taken is said in the log, on the page, and to Go, without the secrets.
func TestCallbackReason(t *testing.T) {
	t.Parallel()
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.NewReplacer("PATH", r.URL.Path, "TOKEN", r.URL.Query().Get("session_token")).Replace(body))
		}
	}
	taken := answer(200, "application/json", `{"code":"SUCCESS"}`)
	for name, test := range map[string]struct {
		h      http.HandlerFunc
		serve  func(http.Handler) *httptest.Server
		change func(*emulator.Config, *httptest.Server)
		want   string // "" if it is taken
	}{
		"taken":          {h: taken},
		"a text":         {h: answer(404, "text/plain", "\n404 page not found\nat all"), want: "HTTP 404 Not Found: 404 page not found (is the callback URL"},
		"a page":         {h: answer(503, "text/html", "<!doctype html><html><title>\n Down for\n a &amp; b</title>"), want: "HTTP 503 Service Unavailable: Down for a & b"},
		"a bare page":    {h: answer(500, "text/html", "<p>Oh no</p>"), want: "HTTP 500 Internal Server Error"},
		"a problem":      {h: answer(403, "application/problem+json", `{"title":"Sign in first"}`), want: "HTTP 403 Forbidden: Sign in first"},
		"a message":      {h: answer(400, "application/json", `{"message":"CSRF token missing"}`), want: "HTTP 400 Bad Request: CSRF token missing"},
		"nothing":        {h: answer(502, "text/plain", ""), want: "HTTP 502 Bad Gateway"},
		"a redirect":     {h: answer(303, "text/plain", ""), want: "HTTP 303 See Other (the callback is redirected"},
		"what was asked": {h: answer(404, "text/plain", "Cannot GET PATH?session_token=TOKEN"), want: "Cannot GET /2fa/callback/…?session_token=…"},
		"control codes":  {h: answer(500, "text/plain", "a\x1b[31mb"), want: "Error: a[31mb"},
		"not there": {h: taken, change: func(_ *emulator.Config, app *httptest.Server) { app.Close() },
			want: "connection refused (is the application running, and listening there?)"},
		"http in place of https": {h: taken, change: func(c *emulator.Config, _ *httptest.Server) {
			c.CallbackURL = strings.Replace(c.CallbackURL, "http:", "https:", 1)
		}, want: "the application uses http there"},
		"unknown authority": {h: taken, serve: httptest.NewTLSServer, want: "(trust its authority by -ca, or any certificate by -insecure"},
		"known authority": {h: taken, serve: httptest.NewTLSServer, change: func(c *emulator.Config, app *httptest.Server) {
			c.RootCAs = x509.NewCertPool()
			c.RootCAs.AddCert(app.Certificate())
		}},
		"none needed": {h: taken, serve: httptest.NewTLSServer, change: func(c *emulator.Config, _ *httptest.Server) { c.Insecure = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.serve == nil {
				test.serve = httptest.NewServer
			}
			app := test.serve(test.h)
			t.Cleanup(app.Close)
			app.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			var log bytes.Buffer
			config := emulator.Config{CallbackURL: app.URL + "/2fa/callback/" + pathSecret, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			if test.change != nil {
				test.change(&config, app)
			}
			s := start(t, config)
			token := session(t, s, alice)
			_, _ = s.Phone(alice).Approve(t.Context())
			sent := s.Callbacks()
			if len(sent) != 1 {
				t.Fatalf("got %d reports, want 1", len(sent))
			}
			got := sent[0].Reason()
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("got %q, want %q", got, test.want)
			}
			outcome := s.Requests()[0].Outcome
			if wrong := strings.HasPrefix(outcome, "not accepted: ") || strings.HasPrefix(outcome, "not reported: "); wrong != (test.want != "") || !strings.HasSuffix(outcome, got) && wrong {
				t.Errorf("the page says %q", outcome)
			}
			expect.Equal(t, strings.Contains(log.String(), "level=WARN"), test.want != "", "the log says")
			for _, text := range []string{got, outcome, log.String()} {
				if strings.Contains(text, token) || strings.Contains(text, pathSecret) {
					t.Errorf("a secret is told: %s", text)
				}
			}
		})
	}
}
