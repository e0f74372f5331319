package handlers_test

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

func TestA11_HintsUnlockNothing(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	spy := app.Spy(t)
	for _, path := range []string{
		"/2fa/return?session_token=" + w.token,
		"/2fa/return?session_token=" + w.token + "&result=true",
		"/2fa/return?result=true&state=approved",
		"/2fa/challenge?session_token=" + w.token + "&result=true",
		"/2fa/challenge/status?session_token=" + w.token + "&result=true&state=approved",
		"/2fa/challenge/status?next=/account&verified=true",
		"/account?session_token=" + w.token,
	} {
		for _, a := range []apptest.Answer{w.Get(path), w.GetJSON(path), w.Post(path, "session_token", w.token, "result", "true")} {
			if a.Secret() || a.JSON("verified") == true || a.JSON("state") == "approved" {
				t.Errorf("%s: got %d %s", path, a.Status, a.Body)
			}
		}
		if strings.HasPrefix(path, "/2fa/challenge?") {
			break // its POST begins a new challenge
		}
	}
	if n := spy.Moves(records.Pending, records.Approved) + spy.Moves(records.Approved, records.Consumed) + spy.Grants(); n != 0 {
		t.Errorf("got %d approvals and unlocks, want none", n)
	}
	w.WantLocked("after the hints")

	const script = "<script>alert(1)</script>"
	for _, path := range []string{"/2fa/return?error=", "/2fa/challenge?error=", "/2fa/?error=", "/2fa/challenge/status?error=", "/2fa/nothing/"} {
		for _, text := range []string{script, "%3Cscript%3Ealert(1)%3C/script%3E", "REJECT", `%22onload=alert(1)%20`} {
			a := w.Raw("GET", path+text, "Accept", "text/html")
			if strings.Contains(a.Body, "alert(1)") || strings.Contains(a.Body, "REJECT") {
				t.Errorf("%s%s: the page repeats it:\n%s", path, text, a.Body)
			}
		}
	}
}

func TestA12_TabsShareTheChallenge(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	for _, path := range []string{"/account", "/other", "/2fa/challenge", "/2fa/challenge?code=1"} {
		w.Get(path)
	}
	atOnce(10, func(int) { w.Copy().Get("/account") })
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	tab := w.Copy()
	expect.Equal(t, tab.GetJSON("/2fa/challenge/status").JSON("number"), any(w.number), "second tab")
	apptest.Approve(t, w.phone)
	w.unlock(t)
}

func TestA12_NewChallengeVoidsTheOldOne(t *testing.T) {
	t.Parallel()
	for _, reported := range []bool{false, true} {
		t.Run(fmt.Sprintf("reported afterwards %t", reported), func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			w := wait(t, app, alice)
			w.SendNew()
			next := waitOn(t, w.Browser, w.phone)
			expect.Differ(t, next.token, w.token, "no new challenge")
			if reported {
				report(t, app, w.token, "true")
			}
			next.wantState(t, "after the old one", "pending")
			next.WantLocked("after the old one")
			report(t, app, next.token, "true")
			next.unlock(t)
		})
	}
}

// What was approved isn't taken from the user who approved it by somebody who begins
// another challenge in another session.
func TestA12_NewChallengeLeavesAnApproval(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	report(t, app, w.token, "true")
	second := waitOn(t, app.Stopped(t, alice), w.phone)
	second.wantState(t, "the new one", "pending")
	w.unlock(t)
	second.wantState(t, "the new one, after the old one was used", "pending")
	second.WantLocked("the new one")
}

// What is approved while "Send again" is on its way lets in, as the user has tapped for that.
func TestA12_ApprovedAsAnotherIsSent(t *testing.T) {
	t.Parallel()
	for how, send := range map[string]func(*apptest.Browser) apptest.Answer{
		"form":    func(b *apptest.Browser) apptest.Answer { return b.Post("/2fa/challenge") },
		"program": func(b *apptest.Browser) apptest.Answer { return b.PostJSON("/2fa/challenge", "") },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			w := wait(t, app, alice)
			pause := app.Pause(t, func(op apptest.Op, kind store.Kind, _ string) bool {
				return op == apptest.Writes && (kind == store.Accounts || kind == store.Challenges)
			})
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				send(w.Browser)
			}()
			pause.Wait()
			report(t, app, w.token, "true")
			pause.Go()
			<-sent
			w.unlock(t)
			expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone (no other than the one that was approved)")
		})
	}
}

