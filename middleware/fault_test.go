package middleware_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

func wantUnavailable(t *testing.T, a apptest.Answer, where string) {
	t.Helper()
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Secret() {
		t.Errorf("%s: got %d, Retry-After %q, want 503 with Retry-After and nothing of the page", where, a.Status, a.Header.Get("Retry-After"))
	}
}

func TestA17_StoreFaultInTheGuard(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("before the fault")
	plain := app.Browser(t).Login(bob)
	app.Clock.Add(time.Minute) // what is cached has aged

	app.Store.Fail(apptest.All)
	before := app.Passed.Load()
	wantUnavailable(t, b.Get("/account"), "a verified session's page")
	wantUnavailable(t, b.GetJSON("/account"), "a verified session's call")
	wantUnavailable(t, plain.Get("/account"), "a user without a second factor")
	wantUnavailable(t, b.Get("/2fa/"), "the security page")
	wantUnavailable(t, b.Get("/2fa/challenge"), "the challenge page")
	expect.Equal(t, app.Passed.Load()-before, 0, "times the guarded handler was called")
	expect.Equal(t, strings.Count(app.Log.String(), `"level":"ERROR","msg":"eagate: the store fails`), 1, "the fault logged")
	expect.Equal(t, strings.Count(app.Log.String(), `"level":"ERROR"`), 1, "errors logged (the fault alone)")

	app.Store.Fail(0)
	b.WantIn("after the fault")
	plain.WantIn("after the fault")
}

// What needs no second factor needs no store: a health check, or a logout.
func TestExemptWithoutTheStore(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	verified, locked := byPush(t, app, phone), app.Stopped(t, alice)
	app.Clock.Add(3 * time.Second) // what is remembered has aged
	app.Store.Fail(apptest.All)
	for name, b := range map[string]*apptest.Browser{"verified": verified, "locked": locked} {
		b.Get("/open/healthz").Want(t, http.StatusOK, "%s: an exempt page", name)
		b.Post("/logout").Want(t, http.StatusOK, "%s: a logout", name)
	}
	app.Store.Fail(0)
	verified.WantLockedOrOut("after the logout")
	locked.WantLockedOrOut("after the logout")
}

func TestA17_StoreFaultInTheFirstRequest(t *testing.T) {
	for _, op := range []apptest.Op{apptest.Reads, apptest.Writes} {
		app := apptest.New(t)
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		b.Get("/account")
		app.Store.Fail(op)
		wantUnavailable(t, b.Get("/2fa/challenge"), "the first page")
		app.Store.Fail(0)
		b.Stop()
		apptest.Approve(t, phone)
		b.WantIn("after the fault")
	}
}

func TestA17_StoreFaultInTheCallback(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	request := phone.Pending()[0]
	app.Store.Fail(apptest.All)
	reply, err := app.Emulator.Report(t.Context(), request.Token, true)
	if err != nil || reply.Status != http.StatusServiceUnavailable {
		t.Errorf("callback: got %d, %v, want 503", reply.Status, err)
	}
	app.Store.Fail(0)
	b.WantLocked("after a report that wasn't taken")
	if reply, err := app.Emulator.Report(t.Context(), request.Token, true); err != nil || reply.Status != http.StatusOK {
		t.Errorf("callback, repeated: got %d, %v, want 200", reply.Status, err)
	}
	b.WantIn("after the repeated report")
}

func TestA17_StoreFaultInTheUnlock(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	app.Store.Fail(apptest.Writes)
	for _, path := range []string{"/account", "/2fa/challenge"} {
		wantUnavailable(t, b.Get(path), path)
	}
	app.Store.Fail(0)
	b.WantIn("after the fault")
}

