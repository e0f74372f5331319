package browser_test

import (
	"net/http"
	"testing"
)

// Behind a proxy that holds events back, the page that waits asks by itself.
func TestEventsHeldBack(t *testing.T) {
	t.Parallel()
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/2fa/challenge/events" {
				<-r.Context().Done()
				return
			}
			app.ServeHTTP(w, r)
		})
	})
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	answer(t, phone.Approve)
	b.see(verifiedIn)
	b.wantPath("/account")
}
