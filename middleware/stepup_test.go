package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// stepUps are routes that want more.
func stepUps(app *apptest.App, mux *http.ServeMux) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.Passed.Add(1)
		w.Header().Set("X-User", app.SignedIn(r))
		_, _ = io.WriteString(w, apptest.Secret)
	})
	recent, push := app.Gate.RequireRecent(5*time.Minute), app.Gate.RequireMethod(eagate.Push)
	mux.Handle("/recent", recent(page))
	mux.Handle("/push", push(page))
	mux.Handle("/code", app.Gate.RequireMethod(eagate.TOTP)(page))
	mux.Handle("/transfer", push(recent(page)))
	mux.Handle("GET /open/push", push(page))
	mux.Handle("POST /open/push", push(page))
}

func byPush(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
	t.Helper()
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("after the approval")
	return b
}

func byCode(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
	t.Helper()
	b := app.Browser(t).Login(alice)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("with a code")
	app.Clock.Add(apptest.Step)
	return b
}

// wantAsked wants the verified session to be asked once more, and to pass
// everywhere else.
func wantAsked(t *testing.T, b *apptest.Browser, path, when string) {
	t.Helper()
	before := b.App.Passed.Load()
	b.Get(path).WantTo(t, "/2fa/challenge", "%s: page %s", when, path)
	for _, a := range []apptest.Answer{b.GetJSON(path), b.PostJSON(path, "{}")} {
		if a.Status != http.StatusForbidden || a.JSON("type") != "urn:eagate:problem:step-up-required" {
			t.Errorf("%s: program at %s: got %d %s, want 403 step-up-required", when, path, a.Status, a.Body)
		}
	}
	expect.Equal(t, b.App.Passed.Load()-before, 0, "%s: the handler of %s was called", when, path)
	b.WantIn(when)
}

func wantPassed(t *testing.T, b *apptest.Browser, path, when string) {
	t.Helper()
	if a := b.Get(path); !a.Secret() || a.Header.Get("X-User") != alice {
		t.Errorf("%s: %s: got %d to %q, want the page", when, path, a.Status, a.Location)
	}
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, proof string }{
		{"/recent", "push"}, {"/recent", "code"}, {"/push", "push"}, {"/code", "code"}, {"/transfer", "push"},
	} {
		t.Run(c.path+" by "+c.proof, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			if c.path == "/code" {
				b = byPush(t, app, phone)
			}
			if c.path == "/recent" {
				wantPassed(t, b, "/recent", "at once")
				app.Clock.Add(6 * time.Minute)
			}
			wantAsked(t, b, c.path, "before the proof")
			b.Get(c.path + "?to=bob")
			former := b.Cookie("session")
			page := b.Get("/2fa/challenge")
			for _, text := range []string{"Confirm it’s you to go on", "Signed in as " + alice, "Back to Acme"} {
				expect.Contains(t, page.Body, text, "challenge")
			}
			var a apptest.Answer
			if c.proof == "push" {
				apptest.Approve(t, phone)
				a = b.Get("/2fa/challenge")
			} else {
				a = b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
			}
			a.WantTo(t, c.path+"?to=bob", "after the proof")
			expect.Differ(t, b.Cookie("session"), former, "the session keeps its ID")
			wantPassed(t, b, c.path, "after the proof")
			b.WantIn("after the proof")
			b.Get("/2fa/challenge").WantTo(t, "/", "the challenge, when nothing is to be proved")
		})
	}
}

// A program asks, polls, has the approval taken, and tries again.
func TestStepUpOfAProgram(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	const problem = `{"type":"urn:eagate:problem:step-up-required","title":"The second factor must be given once more","status":403,"challenge_url":"/2fa/challenge","max_age":300,"methods":["push"]}`
	if a := b.PostJSON("/transfer", "{}"); a.Status != 403 || a.Body != problem || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s\nwant %s", a.Status, a.Body, problem)
	}
	expect.Equal(t, len(app.Emulator.Requests()), 0, "requests to the phone before it was asked for")
	if a := b.GetJSON("/2fa/challenge/status"); a.JSON("state") != "none" || a.JSON("verified") != nil {
		t.Errorf("status: got %s, want none", a.Body)
	}
	if a := b.PostJSON("/2fa/challenge", ""); a.Status != http.StatusCreated || a.JSON("state") != "pending" || a.JSON("number") == nil {
		t.Errorf("new challenge: got %d %s, want 201 pending with a number", a.Status, a.Body)
	}
	if a := b.GetJSON("/2fa/challenge/status"); a.JSON("state") != "pending" || a.JSON("verified") != nil {
		t.Errorf("status: got %s, want pending", a.Body)
	}
	apptest.Approve(t, phone)
	if a := b.GetJSON("/2fa/challenge/status"); a.JSON("state") != "approved" || a.JSON("verified") != nil {
		t.Errorf("status: got %s, want approved, but not verified", a.Body)
	}
	b.PostJSON("/transfer", "{}").Want(t, 403, "before the approval is taken")
	if a := b.PostJSON("/2fa/challenge", ""); a.Status != 200 || a.JSON("verified") != true {
		t.Errorf("taking the approval: got %d %s, want 200 verified", a.Status, a.Body)
	}
	b.PostJSON("/transfer", "{}").WantSecret(t, "afterwards")
	expect.Equal(t, b.GetJSON("/2fa/challenge/status").JSON("verified"), true, "status")
}

