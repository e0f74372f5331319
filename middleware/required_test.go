package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

const dave = "dave@example.com"

const day = 24 * time.Hour

// A policy says who must have a second factor, and keeps what is reported.
type policy struct {
	mu     sync.Mutex
	needs  map[string]eagate.Requirement // by e-mail address
	calls  int
	events []eagate.Event
}

func newPolicy(email string, need eagate.Requirement) *policy {
	p := &policy{needs: make(map[string]eagate.Requirement)}
	p.set(email, need)
	return p
}

func (p *policy) set(email string, need eagate.Requirement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.needs[email] = need
}

func (p *policy) of(u middleware.User) eagate.Requirement {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.needs[u.Email]
}

func (p *policy) hear(_ context.Context, e eagate.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *policy) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// heard is of whom what was reported, in order.
func (p *policy) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, e := range p.events {
		if e.Kind == eagate.EventStopped || e.Kind == eagate.EventWouldStop {
			list = append(list, e.Kind.String()+" "+e.UserID)
		}
	}
	return strings.Join(list, ", ")
}

func (p *policy) setup(options ...middleware.Option) apptest.Setup {
	return apptest.Setup{
		Options:  append([]middleware.Option{middleware.WithRequired(p.of), middleware.WithEvents(p.hear)}, options...),
		Sessions: func(m *scs.SessionManager) { m.Lifetime = 1000 * day }, // longer than any grace
	}
}

// wantStopped wants the session led to the enrolment, and not let in.
func wantStopped(t *testing.T, b *apptest.Browser, when string) {
	t.Helper()
	before := b.App.Passed.Load()
	if a := b.Get("/account"); a.Status != 303 || a.Location != "/2fa/enable" || a.Secret() {
		t.Errorf("%s: got %d to %q, want 303 to /2fa/enable", when, a.Status, a.Location)
	}
	if a := b.GetJSON("/account"); a.Status != 403 || a.Secret() {
		t.Errorf("%s: a program got %d, want 403", when, a.Status)
	}
	expect.Equal(t, b.App.Passed.Load()-before, 0, "%s: the guarded handler was called", when)
}

// Whoever must have a second factor is led to it, and from there to where the way
// led.
func TestRequiredEnrolment(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(0))
	app := apptest.New(t, p.setup())
	b := app.Browser(t).Login(dave)
	if a := b.Get("/account?tab=2"); a.Status != 303 || a.Location != "/2fa/enable" || a.Body != "" {
		t.Fatalf("first page: got %d to %q with %q, want 303 to /2fa/enable", a.Status, a.Location, a.Body)
	}
	a := b.Get("/2fa/enable")
	for _, want := range []string{`data-page="required"`, "Acme requires it", dave, "It takes about a minute.", `action="/2fa/enable"`, `action="/2fa/cancel"`} {
		if a.Status != 200 || !strings.Contains(a.Body, want) {
			t.Errorf("the way in: got %d without %q:\n%s", a.Status, want, a.Body)
		}
	}
	expect.Contains(t, b.Get("/2fa/").Body, `id="required"`, "the security page")
	if a := b.GetJSON("/2fa/"); a.JSON("required") != true || a.JSON("state") != "off" {
		t.Errorf("the security page for programs: got %s", a.Body)
	}
	b.Post("/2fa/enable").WantTo(t, "/2fa/enable", "begun")
	expect.Contains(t, b.Get("/2fa/enable").Body, `id="qr"`, "begun: no QR code")
	a = b.GetJSON("/2fa/enable")
	phone := app.Emulator.Phone(dave)
	expect.NoError(t, phone.AddAccount(a.JSON("uri").(string)))
	wantStopped(t, b, "before the code")
	b.Get("/account?tab=2")
	a = b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone))
	a.WantTo(t, "/2fa/recovery-codes", "confirmed")
	for click := range 2 {
		b.Kept().WantTo(t, "/account?tab=2", "click %d on having kept the codes", click)
	}
	b.WantIn("afterwards")
	expect.Equal(t, p.heard(), "stopped id of "+dave, "the events")
}

