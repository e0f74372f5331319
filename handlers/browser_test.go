package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

// browserCookie is how the names of the browser's cookies begin.
const browserCookie = "eagate-browser-"

// secretsOf returns the browser's cookies.
func secretsOf(t *testing.T, b *apptest.Browser) (list []*http.Cookie) {
	t.Helper()
	u := expect.Try(url.Parse(b.App.URL)).OrFail(t)
	for _, c := range b.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, browserCookie) {
			list = append(list, c)
		}
	}
	return list
}

// wantElsewhere fails the test unless the browser, which has only the session's cookie,
// is shown nothing of a live challenge, takes no approval, and is given nothing.
func wantElsewhere(t *testing.T, w waiter, thief *apptest.Browser, when string) {
	t.Helper()
	before := w.App.Passed.Load()
	for _, a := range []apptest.Answer{
		thief.Get("/account"), thief.Get("/2fa/challenge"), thief.Get("/2fa/challenge?browser=new"),
		thief.Get("/2fa/challenge?code=1"), thief.Get("/2fa/"), thief.Get("/2fa/return?session_token=" + w.token),
		thief.GetJSON("/account"), thief.GetJSON("/2fa/challenge"), thief.GetJSON("/2fa/challenge/status"),
		thief.PostJSON("/2fa/challenge", ""), thief.Post("/2fa/challenge"),
	} {
		if strings.Contains(a.Body, ">"+w.number+"<") || a.JSON("number") != nil || strings.Contains(a.Body, w.token) {
			t.Errorf("%s: shown the number or the token:\n%s", when, a.Body)
		}
		if a.Secret() || a.JSON("verified") == true {
			t.Errorf("%s: got in: %d %s", when, a.Status, a.Body)
		}
		for _, c := range a.Header["Set-Cookie"] {
			if strings.HasPrefix(c, browserCookie) {
				t.Errorf("%s: given %s", when, c)
			}
		}
	}
	expect.Equal(t, w.App.Passed.Load()-before, 0, "%s: the guarded handler was called", when)
	if a := thief.GetJSON("/2fa/challenge/status"); a.Status != 409 || a.JSON("type") != "urn:eagate:problem:other-browser" {
		t.Errorf("%s: got %d %s, want 409 other-browser", when, a.Status, a.Body)
	}
	if a := thief.Get("/2fa/challenge"); !strings.Contains(a.Body, `action="/2fa/challenge/continue"`) || !strings.Contains(a.Body, "Continue here") {
		t.Errorf("%s: got %d\n%s\nwant a page that offers to continue here", when, a.Status, a.Body)
	}
}

// A thief has planted the ID of his own locked session in her browser, or has stolen
// the cookie of hers: the other browser is the one that goes on.
func TestA40_PlantedSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	thief := app.Browser(t).Login(alice) // he knows her password
	victim := thief.Thief()
	victim.Stop()
	w := waitOn(t, victim, phone)
	wantElsewhere(t, w, thief, "while the phone is asked")
	apptest.Approve(t, phone)
	wantElsewhere(t, w, thief, "after the approval")
	w.WantIn("she")
	thief.WantLocked("after she is in")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
}

func TestA40_PlantedWithAChallenge(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	thief := app.Stopped(t, alice)
	w := waitOn(t, thief, phone)
	victim := thief.Thief()
	wantElsewhere(t, w, victim, "the victim's browser")
	victim.Post("/2fa/challenge/continue").WantTo(t, "/2fa/challenge", "continue here")
	w.wantState(t, "the thief's page", "none")
	victim.Get("/2fa/challenge")
	hers := waitOn(t, victim, phone)
	wantElsewhere(t, hers, thief, "while she is asked")
	apptest.Approve(t, phone)
	wantElsewhere(t, hers, thief, "after the approval")
	hers.WantIn("she")
	thief.WantLocked("after she is in")
}

