package emulator_test

import (
	"net/url"
	"testing"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

// What is forged comes back at once, by either way, until the emulator behaves.
func TestForge(t *testing.T) {
	tests := []struct {
		name  string
		forge func(*emulator.Return)
		query url.Values // of the redirect
		has   []string   // of the popup
	}{
		{"success without the phone", func(*emulator.Return) {}, url.Values{"session_token": {"TOKEN"}}, []string{`data-token="TOKEN"`, `data-state="s"`, `data-error=""`}},
		{"another's token", func(r *emulator.Return) { r.Token = "x&y" }, url.Values{"session_token": {"x&y"}}, []string{`data-token="x&amp;y"`}},
		{"fault", func(r *emulator.Return) { r.Token, r.Error = "", "INTERNAL_SERVER_ERROR" }, url.Values{"error": {"INTERNAL_SERVER_ERROR"}}, []string{`data-token=""`, `data-error="INTERNAL_SERVER_ERROR"`}},
		{"both", func(r *emulator.Return) { r.Error = "REJECT" }, url.Values{"session_token": {"TOKEN"}, "error": {"REJECT"}}, []string{`data-token="TOKEN"`, `data-error="REJECT"`}},
		{"nothing", func(r *emulator.Return) { *r = emulator.Return{} }, url.Values{}, []string{`data-token=""`, `data-state=""`}},
		{"another state", func(r *emulator.Return) { r.State = "other" }, url.Values{"session_token": {"TOKEN"}}, []string{`data-state="other"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, emulator.Config{})
			token := session(t, s, alice)
			redirect, _ := s.Client().RedirectURL(token, "https://app.example/return")
			popup, _ := s.Client().PopupURL(token, "https://app.example", "s")
			fill := func(text string) string {
				if text == "TOKEN" {
					return token
				}
				return text
			}
			s.Forge(tt.forge)
			resp, _ := get(t, redirect)
			u, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || u.Path != "/return" {
				t.Fatalf("got %d to %v, %v", resp.StatusCode, u, err)
			}
			for name, values := range tt.query {
				tt.query.Set(name, fill(values[0]))
			}
			expect.Equal(t, u.Query().Encode(), tt.query.Encode())
			_, page := get(t, popup)
			for i, text := range tt.has {
				if text == `data-token="TOKEN"` {
					tt.has[i] = `data-token="` + token + `"`
				}
			}
			wantText(t, page, tt.has...)

			s.Behave()
			_, page = get(t, redirect)
			wantText(t, page, "data-waiting")
		})
	}
}