// stoppedProblem is the body of every refusal.
const stoppedProblem = `{"type":"urn:eagate:problem:enrolment-required","title":"A second factor must be set up first","status":403,"enrol_url":"/2fa/enable"}`

func TestRequiredOtherRequests(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(0))
	b := apptest.New(t, p.setup()).Browser(t).Login(dave)
	websocket := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	for _, c := range []struct {
		method, target string
		head           []string
	}{
		{"HEAD", "/account", nil},
		{"OPTIONS", "/account", nil},
		{"POST", "/account", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors"}},
		{"PUT", "/account", nil},
		{"DELETE", "/account", nil},
		{"CONNECT", "/account", nil},
		{"get", "/account", nil},
		{"GET", "/socket", websocket},
		{"GET", "/socket", append([]string{"Accept", "text/html"}, websocket...)},
		{"GET", "/account", []string{"Accept", "text/event-stream"}},
		{"GET", "/account", []string{"Accept", "application/json"}},
		{"GET", "/account", []string{"Accept", "text/html", "Sec-Fetch-Dest", "iframe"}},
		{"GET", "/account", []string{"Accept", "text/html", "Sec-Purpose", "prefetch"}},
	} {
		a := wantRefused(t, b, c.method, c.target, c.head...)
		if a.Status != 403 || a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("Upgrade") != "" {
			t.Errorf("%s %v: got %d %s, want 403 application/problem+json", c.method, c.head, a.Status, a.Header.Get("Content-Type"))
		}
		if a.Body != stoppedProblem && c.method != "HEAD" {
			t.Errorf("%s %v: got %s\nwant %s", c.method, c.head, a.Body, stoppedProblem)
		}
	}
	for _, trick := range tricks {
		wantRefused(t, b, "GET", trick)
		wantRefused(t, b, "POST", trick)
	}
}

// What is exempt stays so, and whoever is stopped can leave.
func TestRequiredLeavesOpen(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(0))
	app := apptest.New(t, p.setup())
	b := app.Browser(t).Login(dave)
	if a := b.Get("/open/x"); a.Status != 200 || a.Body != "open" {
		t.Errorf("exempt: got %d", a.Status)
	}
	if n := p.called(); n != 0 || !app.Account(t, dave).RequiredSince.IsZero() {
		t.Errorf("exempt: the application was asked %d times, want 0, and no grace begins", n)
	}
	wantStopped(t, b, "elsewhere")
	b.Get("/2fa/challenge").WantTo(t, "/account", "challenge")
	b.Post("/logout").Want(t, 200, "logout")
	b.Get("/2fa/").Want(t, 401, "logged out")
	b.Login(alice).WantIn("as somebody else")
}

// A new secret, and wrong codes for it, are no second factor; nor are another
// session's.
func TestRequiredStagingIsNotEnough(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(0))
	app := apptest.New(t, p.setup())
	b, other := app.Browser(t).Login(dave), app.Browser(t).Login(dave)
	a := b.PostJSON("/2fa/enable", "")
	phone := app.Emulator.Phone(dave)
	expect.NoError(t, phone.AddAccount(a.JSON("uri").(string)))
	wantStopped(t, b, "staged")
	b.Post("/2fa/enable/confirm", "code", app.WrongCode(t, phone))
	wantStopped(t, b, "after a wrong code")
	other.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone))
	other.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	wantStopped(t, other, "after another session's code")
	wantStopped(t, b, "after another session's code")

	b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone))
	b.WantIn("confirmed")
	other.WantLocked("confirmed elsewhere")
	other.Get("/account").WantTo(t, "/2fa/challenge", "confirmed elsewhere")
}