// What the route doesn't accept isn't taken at all: the code is neither counted
// nor used up, and the phone doesn't ring.
func TestStepUpByAnotherMethod(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	wantAsked(t, b, "/push", "verified by a code")
	spy := app.Spy(t)
	code := apptest.Code(t, phone)
	a := b.Post("/2fa/challenge/totp", "code", code)
	if a.Status != 403 || strings.Contains(a.Body, `id="code"`) || !strings.Contains(a.Body, "a code isn’t enough here") {
		t.Errorf("a right code: got %d, want 403 and a page without a code field\n%s", a.Status, a.Body)
	}
	if a := b.PostJSON("/2fa/challenge/totp", `{"code":"`+code+`"}`); a.Status != 403 || a.JSON("type") != "urn:eagate:problem:method-not-accepted" {
		t.Errorf("a program's right code: got %d %s, want 403 method-not-accepted", a.Status, a.Body)
	}
	b.Post("/2fa/challenge/totp", "code", app.WrongCode(t, phone))
	if n := app.Account(t, alice).Failures; n != 0 || spy.Grants() != 0 {
		t.Errorf("got %d failures and %d grants, want none", n, spy.Grants())
	}
	wantAsked(t, b, "/push", "after the code")
	for range 3 {
		b.PostJSON("/2fa/challenge", "")
	}
	if a := b.PostJSON("/2fa/challenge", ""); a.Status != 429 || strings.Contains(a.Body, "code can be used") {
		t.Errorf("too many requests: got %d %s, want 429 and no word of codes", a.Status, a.Body)
	}
	app.Clock.Add(time.Hour)
	code = apptest.Code(t, phone)
	other := app.Browser(t).Login(alice)
	other.Post("/2fa/challenge/totp", "code", code)
	other.WantIn("with the code that wasn't taken")

	b = byPush(t, app, phone)
	rung := len(app.Emulator.Requests())
	wantAsked(t, b, "/code", "verified by push")
	page := b.Get("/2fa/challenge")
	if !strings.Contains(page.Body, `id="code"`) || strings.Contains(page.Body, `<form method="post" action="/2fa/challenge">`) {
		t.Errorf("challenge: want the field for a code and no other way\n%s", page.Body)
	}
	if a := b.PostJSON("/2fa/challenge", ""); a.Status != 403 || a.JSON("type") != "urn:eagate:problem:method-not-accepted" {
		t.Errorf("a push: got %d %s, want 403 method-not-accepted", a.Status, a.Body)
	}
	if n := len(app.Emulator.Requests()); n != rung {
		t.Errorf("the phone rang %d times for a route that wants a code", n-rung)
	}
}

// If the phone can't be reached, there is no way round it.
func TestStepUpWithoutTheService(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	app.Emulator.Misbehave(emulator.AnyOp, emulator.ResetFault(), 0)
	b := byCode(t, app, phone)
	wantAsked(t, b, "/push", "while the service is down")
	page := b.Get("/2fa/challenge")
	for _, text := range []string{"We can’t reach your phone right now.", "come back to it later", "Try the phone again", "Back to Acme"} {
		expect.Contains(t, page.Body, text)
	}
	expect.Lacks(t, page.Body, `id="code"`, "the page offers a code")
	b.PostJSON("/2fa/challenge", "").Want(t, http.StatusServiceUnavailable, "a push")
}

func TestStepUpAndTheClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		pass time.Duration
		in   bool
	}{
		{"at the limit", 5 * time.Minute, true},
		{"over it", 5*time.Minute + time.Microsecond, false},
		{"another node is behind", -5 * time.Second, true},
		{"set back", -6 * time.Second, false},
		{"set back by a year", -365 * 24 * time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps})
			b := byPush(t, app, app.Enrolled(t, alice))
			app.Clock.Add(c.pass)
			expect.Equal(t, b.GetJSON("/recent").Secret(), c.in, "in:")
		})
	}
}

