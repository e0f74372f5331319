package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]middleware.Option{
		"password":       links(templates.Links{Password: "/password"}),
		"help by path":   links(templates.Links{Help: "/help"}),
		"help by https":  links(templates.Links{Help: "https://help.acme.example/2fa?from=gate#phone"}),
		"help by mail":   links(templates.Links{Help: "mailto:help@acme.example?subject=Phone"}),
		"help is exempt": both(links(templates.Links{Help: "/help"}), middleware.WithExempt("GET /help")),
	} {
		expect.Try(middleware.New(append(complete(), option)...)).OrFail(t, "%s", name)
	}
}

// Somebody whose account is closed gets to the page that opens it, which the locked
// session would not let through; and to help.
func TestHeldLeadsOn(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Rejecting(), apptest.Setup{Options: []middleware.Option{
		middleware.WithHoldOnRejection(), links(templates.Links{Password: "/password", Help: "/help", Privacy: "/privacy"}),
	}})
	phone := app.Enrolled(t, alice)
	verified := byCode(t, app, phone)
	b := app.Stopped(t, alice)
	apptest.Deny(t, phone)
	a := b.Get("/2fa/challenge")
	if !strings.Contains(a.Body, `data-message="rejected"`) || !strings.Contains(a.Body, `href="/password"`) || !strings.Contains(a.Body, `href="/help"`) || !strings.Contains(a.Body, `<a id="privacy" href="/privacy">`) {
		t.Errorf("rejected: got %d\n%s\nwant links to the password, to help and to the privacy policy", a.Status, a.Body)
	}

	b = app.Browser(t).Login(alice)
	if a := b.Get("/2fa/challenge"); a.Status != http.StatusForbidden || !strings.Contains(a.Body, `data-message="held"`) ||
		!strings.Contains(a.Body, `action="/2fa/cancel"`) || !strings.Contains(a.Body, `name="to" value="password"`) {
		t.Errorf("held: got %d\n%s\nwant a form that leads to the password", a.Status, a.Body)
	}
	b.Get("/password").Want(t, http.StatusSeeOther, "the page of the password, of a locked session, want 303: it isn't exempt")
	b.Get("/help").WantSecret(t, "help, of a locked session")
	b.Get("/privacy").WantSecret(t, "the privacy policy, of a locked session")
	b.Post("/help").Want(t, http.StatusForbidden, "a form sent to help")
	b.Post("/2fa/cancel", "to", "password").WantTo(t, "/password", "to the password")
	if a := b.Get("/password"); !a.Secret() || a.Header.Get("X-User") != "" {
		t.Errorf("the page of the password: got %d for %q, it for nobody", a.Status, a.Header.Get("X-User"))
	}

	verified.Post("/2fa/cancel", "to", "password").WantTo(t, "/password", "to the password, verified")
	verified.WantIn("after that")
	verified.Post("/2fa/cancel", "to", "/evil").WantTo(t, "/", "to somewhere")
	verified.Post("/2fa/cancel", "to", "password", "to", "x").Want(t, http.StatusBadRequest, "twice")
}