// Somebody who must have a second factor can't switch it off, whatever the proof,
// and gets no code taken for it.
func TestRequiredDisable(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(30*day))
	app := apptest.New(t, p.setup())
	b := app.Browser(t).Login(dave)
	phone := b.Enrol(dave)
	before := app.Account(t, dave)
	code := apptest.Code(t, phone)
	for _, code := range []string{"", code, app.WrongCode(t, phone)} {
		b.Post("/2fa/disable", "code", code).WantPage(t, 403, `data-message="required"`, "page, code %q", code)
		if a := b.PostJSON("/2fa/disable", `{"code":"`+code+`"}`); a.Status != 403 || a.JSON("type") != "urn:eagate:problem:required" {
			t.Errorf("program, code %q: got %d %s, want 403 required", code, a.Status, a.Body)
		}
	}
	if after := app.Account(t, dave); after.State != records.On || after.Version != before.Version {
		t.Errorf("got state %v, version %d, want %v, %d", after.State, after.Version, before.State, before.Version)
	}
	if a := b.Get("/2fa/"); strings.Contains(a.Body, "/2fa/disable") || !strings.Contains(a.Body, "so it can’t be switched off") {
		t.Errorf("the security page offers it, or doesn't say why not:\n%s", a.Body)
	}
	b.Post("/2fa/enable", "code", code).WantTo(t, "/2fa/enable", "another phone")

	for _, need := range []eagate.Requirement{eagate.Optional(), eagate.ReportOnly()} {
		p.set(dave, need)
		b.PostJSON("/2fa/disable", "").Want(t, 200, "%v", need)
		b.Enrol(dave)
	}
}

// There is one grace, in whichever way the second factor goes.
func TestRequiredOneGrace(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(10*day))
	app := apptest.New(t, p.setup())
	b := app.Browser(t).Login(dave)
	since := app.Clock.Now()
	b.WantIn("at first")
	b.Enrol(dave)
	app.Clock.Add(5 * day)
	off := func() {
		app.ChangeAccount(t, dave, func(a *records.Account) {
			a.State, a.Factor, a.Epoch = records.Off, records.Factor{}, a.Epoch+1
		})
		app.Clock.Add(time.Minute) // what is cached has aged
	}
	off()
	b = app.Browser(t).Login(dave)
	b.WantIn("switched off during the grace")
	if got := app.Account(t, dave).RequiredSince; !got.Equal(since) {
		t.Errorf("switched off: the grace counts from %v, want %v", got, since)
	}
	b.Enrol(dave)
	app.Clock.Add(5 * day)
	off()
	b = app.Browser(t).Login(dave)
	wantStopped(t, b, "switched off after the grace")

	// Not seen in between, the freedom to switch it off gives none either.
	b.Enrol(dave)
	p.set(dave, eagate.Optional())
	b.PostJSON("/2fa/disable", "").Want(t, 200, "disable")
	p.set(dave, eagate.Require(10*day))
	wantStopped(t, b, "free for a moment")
}

// The clock's mistakes don't make the grace longer.
func TestRequiredClock(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(10*day))
	app := apptest.New(t, p.setup())
	b := app.Browser(t).Login(dave)
	app.Clock.Add(365 * day)
	b.WantIn("a year ahead")
	app.Clock.Add(-365 * day)
	b.WantIn("right again")
	app.Clock.Add(10 * day)
	wantStopped(t, b, "after the grace")
	app.Clock.Add(-30 * day)
	b.WantIn("a month behind")
	app.Clock.Add(30 * day)
	wantStopped(t, b, "right again")
}

func TestRequiredStoreFault(t *testing.T) {
	t.Parallel()
	for _, op := range []apptest.Op{apptest.Reads, apptest.Writes, apptest.All} {
		for _, grace := range []time.Duration{0, day} {
			app := apptest.New(t, newPolicy(dave, eagate.Require(grace)).setup())
			b := app.Browser(t).Login(dave)
			app.Store.Fail(op)
			wantUnavailable(t, b.Get("/account"), "the first page")
			wantUnavailable(t, b.GetJSON("/account"), "the first call")
			app.Store.Fail(0)
			if !app.Account(t, dave).RequiredSince.IsZero() {
				t.Error("the grace has begun")
			}
			if grace == 0 {
				wantStopped(t, b, "after the fault")
			} else {
				b.WantIn("after the fault")
			}
			app.Clock.Add(time.Minute) // what is cached has aged
			app.Store.Fail(apptest.Reads)
			wantUnavailable(t, b.Get("/account"), "a later page")
			wantUnavailable(t, b.Get("/2fa/enable"), "the enrolment")
			wantUnavailable(t, b.Get("/2fa/"), "the security page")
		}
	}
}

