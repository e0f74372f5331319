package handlers_test

import (
	"net/http"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
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
		expect.Equal(t, b.Get("/account").Header.Get(header), other, "%v with %q: stopped", c.mode, c.policy)
		expect.Equal(t, b.Get("/2fa/challenge").Header.Get(header), c.want, "%v with %q: the challenge", c.mode, c.policy)
		expect.Equal(t, b.Get("/2fa/nothing").Header.Get(header), other, "%v with %q: no page", c.mode, c.policy)
	}
}
