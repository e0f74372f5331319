package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func newServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func TestWebviewRedirect(t *testing.T) {
	const back = "https://app.example/2fa/return?a=b"
	tests := []struct {
		name string
		do   func(*testing.T, *emulator.Server, *clock)
		want url.Values
	}{
		{"approved", func(t *testing.T, s *emulator.Server, _ *clock) { _, _ = s.Phone(alice).Approve(t.Context()) }, url.Values{"a": {"b"}, "session_token": {"TOKEN"}}},
		{"denied", func(t *testing.T, s *emulator.Server, _ *clock) { _, _ = s.Phone(alice).Deny(t.Context()) }, url.Values{"a": {"b"}, "error": {"REJECT"}}},
		{"wrong number", func(t *testing.T, s *emulator.Server, _ *clock) { _, _ = s.Phone(alice).TapWrong(t.Context()) }, url.Values{"a": {"b"}, "error": {"REJECT"}}},
		{"timed out, and reported", func(t *testing.T, s *emulator.Server, _ *clock) { _, _ = s.Phone(alice).TimeOut(t.Context()) }, url.Values{"a": {"b"}, "error": {"TIMEOUT"}}},
		{"failed", func(t *testing.T, s *emulator.Server, _ *clock) { _, _ = s.Phone(alice).Fail(t.Context()) }, url.Values{"a": {"b"}, "error": {"INTERNAL_SERVER_ERROR"}}},
		{"expired", func(_ *testing.T, _ *emulator.Server, c *clock) { c.advance(time.Hour) }, url.Values{"a": {"b"}, "error": {"TIMEOUT"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			s := start(t, emulator.Config{Now: c.Now})
			token := session(t, s, alice)
			u := expect.Try(s.Client().RedirectURL(token, back)).OrFail(t)
			resp, page := get(t, u)
			wantText(t, page, "Approve sign in request", "Open your eAuthenticator app and tap the number you see below to sign in.", ">"+s.Requests()[0].Number+"<", `http-equiv="refresh"`)
			expect.Equal(t, resp.StatusCode, 200)
			tt.do(t, s, c)
			resp, _ = get(t, u)
			want := "https://app.example/2fa/return?" + strings.Replace(tt.want.Encode(), "TOKEN", token, 1)
			if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != want {
				t.Errorf("got %d to %q, want 303 to %q", resp.StatusCode, got, want)
			}
		})
	}
}

func TestWebviewPopup(t *testing.T) {
	s := start(t, emulator.Config{})
	token := session(t, s, alice)
	u := expect.Try(s.Client().PopupURL(token, "https://app.example", `"state`)).OrFail(t)
	_, page := get(t, u)
	wantText(t, page, "data-waiting")
	expect.Lacks(t, page, `id="settled"`, "the page is settled before the phone has answered")
	expect.Try(s.Phone(alice).Approve(t.Context())).OrFail(t)
	_, page = get(t, u)
	wantText(t, page, `data-origin="https://app.example"`, `data-token="`+token+`"`, `data-state=""state"`, `data-error=""`)

	token = session(t, s, alice)
	u, _ = s.Client().PopupURL(token, "https://app.example", "s")
	_, _ = s.Phone(alice).Deny(t.Context())
	_, page = get(t, u)
	wantText(t, page, `data-token=""`, `data-error="REJECT"`)
}

// The report to the application comes before the browser.
func TestWebviewWaitsForTheReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := emulator.New(emulator.Config{
			ClientID: clientID, APIKey: apiKey, CallbackURL: "https://app.example/callback",
			HTTPClient: &http.Client{Transport: wire(func(*http.Request) (*http.Response, error) {
				<-release
				return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
			})},
		})
		defer e.Close()
		c := client.New(clientID, apiKey, client.WithBaseURL("http://localhost"+emulator.APIPath), client.WithHTTPClient(&http.Client{Transport: wire(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			return w.Result(), nil
		})}))
		token := expect.Try(c.CreateSession(t.Context(), alice)).OrFail(t)
		go func() { _, _ = e.Phone(alice).Approve(t.Context()) }()
		synctest.Wait()

		back := make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest("GET", emulator.WebviewPath+"?signin_method=redirect&redirect_uri=https://app.example&session_token="+token, nil))
			back <- w.Code
		}()
		synctest.Wait()
		if len(back) > 0 {
			t.Error("the browser came first")
		}
		close(release)
		expect.Equal(t, <-back, 303)
	})
}

type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func TestWebviewIsStrict(t *testing.T) {
	s := start(t, emulator.Config{})
	good := url.Values{"signin_method": {"redirect"}, "session_token": {session(t, s, alice)}, "redirect_uri": {"https://app.example/return"}}
	tests := []struct {
		name, param string
		values      []string
		want        int
	}{
		{"good", "", nil, 200},
		{"loopback", "redirect_uri", []string{"http://localhost:8080/"}, 200},
		{"no method", "signin_method", nil, 400},
		{"other method", "signin_method", []string{"frame"}, 400},
		{"no token", "session_token", nil, 400},
		{"unknown token", "session_token", []string{"x"}, 404},
		{"two tokens", "session_token", []string{"x", "y"}, 400},
		{"no return", "redirect_uri", nil, 400},
		{"two returns", "redirect_uri", []string{"https://a.example", "https://b.example"}, 400},
		{"http", "redirect_uri", []string{"http://app.example/"}, 400},
		{"script", "redirect_uri", []string{"javascript:alert(1)"}, 400},
		{"relative", "redirect_uri", []string{"/return"}, 400},
		{"user", "redirect_uri", []string{"https://a@b.example/"}, 400},
		{"fragment", "redirect_uri", []string{"https://a.example/#"}, 400},
		{"state for redirect", "state", []string{"x"}, 400},
		{"unknown", "x", []string{"y"}, 400},
		{"popup to a path", "signin_method", []string{"popup"}, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values := url.Values{}
			for name, v := range good {
				values[name] = v
			}
			if tt.param != "" {
				values[tt.param] = tt.values
			}
			if tt.name == "popup to a path" {
				values.Set("state", "s")
			}
			if resp, _ := get(t, s.URL+emulator.WebviewPath+"?"+values.Encode()); resp.StatusCode != tt.want {
				t.Errorf("got %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

func TestWebviewPopupNeedsState(t *testing.T) {
	s := start(t, emulator.Config{})
	u := s.URL + emulator.WebviewPath + "?signin_method=popup&redirect_uri=https://app.example&session_token=" + session(t, s, alice)
	for query, want := range map[string]int{"": 400, "&state=": 400, "&state=s": 200} {
		if resp, _ := get(t, u+query); resp.StatusCode != want {
			t.Errorf("%q: got %d, want %d", query, resp.StatusCode, want)
		}
	}
}