// A fresh grant of somebody else, or of a former factor, is none.
func TestStepUpWithForeignGrants(t *testing.T) {
	t.Parallel()
	t.Run("another user", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Setup{Routes: switchUser})
		phone := app.Enrolled(t, alice)
		app.Enrolled(t, bob)
		b := byPush(t, app, phone)
		wantPassed(t, b, "/transfer", "the first user")
		b.Get("/open/become?email=" + bob)
		for _, path := range []string{"/transfer", "/open/push"} {
			expect.Equal(t, b.GetJSON(path).JSON("type"), "urn:eagate:problem:second-factor-required", "%s as another user", path)
		}
	})
	t.Run("another epoch", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: stepUps})
		b := byPush(t, app, app.Enrolled(t, alice))
		app.ChangeAccount(t, alice, func(a *records.Account) { a.Epoch++ })
		app.Clock.Add(3 * time.Second) // what this node knows has aged
		expect.Equal(t, b.GetJSON("/transfer").JSON("type"), "urn:eagate:problem:second-factor-required")
	})
	t.Run("switched off", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: stepUps})
		b := byPush(t, app, app.Enrolled(t, alice))
		b.PostJSON("/2fa/disable", "")
		if a := b.GetJSON("/transfer"); a.Status != 403 || a.JSON("type") != "urn:eagate:problem:enrolment-required" {
			t.Errorf("got %d %s, want 403 enrolment-required", a.Status, a.Body)
		}
	})
}

// Without the gate around it, a route that wants more is guarded all the same.
func TestStepUpFailsClosed(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
		outer := http.NewServeMux()
		stepUps(app, outer)
		outer.Handle("/2fa/", app.Gate.Routes())
		outer.Handle("/login", mux)
		bare := http.NewServeMux()
		bare.Handle("/", app.Sessions.LoadAndSave(outer))
		bare.Handle("/outside", app.Gate.RequireRecent(time.Minute)(mux))
		return bare
	}})
	enrolled := app.Browser(t).Login(alice)
	enrolled.Enrol(alice)
	nobody, locked, off := app.Browser(t), app.Browser(t).Login(alice), app.Browser(t).Login(bob)
	for _, path := range []string{"/recent", "/push", "/transfer"} {
		for _, c := range []struct {
			who    string
			b      *apptest.Browser
			status int
			kind   string
			page   string
		}{
			{"nobody", nobody, 401, "sign-in-required", "Sign in first"},
			{"locked", locked, 403, "second-factor-required", ""},
			{"off", off, 403, "enrolment-required", "Switch on sign-in approval first"},
		} {
			a := c.b.PostJSON(path, "{}")
			if a.Status != c.status || a.JSON("type") != "urn:eagate:problem:"+c.kind {
				t.Errorf("%s at %s: got %d %s, want %d %s", c.who, path, a.Status, a.Body, c.status, c.kind)
			}
			if c.who == "off" && a.JSON("enrol_url") != "/2fa/enable" {
				t.Errorf("got %s, want where to switch it on", a.Body)
			}
			page := c.b.Get(path)
			if page.Secret() || c.page != "" && (page.Status != c.status || !strings.Contains(page.Body, c.page)) || c.page == "" && page.Location != "/2fa/challenge" {
				t.Errorf("%s at %s: got page %d to %q\n%s", c.who, path, page.Status, page.Location, page.Body)
			}
			if a := c.b.Do("GET", path, "", "Accept", "*/*", "Sec-Fetch-Mode", "cors"); c.who != "locked" && a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s at %s by fetch: got %s, want a problem", c.who, path, a.Header.Get("Content-Type"))
			}
		}
	}
	if a := enrolled.Get("/outside"); a.Status != 500 || a.Secret() {
		t.Errorf("outside of the sessions: got %d, want 500", a.Status)
	}
	app.Clock.Add(3 * time.Second)
	app.Store.Fail(apptest.All)
	enrolled.Get("/recent").Want(t, http.StatusServiceUnavailable, "without the store")
	expect.Equal(t, app.Passed.Load(), 0, "times the handlers were called")
}

// A locked session gets the ordinary lock, and a code opens it.
func TestStepUpOfALockedSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	for _, path := range []string{"/push", "/open/push"} {
		expect.Equal(t, b.PostJSON(path, "{}").Body, problem, path)
		b.Get(path).WantTo(t, "/2fa/challenge", path)
	}
	if page := b.Get("/2fa/challenge"); !strings.Contains(page.Body, `id="code"`) || strings.Contains(page.Body, "Back to Acme") {
		t.Errorf("the page of a sign-in\n%s", page.Body)
	}
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	wantAsked(t, b, "/push", "unlocked by a code")
}

