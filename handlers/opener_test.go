package handlers_test

import (
	"net/http"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
)

// An application that is opened in a window by another page, which waits to hear from it,
// sets an opener policy around the gate: it is kept on all that the gate answers, because
// a single answer with another one parts the windows for good.
func TestOpenerPolicyIsKept(t *testing.T) {
	t.Parallel()
	const header = "Cross-Origin-Opener-Policy"
	for _, c := range []struct {
		mode         eagate.Mode
		policy, want string // "want" on the challenge's page
	}{
		{eagate.NumberMatch, "", "same-origin"},
		{eagate.NumberMatch, "unsafe-none", "unsafe-none"},
		{eagate.NumberMatch, "same-origin-allow-popups", "same-origin-allow-popups"},
		{eagate.Popup, "", "same-origin-allow-popups"},
		{eagate.Popup, "same-origin", "same-origin-allow-popups"}, // or the service's window would be lost
		{eagate.Popup, "unsafe-none", "unsafe-none"},
	} {
		app := apptest.New(t, apptest.Setup{Mode: c.mode, Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			gated := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.policy != "" {
					w.Header().Set(header, c.policy)
				}
				gated.ServeHTTP(w, r)
			})
		}})
		app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		other := c.policy
		if other == "" {
			other = "same-origin"
		}
		if got := b.Get("/account").Header.Get(header); got != other {
			t.Errorf("%v with %q: stopped: got %q, want %q", c.mode, c.policy, got, other)
		}
		if got := b.Get("/2fa/challenge").Header.Get(header); got != c.want {
			t.Errorf("%v with %q: the challenge: got %q, want %q", c.mode, c.policy, got, c.want)
		}
		if got := b.Get("/2fa/nothing").Header.Get(header); got != other {
			t.Errorf("%v with %q: no page: got %q, want %q", c.mode, c.policy, got, other)
		}
	}
}
