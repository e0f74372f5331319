package handlers_test

import (
	"fmt"
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

func hosted(mode eagate.Mode, options ...middleware.Option) apptest.Setup {
	return apptest.Setup{Mode: mode, Options: options}
}

var hostedModes = []eagate.Mode{eagate.Redirect, eagate.Popup}

// eachHosted runs a test in each of the hosted modes.
func eachHosted(t *testing.T, test func(*testing.T, eagate.Mode)) {
	t.Parallel()
	for _, mode := range hostedModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			test(t, mode)
		})
	}
}

// webviewOf is where a challenge page's link leads, and its popup.
func webviewOf(t *testing.T, page string) (link, popup *url.URL) {
	t.Helper()
	find := func(attribute string) *url.URL {
		m := regexp.MustCompile(`<a id="webview"[^>]*\s` + attribute + `="([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			return nil
		}
		u := expect.Try(url.Parse(html.UnescapeString(m[1]))).OrFail(t)
		return u
	}
	return find("href"), find("data-popup")
}

func TestHostedApproval(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		spy := app.Spy(t)
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		b.Get("/account?tab=2")
		b.Get("/2fa/challenge")
		w := waitOn(t, b, phone)
		page := w.Get("/2fa/challenge")
		if strings.Contains(page.Body, ">"+w.number+"<") || page.Status != 200 {
			t.Errorf("the page shows the number, or nothing: %d\n%s", page.Status, page.Body)
		}
		apptest.Approve(t, phone)
		back := w.visit(t, page.Body)
		if want := "/2fa/return?session_token="; !strings.HasPrefix(back, want) {
			t.Errorf("got back to %q, want %s", back, want)
		}
		if a := w.Get(back); a.Status != 303 || a.Location != "/2fa/challenge" || a.Body != "" {
			t.Errorf("the return: got %d to %q, want 303 to the clean challenge", a.Status, a.Location)
		}
		w.Get("/2fa/challenge").WantTo(t, "/account?tab=2", "the challenge")
		w.WantIn("after the approval")
		expect.Equal(t, len(app.Emulator.Calls(emulator.SecretNumber)), 0, "calls for the number")
		expect.Equal(t, spy.Moves(records.Approved, records.Consumed), 1, "times the approval was used")
	})
}

// visit opens the service's page from ours, and returns where that sends the browser.
func (w waiter) visit(t *testing.T, page string) string {
	t.Helper()
	link, _ := webviewOf(t, page)
	if link == nil {
		t.Fatal("the page doesn't lead to the service's")
	}
	res := service(t, &apptest.App{URL: "http://" + link.Host}).Get(link.RequestURI())
	back, ok := strings.CutPrefix(res.Location, w.App.URL)
	if !ok {
		t.Fatalf("got %d to %q, want to come back to %s", res.Status, res.Location, w.App.URL)
	}
	return back
}

// The mode is kept with the challenge, its number isn't asked for, and its token
// isn't in the store.
func TestHostedChallengeInTheStore(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		world := apptest.NewWorld(t)
		rec := &recorder{Backend: world.Store, t: t}
		app := world.Node(t, hosted(mode, middleware.WithStore(rec)))
		w := wait(t, app, alice)
		acct := expect.Try(world.Records(t).Account(t.Context(), "id of "+alice)).OrFail(t)
		c, err := world.Records(t).Challenge(t.Context(), acct.Push.Live)
		if err != nil || c.Mode != mode || c.Number != "" {
			t.Errorf("got mode %v, number %q, %v, want %v without a number", c.Mode, c.Number, err, mode)
		}
		rec.mu.Lock()
		defer rec.mu.Unlock()
		secrets{"session token": w.token}.wantNone(t, "store", rec.text.String())
	})
}

// In a hosted mode the browser knows the token: that is all that it needs, but for
// the callback's secret and its network.
func TestA01_HostedBrowserCallsTheCallback(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		link, _ := webviewOf(t, w.Get("/2fa/challenge").Body)
		if link == nil || link.Query().Get("session_token") != w.token {
			t.Fatalf("the browser doesn't get its token: %v", link)
		}
		for _, secret := range []string{"", "/", "/guess", "/" + w.token, "/" + flip(strings.TrimPrefix(callback(app), "/2fa/callback/"))} {
			path := "/2fa/callback" + secret
			for i, a := range []apptest.Answer{
				w.Get(path + query(w.token, "true")),
				w.Post(path, "result", "true", "session_token", w.token),
				w.PostJSON(path, fmt.Sprintf(`{"result": true, "session_token": %q}`, w.token)),
			} {
				a.Want(t, 404, "secret %q, way %d", secret, i)
			}
		}
		w.wantState(t, "after forged reports", "pending")
		w.WantLocked("after forged reports")
		report(t, app, w.token, "true") // so that it wasn't for another reason
		w.WantIn("after the service's report")
	})
}

// Nor does the secret help from outside of the service's network.
func TestA02_HostedCallbackFromOutsideTheNetworks(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode, middleware.WithCallbackNetworks(netip.MustParsePrefix("192.0.2.0/24"))))
		w := wait(t, app, alice)
		for _, head := range [][]string{nil, forged("192.0.2.7")} {
			w.Do("GET", callback(app)+query(w.token, "true"), "", head...).Want(t, 403)
		}
		w.wantState(t, "after the reports", "pending")
		w.WantLocked("after the reports")
	})
}

// What the browser brings back changes what its page says, and nothing else.
func TestA11_HostedReturn(t *testing.T) {
	for _, mode := range hostedModes {
		for _, test := range []struct {
			name, query string
			said        string // what the page's data-return says
			text        string
			again, anew bool // whether it leads to the service's page again, and offers a new request
		}{
			{"success", "session_token=TOKEN", "done", "We are waiting for its confirmation", true, false},
			{"rejection", "error=REJECT", "rejected", "says that the sign-in was rejected", false, true},
			{"time-out", "error=TIMEOUT", "timeout", "The time on the eAuthenticator page ran out", false, true},
			{"fault", "error=INTERNAL_SERVER_ERROR", "fault", "Something went wrong", true, false},
			{"unknown error", "error=OTHER", "unclear", "without an answer", true, false},
			{"other case", "error=reject", "unclear", "without an answer", true, false},
			{"script", "error=%3Cscript%3Ealert(1)%3C/script%3E", "unclear", "without an answer", true, false},
			{"nothing", "", "unclear", "without an answer", true, false},
			{"empty error", "error=", "unclear", "without an answer", true, false},
			{"two errors", "error=REJECT&error=TIMEOUT", "unclear", "without an answer", true, false},
			{"both", "session_token=TOKEN&error=REJECT", "unclear", "without an answer", true, false},
			{"two tokens", "session_token=TOKEN&session_token=TOKEN", "unclear", "without an answer", true, false},
			{"badly escaped", "error=%zz", "unclear", "without an answer", true, false},
			{"another's token", "session_token=OTHER", "", "", true, false},
			{"no token", "session_token=", "", "", true, false},
			{"beginning of the token", "session_token=BEGIN", "", "", true, false},
		} {
			t.Run(mode.String()+" "+test.name, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t, hosted(mode))
				w := wait(t, app, alice)
				spy := app.Spy(t)
				fill := strings.NewReplacer("TOKEN", w.token, "BEGIN", w.token[:len(w.token)-1])
				a := w.Get("/2fa/return?" + fill.Replace(test.query))
				if a.Status != 303 || a.Location != "/2fa/challenge" || a.Body != "" {
					t.Fatalf("got %d to %q, want 303 to the clean challenge", a.Status, a.Location)
				}
				for range 2 { // a reload shows the same
					page := w.Get("/2fa/challenge").Body
					said := ""
					if m := regexp.MustCompile(`data-return="([a-z]+)"`).FindStringSubmatch(page); m != nil {
						said = m[1]
					}
					if said != test.said || !strings.Contains(page, test.text) || strings.Contains(page, "alert(1)") {
						t.Errorf("the page says %q, want %q and %q:\n%s", said, test.said, test.text, page)
					}
					if link, _ := webviewOf(t, page); (link != nil) != test.again {
						t.Errorf("it leads to %v, want again: %v", link, test.again)
					}
					if anew := strings.Contains(page, `<button type="submit">Send a new request</button>`); anew != test.anew {
						t.Errorf("it offers a new request: %v, want %v", anew, test.anew)
					}
					expect.Contains(t, page, `action="/2fa/challenge/totp"`, "no code can be typed")
				}
				if n := spy.Moves(records.Pending, records.Approved) + spy.Moves(records.Pending, records.NotApproved) + spy.Grants(); n != 0 {
					t.Errorf("got %d changes of the challenge, want none", n)
				}
				w.wantState(t, "after the return", "pending")
				w.WantLocked("after the return")
				apptest.Approve(t, w.phone)
				w.WantIn("after the approval")
			})
		}
	}
}

// After an error, the next step works: a new request, or a code.
func TestHostedErrorsNextStep(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		app.Emulator.Forge(func(r *emulator.Return) { r.Token, r.Error = "", "TIMEOUT" })
		w.Get(w.visit(t, w.Get("/2fa/challenge").Body))
		w.SendNew()
		app.Emulator.Behave()
		w = waitOn(t, w.Browser, w.phone)
		page := w.Get("/2fa/challenge").Body
		expect.Lacks(t, page, "data-return=\"timeout\"", "the page of the new request tells of the old one")
		link, _ := webviewOf(t, page)
		if link == nil || link.Query().Get("session_token") != app.Emulator.Requests()[1].Token {
			t.Errorf("the page leads to %v, want the new request", link)
		}
		w.Get("/2fa/return?error=REJECT")
		w.Post("/2fa/challenge/totp", "code", apptest.Code(t, w.phone)).WantTo(t, "/account", "a code")
		w.WantIn("by a code")
	})
}

// A rejection on the phone is a matter of the report, whatever the browser says.
func TestHostedRejection(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode), apptest.Rejecting())
		w := wait(t, app, alice)
		page := w.Get("/2fa/challenge").Body
		apptest.Deny(t, w.phone)
		back := w.visit(t, page)
		expect.Equal(t, back, "/2fa/return?error=REJECT", "back to")
		w.Get(back)
		page = w.Get("/2fa/challenge").Body
		expect.Contains(t, page, `data-message="rejected"`, "the page that says so")
		if link, _ := webviewOf(t, page); link != nil {
			t.Errorf("the page leads to the service's page again: %v", link)
		}
		w.Get("/2fa/return?session_token=" + w.token)
		w.WantLockedOrOut("after a forged success")
	})
}

// Whoever comes back without a session, or is nobody any more, gets to a clean
// address too.
func TestA32_ReturnOfNobody(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		back := "/2fa/return?session_token=" + w.token
		for name, b := range map[string]*apptest.Browser{"nobody": app.Browser(t), "without second factor": app.Browser(t).Login(bob)} {
			if a := b.Get(back); a.Status != 303 || a.Location != "/2fa/challenge" || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: got %d to %q with cookie %q, want 303 to the challenge", name, a.Status, a.Location, a.Header.Get("Set-Cookie"))
			}
		}
		other := app.Stopped(t, alice) // which takes the place of the first
		other.Get(back)
		expect.Lacks(t, other.Get("/2fa/challenge").Body, `id="returned"`, "another session's token is taken for its own")
		apptest.Approve(t, w.phone)
		other.WantIn("after the approval")
		other.Get(back).WantTo(t, "/2fa/challenge", "unlocked")
		w.WantLocked("replaced")
	})
}

// A return that comes late, with what is left of a session, unlocks nothing and
// writes nothing into it.
func TestA15_HostedReturnAfterLogout(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		thief := w.Copy()
		w.Post("/logout")
		thief.Get("/2fa/return?session_token=" + w.token)
		apptest.Approve(t, w.phone)
		thief.WantLockedOrOut("after the logout")
		w.WantLockedOrOut("after the logout")
	})
}

// A session that goes on under another ID isn't written again under the former
// one, even if a slow request has brought that back.
func TestA16_HostedReturnToAFormerSession(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		arrived, release := make(chan struct{}), make(chan struct{})
		app := apptest.New(t, apptest.Setup{Mode: mode, Routes: func(app *apptest.App, mux *http.ServeMux) {
			mux.HandleFunc("GET /open/slow", func(_ http.ResponseWriter, r *http.Request) {
				app.Sessions.Put(r.Context(), "seen", true)
				close(arrived)
				<-release
			})
		}})
		w := wait(t, app, alice)
		former := w.Copy()
		slow := make(chan struct{})
		go func() {
			defer close(slow)
			former.Get("/open/slow")
		}()
		<-arrived
		w.Post("/2fa/challenge/totp", "code", apptest.Code(t, w.phone))
		close(release)
		<-slow
		for _, query := range []string{"error=REJECT", "session_token=" + w.token} {
			expect.Equal(t, former.Get("/2fa/return?"+query).Header.Get("Set-Cookie"), "", "%s: the return writes the former session", query)
		}
		former.WantLocked("under the former ID")
		w.WantIn("under the new ID")
	})
}

func TestA32_HostedHeaders(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		page := w.Get("/2fa/challenge")
		opener := map[eagate.Mode]string{eagate.Redirect: "same-origin", eagate.Popup: "same-origin-allow-popups"}[mode]
		for name, want := range map[string]string{
			"Cross-Origin-Opener-Policy": opener, "Referrer-Policy": "same-origin", "Cache-Control": "no-store, no-transform", "X-Frame-Options": "DENY",
		} {
			expect.Equal(t, page.Header.Get(name), want, name)
		}
		// The page needs nothing that the others don't have.
		nonce := regexp.MustCompile(`'nonce-[A-Z0-9]+'`)
		got := nonce.ReplaceAllString(page.Header.Get("Content-Security-Policy"), "N")
		want := nonce.ReplaceAllString(app.Browser(t).Get("/2fa/challenge").Header.Get("Content-Security-Policy"), "N")
		expect.Equal(t, got, want, "policy")
		for _, path := range []string{"/2fa/return?session_token=" + w.token, "/2fa/challenge/status", "/2fa/nothing"} {
			a := w.Get(path)
			expect.Equal(t, a.Header.Get("Cross-Origin-Opener-Policy"), "same-origin", "%s, Cross-Origin-Opener-Policy", path)
			policy := "same-origin"
			if strings.Contains(path, w.token) {
				policy = "no-referrer"
			}
			if a.Header.Get("Cache-Control") != "no-store, no-transform" || a.Header.Get("Referrer-Policy") != policy {
				t.Errorf("%s: got Cache-Control %q and Referrer-Policy %q", path, a.Header.Get("Cache-Control"), a.Header.Get("Referrer-Policy"))
			}
		}
		link, _ := webviewOf(t, page.Body)
		expect.Equal(t, link.Query().Get("redirect_uri"), app.URL+"/2fa/return", "return address")
	})
}

// Each view of the page has a state of its own for its popup.
func TestPopupPage(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, hosted(eagate.Popup))
	w := wait(t, app, alice)
	var states []string
	for range 3 {
		page := w.Get("/2fa/challenge").Body
		_, popup := webviewOf(t, page)
		if popup == nil {
			t.Fatalf("no popup in\n%s", page)
		}
		q := popup.Query()
		if q.Get("signin_method") != "popup" || q.Get("redirect_uri") != app.URL || q.Get("session_token") != w.token {
			t.Errorf("got popup %v", popup)
		}
		if !strings.Contains(page, `data-origin="`+app.Emulator.URL+`" data-state="`+q.Get("state")+`"`) {
			t.Errorf("the page doesn't know the popup's origin and state:\n%s", page)
		}
		states = append(states, q.Get("state"))
	}
	slices.Sort(states)
	if len(slices.Compact(states)) != 3 || len(states[0]) < 22 {
		t.Errorf("got states %q, want three long ones", states)
	}
	if _, popup := webviewOf(t, wait(t, apptest.New(t, hosted(eagate.Redirect)), alice).Get("/2fa/challenge").Body); popup != nil {
		t.Errorf("got popup %v in another mode", popup)
	}
}

// A program opens the service's page itself, and goes on by the status.
func TestHostedForPrograms(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		begun := b.PostJSON("/2fa/challenge", "")
		address, _ := begun.JSON("webview_url").(string)
		want, err := app.Emulator.Client().RedirectURL(app.Emulator.Requests()[0].Token, app.URL+"/2fa/return")
		if err != nil || begun.Status != 201 || begun.JSON("state") != "pending" || address != want || begun.JSON("number") != nil {
			t.Errorf("got %d %s, want the address %s", begun.Status, begun.Body, want)
		}
		expect.Equal(t, b.GetJSON("/2fa/challenge/status").JSON("webview_url"), any(address), "status")
		events := listen(t, b)
		expect.Equal(t, events.want("pending")["webview_url"], any(address), "events")
		apptest.Approve(t, phone)
		if got := events.want("approved")["webview_url"]; got != nil {
			t.Errorf("approved: got webview_url %v, want none", got)
		}
		expect.Equal(t, b.GetJSON("/2fa/challenge").JSON("verified"), true, "verified")
	})
}

// A session that has lost its token to a concurrent write, or got an older one
// back by it, can begin again.
func TestHostedTokenLost(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		for _, older := range []bool{false, true} {
			arrived, release := make(chan struct{}), make(chan struct{})
			app := apptest.New(t, apptest.Setup{Mode: mode, Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("GET /open/slow", func(_ http.ResponseWriter, r *http.Request) {
					app.Sessions.Put(r.Context(), "seen", true)
					close(arrived)
					<-release
				})
			}})
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			if older {
				b.Get("/account")
			}
			slow := make(chan struct{})
			go func() {
				defer close(slow)
				b.Get("/open/slow")
			}()
			<-arrived
			b.PostJSON("/2fa/challenge", "")
			close(release)
			<-slow
			w := waitOn(t, b, phone)
			page := w.Get("/2fa/challenge").Body
			if link, _ := webviewOf(t, page); link != nil || !strings.Contains(page, `data-state="none"`) {
				t.Errorf("older %v: the page leads to %v, it to offer a new request:\n%s", older, link, page)
			}
			for _, want := range []string{`<form method="post" action="/2fa/challenge">`, `action="/2fa/challenge/totp"`} {
				expect.Contains(t, page, want, "older %v: no %s in", older, want)
			}
			if a := w.Get("/2fa/return?error=REJECT"); a.Header.Get("Set-Cookie") != "" {
				t.Errorf("older %v: a return for nothing writes the session", older)
			}
			w.Post("/2fa/challenge")
			if link, _ := webviewOf(t, w.Get("/2fa/challenge").Body); link == nil {
				t.Errorf("older %v: the new request's page leads nowhere", older)
			}
		}
	})
}

// A request that expires at the service's page ends here too.
func TestHostedExpires(t *testing.T) {
	eachHosted(t, func(t *testing.T, mode eagate.Mode) {
		app := apptest.New(t, hosted(mode))
		w := wait(t, app, alice)
		page := w.Get("/2fa/challenge").Body
		app.Clock.Add(5 * time.Minute)
		expect.Equal(t, w.visit(t, page), "/2fa/return?error=TIMEOUT", "back to")
		w.Get("/2fa/return?error=TIMEOUT")
		page = w.Get("/2fa/challenge").Body
		if link, _ := webviewOf(t, page); link != nil || !strings.Contains(page, `data-state="expired"`) || !strings.Contains(page, "Send a new request") {
			t.Errorf("got\n%s", page)
		}
	})
}
