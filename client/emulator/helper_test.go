package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

const (
	clientID = "7e0c4f7e-35a5-4b56-8a52-2d3d4ce1a0c9"
	apiKey   = "key-4f9a8d27c1"
	alice    = "alice@example.com"
	totpKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	uri      = "otpauth://totp/Acme:alice%40example.com?secret=" + totpKey +
		"&issuer=Acme&algorithm=SHA1&digits=6&period=30&client_id=" + clientID + "&email=alice%40example.com"
)

func start(t *testing.T, config emulator.Config) *emulator.Server {
	t.Helper()
	config.ClientID, config.APIKey = clientID, apiKey
	s := emulator.Start(config)
	t.Cleanup(s.Close)
	return s
}

func session(t *testing.T, s *emulator.Server, email string) string {
	t.Helper()
	token := expect.Try(s.Client().CreateSession(t.Context(), email)).OrFail(t)
	return token
}

// An app is the callback endpoint of an application: it writes down what
// arrives.
type app struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // method, content type, query, body
}

func startApp(t *testing.T, status int) *app {
	t.Helper()
	a := &app{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.seen = append(a.seen, strings.Join([]string{r.Method, r.Header.Get("Content-Type"), r.URL.RawQuery, string(body)}, "|"))
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "thanks")
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) reports() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.seen...)
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stay follows no redirects.
var stay = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func get(t *testing.T, u string) (*http.Response, string) {
	t.Helper()
	resp := expect.Try(stay.Get(u)).OrFail(t)
	return resp, text(t, resp)
}

func post(t *testing.T, u string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp := expect.Try(stay.PostForm(u, form)).OrFail(t)
	return resp, text(t, resp)
}

func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body := expect.Try(io.ReadAll(resp.Body)).OrFail(t)
	return string(body)
}
