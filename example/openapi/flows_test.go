package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

const (
	alice = "alice@example.com"
	dave  = "dave@example.com" // who must have a second factor
)

// A flow is what a program does with an application.
type flow struct {
	name  string
	setup apptest.Setup
	do    func(t *testing.T, app *apptest.App)
}

// steps are requests in JSON, and what each is answered with: a status, and a state or a
// problem.
func steps(t *testing.T, b *apptest.Browser, list ...string) {
	t.Helper()
	for _, step := range list {
		request, want, _ := strings.Cut(step, " → ")
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		head := []string{"Accept", "application/json"}
		if body != "" {
			head = append(head, "Content-Type", "application/json")
		}
		a := b.Do(method, path, body, head...)
		got := fmt.Sprint(a.Status)
		if problem, ok := a.JSON("type").(string); ok {
			got += " " + strings.TrimPrefix(problem, "urn:eagate:problem:")
		} else if state, ok := a.JSON("state").(string); ok {
			got += " " + state
		}
		expect.Equal(t, got, want, "%s, (%s)", request, a.Body)
	}
}

func code(t *testing.T, phone *emulator.Phone) string {
	return fmt.Sprintf(`{"code":%q}`, apptest.Code(t, phone))
}

// in signs in by a code.
func in(t *testing.T, app *apptest.App, phone *emulator.Phone) *apptest.Browser {
	t.Helper()
	b := app.Browser(t).Login(alice)
	steps(t, b, "POST /2fa/challenge/totp "+code(t, phone)+" → 200 approved")
	app.Clock.Add(apptest.Step)
	return b
}

func with(options ...middleware.Option) apptest.Setup { return apptest.Setup{Options: options} }