func TestA41_StolenLockedSession(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	thief := w.Thief()
	wantElsewhere(t, w, thief, "while the phone is asked")
	apptest.Approve(t, w.phone)
	wantElsewhere(t, w, thief, "after the approval")
	thief.Post("/2fa/challenge/continue").WantTo(t, "/2fa/challenge", "continue here")
	wantElsewhere(t, w, thief, "after he wanted to go on")
	w.WantIn("she")
	thief.WantLocked("after she is in")
}

// All cookies that she had before it began don't help either.
func TestA41_StolenCookies(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	old := w.Copy() // with the secret of the challenge
	w.SendNew()
	w = waitOn(t, w.Browser, w.phone)
	wantElsewhere(t, w, old, "a copy of former cookies")
	apptest.Approve(t, w.phone)
	wantElsewhere(t, w, old, "a copy of former cookies, after the approval")
	w.WantIn("she")
}

// Only one cookie of a name counts.
func TestA40_CookieTwice(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	thief := w.Thief()
	for _, c := range secretsOf(t, w.Browser) {
		pair := c.Name + "=" + c.Value
		a := thief.Do("GET", "/2fa/challenge/status", "", "Accept", "application/json", "Cookie", pair+"; "+c.Name+"=planted")
		a.Want(t, 409)
	}
}

// The cookie is out of the reach of scripts, other sites and subdomains.
func TestBrowserCookie(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	a := app.Browser(t).Login(alice).Get("/account")
	cookies := (&http.Response{Header: a.Header}).Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return strings.HasPrefix(c.Name, browserCookie) })
	if i < 0 {
		t.Fatalf("got cookies %v, want the browser's", cookies)
	}
	if c := cookies[i]; !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.MaxAge <= 0 || c.SameSite != app.Sessions.Cookie.SameSite || len(c.Value) < 26 {
		t.Errorf("got %v", c)
	}
}

// Tabs that are opened at the same time share one request, and all arrive.
func TestA51_ColdTabs(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	asked, answer := make(chan struct{}), make(chan struct{})
	app.Store.SetInner(&heldCreation{Backend: app.Store.Inner(), asked: asked, answer: answer})
	b.Get("/account") // and the redirect that it leads to:
	var tabs sync.WaitGroup
	tabs.Go(func() { b.Get("/2fa/challenge") })
	<-asked
	var others sync.WaitGroup
	for range 5 {
		others.Go(func() { b.Follow("/account") })
	}
	others.Wait()
	close(answer)
	tabs.Wait()
	w := waitOn(t, b, phone)
	expect.Contains(t, b.Get("/2fa/challenge").Body, ">"+w.number+"<", "a tab, want the number")
	apptest.Approve(t, phone)
	for range 6 {
		b.WantIn("a tab")
	}
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
}

// A reload while the service is asked, whose first answer never arrives.
func TestA51_ReloadInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"/account", "/2fa/challenge"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			asked, answer := make(chan struct{}), make(chan struct{})
			app.Store.SetInner(&heldCreation{Backend: app.Store.Inner(), asked: asked, answer: answer})
			for path := first; ; {
				ctx, cancel := context.WithCancel(t.Context())
				req := expect.Try(http.NewRequestWithContext(ctx, http.MethodGet, app.URL+path, nil)).OrFail(t)
				req.Header.Set("Accept", "text/html")
				done := make(chan apptest.Answer, 1)
				go func() { done <- b.Quiet().Send(req) }()
				select {
				case a := <-done: // it didn't ask: go on
					cancel()
					path = a.Location
					continue
				case <-asked:
				}
				cancel()
				<-done
				close(answer)
				break
			}
			b.Follow("/2fa/challenge")
			for app.Account(t, alice).Push.Live == "" { // the request that was broken off goes on
				runtime.Gosched()
			}
			waitOn(t, b, phone)
			apptest.Approve(t, phone)
			b.WantIn("after the reload")
			expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
		})
	}
}

