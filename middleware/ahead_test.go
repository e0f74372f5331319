package middleware_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// ahead fetches a page in case it will be wanted, in each way that there is. Nothing
// but the answer may come of it.
func ahead(t *testing.T, b *apptest.Browser, path, when string) {
	t.Helper()
	cookies, asked := b.Cookies(), len(b.App.Emulator.Requests())
	spy := b.App.Spy(t)
	for _, head := range [][]string{
		{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Purpose", "preview"},
		{"X-Moz", "prefetch"}, {"X-Sec-Purpose", "prefetch"}, {"HX-Preloaded", "true", "HX-Request", "true"},
	} {
		a := b.Do(http.MethodGet, path, "", append(head, "Accept", "text/html")...)
		if a.Status != http.StatusForbidden || a.Location != "" || a.Secret() || a.Header.Get("HX-Redirect") != "" {
			t.Errorf("%s: %s of %s: got %d to %q, want 403", when, head[0], path, a.Status, a.Location)
		}
		if set := a.Header["Set-Cookie"]; len(set) > 0 {
			t.Errorf("%s: %s of %s: got cookies %q, want none", when, head[0], path, set)
		}
	}
	expect.Equal(t, spy.Changes(), 0, "%s: %s, changes in the store", when, path)
	expect.Equal(t, len(b.App.Emulator.Requests())-asked, 0, "%s: %s, requests to phones", when, path)
	if got := b.Cookies(); len(got) != len(cookies) {
		t.Errorf("%s: %s: got cookies %v, want %v", when, path, got, cookies)
	}
}

// What is fetched before somebody asks for it makes no phone ring, sets no secret, takes
// no approval, ends nothing, and isn't the page to come back to.
func TestA51_FetchedAhead(t *testing.T) {
	t.Parallel()
	t.Run("locked", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		ahead(t, b, "/fetched", "before the first page")
		b.Get("/asked").WantTo(t, "/2fa/challenge")
		ahead(t, b, "/fetched", "before the challenge")
		ahead(t, b, "/2fa/challenge", "before the challenge")
		b.Get("/2fa/challenge")
		apptest.Approve(t, phone)
		ahead(t, b, "/fetched", "with the approval")
		ahead(t, b, "/2fa/challenge", "with the approval")
		b.Get("/2fa/challenge").WantTo(t, "/asked")
		b.WantIn("by the approval")
	})
	t.Run("a trusted device", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(time.Hour)}})
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1")
		b.WantIn("by a code")
		b.Post("/logout")
		b.Login(alice)
		ahead(t, b, "/account", "by the device")
		b.WantIn("by the device")
	})
	t.Run("stale", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t, apptest.Setup{Routes: stepUps})
		phone := app.Enrolled(t, alice)
		b := byCode(t, app, phone)
		ahead(t, b, "/push", "a page that wants more")
		b.Get("/2fa/challenge").WantTo(t, "/", "the challenge")
		b.WantIn("verified")
	})
	t.Run("over", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "a test"))
		ahead(t, b, "/account", "over")
		b.Get("/account").WantPage(t, http.StatusUnauthorized, `data-message="over"`, "over")
	})
	t.Run("verified", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		phone := app.Enrolled(t, alice)
		b := byPush(t, app, phone)
		if a := b.Do(http.MethodGet, "/account", "", "Accept", "text/html", "Sec-Purpose", "prefetch"); !a.Secret() {
			t.Errorf("the application's page: got %d, want it", a.Status)
		}
		ahead(t, b, "/2fa/", "a page of the gate's")
	})
}
