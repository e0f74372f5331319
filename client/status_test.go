package client_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func TestSyncStatusRequest(t *testing.T) {
	off := client.Status{Email: email}
	last := client.Status{Email: email, Secret: totpKey}
	const (
		who    = `"client_id":"` + clientID + `",`
		enable = `{"action":"ENABLE","algorithm":"SHA1",` + who + `"digits":6,"email":"` + email + `","period":30,"secret":"` + totpKey + `","type":"TOTP"}`
		disabl = `{"action":"DISABLE",` + who + `"email":"` + email + `"}`
		tell   = `{"action":"DISABLE",` + who + `"email":"` + email + `","secret":"` + totpKey + `"}`
	)
	tests := []struct {
		name   string
		status client.Status
		opts   []client.Option
		want   string
	}{
		{"enable", enabled(), nil, enable},
		{"disable", off, nil, disabl},
		{"disable keeps the secret", last, nil, disabl},
		{"disable with the secret", last, []client.Option{client.WithSecretOnDisable()}, tell},
		{"disable without one to tell", off, []client.Option{client.WithSecretOnDisable()}, disabl},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "POST" || r.URL.RequestURI() != "/mfa/toggle" {
					t.Errorf("got %s %s, want POST /mfa/toggle", r.Method, r.URL.RequestURI())
				}
				wantHeader(t, r, "X-API-Key", apiKey)
				wantHeader(t, r, "Content-Type", "application/json")
				wantBody(t, r, tt.want)
				says(200, "application/json", data(`""`))(w, r)
			}, tt.opts...)
			expect.NoError(t, c.SyncStatus(t.Context(), tt.status))
			expect.Equal(t, c.SecretOnDisable(), (len(tt.opts) > 0), "SecretOnDisable")
		})
	}
}

func TestSyncStatusRefusesNonsense(t *testing.T) {
	var calls counter
	c := serve(t, calls.counting(says(200, "application/json", data(`""`))))
	tests := []struct {
		name  string
		spoil func(*client.Status)
	}{
		{"no e-mail", func(s *client.Status) { s.Email = "" }},
		{"no secret", func(s *client.Status) { s.Secret = "" }},
		{"padded secret", func(s *client.Status) { s.Secret = "MFRA====" }},
		{"lower-case secret", func(s *client.Status) { s.Secret = "jbswy3dpehpk3pxp" }},
		{"line feed in the secret", func(s *client.Status) { s.Secret = "JBSWY3DP\nEHPK3PXP" }},
		{"no algorithm", func(s *client.Status) { s.Algorithm = "" }},
		{"other algorithm", func(s *client.Status) { s.Algorithm = "MD5" }},
		{"5 digits", func(s *client.Status) { s.Digits = 5 }},
		{"9 digits", func(s *client.Status) { s.Digits = 9 }},
		{"no period", func(s *client.Status) { s.Period = 0 }},
		{"part of a second", func(s *client.Status) { s.Period = 1500 * time.Millisecond }},
		{"bad secret to retire", func(s *client.Status) { *s = client.Status{Email: email, Secret: "!"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := enabled()
			tt.spoil(&s)
			wantKind(t, c.SyncStatus(t.Context(), s), client.Invalid)
		})
	}
	calls.want(t, 0)
}