// A program without a cookie jar asks for the secret, and sends it back.
func TestBrowserHeader(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	const name, typeJSON = "Eagate-Browser", "application/json"
	do := func(secret, method, path string) apptest.Answer {
		return b.Thief().Do(method, path, "", "Accept", typeJSON, name, secret)
	}
	a := do("new", "POST", "/2fa/challenge")
	secret := a.Header.Get(name)
	if a.Status != 201 || secret == "" || a.JSON("number") == nil || len(a.Header["Set-Cookie"]) > 1 {
		t.Fatalf("got %d %s %v, want the number, the secret, and no cookie", a.Status, a.Body, a.Header)
	}
	for _, wrong := range []string{"new", secret + "x", ""} {
		if a := do(wrong, "GET", "/2fa/challenge/status"); a.Status != 409 || a.Header.Get(name) != "" {
			t.Errorf("with %q: got %d %s, want 409", wrong, a.Status, a.Body)
		}
	}
	expect.Equal(t, do(secret, "GET", "/2fa/challenge/status").JSON("state"), "pending")
	apptest.Approve(t, phone)
	do("new", "GET", "/2fa/challenge").Want(t, 409, "without the secret")
	expect.Equal(t, do(secret, "GET", "/2fa/challenge").JSON("verified"), true, "with the secret")
}

// A program that keeps only the session's cookie isn't refused at first, and then told
// why.
func TestBrowserWithoutCookies(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	if a := b.Thief().PostJSON("/2fa/challenge", ""); a.Status != 201 || a.JSON("number") == nil {
		t.Errorf("the first POST: got %d %s, want 201 and the number", a.Status, a.Body)
	}
	b.Thief().PostJSON("/2fa/challenge", "").WantPage(t, 409, "keeps no cookies", "the second POST")
	if a := b.Thief().PostJSON("/2fa/challenge/continue", ""); a.Status != 201 || a.JSON("number") == nil {
		t.Errorf("to continue: got %d %s, want 201 and the number", a.Status, a.Body)
	}
}

// A browser that doesn't bring back what it was given is told which cookie that is, and
// isn't led on for ever. Its phone isn't asked: the approval couldn't be taken there.
func TestCookieThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	asked := len(app.Emulator.Requests())
	led := b.Thief().Get("/2fa/challenge")
	if led.Status != http.StatusSeeOther || !strings.HasPrefix(led.Location, "/2fa/challenge?browser=") {
		t.Fatalf("at first: got %d to %q, it to be led here once more", led.Status, led.Location)
	}
	const line = "didn't come back"
	for range 2 {
		a := b.Thief().Get(led.Location)
		if a.Status != http.StatusOK || !strings.Contains(a.Body, "doesn’t keep the cookie eagate-browser-"+app.GateName()+"-. ") || !strings.Contains(a.Body, "/2fa/challenge/totp") {
			t.Errorf("got %d to %q\n%s\nwant a page that names the cookie, and takes a code", a.Status, a.Location, a.Body)
		}
	}
	if got := app.Log.String(); strings.Count(got, line) != 1 || !strings.Contains(got, "a proxy must not change the path") {
		t.Errorf("got log %s, want one line with the remedy", got)
	}
	expect.Equal(t, len(app.Emulator.Requests())-asked, 0, "times the phone was asked")
	b.Thief().Post("/2fa/challenge")
	expect.Contains(t, b.Thief().Get(b.Thief().Get("/2fa/challenge").Location).Body, "doesn’t keep the cookie", "tried again")
	for _, stale := range []string{"new", "", "x.y", "0.ABC", led.Location[len("/2fa/challenge?browser="):]} {
		app.Clock.Add(61 * time.Second)
		b.Thief().Get("/2fa/challenge?browser="+stale).Want(t, http.StatusSeeOther, "an old address, %q, to be led here once more", stale)
	}
	if _, path := b.Follow("/2fa/challenge?browser=new"); !strings.HasPrefix(path, "/2fa/challenge?browser=") {
		t.Errorf("with cookies: got to %s", path)
	}
	apptest.Approve(t, phone)
	b.WantIn("with cookies, by the approval")
}