func TestStepUpOfOtherRequests(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	b := byCode(t, app, app.Enrolled(t, alice))
	app.Passed.Store(0)
	for _, c := range []struct {
		name, method string
		head         []string
	}{
		{"HEAD", "HEAD", nil},
		{"HEAD of a page", "HEAD", []string{"Accept", "text/html"}},
		{"OPTIONS", "OPTIONS", nil},
		{"preflight", "OPTIONS", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}},
		{"PUT", "PUT", nil},
		{"DELETE", "DELETE", nil},
		{"lower case", "get", nil},
		{"another method by header", "PUT", []string{"X-HTTP-Method-Override", "GET"}},
		{"WebSocket", "GET", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Accept", "text/html"}},
		{"fetch", "GET", []string{"Accept", "*/*", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}},
		{"fetch that posts", "POST", []string{"Accept", "*/*", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin"}},
		{"POST that says naught", "POST", nil},
		{"POST that takes all", "POST", []string{"Accept", "*/*"}},
		{"POST by script", "POST", []string{"Accept", "text/html", "X-Requested-With", "XMLHttpRequest"}},
		{"frame", "GET", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}},
		{"prefetch", "GET", []string{"Accept", "text/html", "Sec-Purpose", "prefetch"}},
		{"SSE", "GET", []string{"Accept", "text/event-stream"}},
		{"form of another site", "POST", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site"}},
	} {
		a := wantRefused(t, b, c.method, "/transfer", c.head...)
		if a.Status != 403 || a.Location != "" || a.Header.Get("Upgrade") != "" {
			t.Errorf("%s: got %d to %q, want 403", c.name, a.Status, a.Location)
		}
	}
	expect.Equal(t, len(app.Emulator.Requests()), 0, "the phone rang : nobody opened a page")
	// A link on another site, or on a sibling host, leads to the challenge, where the user
	// says when.
	for _, site := range []string{"cross-site", "same-site"} {
		head := []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", site}
		for _, path := range []string{"/transfer", "/2fa/challenge", "/2fa/challenge?browser=new"} {
			if a := b.Do("GET", path, "", head...); a.Status != 303 && !strings.Contains(a.Body, "Send a request to your phone") {
				t.Errorf("%s, %s: got %d\n%s", path, site, a.Status, a.Body)
			}
		}
		expect.Equal(t, len(app.Emulator.Requests()), 0, "the phone rang for a link, %s", site)
	}
}

// A form isn't sent twice: the browser comes back to the page that it is on.
func TestStepUpOfAForm(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	u := expect.Try(url.Parse(app.URL)).OrFail(t)
	for referer, want := range map[string]string{
		app.URL + "/account?tab=2":               "/account?tab=2",
		app.URL + "/account#top":                 "/account",
		"https://" + u.Host + "/form":            "/form", // behind a proxy
		"":                                       "/",
		app.URL:                                  "/",
		app.URL + "//evil.example/":              "/",
		app.URL + `/\evil.example/`:              "/%5Cevil.example/",
		"//" + u.Host + "//evil.example":         "/",
		"http://evil.example/form":               "/",
		"http://" + u.Host + "@evil.example/f":   "/",
		"http://evil.example@" + u.Host + "/f":   "/",
		"http://" + u.Host + ".evil.example/f":   "/",
		"/form":                                  "/",
		"javascript:alert(1)":                    "/",
		"data:text/html,x":                       "/",
		app.URL + "/" + strings.Repeat("x", 2e3): "/" + strings.Repeat("x", 2e3),
		app.URL + "/" + strings.Repeat("x", 3e3): "/",
		"::":                                     "/",
	} {
		b := byCode(t, app, phone)
		a := b.Do("POST", "/push", "amount=5", "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded", "Referer", referer)
		if a.Status != http.StatusSeeOther || a.Location != "/2fa/challenge" {
			t.Fatalf("%q: got %d to %q, want 303 to the challenge", referer, a.Status, a.Location)
		}
		expect.Contains(t, b.Get("/2fa/challenge").Body, "please send it again", "it says that the form has to be sent again")
		apptest.Approve(t, phone)
		b.Get("/2fa/challenge").WantTo(t, want, "%q: came back", referer)
		app.Clock.Add(time.Hour)
	}
	for site, want := range map[string]string{"same-origin": "/form", "none": "/"} {
		b := byCode(t, app, phone)
		referer := "https://app.example.com/form" // the proxy has changed the host
		b.Do("POST", "/push", "", "Accept", "text/html", "Referer", referer, "Sec-Fetch-Site", site)
		b.Get("/2fa/challenge")
		apptest.Approve(t, phone)
		b.Get("/2fa/challenge").WantTo(t, want, "from %s: came back", site)
		app.Clock.Add(time.Hour)
	}
}

// The demand in the session is for the pages: whoever loses or changes it gets
// nowhere.
func TestStepUpWithoutItsDemand(t *testing.T) {
	t.Parallel()
	for _, demand := range []string{
		"", "{}", "garbage", `{"demand":"push"}`, `{"demand":{"MaxAge":300000000000}}`, `{"demand":{"MaxAge":-300000000000}}`,
		`{"demand":{"Methods":"Ag=="}}`, `{"demand":{"Methods":"AQI=","form":true}}`, `{"demand":{"Methods":"BA=="}}`, `{"demand":{"Methods":"_w=="}}`,
	} {
		t.Run(demand, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("GET /open/demand", func(_ http.ResponseWriter, r *http.Request) {
					key := "eagate.pending." + app.GateName()
					if !strings.Contains(app.Sessions.GetString(r.Context(), key), "demand") {
						panic("no demand in the session")
					}
					app.Sessions.Put(r.Context(), key, demand)
				})
			}})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			wantAsked(t, b, "/push", "at first")
			b.Get("/open/demand").Want(t, 200)
			if a := b.GetJSON("/push"); a.Secret() {
				t.Error("got in with another demand in the session")
			}
			b.Get("/open/demand")
			b.Get("/2fa/challenge")
			b.PostJSON("/2fa/challenge", "")
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
			b.Get("/2fa/challenge")
			wantAsked(t, b, "/push", "in the end")
		})
	}
}

