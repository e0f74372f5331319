package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func TestCreateSessionRequest(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.RequestURI() != "/session-token" {
			t.Errorf("got %s %s, want POST /session-token", r.Method, r.URL.RequestURI())
		}
		wantHeader(t, r, "X-API-Key", apiKey)
		wantHeader(t, r, "Content-Type", "application/json")
		wantHeader(t, r, "X-Session-Token", "")
		wantBody(t, r, `{"client_id":"`+clientID+`","email":"`+email+`"}`)
		says(200, "application/json; charset=utf-8", data(`{"session_token":"`+token+`"}`))(w, r)
	})
	got, err := c.CreateSession(t.Context(), email)
	if err != nil || got != token {
		t.Errorf("got %q, %v; want the token", got, err)
	}
}

func TestCreateSessionToken(t *testing.T) {
	tests := []struct {
		name string
		data string
		ok   bool
	}{
		{"a token", `{"session_token":"` + token + `"}`, true},
		{"the longest", `{"session_token":"` + strings.Repeat("x", 4096) + `"}`, true},
		{"too long", `{"session_token":"` + strings.Repeat("x", 4097) + `"}`, false},
		{"more fields", `{"session_token":"t","expires_in":300}`, true},
		{"null", `{"session_token":null}`, false},
		{"empty", `{"session_token":""}`, false},
		{"space", `{"session_token":"a b"}`, false},
		{"line feed", `{"session_token":"a\nX-Evil: 1"}`, false},
		{"NUL", `{"session_token":"a\u0000"}`, false},
		{"not ASCII", `{"session_token":"tökén"}`, false},
		{"invalid UTF-8", "{\"session_token\":\"\xff\"}", false},
		{"a number", `{"session_token":123}`, false},
		{"an object", `{"session_token":{}}`, false},
		{"an array", `{"session_token":["t"]}`, false},
		{"missing", `{}`, false},
		{"other letter case", `{"Session_Token":"t"}`, false},
		{"twice", `{"session_token":"a","session_token":"b"}`, false},
		{"data null", `null`, false},
		{"data empty", `""`, false},
		{"data a string", `"t"`, false},
		{"data an array", `[{"session_token":"t"}]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, says(200, "application/json", data(tt.data)))
			got, err := c.CreateSession(t.Context(), email)
			if tt.ok {
				if err != nil || got == "" {
					t.Errorf("got %q, %v; want a token", got, err)
				}
				return
			}
			expect.Equal(t, got, "", "token beside the error")
			wantKind(t, err, client.Protocol)
		})
	}
}

func TestCreateSessionEmail(t *testing.T) {
	var calls counter
	c := serve(t, calls.counting(says(200, "application/json", data(`{"session_token":"t"}`))))
	for _, bad := range []string{"", "a\nb@example.com", "a\x00@example.com", "\xff@example.com", strings.Repeat("a", 321)} {
		_, err := c.CreateSession(t.Context(), bad)
		wantKind(t, err, client.Invalid)
	}
	calls.want(t, 0)
	for _, good := range []string{email, `"quoted \"name\""@example.com`, "ü+tag@exämple.com", "<b>&@example.com"} {
		expect.Try(c.CreateSession(t.Context(), good)).OrFail(t, "%q", good)
	}
}

func wantHeader(t *testing.T, r *http.Request, name, want string) {
	t.Helper()
	expect.Equal(t, strings.Join(r.Header.Values(name), ","), want, name)
}

// wantBody compares with JSON whose names are sorted.
func wantBody(t *testing.T, r *http.Request, want string) {
	t.Helper()
	raw := expect.Try(io.ReadAll(r.Body)).OrFail(t)
	if want == "" {
		expect.Equal(t, len(raw), 0, "body %s", raw)
		return
	}
	var v map[string]any
	expect.NoError(t, json.Unmarshal(raw, &v), "body %s", raw)
	sorted, _ := json.Marshal(v)
	expect.Equal(t, string(sorted), want, "body")
}