// "Continue here" spends the same budget, and ends nothing where there is none left.
func TestContinueHereWithoutBudget(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	w.SendNew()
	w.SendNew()
	w = waitOn(t, w.Browser, w.phone)
	thief := w.Thief()
	thief.PostJSON("/2fa/challenge/continue", "").Want(t, http.StatusTooManyRequests)
	thief.Post("/2fa/challenge/continue")
	w.wantState(t, "after that", "pending")
	apptest.Approve(t, w.phone)
	w.WantIn("she")
}

// An enrolment is seen and finished in the browser that began it.
func TestA42_EnrolmentInAnotherBrowser(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		app := apptest.New(t)
		b := app.Browser(t).Login(alice)
		if on {
			b.Enrol(alice)
		}
		a := b.PostJSON("/2fa/enable", "")
		uri, _ := a.JSON("uri").(string)
		secret, _ := a.JSON("secret").(string)
		thief := b.Thief()
		for _, a := range []apptest.Answer{
			thief.GetJSON("/2fa/enable"), thief.Get("/2fa/enable"), thief.Get("/2fa/"), thief.GetJSON("/2fa/"),
		} {
			if strings.Contains(a.Body, secret) || strings.Contains(a.Body, "otpauth:") {
				t.Errorf("on %t: another browser is shown the secret: %d", on, a.Status)
			}
		}
		if a := thief.GetJSON("/2fa/enable"); a.Status != 409 || a.JSON("type") != "urn:eagate:problem:other-browser" {
			t.Errorf("on %t: got %d %s, want 409 other-browser", on, a.Status, a.Body)
		}
		phone := app.Emulator.Phone(alice)
		expect.NoError(t, phone.AddAccount(uri))
		for _, a := range []apptest.Answer{
			thief.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)),
			thief.PostJSON("/2fa/enable/confirm", `{"code":"`+apptest.Code(t, phone)+`"}`),
		} {
			a.Want(t, 409, "on %t: another browser confirms", on)
		}
		if acct := app.Account(t, alice); (acct.State == records.On) != on || acct.Staged == nil {
			t.Errorf("on %t: it was confirmed", on)
		}
		b.PostJSON("/2fa/enable/confirm", `{"code":"`+apptest.Code(t, phone)+`"}`).Want(t, 200, "on %t: the browser that began", on)
	}
}

// A tab that comes with the session's former ID, because another one was just first, is
// led to where the session goes on. Somebody else who has that ID is led on once more: a
// browser that keeps no secret has the new ID by then.
func TestA51_TabThatCameSecond(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	late, other := w.Copy(), w.Thief()
	apptest.Approve(t, w.phone)
	w.unlock(t)
	page := other.Get("/2fa/challenge")
	if page.Status != 200 || !strings.Contains(page.Body, `<meta http-equiv="refresh" content="1; url=/2fa/challenge?again=1">`) {
		t.Errorf("got %d\n%s\nwant a page that goes on by itself", page.Status, page.Body)
	}
	w.Get("/2fa/challenge?again=1").WantTo(t, "/", "with the new ID")
	if page := other.Get("/2fa/challenge?again=1"); page.Status != 200 || strings.Contains(page.Body, "refresh") || !strings.Contains(page.Body, `id="code"`) {
		t.Errorf("still with the former ID: got %d\n%s\nwant the field for a code", page.Status, page.Body)
	}
	other.WantLockedOrOut("the former ID")
	late.WantLocked("the tab, before it is led on")
	late.Get("/2fa/challenge").WantTo(t, "/account", "the tab")
	late.WantIn("the tab")
}