// Another tab that goes to the challenge, or unlocks something else, lets nobody in.
func TestStepUpInAnotherTab(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	b.Get("/2fa/challenge")
	wantAsked(t, b, "/push", "after the challenge in another tab")
	app.Clock.Add(6 * time.Minute)
	b.Get("/recent") // asks for less
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	wantPassed(t, b, "/recent", "by the code")
	wantAsked(t, b, "/push", "by the code")
}

// rung is how often the phone has rung.
func rung(app *apptest.App) int { return len(app.Emulator.Requests()) }

// Many requests at once take the approval once, and none of them logs the user
// out.
func TestStepUpOfManyAtOnce(t *testing.T) {
	t.Parallel()
	for _, idle := range []time.Duration{0, time.Hour} {
		t.Run(fmt.Sprint("idle timeout ", idle), func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps, Sessions: func(m *scs.SessionManager) { m.IdleTimeout = idle }})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			wantAsked(t, b, "/push", "at first")
			b.Get("/2fa/challenge")
			apptest.Approve(t, phone)
			spy, before := app.Spy(t), rung(app)
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					path := []string{"/2fa/challenge", "/push", "/account", "/2fa/challenge/status"}[i%4]
					// While the session gets its new ID, a sibling may find none.
					if a := b.Get(path); path == "/push" && a.Secret() && a.Header.Get("X-User") != alice {
						t.Errorf("%s: got in as %q", path, a.Header.Get("X-User"))
					}
				})
			}
			all.Wait()
			if n := spy.Moves(records.Approved, records.Consumed); n != 1 || spy.Grants() != 1 {
				t.Errorf("got %d approvals taken and %d new grants, want one", n, spy.Grants())
			}
			b.WantIn("afterwards")
			if a, at := b.Follow("/push"); !a.Secret() || a.Header.Get("X-User") != alice {
				t.Errorf("afterwards: got %d at %s as %q", a.Status, at, a.Header.Get("X-User"))
			}
			if n := rung(app); n != before {
				t.Errorf("the phone rang %d times more", n-before)
			}
		})
	}
}

// Until it is proved, the verified session goes on as it was, in any number of
// requests.
func TestStepUpDisturbsNobody(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Rejecting())
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	id := b.Cookie("session")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if path := []string{"/push", "/account"}[i%2]; path == "/push" {
				b.GetJSON(path)
			} else if a := b.Get(path); !a.Secret() || a.Header.Get("X-User") != alice {
				t.Errorf("got %d as %q", a.Status, a.Header.Get("X-User"))
			}
		})
	}
	all.Wait()
	expect.Equal(t, b.Cookie("session"), id, "the session was renewed")
	b.Follow("/push")
	apptest.Deny(t, phone)
	expect.Contains(t, b.Get("/2fa/challenge").Body, "You are still signed in.", "rejected")
	b.WantIn("after a rejection")
	wantAsked(t, b, "/push", "after a rejection")
}

// A recovery code isn't used up where it doesn't do.
func TestStepUpByARecoveryCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		stepUps(app, mux)
		mux.Handle("/recovery", app.Gate.RequireMethod(eagate.Recovery)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, apptest.Secret)
		})))
	}})
	phone := app.Enrolled(t, alice)
	b := byPush(t, app, phone)
	app.Clock.Add(apptest.Step)
	made := b.PostJSON("/2fa/recovery-codes", `{"code":"`+apptest.Code(t, phone)+`"}`)
	codes, _ := made.JSON("codes").([]any)
	if len(codes) == 0 {
		t.Fatalf("got %d %s, want codes", made.Status, made.Body)
	}
	code := fmt.Sprint(codes[0])
	left := func() any { return b.GetJSON("/2fa/recovery-codes").JSON("left") }
	before := left()
	wantAsked(t, b, "/code", "verified by push")
	if a := b.Post("/2fa/challenge/recovery", "code", code); a.Status != 403 || left() != before {
		t.Errorf("where only the phone's code does: got %d, and %v codes left, want 403 and %v", a.Status, left(), before)
	}
	b.Get("/recovery")
	if page := b.Get("/2fa/challenge"); !strings.Contains(page.Body, `action="/2fa/challenge/recovery"`) || strings.Contains(page.Body, `id="code"`) {
		t.Errorf("the field for a recovery code and no other\n%s", page.Body)
	}
	if a := b.Post("/2fa/challenge/recovery", "code", code); a.Location != "/recovery" || !b.Get("/recovery").Secret() {
		t.Errorf("got %d to %q, want to get in", a.Status, a.Location)
	}
}

