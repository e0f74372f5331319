package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// leading returns what makes the application's /leave a page that redirects to another
// origin, once the gate lets it pass: as the end of a sign-in for another application.
func leading(other string) func(http.Handler) http.Handler {
	return func(app http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/leave" {
				app.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			app.ServeHTTP(answer, r)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			if answer.Code == http.StatusNotFound { // there is no such page, and it has passed
				w.Header().Set("Location", other)
				answer.Code = http.StatusSeeOther
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}
}

// Chromium holds the policy of the page that a form is on against all redirects that
// follow it, also when they leave the site.
func TestThoroughLeavesForAnotherOrigin(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>Elsewhere</title><p id="elsewhere">Elsewhere</p>`)
	}))
	t.Cleanup(other.Close)
	w := newWorldBehind(t, leading(other.URL))
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.open("/leave")
	b.see(waiting)
	b.click(codeWay)
	b.enter("#code", w.code(t, phone))
	b.click(`form[action="/2fa/challenge/totp"] button`)
	b.see("#elsewhere")
}