func TestA17_SessionNotSavedInTheUnlock(t *testing.T) {
	for name, idle := range map[string]time.Duration{"plain": 0, "idle time-out": time.Hour} {
		for _, commits := range []int{1, 100} {
			t.Run(name, func(t *testing.T) {
				app := apptest.New(t, apptest.Setup{Sessions: func(m *scs.SessionManager) { m.IdleTimeout = idle }})
				phone := app.Enrolled(t, alice)

				b := app.Stopped(t, alice)
				apptest.Approve(t, phone)
				before := app.Passed.Load()
				app.Scs.FailCommits(commits)
				a := b.Get("/account")
				if a.Status != http.StatusServiceUnavailable || a.Secret() {
					t.Errorf("by push: got %d, want 503 and nothing of the page\n%s", a.Status, a.Body)
				}
				app.Scs.FailCommits(0)
				expect.Equal(t, app.Passed.Load()-before, 0, "by push: the guarded handler was called")
				if a := b.Get("/account"); a.Secret() && a.Header.Get("X-User") != "" && a.Header.Get("X-Verified") != "true" {
					t.Error("by push: got in without a grant")
				}

				b = app.Browser(t).Login(alice)
				b.GetJSON("/account")
				app.Scs.FailCommits(commits)
				a = b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
				a.Want(t, http.StatusServiceUnavailable, "by code")
				app.Scs.FailCommits(0)
				b.WantLockedOrOut("by code, after the fault")
				app.Clock.Add(apptest.Step)
				b = app.Browser(t).Login(alice)
				b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)).Want(t, http.StatusSeeOther, "by the next code")
				b.WantIn("by the next code")
			})
		}
	}
}

// A session that was never saved can't begin anything before it is.
func TestA17_SessionNotSavedInTheFirstRequest(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithUser(func(*http.Request) (middleware.User, error) {
			return middleware.User{ID: "7", Email: alice}, nil // by a client certificate, say
		}),
	}})
	app.Browser(t).Enrol(alice)
	b := app.Browser(t)
	app.Scs.FailCommits(100)
	if a := b.Get("/account"); a.Status != http.StatusServiceUnavailable || strings.Contains(a.Body, "Internal Server Error") {
		t.Errorf("got %d %s, want 503 and nothing of scs's", a.Status, a.Body)
	}
	app.Scs.FailCommits(0)
	b.Get("/account").WantTo(t, "/2fa/challenge", "after the fault")
}

// One failed commit costs the approval nothing: a reload is enough.
func TestA17_ApprovalSurvivesAFailedCommit(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	app.Scs.FailCommits(1)
	b.Get("/account").Want(t, http.StatusServiceUnavailable)
	b.WantIn("after a reload")
}

// The store fails after an approval was used and its grant taken back, before that is
// undone: the phone can be asked again.
func TestA17_StoreFaultAfterTheApprovalWasUsed(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	faulty := &faultOnceUsed{Backend: app.Store.Inner(), t: t}
	app.Store.SetInner(faulty)
	wantUnavailable(t, b.Get("/account"), "as the approval is used")
	app.Store.SetInner(faulty.Backend)
	app.Clock.Add(10 * time.Second)
	if a, at := b.Follow("/account"); a.Secret() || at != "/2fa/challenge" {
		t.Fatalf("without the grant: got %d at %s, want the challenge", a.Status, at)
	}
	b.SendNew()
	expect.Equal(t, len(app.Emulator.Requests()), 2, "requests to the phone")
	apptest.Approve(t, phone)
	b.WantIn("after the second approval")
}

// A faultOnceUsed doesn't return accounts from the moment when an approval is used.
type faultOnceUsed struct {
	store.Backend
	t    *testing.T
	used atomic.Bool
}

func (f *faultOnceUsed) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if kind == store.Accounts && f.used.Load() {
		return nil, apptest.ErrFault
	}
	return f.Backend.Get(ctx, kind, ids...)
}

func (f *faultOnceUsed) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := f.Backend.Put(ctx, kind, doc)
	if err == nil && kind == store.Challenges && apptest.DecodeChallenge(f.t, doc).State == records.Consumed {
		f.used.Store(true)
	}
	return version, err
}