// After the proof, whoever has the cookies from before it has nothing.
func TestStepUpEndsTheFormerGrant(t *testing.T) {
	t.Parallel()
	for _, proof := range []string{"push", "code"} {
		t.Run(proof, func(t *testing.T) {
			t.Parallel()
			s := newSlow()
			app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Setup{Routes: s.routes})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			app.Clock.Add(6 * time.Minute)
			thief := b.Copy()
			b.Follow("/recent")
			s.during(thief, "/slow", func() { // which writes the former session back
				if proof == "push" {
					apptest.Approve(t, phone)
					b.Get("/2fa/challenge")
				} else {
					b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
				}
				wantPassed(t, b, "/recent", "after the proof")
			})
			thief.WantLockedOrOut("with the cookies from before the proof")
			thief.PostJSON("/2fa/challenge", "").Want(t, http.StatusUnauthorized, "a push for the thief")
			b.WantIn("the owner")
			wantPassed(t, b, "/recent", "the owner")
		})
	}
}

// lateBody is sent when the server asks for it, and after something else has happened.
type lateBody struct {
	meanwhile func()
	io.Reader
}

func (b *lateBody) Read(p []byte) (int, error) {
	if b.meanwhile != nil {
		b.meanwhile()
		b.meanwhile = nil
	}
	return b.Reader.Read(p)
}

// A request that was let in by the former grant, and takes its time to say what it
// wants, changes nothing by it.
func TestA39_StepUpWhileABodyIsSent(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/2fa/disable", "/2fa/enable", "/2fa/recovery-codes"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			thief := b.Copy()
			wantAsked(t, b, "/push", "before the proof")
			b.Get("/2fa/challenge")
			before := app.Account(t, alice)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, app.URL+path, &lateBody{func() {
				apptest.Approve(t, phone)
				b.Get("/2fa/challenge")
				wantPassed(t, b, "/push", "after the proof")
			}, strings.NewReader("{}")})
			expect.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json")
			req.Header.Set("Expect", "100-continue")
			if a := thief.Send(req); a.Status < 400 {
				t.Errorf("got %d %s, it refused", a.Status, a.Body)
			}
			after := app.Account(t, alice)
			if after.State != records.On || after.Staged != nil || len(after.Recovery.Hashes) != len(before.Recovery.Hashes) {
				t.Errorf("got state %v, staged %t, %d recovery codes, want nothing changed", after.State, after.Staged != nil, len(after.Recovery.Hashes))
			}
		})
	}
}

// A late answer takes the browser back to its former session, and it finds its
// way again.
func TestStepUpAndALateAnswer(t *testing.T) {
	t.Parallel()
	s := newSlow()
	app := apptest.New(t, apptest.Setup{Routes: stepUps}, apptest.Setup{Routes: s.routes})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	b.Follow("/push")
	s.during(b, "/slow", func() {
		apptest.Approve(t, phone)
		b.Get("/2fa/challenge")
		wantPassed(t, b, "/push", "after the proof")
	})
	b.WantIn("after the late answer")
	wantPassed(t, b, "/push", "after the late answer")
	expect.Equal(t, rung(app), 1, "times the phone rang")
}

// A request on another node, which has not heard yet that the session moved on,
// doesn't write what is left of it.
func TestStepUpOnAnotherNode(t *testing.T) {
	t.Parallel()
	asked, proceed := make(chan struct{}), make(chan struct{})
	world := apptest.NewWorld(t)
	one := world.Node(t, apptest.Setup{Routes: stepUps})
	var two *apptest.App
	two = world.Node(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{middleware.WithUser(func(r *http.Request) (middleware.User, error) {
		if r.Header.Get("X-Wait") != "" {
			r.Header.Del("X-Wait")
			asked <- struct{}{}
			<-proceed
		}
		return two.CurrentUser(r)
	})}})
	phone := one.Enrolled(t, alice)
	b := byCode(t, one, phone)
	wantAsked(t, b.On(two), "/push", "on the other node, which now knows the grant")
	b.Get("/2fa/challenge")
	var late apptest.Answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		late = b.Copy().On(two).Do("GET", "/push?late=1", "", "Accept", "text/html", "X-Wait", "1")
	}()
	<-asked
	apptest.Approve(t, phone)
	b.Get("/2fa/challenge")
	close(proceed)
	<-done
	if late.Status != http.StatusSeeOther || len(late.Header["Set-Cookie"]) != 0 {
		t.Errorf("got %d with cookies %q, want 303 without", late.Status, late.Header["Set-Cookie"])
	}
	wantPassed(t, b, "/push", "on the first node")
	expect.Equal(t, rung(one), 1, "times the phone rang")
}