// However many nodes see the user first, they agree on when that was, and one
// writes it.
func TestRequiredManyNodes(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	spy := w.Spy(t)
	p := newPolicy(dave, eagate.Require(10*day))
	nodes := []*apptest.App{w.Node(t, p.setup()), w.Node(t, p.setup()), w.Node(t, p.setup())}
	b := nodes[0].Browser(t).Login(dave)
	since := w.Clock.Now()
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() { b.On(nodes[i%len(nodes)]).WantIn("at once") })
	}
	wg.Wait()
	expect.Equal(t, spy.Changes(), 1, "times the account was written")
	if got := w.Account(t, dave).RequiredSince; !got.Equal(since.Truncate(time.Microsecond)) {
		t.Errorf("the grace counts from %v, want %v", got, since)
	}
	w.Clock.Add(10 * day)
	for _, node := range append(nodes, w.Node(t, p.setup())) {
		wantStopped(t, b.On(node), "after the grace, on every node and a new one")
	}
}

// Reported only, everybody passes, and that is said now and then.
func TestRequiredReportOnly(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	p := newPolicy(dave, eagate.ReportOnly())
	app := w.Node(t, p.setup())
	app.Enrolled(t, alice)
	p.set(alice, eagate.ReportOnly())
	spy := w.Spy(t)
	b := app.Browser(t).Login(dave)
	for range 3 {
		b.WantIn("at first")
		b.PostJSON("/account", "")
	}
	b.Get("/2fa/enable").WantTo(t, "/2fa/", "enrolment")
	want := "would_stop id of " + dave
	expect.Equal(t, p.heard(), want, "the events")
	w.Clock.Add(time.Hour)
	b.WantIn("an hour later")
	expect.Equal(t, p.heard(), want+", "+want, "an hour later, the events")
	expect.Equal(t, spy.Changes(), 0, "records were written")
	app.Stopped(t, alice).WantLocked("who has a second factor")
	expect.Lacks(t, p.heard(), alice, "the events")
	// The grace begins when it is required in earnest.
	p.set(dave, eagate.Require(day))
	b.WantIn("required now")
	w.Clock.Add(day)
	wantStopped(t, b, "a day later")
}

// Who becomes required gets the grace, which another node and a restart know of;
// who is no longer passes, and gets another one later.
func TestRequiredChanges(t *testing.T) {
	t.Parallel()
	w := apptest.NewWorld(t)
	p := newPolicy(dave, eagate.Optional())
	b := w.Node(t, p.setup()).Browser(t).Login(dave)
	b.WantIn("optional")
	w.Clock.Add(30 * day)
	p.set(dave, eagate.Require(2*day))
	b.WantIn("required")
	w.Clock.Add(day)
	b.On(w.Node(t, p.setup())).WantIn("during the grace, restarted")
	w.Clock.Add(day)
	b = b.On(w.Node(t, p.setup()))
	wantStopped(t, b, "after the grace, restarted")
	p.set(dave, eagate.Require(3*day))
	b.WantIn("with a longer grace")
	p.set(dave, eagate.Require(-day))
	wantStopped(t, b, "with less than none")

	p.set(dave, eagate.Optional())
	b.WantIn("no longer required")
	if since := w.Account(t, dave).RequiredSince; !since.IsZero() {
		t.Errorf("no longer required: the grace still counts from %v", since)
	}
	p.set(dave, eagate.Require(day))
	b.WantIn("required again")
	w.Clock.Add(day)
	wantStopped(t, b, "required again, after the grace")
	w.Store.Fail(apptest.Writes)
	p.set(dave, eagate.Optional())
	b.WantIn("no longer required, which can't be noted")
}

// Whose session it is counts, not whose it was.
func TestRequiredAnotherUserInTheSession(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(0))
	app := apptest.New(t, p.setup())
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("as alice")
	b.Login(dave)
	wantStopped(t, b, "as dave, after alice")
	b.Login(bob).WantIn("as bob, of whom nothing is required")
	b.Login(dave)
	wantStopped(t, b, "as dave, after bob")
}

