package client_test

import (
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func TestCheck(t *testing.T) {
	base := func(u string) []client.Option { return []client.Option{client.WithBaseURL(u)} }
	webview := func(u string) []client.Option { return []client.Option{client.WithWebviewURL(u)} }
	number := func(method, path string) []client.Option {
		return []client.Option{client.WithPaths(client.Paths{SecretNumber: client.Endpoint{Method: method, Path: path}})}
	}
	tests := []struct {
		name    string
		id, key string
		opts    []client.Option
		want    string // part of the error, or empty
	}{
		{"defaults", clientID, apiKey, nil, ""},
		{"a nil option", clientID, apiKey, []client.Option{nil}, ""},
		{"no client ID", "", apiKey, nil, "client ID"},
		{"no key", clientID, "", nil, "API key"},
		{"key with line feed", clientID, apiKey + "\n", nil, "API key"},
		{"key with NUL", clientID, "a\x00b", nil, "API key"},
		{"key with space", clientID, " " + apiKey, nil, "API key"},
		{"key too long", clientID, strings.Repeat("k", 1025), nil, "API key"},
		{"http", clientID, apiKey, base("http://authen.example.com"), "must be https"},
		{"http on localhost", clientID, apiKey, base("http://localhost:1"), ""},
		{"http on a subdomain of localhost", clientID, apiKey, base("http://app.localhost"), ""},
		{"http on 127.1.2.3", clientID, apiKey, base("http://127.1.2.3"), ""},
		{"http on ::1", clientID, apiKey, base("http://[::1]:8"), ""},
		{"http on localhost.example.com", clientID, apiKey, base("http://localhost.example.com"), "must be https"},
		{"http on 127.0.0.1.example.com", clientID, apiKey, base("http://127.0.0.1.example.com"), "must be https"},
		{"other scheme", clientID, apiKey, base("ftp://authen.example.com"), "must be https"},
		{"no scheme", clientID, apiKey, base("authen.example.com/api"), "names no host"},
		{"no host", clientID, apiKey, base("https:///api"), "names no host"},
		{"bad URL", clientID, apiKey, base("https://a b"), "not a URL"},
		{"user", clientID, apiKey, base("https://u:p@authen.example.com"), "no user"},
		{"query", clientID, apiKey, base("https://authen.example.com/?a=b"), "no user, query"},
		{"fragment", clientID, apiKey, base("https://authen.example.com/#"), "no user, query"},
		{"http webview", clientID, apiKey, webview("http://identifier.example.com"), "webview URL must be https"},
		{"path", clientID, apiKey, number("POST", "/auth/number"), ""},
		{"path without slash", clientID, apiKey, number("", "number"), "clean path"},
		{"path with host", clientID, apiKey, number("", "//evil.example/x"), "clean path"},
		{"path with query", clientID, apiKey, number("", "/number?x=y"), "clean path"},
		{"path with dots", clientID, apiKey, number("", "/a/../../b"), "clean path"},
		{"path with escaped dots", clientID, apiKey, number("", "/a/%2e%2e/b"), "clean path"},
		{"method", clientID, apiKey, number("BREW", ""), "method"},
		{"GET with a body", clientID, apiKey, []client.Option{client.WithPaths(client.Paths{CreateSession: client.Endpoint{Method: "GET"}})}, "can't carry a body"},
		{"no number fields", clientID, apiKey, []client.Option{client.WithNumberFields()}, "field name"},
		{"no time", clientID, apiKey, []client.Option{client.WithTimeout(0)}, "time limit"},
		{"no attempts", clientID, apiKey, []client.Option{client.WithAttempts(0)}, "attempts"},
		{"no failures", clientID, apiKey, []client.Option{client.WithCircuit(0, time.Second)}, "circuit"},
		{"no pause", clientID, apiKey, []client.Option{client.WithCircuit(1, 0)}, "circuit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := client.New(tt.id, tt.key, tt.opts...).Check()
			if tt.want == "" && err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestCheckReportsAllFaults(t *testing.T) {
	c := client.New("", "", client.WithBaseURL("http://a.example"), client.WithWebviewURL(":"), client.WithTimeout(-1))
	lines := strings.Split(c.Check().Error(), "\n")
	expect.Equal(t, len(lines), 5, "faults")
}

func TestFaultyClient(t *testing.T) {
	c := client.New("", apiKey)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			err := wantKind(t, op.call(t.Context(), c), client.Invalid)
			expect.Contains(t, err.Error(), "client ID", "the fault of the configuration")
		})
	}
	if _, err := c.RedirectURL(token, "https://app.example/"); err == nil {
		t.Error("RedirectURL: got no error, want one")
	}
	expect.Equal(t, c.WebviewOrigin(), "", "WebviewOrigin")
}

func TestClientID(t *testing.T) {
	expect.Equal(t, client.New(clientID, apiKey).ClientID(), clientID)
}