var flows = []flow{
	{"nobody", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		steps(t, app.Browser(t), "GET /push → 401 sign-in-required", "POST /2fa/cancel → 200 none", "GET /2fa/nothing → 404 not-found", "DELETE /2fa/ → 405 method-not-allowed")
		for name, op := range operations(load(t)) {
			if op.Security == nil && !strings.HasSuffix(name, "/cancel") && !strings.HasSuffix(name, "/return") {
				steps(t, app.Browser(t), strings.Replace(name, " ", " /2fa", 1)+" → 401 sign-in-required")
			}
		}
	}},
	{"off", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		steps(t, app.Browser(t).Login(alice),
			"GET /2fa/ → 200 off", "POST /2fa/disable → 200 off", "GET /2fa/enable → 409 no-enrolment", "GET /2fa/recovery-codes → 409 no-second-factor",
			"POST /2fa/recovery-codes → 409 no-second-factor", `POST /2fa/recovery-codes/kept {"set":"x"} → 409 no-second-factor`,
			"GET /2fa/devices → 409 no-second-factor", "POST /2fa/devices → 403 not-fresh", `POST /2fa/devices/revoke {"all":true} → 409 no-second-factor`,
			"GET /2fa/challenge → 200 approved", "POST /2fa/challenge → 200 approved", "GET /2fa/challenge/status → 200 approved",
			"GET /2fa/challenge/events → 200", `POST /2fa/challenge/totp {"code":"1"} → 200 approved`, "POST /2fa/challenge/continue → 200 approved",
			"GET /push → 403 enrolment-required")
	}},
	{"enrolment", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		b := app.Browser(t).Login(alice)
		a := b.PostJSON("/2fa/enable", "{}")
		phone := app.Emulator.Phone(alice)
		expect.NoError(t, phone.AddAccount(a.JSON("uri").(string)))
		steps(t, b, "GET /2fa/ → 200 pending", "GET /2fa/enable → 200", `POST /2fa/enable/confirm {"code":"12"} → 422 code-wrong`, "POST /2fa/enable/confirm {} → 422 code-wrong")
		steps(t, b.Thief(), "GET /2fa/enable → 409 other-browser")
		steps(t, b, "POST /2fa/enable/confirm "+code(t, phone)+" → 200 on", "GET /2fa/ → 200 on", "GET /2fa/recovery-codes → 200")
	}},
	{"phone", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		steps(t, b, "GET /account → 403 second-factor-required", "GET /2fa/challenge → 200 none", "POST /2fa/challenge → 201 pending",
			"GET /2fa/challenge → 200 pending", "GET /2fa/challenge/status → 200 pending", "POST /2fa/challenge/continue → 200 pending")
		for name, op := range operations(load(t)) {
			if slices.Contains(problemsOf(op), "second-factor-required") && !strings.HasSuffix(name, "/confirm") {
				steps(t, b, strings.Replace(name, " ", " /2fa", 1)+" → 403 second-factor-required")
			}
		}
		steps(t, b.Thief(), "GET /2fa/challenge → 409 other-browser", "GET /2fa/challenge/status → 409 other-browser",
			"POST /2fa/challenge → 409 other-browser", "GET /2fa/challenge/events → 409 other-browser")
		apptest.Approve(t, phone)
		steps(t, b, "GET /2fa/challenge/status → 200 approved", "GET /2fa/challenge/events → 200", "GET /2fa/challenge → 200 approved", "GET /2fa/ → 200 on",
			"GET /account → 200", "POST /2fa/cancel → 200 none")
		other := app.Browser(t).Login(alice)
		app.Clock.Add(time.Hour)
		steps(t, other, "POST /2fa/challenge → 201 pending")
		thief := other.Thief()
		steps(t, thief, `POST /2fa/challenge/continue {"trust":true} → 201 pending`)
		apptest.Deny(t, phone)
		steps(t, thief, "GET /2fa/challenge → 200 not_approved", "POST /2fa/challenge → 201 pending")
		app.Clock.Add(6 * time.Minute)
		steps(t, thief, "GET /2fa/challenge → 200 expired", "POST /2fa/cancel → 200 none", "GET /2fa/ → 401 sign-in-required")
	}},
	{"program without cookies", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		login := app.Browser(t).Login(alice)
		send := func(method, path, browser string) apptest.Answer {
			b := app.Browser(t)
			b.SetCookie("session", login.Cookie("session"))
			a := b.Do(method, path, "", "Accept", "application/json", "Eagate-Browser", browser)
			if id := b.Cookie("session"); id != "" {
				login.SetCookie("session", id)
			}
			return a
		}
		a := send("POST", "/2fa/challenge", "new")
		browser := a.Header.Get("Eagate-Browser")
		if a.Status != 201 || browser == "" {
			t.Fatalf("got %d and %q, want 201 and a secret", a.Status, browser)
		}
		expect.Equal(t, send("GET", "/2fa/challenge", "new").Status, http.StatusConflict, "without the secret")
		apptest.Approve(t, phone)
		expect.Equal(t, send("GET", "/2fa/challenge", browser).JSON("verified"), true, "with the secret")
	}},
	{"codes", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := in(t, app, phone)
		a := b.PostJSON("/2fa/recovery-codes", "{}")
		recovery := a.JSON("codes").([]any)
		other := app.Browser(t).Login(alice)
		steps(t, other, fmt.Sprintf(`POST /2fa/challenge/recovery {"code":%q,"trust":true} → 200 approved`, recovery[0]))
		used := code(t, phone)
		steps(t, app.Browser(t).Login(alice), "POST /2fa/challenge/totp "+used+" → 200 approved")
		other = app.Browser(t).Login(alice)
		steps(t, other, "POST /2fa/challenge/totp "+used+" → 422 code-used")
		wrong := fmt.Sprintf(`{"code":%q}`, app.WrongCode(t, phone))
		for n := 1; n <= 20; n++ {
			if n == 6 {
				steps(t, other, "POST /2fa/challenge/totp "+wrong+" → 429 code-paused")
			}
			app.Clock.Add(2 * time.Hour)
			a := other.PostJSON("/2fa/challenge/totp", wrong)
			if a.Status == http.StatusUnauthorized { // the session is too old
				other = app.Browser(t).Login(alice)
				n--
			}
		}
		app.Clock.Add(2 * time.Hour)
		steps(t, app.Browser(t).Login(alice), "POST /2fa/challenge/totp "+wrong+" → 429 code-blocked")
	}},
	{"phone asked too often", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		ask := "POST /2fa/challenge → 201 pending"
		steps(t, b, ask, ask, ask, "POST /2fa/challenge → 429 push-limited")
	}},
	{"phone out of reach", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		app.Enrolled(t, alice)
		app.Emulator.Misbehave(emulator.AnyOp, emulator.ResetFault(), 0)
		steps(t, app.Browser(t).Login(alice), "POST /2fa/challenge → 503 push-unavailable")
		app.Emulator.Behave()
		app.Emulator.SetPush(alice, false)
		app.Clock.Add(time.Hour)
		steps(t, app.Browser(t).Login(alice), "POST /2fa/challenge → 409 no-push")
	}},
	{"rejection", apptest.Rejecting(), func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		steps(t, b, "POST /2fa/challenge → 201 pending")
		apptest.Deny(t, phone)
		steps(t, b, "GET /2fa/challenge → 200 rejected", "POST /2fa/challenge → 401 rejected", "GET /2fa/challenge → 401 sign-in-required")
	}},
	{"hold", with(middleware.WithFalseResult(eagate.Rejection), middleware.WithHoldOnRejection()), func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		steps(t, b, "POST /2fa/challenge → 201 pending")
		apptest.Deny(t, phone)
		other := app.Browser(t).Login(alice)
		steps(t, other, "POST /2fa/challenge → 403 held", "POST /2fa/challenge/totp "+code(t, phone)+" → 403 held")
	}},
	{"once more", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := in(t, app, phone)
		steps(t, b, "POST /push {} → 403 step-up-required", "GET /2fa/challenge → 200 none", "POST /2fa/challenge/totp "+code(t, phone)+" → 403 method-not-accepted",
			"POST /2fa/challenge → 201 pending")
		apptest.Approve(t, phone)
		steps(t, b, "GET /2fa/challenge → 200 approved", "POST /push {} → 200")
	}},
	{"devices", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		b := in(t, app, app.Enrolled(t, alice))
		steps(t, b, "POST /2fa/devices → 200", "GET /2fa/devices → 200", `POST /2fa/devices/revoke {} → 400 bad-request`, `POST /2fa/devices/revoke {"all":true} → 200`)
		app.Clock.Add(20 * time.Minute)
		steps(t, b, "POST /2fa/devices → 403 not-fresh")
	}},
	{"changes", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		phone := app.Enrolled(t, alice)
		b := in(t, app, phone)
		steps(t, b, `POST /2fa/recovery-codes/kept {"set":"x"} → 200`)
		for range 4 { // after those of the enrolment
			steps(t, b, "POST /2fa/recovery-codes → 200")
		}
		steps(t, b, "POST /2fa/recovery-codes → 429 recovery-limited")
		app.Clock.Add(20 * time.Minute)
		steps(t, b, "POST /2fa/disable → 422 code-required", "POST /2fa/enable → 422 code-required", "POST /2fa/disable "+code(t, phone)+" → 200 off")
	}},
	{"must", with(middleware.WithRequired(func(u middleware.User) eagate.Requirement {
		if u.Email == dave {
			return eagate.Require(0)
		}
		return eagate.Optional()
	})), func(t *testing.T, app *apptest.App) {
		b := app.Browser(t).Login(dave)
		steps(t, b, "GET /account → 403 enrolment-required", "GET /2fa/ → 200 off")
		b.Enrol(dave)
		steps(t, b, "POST /2fa/disable → 403 required")
	}},
	{"no address", with(middleware.WithEmail(func(context.Context, string) (string, error) { return "", nil })), func(t *testing.T, app *apptest.App) {
		steps(t, app.Browser(t).Login(alice), "POST /2fa/enable → 409 no-address")
	}},
	{"bodies and senders", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		steps(t, b, `POST /2fa/challenge/totp {"code":1} → 400 bad-request`, `POST /2fa/challenge/totp {"code":"`+strings.Repeat("1", 5000)+`"} → 413 bad-request`)
		for name, head := range map[string][]string{
			"415": {"Content-Type", "text/plain"}, "403 prefetch": {"Sec-Purpose", "prefetch"}, "403 cross-site": {"Sec-Fetch-Site", "cross-site"},
		} {
			a := b.Do("POST", "/2fa/challenge/totp", "code", append(head, "Accept", "application/json")...)
			if !strings.HasPrefix(name, fmt.Sprint(a.Status)) {
				t.Errorf("got %d %s, want %s", a.Status, a.Body, name)
			}
		}
		b.Get("/2fa/challenge")
		b.Post("/2fa/challenge/totp", "code", "1")
	}},
	{"faults", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		app.Store.Fail(apptest.All)
		steps(t, b, "GET /account → 503 unavailable", "GET /2fa/challenge → 503 unavailable", "POST /2fa/challenge → 503 unavailable", "GET /2fa/ → 503 unavailable")
		app.Store.Fail(0)
		app.Users.Fail(errors.New("down"))
		steps(t, b, "GET /account → 503 unavailable", "POST /2fa/cancel → 200 none")
	}},
	{"no session", apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler { return app.Gate.Handler(mux) }}, func(t *testing.T, app *apptest.App) {
		steps(t, app.Browser(t), "GET /account → 500 no-session", "GET /2fa/ → 500 no-session", "POST /2fa/cancel → 500 no-session")
	}},
	{"the service's page", apptest.Setup{Mode: eagate.Redirect}, func(t *testing.T, app *apptest.App) {
		app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		steps(t, b, "POST /2fa/challenge → 201 pending", "GET /2fa/return?error=TIMEOUT → 303")
		if a := b.GetJSON("/2fa/challenge"); a.JSON("webview_url") == nil || a.JSON("number") != nil {
			t.Errorf("got %s, want the service's page and no number", a.Body)
		}
	}},
	{"reports", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		at := apptest.CallbackPath(app.Gate)
		steps(t, app.Browser(t), "GET "+at+"?result=true&session_token=x → 200", "POST "+at+` {"result":true,"session_token":"x"} → 200`, "GET "+at+" → 400",
			"POST "+at+" [] → 400", "GET /2fa/callback/x → 404")
		app.Browser(t).Do("POST", at, "x", "Content-Type", "text/plain")
		app.Store.Fail(apptest.All)
		steps(t, app.Browser(t), "GET "+at+"?result=true&session_token=x → 503")
	}},
	{"files", apptest.Setup{}, func(t *testing.T, app *apptest.App) {
		steps(t, app.Browser(t), "GET /2fa/assets/eagate.js → 200", "HEAD /2fa/assets/eagate.js → 200", "GET /2fa/assets/x → 404 not-found")
		tag := app.Browser(t).Do("GET", "/2fa/assets/eagate.js", "").Header.Get("ETag")
		app.Browser(t).Do("GET", "/2fa/assets/eagate.js", "", "If-None-Match", tag).Want(t, http.StatusNotModified)
	}},
}