// Nobody is let in by a function that fails.
func TestRequiredPanic(t *testing.T) {
	t.Parallel()
	app := apptest.New(t, apptest.Setup{
		Options: []middleware.Option{middleware.WithRequired(func(middleware.User) eagate.Requirement { panic("policy") })},
		Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			h := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						w.WriteHeader(http.StatusTeapot)
					}
				}()
				h.ServeHTTP(w, r)
			})
		},
	})
	b := app.Browser(t).Login(dave)
	for _, a := range []apptest.Answer{b.Get("/account"), b.GetJSON("/account"), b.PostJSON("/2fa/disable", "")} {
		if a.Status != http.StatusTeapot || a.Secret() || app.Passed.Load() != 0 {
			t.Errorf("got %d, want the panic", a.Status)
		}
	}
}

// The guard asks the application only of users without a second factor, and the
// store no more than without the requirement.
func TestRequiredCosts(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(day))
	p.set(alice, eagate.Require(0))
	app := apptest.New(t, p.setup())
	phone := app.Browser(t).Login(alice).Enrol(alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	calls := p.called()
	b.WantIn("as alice")
	b.WantIn("as alice")
	expect.Equal(t, p.called()-calls, 0, "the application was asked of who has a second factor")
	b = app.Browser(t).Login(dave)
	b.WantIn("as dave") // writes
	b.WantIn("as dave") // reads
	asked := app.Store.Asked()
	for range 10 {
		b.WantIn("as dave")
	}
	expect.Equal(t, app.Store.Asked()-asked, 0, "times the store was asked")
}

func TestEnrolmentDue(t *testing.T) {
	t.Parallel()
	p := newPolicy(dave, eagate.Require(10*day))
	p.set("", eagate.Require(0)) // of nobody
	app := apptest.New(t, p.setup(), apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		banner := func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("fault") {
				app.Clock.Add(time.Minute) // what is cached has aged
				app.Store.Fail(apptest.All)
				defer app.Store.Fail(0)
			}
			asked := app.Store.Asked()
			due, ok := app.Gate.EnrolmentDue(r)
			fmt.Fprint(w, due.Unix(), " ", ok, " ", app.Store.Asked()-asked)
		}
		mux.HandleFunc("GET /banner", banner)
		mux.HandleFunc("GET /open/banner", banner)
	}})
	want := func(b *apptest.Browser, path string, due time.Time, ok bool, asked int, when string) {
		t.Helper()
		expect.Equal(t, b.Get(path).Body, fmt.Sprint(due.Unix(), " ", ok, " ", asked), "%s", when)
	}
	var none time.Time
	due := app.Clock.Now().Add(10 * day)
	want(app.Browser(t), "/banner", none, false, 0, "nobody")
	want(app.Browser(t).Login(bob), "/banner", none, false, 0, "optional")
	b := app.Browser(t).Login(dave)
	want(b, "/open/banner", due, true, 1, "before the first guarded page")
	want(b, "/banner", due, true, 1, "on the first guarded page, which wrote")
	app.Clock.Add(day)
	want(b, "/banner", due, true, 0, "a day later")
	expect.Contains(t, b.Get("/2fa/").Body, due.UTC().Format(time.RFC3339), "the security page")
	if a := b.GetJSON("/2fa/"); a.JSON("required_by") == nil {
		t.Errorf("the security page for programs: got %s", a.Body)
	}
	if a := b.Get("/2fa/enable"); !strings.Contains(a.Body, due.UTC().Format(time.RFC3339)) || !strings.Contains(a.Body, "Later") {
		t.Error("the enrolment doesn't say until when, or offers no way back")
	}
	app.Clock.Add(10 * day)
	want(b, "/open/banner", due, true, 1, "too late")
	want(b, "/open/banner?fault", none, false, 2, "nobody knows, asked twice")
	b.Enrol(dave)
	want(b, "/banner", none, false, 0, "enrolled")
	p.set(dave, eagate.ReportOnly())
	want(app.Browser(t).Login(dave), "/open/banner", none, false, 0, "reported only")
}
