package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
)

// A form of ours that is answered by going on to the application leaves by a page, in a
// browser: browsers hold our policy for forms against whatever the application redirects
// to. TestThoroughLeavesForAnotherOrigin sees to it in one.
func TestFormsLeaveByAPage(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
	post := func(b *apptest.Browser, path, body string, head ...string) apptest.Answer {
		return b.Do("POST", path, body, append(head, "Accept", "text/html", "Content-Type", form)...)
	}
	b := app.Browser(t).Login(alice)
	b.Get("/account?a=1&b=2")
	b.Get("/2fa/challenge")
	a := post(b, "/2fa/challenge/totp", "code="+apptest.Code(t, phone), "User-Agent", agent)
	if a.Status != http.StatusOK || a.Location != "" ||
		!strings.Contains(a.Body, `<meta http-equiv="refresh" content="0; url=/account?a=1&amp;b=2">`) ||
		!strings.Contains(a.Body, `<a id="next" class="button" href="/account?a=1&amp;b=2">`) {
		t.Errorf("a code: got %d to %q\n%s\nwant a page that goes on", a.Status, a.Location, a.Body)
	}
	b.WantIn("by a code")
	if a := post(b, "/2fa/challenge/continue", "", "User-Agent", agent); a.Status != http.StatusOK || !strings.Contains(a.Body, `data-message="go-on"`) {
		t.Errorf("continue: got %d, want a page that goes on", a.Status)
	}
	post(b, "/2fa/challenge/continue", "").Want(t, http.StatusSeeOther, "no browser")
	b.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "User-Agent", agent).Want(t, http.StatusSeeOther, "a navigation")
	other := app.Stopped(t, alice)
	post(other, "/2fa/cancel", "", "User-Agent", agent).WantPage(t, http.StatusOK, `url=/login"`, "cancel")
	post(app.Stopped(t, alice), "/2fa/challenge", "", "User-Agent", agent).Want(t, http.StatusSeeOther, "to a page of ours")
}