func TestReplacedByAnotherBrowser(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	events := listen(t, w.Browser)
	events.want("pending")
	second := waitOn(t, app.Stopped(t, alice), w.phone)
	w.wantState(t, "the first browser", "none")
	events.want("none")
	events.wantEnd()
	page := w.Get("/2fa/challenge")
	if !strings.Contains(page.Body, `data-state="none"`) || strings.Contains(page.Body, second.number+"<") {
		t.Errorf("the first browser's page: got\n%s\nwant one to begin anew", page.Body)
	}
	expect.Equal(t, len(app.Emulator.Requests()), 2, "requests to the phone: the page must not ask again by itself")
	apptest.Approve(t, w.phone)
	w.WantLocked("the first browser, after the second's approval")
	second.unlock(t)
}

func TestChallengeExpires(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	app.Clock.Add(5*time.Minute - time.Second)
	if a := w.GetJSON("/2fa/challenge/status"); a.JSON("state") != "pending" || a.JSON("expires_in") != 1.0 {
		t.Errorf("just before: got %s, want pending for 1 s", a.Body)
	}
	app.Clock.Add(time.Second)
	w.wantState(t, "at the end", "expired")
	page := w.Get("/2fa/challenge")
	if !strings.Contains(page.Body, "The request has expired") || !strings.Contains(page.Body, "Send a new request") {
		t.Errorf("page: got\n%s\nwant one that says so and offers a new request", page.Body)
	}
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone: the page must not ask again by itself")
	w.SendNew()
	w.wantState(t, "a new one", "pending")
}

func TestChallengeRejected(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Rejecting())
	w := wait(t, app, alice)
	events := listen(t, w.Browser)
	events.want("pending")
	apptest.Deny(t, w.phone)
	events.want("rejected")
	events.wantEnd()
	w.wantState(t, "after the rejection", "rejected")
	// The session that it was about is over.
	thief := w.Copy()
	wantProblem(t, "new push", w.Copy().PostJSON("/2fa/challenge", ""), 401, "rejected", "")
	wantProblem(t, "a code in the rejected session", thief.PostJSON("/2fa/challenge/totp", `{"code":"`+apptest.Code(t, w.phone)+`"}`), 401, "sign-in-required", "")
	wantProblem(t, "after that", w.GetJSON("/2fa/challenge"), 401, "sign-in-required", "")
	// Another session is kept from it too; the code still works.
	second := app.Browser(t).Login(alice)
	a := second.PostJSON("/2fa/challenge", "")
	wantProblem(t, "another session", a, 429, "push-limited", "/2fa/challenge")
	expect.Equal(t, a.Header.Get("Retry-After"), "900", "Retry-After")
	second.Get("/account")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	expect.Contains(t, html.UnescapeString(second.Get("/2fa/challenge").Body), "no new request can be sent for 15 minutes", "page")
	if a := second.PostJSON("/2fa/challenge/totp", `{"code":"`+apptest.Code(t, w.phone)+`"}`); a.JSON("verified") != true {
		t.Errorf("code: got %d %s, it to unlock", a.Status, a.Body)
	}
}

// A session that was rejected doesn't sit out the pause.
func TestChallengeRejectedLater(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Rejecting())
	w := wait(t, app, alice)
	apptest.Deny(t, w.phone)
	app.Clock.Add(15 * time.Minute)
	wantProblem(t, "new push", w.PostJSON("/2fa/challenge", ""), 401, "rejected", "")
	wantProblem(t, "a code", w.PostJSON("/2fa/challenge/totp", `{"code":"`+apptest.Code(t, w.phone)+`"}`), 401, "sign-in-required", "")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	// Whoever signs in anew can ask it again.
	app.Browser(t).Login(alice).PostJSON("/2fa/challenge", "").Want(t, 201, "another sign-in")
}