// Whenever the user logs out, nothing of the session is left to go on with.
func TestStepUpAndTheLogout(t *testing.T) {
	t.Parallel()
	logouts := map[string]func(app *apptest.App, r *http.Request){
		"Destroy": func(app *apptest.App, r *http.Request) { _ = app.Sessions.Destroy(r.Context()) },
		"Remove":  func(app *apptest.App, r *http.Request) { app.Sessions.Remove(r.Context(), apptest.KeyUser) },
	}
	for name, logout := range logouts {
		setup := func(s, out *slow) apptest.Setup {
			return apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				stepUps(app, mux)
				s.routes(app, mux)
				mux.HandleFunc("GET /leave", func(_ http.ResponseWriter, r *http.Request) {
					if out != nil {
						out.entered <- struct{}{}
						<-out.proceed
					}
					logout(app, r)
				})
			}}
		}
		t.Run(name+" while the phone rings", func(t *testing.T) {
			t.Parallel()
			s := newSlow()
			app := apptest.New(t, setup(s, nil))
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			b.Follow("/push")
			thief := b.Copy()
			s.during(thief, "/slow", func() { b.Get("/leave") }) // brings the session back
			apptest.Approve(t, phone)
			for _, who := range []*apptest.Browser{b, thief} {
				who.Get("/2fa/challenge")
				who.WantLockedOrOut("after the logout")
				if a := who.GetJSON("/push"); a.Secret() {
					t.Error("got in after the logout")
				}
			}
		})
		for _, proof := range []string{"push", "code"} {
			t.Run(name+" across the proof by "+proof, func(t *testing.T) {
				t.Parallel()
				out := newSlow()
				app := apptest.New(t, setup(newSlow(), out))
				phone := app.Enrolled(t, alice)
				b := byCode(t, app, phone)
				app.Clock.Add(6 * time.Minute)
				other := b.Copy()
				out.during(b, "/leave", func() {
					for range 2 { // and what took its place, too
						other.Follow("/recent")
						if proof == "push" {
							apptest.Approve(t, phone)
							other.Get("/2fa/challenge")
						} else {
							other.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
						}
						wantPassed(t, other, "/recent", "before the logout")
						app.Clock.Add(6 * time.Minute)
					}
				})
				other.WantLockedOrOut("after the logout")
			})
		}
	}
}

// A logout that comes while a verified session is being renewed, after another proof, ends
// it: the grant of before isn't put back, and no more in force where a slow request writes
// the session of before back. The logout is made before each of the writes that take the
// new grant into use.
func TestA15_LogoutWhileSteppingUp(t *testing.T) {
	t.Parallel()
	for write := 1; write <= 3; write++ {
		t.Run(fmt.Sprint("write ", write), func(t *testing.T) {
			t.Parallel()
			world := apptest.NewWorld(t)
			s := newSlow()
			app := world.Node(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				stepUps(app, mux)
				s.routes(app, mux)
			}})
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			app.Clock.Add(6 * time.Minute)
			b.Follow("/recent")
			before, late := b.Copy(), b.Copy()
			s.during(late, "/slow", func() {
				pause := world.Pause(t, apptest.Nth(write, apptest.Writes, store.Grants))
				done := make(chan struct{})
				go func() {
					defer close(done)
					b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
				}()
				pause.Wait()
				before.Copy().Post("/logout")
				pause.Go()
				<-done
			})
			late.WantLockedOrOut("the session that a slow request has written back")
			b.WantLockedOrOut("the browser")
			before.WantLockedOrOut("the old cookie")
		})
	}
}

// What can't be saved isn't lost: the session stays verified, and the approval
// is there for the next request.
func TestStepUpThatIsNotSaved(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	wantAsked(t, b, "/push", "at first")
	b.Get("/2fa/challenge")
	apptest.Approve(t, phone)
	app.Scs.FailCommits(1)
	b.Get("/2fa/challenge").Want(t, http.StatusServiceUnavailable)
	wantAsked(t, b, "/push", "afterwards")
	b.Get("/2fa/challenge")
	wantPassed(t, b, "/push", "in the end")
}

// A store that fails when the former grant is to end leaves the session verified,
// and the approval isn't used for anything.
func TestStepUpWhoseFormerGrantDoesNotEnd(t *testing.T) {
	t.Parallel()
	world := apptest.NewWorld(t)
	broken := &brokenGrants{Backend: world.Store}
	app := world.Node(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{middleware.WithStore(broken)}})
	phone := app.Enrolled(t, alice)
	b := byCode(t, app, phone)
	wantAsked(t, b, "/push", "at first")
	b.Get("/2fa/challenge")
	apptest.Approve(t, phone)
	broken.faults.Store(2 * 3) // it is tried twice, and each time sent three times
	b.Get("/2fa/challenge").Want(t, http.StatusServiceUnavailable)
	wantAsked(t, b, "/push", "afterwards")
	b.PostJSON("/2fa/challenge", "")
	apptest.Approve(t, phone)
	b.Get("/2fa/challenge")
	wantPassed(t, b, "/push", "in the end")
}

