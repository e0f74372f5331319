package middleware_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// Whoever sends a form that the gate stops is told what became of it, and comes back to
// the page that it is on. Programs are told as before.
func TestStoppedForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, email string
		options     []middleware.Option
		fault       func(*apptest.App)
		status      int
		page, leads string // the page's name, and where its button leads
		problem     string
	}{
		{"locked", alice, nil, nil, 403, "form-locked", "/2fa/challenge", "second-factor-required"},
		{"must have a second factor", bob, []middleware.Option{middleware.WithRequired(func(middleware.User) eagate.Requirement { return eagate.Require(0) })},
			nil, 403, "form-stopped", "/2fa/enable", "enrolment-required"},
		{"the store is down", alice, nil, func(app *apptest.App) { app.Store.Fail(apptest.All) }, 503, "form-unavailable", "/write?to=bob", "unavailable"},
		{"the user can't be told", alice, nil, func(app *apptest.App) { app.Users.Fail(errors.New("down")) }, 503, "form-unavailable", "/write?to=bob", "unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Options: c.options})
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(c.email)
			if c.fault != nil {
				c.fault(app)
			}
			passed := app.Passed.Load()
			send := func(accept, site string) apptest.Answer {
				return b.Do("POST", "/send", "text=hello", "Content-Type", "application/x-www-form-urlencoded",
					"Accept", accept, "Sec-Fetch-Site", site, "Origin", app.URL, "Referer", app.URL+"/write?to=bob")
			}
			const browsers = "text/html,application/xhtml+xml,*/*;q=0.8"
			a := send(browsers, "same-origin")
			if a.Status != c.status || !strings.Contains(a.Body, `data-message="`+c.page+`"`) || !strings.Contains(a.Body, `href="`+c.leads+`"`) {
				t.Errorf("a form: got %d\n%s\nwant %d, the page %s, and a button to %s", a.Status, a.Body, c.status, c.page, c.leads)
			}
			for _, accept := range []string{"application/json", "*/*"} {
				if a := send(accept, "same-origin"); a.Status != c.status || a.JSON("type") != "urn:eagate:problem:"+c.problem {
					t.Errorf("a program that accepts %s: got %d %s, want %d and the problem %s", accept, a.Status, a.Body, c.status, c.problem)
				}
			}
			if a := b.Do("POST", "/send", "", "Accept", browsers, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin"); a.JSON("type") != "urn:eagate:problem:"+c.problem {
				t.Errorf("a script: got %d %s, want the problem %s", a.Status, a.Body, c.problem)
			}
			expect.Equal(t, app.Passed.Load()-passed, 0, "times the handler was called")
			if c.page != "form-locked" {
				return
			}
			if a := b.Do("POST", "/send", "", "Accept", browsers, "Sec-Fetch-Site", "cross-site", "Referer", "https://evil.example/"); !strings.Contains(a.Body, `data-message="cross-site"`) {
				t.Errorf("a form on another site: got %d\n%s", a.Status, a.Body)
			}
			b.Post("/send") // of a page that isn't known
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).WantTo(t, "/write?to=bob", "after the proof")
		})
	}
}

// Where a page of ours can't answer a form, it leads to the page that the form is on.
func TestUnavailableFormsOfOurs(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithTrustedDevices(day)}})
	b := app.Browser(t).Login(alice)
	app.Store.Fail(apptest.All)
	for path, want := range map[string]string{
		"/challenge/totp": "/challenge", "/challenge/continue": "/challenge", "/challenge": "/challenge", "/enable/confirm": "/enable",
		"/disable": "/", "/devices/revoke": "/devices", "/recovery-codes": "/recovery-codes",
	} {
		if a := b.Post("/2fa"+path, "code", "123456"); a.Status != 503 || !strings.Contains(a.Body, `id="next" class="button" href="/2fa`+want+`"`) {
			t.Errorf("%s: got %d\n%s\nwant a link to %s", path, a.Status, a.Body, want)
		}
	}
}

// The fields are the request's own, can't change the page, and can't take the place of
// the gate's own.
func TestWithFormFields(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithFormFields(func(r *http.Request) []middleware.FormField {
		return []middleware.FormField{
			{Name: "token", Value: `of "` + r.Header.Get("X-Token") + `"`}, {Name: "Code", Value: "000000"}, {Name: "trust", Value: "1"}, {Name: "all", Value: "1"},
			{Name: "set", Value: "1"}, {Name: "enabled", Value: "1"}, {Name: "attempt", Value: "1"},
		}
	})}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	page := b.Do("GET", "/2fa/challenge", "", "Accept", "text/html", "X-Token", "<b>")
	forms, fields := strings.Count(page.Body, "<form "), strings.Count(page.Body, `<input type="hidden" name="token" value="of &#34;&lt;b&gt;&#34;">`)
	if forms < 2 || fields != forms {
		t.Errorf("got %d fields in %d forms, want one in each", fields, forms)
	}
	for _, own := range []string{`name="Code"`, `type="hidden" name="trust"`, `name="all"`, `name="set"`, `name="enabled"`, `name="attempt"`} {
		expect.Lacks(t, page.Body, own)
	}
	expect.Equal(t, strings.Count(app.Log.String(), "a field is left out"), 1, "the log says so")
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "token", "of <b>").Want(t, http.StatusSeeOther, "the form")
	b.WantIn("after the form")
}