// Elsewhere are problems that take several requests at once, which the tests of package
// handlers send.
var elsewhere = []eagate.Problem{eagate.ProblemCodeBusy, eagate.ProblemManyWait, eagate.ProblemMadeMeanwhile, eagate.ProblemOvertaken}

// TestFlows has programs do what there is to do: all that they get is what the document
// says, and they get all of it.
func TestFlows(t *testing.T) {
	t.Parallel()
	c := &checker{doc: load(t), seen: make(map[string]bool)}
	t.Run("flows", func(t *testing.T) {
		for _, f := range flows {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				wrap := f.setup.Wrap
				if wrap == nil {
					wrap = func(app *apptest.App, mux http.Handler) http.Handler {
						return app.Sessions.LoadAndSave(app.Gate.Handler(mux))
					}
				}
				f.setup.Wrap = func(app *apptest.App, mux http.Handler) http.Handler { return c.around(t, wrap(app, mux)) }
				f.setup.Routes = func(app *apptest.App, mux *http.ServeMux) {
					mux.Handle("/push", app.Gate.RequireMethod(eagate.Push)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })))
				}
				f.setup.Options = append(f.setup.Options, middleware.WithTrustedDevices(24*time.Hour))
				f.do(t, apptest.New(t, f.setup))
			})
		}
	})
	for name, op := range operations(c.doc) {
		for status, res := range op.Responses.Map() {
			if (res.Value.Content["application/json"] != nil || res.Value.Content["text/event-stream"] != nil) && !c.seen[name+" "+status] {
				t.Errorf("%s: no flow has come to %s", name, status)
			}
		}
	}
	for p := range eagate.Problems() {
		if !c.seen[string(p)] && !slices.Contains(elsewhere, p) {
			t.Errorf("no flow has come to %s", p)
		}
	}
	if t.Failed() {
		t.Log(slices.Sorted(maps.Keys(c.seen)))
	}
}