func TestPushBudget(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	for i := range 20 {
		app.Clock.Add(time.Second)
		a := w.PostJSON("/2fa/challenge", "")
		a.Want(t, map[bool]int{true: 201, false: 429}[i < 2], "push %d", i+2)
	}
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession)), 3, "calls to the service")
	expect.Equal(t, w.PostJSON("/2fa/challenge", "").Header.Get("Retry-After"), "880", "Retry-After")
	// The last one goes on, and says nothing of the budget until it has ended.
	expect.Contains(t, w.Get("/2fa/challenge").Body, `data-state="pending"`, "page, want the last one pending")
	app.Clock.Add(5 * time.Minute)
	page := html.UnescapeString(w.Get("/2fa/challenge").Body)
	expect.Contains(t, page, "Many requests were sent to your phone. The next one can be sent in 10 minutes.", "page")
	expect.Lacks(t, page, `action="/2fa/challenge"`, "page, the button")
	app.Clock.Add(10 * time.Minute)
	w.PostJSON("/2fa/challenge", "").Want(t, 201, "after the time")
}

// A page on which the user types a code doesn't refresh itself.
func TestPreferCode(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	w := wait(t, app, alice)
	const refresh = `http-equiv="refresh"`
	expect.Contains(t, w.Get("/2fa/challenge").Body, refresh, "page")
	expect.Lacks(t, w.Get("/2fa/challenge?code=1").Body, refresh, "page with code=1, a refresh")
}

func TestChallengeForPrograms(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	for _, path := range []string{"/account", "/2fa/challenge"} {
		b.GetJSON(path)
	}
	expect.Equal(t, b.GetJSON("/2fa/challenge/status").Body, `{"state":"none"}`, "at first: only POST asks the phone")
	expect.Equal(t, len(app.Emulator.Requests()), 0, "requests to the phone")
	a := b.PostJSON("/2fa/challenge", "")
	request := expect.Try(phone.Wait(t.Context())).OrFail(t)
	want := fmt.Sprintf(`{"state":"pending","number":%q,"expires_in":300}`, request.Number)
	if a.Status != 201 || a.Body != want || a.Header.Get("Content-Type") != js {
		t.Errorf("begin: got %d %s, want 201 %s", a.Status, a.Body, want)
	}
	if a := b.GetJSON("/2fa/challenge"); a.Status != 200 || a.Body != want {
		t.Errorf("challenge: got %d %s, want %s", a.Status, a.Body, want)
	}
	expect.Equal(t, b.GetJSON("/2fa/challenge/status").Body, want, "status")
	apptest.Approve(t, phone)
	expect.Equal(t, b.GetJSON("/2fa/challenge/status").Body, `{"state":"approved","next":"/2fa/challenge"}`, "status")
	expect.Equal(t, b.GetJSON("/2fa/challenge").Body, `{"state":"approved","verified":true,"next":"/"}`, "challenge")
	expect.Equal(t, b.GetJSON("/2fa/challenge/status").Body, `{"state":"approved","verified":true,"next":"/2fa/challenge"}`, "status")
	b.WantIn("at the end")
}

func TestCodeForPrograms(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	const path = "/2fa/challenge/totp"
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		kind                    string
	}{
		{"wrong", js, `{"code":"000000"}`, 422, "code-wrong"},
		{"none", js, `{}`, 422, "code-wrong"},
		{"a number", js, `{"code":123456}`, 400, "bad-request"},
		{"twice", js, `{"code":"000000","code":"000000"}`, 400, "bad-request"},
		{"twice in a form", form, "code=000000&code=000000", 400, "bad-request"},
		{"a list", js, `["000000"]`, 400, "bad-request"},
		{"another type", "text/plain", "code=000000", 415, "bad-request"},
		{"large", form, "code=" + strings.Repeat("0", 4<<10), 413, "bad-request"},
		{"wrong in a form", form, "code=000000", 422, "code-wrong"},
	} {
		wantProblem(t, c.name, b.Do("POST", path, c.body, "Accept", js, "Content-Type", c.contentType), c.status, c.kind, "")
	}
	// The code stands in the body or nowhere.
	wantProblem(t, "in the query", b.PostJSON(path+"?code="+apptest.Code(t, phone), ""), 422, "code-wrong", "")
	a := b.PostJSON(path, `{"code":"000000"}`)
	wantProblem(t, "fifth wrong", a, 422, "code-wrong", "")
	expect.Equal(t, a.Header.Get("Retry-After"), "30", "fifth wrong, Retry-After")
	right := `{"code":"` + apptest.Code(t, phone) + `"}`
	a = b.PostJSON(path, right)
	wantProblem(t, "right, but paused", a, 429, "code-paused", "")
	expect.Equal(t, a.Header.Get("Retry-After"), "30", "paused, Retry-After")
	app.Clock.Add(30 * time.Second)
	right = `{"code":"` + apptest.Code(t, phone) + `"}`
	if a := b.PostJSON(path, right); a.Status != 200 || a.Body != `{"state":"approved","verified":true,"next":"/"}` {
		t.Errorf("right: got %d %s, want verified", a.Status, a.Body)
	}
	wantProblem(t, "used", app.Browser(t).Login(alice).PostJSON(path, right), 422, "code-used", "")
}

