package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// htmx sends a request as htmx does from a page.
func htmx(b *apptest.Browser, method, path, page string, head ...string) apptest.Answer {
	return b.Do(method, path, "", append(head, "Accept", "*/*", "HX-Request", "true", "HX-Current-URL", b.App.URL+page)...)
}

// wantLed fails the test unless htmx goes to another page.
func wantLed(t *testing.T, when string, a apptest.Answer, to string) {
	t.Helper()
	if a.Status != http.StatusOK || a.Header.Get("HX-Redirect") != to || a.Body != "" || a.Location != "" {
		t.Errorf("%s: got %d, HX-Redirect %q and %q, want 200, HX-Redirect %s and nothing else", when, a.Status, a.Header.Get("HX-Redirect"), a.Body, to)
	}
}

// A page with htmx is led to the challenge, and the user back to that page: the address of
// a fragment is none that people open.
func TestHTMX(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for name, c := range map[string]struct {
		send func(b *apptest.Browser) apptest.Answer
		next string
	}{
		"a fragment": {func(b *apptest.Browser) apptest.Answer { return htmx(b, "GET", "/rows?page=2", "/orders?tab=1#open") }, "/orders?tab=1"},
		"a change":   {func(b *apptest.Browser) apptest.Answer { return htmx(b, "POST", "/orders/1", "/orders") }, "/orders"},
		"a deletion": {func(b *apptest.Browser) apptest.Answer { return htmx(b, "DELETE", "/orders/1", "/orders") }, "/orders"},
		"a boosted link": {func(b *apptest.Browser) apptest.Answer {
			return htmx(b, "GET", "/next?x=1", "/orders", "HX-Boosted", "true")
		}, "/next?x=1"},
		"a boosted form": {func(b *apptest.Browser) apptest.Answer {
			return htmx(b, "POST", "/next", "/orders", "HX-Boosted", "true")
		}, "/orders"},
		"after the login": {func(b *apptest.Browser) apptest.Answer { return htmx(b, "GET", "/account", "/login") }, "/account"},
		"same-origin": {func(b *apptest.Browser) apptest.Answer {
			return htmx(b, "GET", "/rows", "/orders", "Sec-Fetch-Site", "same-origin")
		}, "/orders"},
		"no page": {func(b *apptest.Browser) apptest.Answer { return b.Do("GET", "/rows", "", "HX-Request", "true") }, "/"},
		"another site's": {func(b *apptest.Browser) apptest.Answer {
			return b.Do("GET", "/rows", "", "HX-Request", "true", "HX-Current-URL", "https://evil.example/x")
		}, "/"},
		"a trick": {func(b *apptest.Browser) apptest.Answer { return htmx(b, "GET", "/rows", "//evil.example/x") }, "/"},
		"a trick, boosted": {func(b *apptest.Browser) apptest.Answer {
			return htmx(b, "GET", "//evil.example/x", "/orders", "HX-Boosted", "true")
		}, "/"},
		"in a WebView": {func(b *apptest.Browser) apptest.Answer {
			return htmx(b, "GET", "/rows", "/orders", "X-Requested-With", "com.example.app")
		}, "/orders"},
		"what asks for JSON": {func(b *apptest.Browser) apptest.Answer {
			return b.Do("GET", "/rows", "", "Accept", "application/json", "HX-Request", "true", "HX-Current-URL", b.App.URL+"/orders")
		}, "/orders"},
	} {
		b := app.Browser(t).Login(alice)
		wantLed(t, name, c.send(b), "/2fa/challenge")
		expect.Contains(t, b.Get("/2fa/challenge").Body, `data-state="pending"`, name)
		apptest.Approve(t, phone)
		b.Get("/2fa/challenge").WantTo(t, c.next, "%s: came back", name)
		htmx(b, "GET", "/rows", "/orders").WantSecret(t, "%s: verified", name)
	}
	b := app.Browser(t).Login(alice)
	if a := htmx(b, "POST", "/orders", "/orders", "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusForbidden || a.Header.Get("HX-Redirect") != "" {
		t.Errorf("from another site: got %d, want 403", a.Status)
	}
}

// Where htmx puts a page back that it no longer has, it follows nothing: a page with a link
// takes that one's place.
func TestHTMXRestoresAPage(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for _, head := range [][]string{{"HX-History-Restore-Request", "true"}, {"HX-History-Restore-Request", "true", "HX-Request", "true"}} {
		b := app.Browser(t).Login(alice)
		a := b.Do("GET", "/orders?tab=1", "", append(head, "Accept", "*/*")...)
		if a.Status != http.StatusOK || !strings.Contains(a.Body, `<a id="next" class="button" href="/2fa/challenge">`) || a.Secret() {
			t.Errorf("%q: got %d\n%s\nwant a page with a link to the challenge", head, a.Status, a.Body)
		}
		b.Get("/2fa/challenge")
		apptest.Approve(t, phone)
		b.Get("/2fa/challenge").WantTo(t, "/orders?tab=1", "%q: came back", head)
	}
}

// So are step-up, the enrolment of somebody who must, a session that is over, and nobody.
func TestHTMXElsewhere(t *testing.T) {
	t.Parallel()
	t.Run("step-up", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t, apptest.Setup{Routes: stepUps})
		phone := app.Enrolled(t, alice)
		for _, method := range []string{"GET", "POST", "DELETE"} {
			b := byCode(t, app, phone)
			wantLed(t, method, htmx(b, method, "/push", "/orders"), "/2fa/challenge")
			page := b.Get("/2fa/challenge")
			expect.Equal(t, strings.Contains(page.Body, `id="resend"`), method != "GET", "%s: said that it must be sent again", method)
			apptest.Approve(t, phone)
			b.Get("/2fa/challenge").WantTo(t, "/orders", "%s: came back", method)
			app.Clock.Add(time.Hour)
		}
		b := byCode(t, app, phone)
		asked := len(app.Emulator.Requests())
		if a := htmx(b, "POST", "/push", "/orders", "Origin", "https://evil.example"); a.Status != http.StatusForbidden || a.Header.Get("HX-Redirect") != "" {
			t.Errorf("from another site: got %d", a.Status)
		}
		expect.Equal(t, len(app.Emulator.Requests())-asked, 0, "from another site: the phone was asked")
		wantLed(t, "nobody", htmx(app.Browser(t), "GET", "/open/push", "/orders"), "/login")
		wantLed(t, "without a factor", htmx(app.Browser(t).Login(bob), "GET", "/push", "/orders"), "/2fa/")
	})
	t.Run("must enrol", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) })}})
		b := app.Browser(t).Login(alice)
		wantLed(t, "stopped", htmx(b, "GET", "/rows", "/orders"), "/2fa/enable")
		b.Get("/2fa/enable").Want(t, http.StatusOK)
	})
	t.Run("over", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		expect.NoError(t, app.Gate.Admin().Reset(t.Context(), apptest.UserID(alice), "a test"))
		wantLed(t, "over", htmx(b, "GET", "/rows", "/orders"), "/login")
		b.WantLockedOrOut("over")
	})
	t.Run("our own pages", func(t *testing.T) {
		t.Parallel()
		app := apptest.New(t)
		b := app.Browser(t).Login(alice)
		wantLed(t, "a boosted link to the security page", htmx(b, "GET", "/2fa/?x=1", "/orders", "HX-Boosted", "true"), "/2fa/?x=1")
		expect.Equal(t, b.Do("GET", "/2fa/", "", "Accept", "application/json", "HX-Request", "true").JSON("state"), "off", "as JSON")
	})
}
