package client_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func TestWebviewURL(t *testing.T) {
	c := client.New(clientID, apiKey)
	tests := []struct {
		name string
		get  func() (string, error)
		want url.Values // nil: an error
	}{
		{"redirect", func() (string, error) { return c.RedirectURL(token, "https://app.example/2fa/return?a=b&c=d") },
			url.Values{"signin_method": {"redirect"}, "session_token": {token}, "redirect_uri": {"https://app.example/2fa/return?a=b&c=d"}}},
		{"redirect to loopback", func() (string, error) { return c.RedirectURL(token, "http://localhost:8080/return") },
			url.Values{"signin_method": {"redirect"}, "session_token": {token}, "redirect_uri": {"http://localhost:8080/return"}}},
		{"hostile token", func() (string, error) {
			return c.RedirectURL("t&redirect_uri=https://evil.example", "https://app.example/")
		},
			url.Values{"signin_method": {"redirect"}, "session_token": {"t&redirect_uri=https://evil.example"}, "redirect_uri": {"https://app.example/"}}},
		{"popup", func() (string, error) { return c.PopupURL(token, "https://app.example", "s&t=1") },
			url.Values{"signin_method": {"popup"}, "session_token": {token}, "redirect_uri": {"https://app.example"}, "state": {"s&t=1"}}},
		{"no token", func() (string, error) { return c.RedirectURL("", "https://app.example/") }, nil},
		{"relative", func() (string, error) { return c.RedirectURL(token, "/return") }, nil},
		{"no scheme", func() (string, error) { return c.RedirectURL(token, "//app.example/return") }, nil},
		{"http", func() (string, error) { return c.RedirectURL(token, "http://app.example/return") }, nil},
		{"script", func() (string, error) { return c.RedirectURL(token, "javascript:alert(1)") }, nil},
		{"user", func() (string, error) { return c.RedirectURL(token, "https://app.example@evil.example/") }, nil},
		{"fragment", func() (string, error) { return c.RedirectURL(token, "https://app.example/#x") }, nil},
		{"popup to a path", func() (string, error) { return c.PopupURL(token, "https://app.example/x", "s") }, nil},
		{"popup without state", func() (string, error) { return c.PopupURL(token, "https://app.example", "") }, nil},
		{"popup without token", func() (string, error) { return c.PopupURL("", "https://app.example", "s") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.get()
			if tt.want == nil {
				wantKind(t, err, client.Invalid)
				expect.Equal(t, got, "", "beside the error")
				return
			}
			query, ok := strings.CutPrefix(got, client.DefaultWebviewURL+"?")
			if err != nil || !ok {
				t.Fatalf("got %q, %v", got, err)
			}
			if values, err := url.ParseQuery(query); err != nil || values.Encode() != tt.want.Encode() {
				t.Errorf("got %v, want %v", values, tt.want)
			}
		})
	}
}

func TestWebviewOrigin(t *testing.T) {
	tests := []struct{ url, want string }{
		{client.DefaultWebviewURL, "https://identifier.ekyc.com"},
		{"https://Identifier.Example:443/start", "https://identifier.example"},
		{"https://identifier.example:8443/start", "https://identifier.example:8443"},
		{"http://localhost:80/start", "http://localhost"},
		{"http://[::1]:8081/start", "http://[::1]:8081"},
	}
	for _, tt := range tests {
		expect.Equal(t, client.New(clientID, apiKey, client.WithWebviewURL(tt.url)).WebviewOrigin(), tt.want, tt.url)
	}
}