func TestPhoneCannotBeAsked(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	app.Emulator.SetPush(alice, false)
	b := app.Stopped(t, alice)
	page := html.UnescapeString(b.Get("/2fa/challenge").Body)
	if !strings.Contains(page, "Allow them in the phone’s settings.") || !strings.Contains(page, `name="code"`) {
		t.Errorf("page: got\n%s\nwant the form for a code", page)
	}
	calls := len(app.Emulator.Calls(emulator.CreateSession))
	b.Get("/account")
	b.Get("/2fa/challenge")
	expect.Equal(t, len(app.Emulator.Calls(emulator.CreateSession))-calls, 0, "more calls to the service by looking")
	a := b.PostJSON("/2fa/challenge", "")
	wantProblem(t, "by a program", a, 409, "no-push", "/2fa/challenge")
	expect.Equal(t, a.Header.Get("Retry-After"), "", "by a program, a Retry-After, but waiting doesn't help")
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).WantTo(t, "/account", "code")
}

func TestNobodySignedIn(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	for _, path := range []string{"/2fa/", "/2fa/enable", "/2fa/challenge", "/2fa/challenge/status", "/2fa/challenge/events"} {
		wantProblem(t, path, app.Browser(t).GetJSON(path), 401, "sign-in-required", "")
	}
	for _, path := range []string{"/2fa/enable", "/2fa/enable/confirm", "/2fa/disable", "/2fa/challenge", "/2fa/challenge/totp"} {
		wantProblem(t, path, app.Browser(t).PostJSON(path, ""), 401, "sign-in-required", "")
	}
	wantProblem(t, "no page", app.Browser(t).GetJSON("/2fa/nothing"), 404, "not-found", "")
	wantProblem(t, "no page and no method", app.Browser(t).Do("BREW", "/2fa/nothing", "", "Accept", js), 404, "not-found", "")
}

// wantProblem wants an application/problem+json.
func wantProblem(t *testing.T, name string, a apptest.Answer, status int, kind, challenge string) {
	t.Helper()
	got, _ := a.JSON("challenge_url").(string)
	if a.Status != status || a.Header.Get("Content-Type") != "application/problem+json" || got != challenge ||
		a.JSON("type") != "urn:eagate:problem:"+kind || a.JSON("status") != float64(status) || a.JSON("title") == "" {
		t.Errorf("%s: got %d %s %s, want %d %s", name, a.Status, a.Header.Get("Content-Type"), a.Body, status, kind)
	}
}

// Where the phone can't be asked for a while, the way to the challenge gives the browser
// no secret to ask it with: each one takes the place of an older one.
func TestNoSecretWhereThePhoneIsNotAsked(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	app.Enrolled(t, alice)
	secrets := func() (n int) {
		for _, line := range app.Browser(t).Login(alice).Get("/account").Header["Set-Cookie"] {
			if strings.Contains(line, "-browser-") {
				n++
			}
		}
		return n
	}
	expect.Equal(t, secrets(), 1, "at first, secrets")
	for range 3 {
		app.Stopped(t, alice)
	}
	expect.Equal(t, secrets(), 0, "after three requests, secrets")
}