// brokenGrants can't take so many changes of grants.
type brokenGrants struct {
	store.Backend
	faults atomic.Int64
}

func (b *brokenGrants) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Grants && doc.Version != 0 && b.faults.Add(-1) >= 0 {
		return 0, apptest.ErrFault
	}
	return b.Backend.Put(ctx, kind, doc)
}

// A route that wants more costs two reads while it lets a session pass, and writes
// nothing.
func TestStepUpWritesNothing(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{Routes: stepUps})
	b := byPush(t, app, app.Enrolled(t, alice))
	wantPassed(t, b, "/transfer", "at first")
	reads, writes, commits := app.Store.Reads(), app.Store.Writes(), app.Scs.Commits()
	for range 20 {
		wantPassed(t, b, "/transfer", "once more")
	}
	expect.Equal(t, app.Store.Reads()-reads, 2*20, "times the store was read (twice for each request)")
	if w, c := app.Store.Writes()-writes, app.Scs.Commits()-commits; w != 0 || c != 0 {
		t.Errorf("the store was written %d times, and sessions %d times, want never", w, c)
	}
}

func TestStepUpArguments(t *testing.T) {
	t.Parallel()
	gate, _ := newGate()
	next := http.NotFoundHandler()
	for name, c := range map[string]struct {
		make func() http.Handler
		want string // of the panic
	}{
		"no age":          {func() http.Handler { return gate.RequireRecent(0)(next) }, "middleware: RequireRecent: a proof can't be as young as 0s"},
		"a negative one":  {func() http.Handler { return gate.RequireRecent(-time.Minute)(next) }, "middleware: RequireRecent: a proof can't be as young as -1m0s"},
		"seconds alone":   {func() http.Handler { return gate.RequireRecent(300)(next) }, "middleware: RequireRecent: a proof can't be as young as 300ns"},
		"a second":        {func() http.Handler { return gate.RequireRecent(time.Second)(next) }, ""},
		"no method":       {func() http.Handler { return gate.RequireMethod()(next) }, "middleware: RequireMethod: no method that can be proved on demand among []"},
		"the zero one":    {func() http.Handler { return gate.RequireMethod(0)(next) }, "middleware: RequireMethod: unknown method 0"},
		"an unknown one":  {func() http.Handler { return gate.RequireMethod(eagate.Push, 77)(next) }, "middleware: RequireMethod: unknown method 77"},
		"twice":           {func() http.Handler { return gate.RequireMethod(eagate.Push, eagate.Push)(next) }, `middleware: RequireMethod: method "push" named twice`},
		"a device alone":  {func() http.Handler { return gate.RequireMethod(eagate.TrustedDevice)(next) }, "middleware: RequireMethod: no method that can be proved on demand among [device]"},
		"a device beside": {func() http.Handler { return gate.RequireMethod(eagate.Push, eagate.TrustedDevice)(next) }, ""},
		"contradictory": {func() http.Handler {
			return gate.RequireMethod(eagate.Push)(gate.RequireRecent(time.Minute)(gate.RequireMethod(eagate.TOTP)(next)))
		}, "middleware: RequireMethod: nothing can be proved by [push] and by [totp]"},
		"a device common": {func() http.Handler {
			return gate.RequireMethod(eagate.Push, eagate.TrustedDevice)(gate.RequireMethod(eagate.TOTP, eagate.TrustedDevice)(next))
		}, "middleware: RequireMethod: nothing can be proved by [push device] and by [totp device]"},
		"two that meet": {func() http.Handler {
			return gate.RequireMethod(eagate.Push, eagate.TOTP)(gate.RequireMethod(eagate.Push)(next))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			func() {
				defer func() {
					if fault := recover(); fault != nil {
						got = fmt.Sprint(fault)
					}
				}()
				c.make()
			}()
			expect.Equal(t, got, c.want, "panic")
		})
	}
}

// One directly inside the other asks once for both, whatever their order.
func TestStepUpsAskOnce(t *testing.T) {
	t.Parallel()
	var problems []string
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		long, short, push := app.Gate.RequireRecent(time.Hour), app.Gate.RequireRecent(time.Minute), app.Gate.RequireMethod(eagate.Push, eagate.Recovery)
		mux.Handle("/a", push(long(short(page))))
		mux.Handle("/b", short(long(push(page))))
		mux.Handle("/c", long(push(short(app.Gate.RequireMethod(eagate.Recovery, eagate.Push, eagate.TrustedDevice)(page)))))
	}})
	b := byCode(t, app, app.Enrolled(t, alice))
	for _, path := range []string{"/a", "/b", "/c"} {
		a := b.GetJSON(path)
		problems = append(problems, fmt.Sprint(a.JSON("max_age"), a.JSON("methods")))
	}
	for _, got := range problems {
		expect.Equal(t, got, "60 [push recovery]")
	}
}
