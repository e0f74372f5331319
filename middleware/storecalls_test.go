package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// What each kind of request asks of the store, as the store sees it. A row that has
// become cheaper states its new figure.
func TestStoreCalls(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name                   string
		reads, writes, deletes int

		// prepare does what comes before, and returns the request to be counted.
		prepare func(t *testing.T, app *apptest.App) (request func())
	}{
		{"verified, cache warm", 0, 0, 0, func(t *testing.T, app *apptest.App) func() {
			b := byCode(t, app, app.Enrolled(t, alice))
			b.WantIn("to warm the cache")
			return func() { b.WantIn("verified") }
		}},
		{"verified, cache cold", 2, 0, 0, func(t *testing.T, app *apptest.App) func() {
			b := byCode(t, app, app.Enrolled(t, alice))
			app.Clock.Add(time.Minute)
			return func() { b.WantIn("verified") }
		}},
		{"first locked page: the guard's redirect", 2, 0, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			return func() { wantRedirect(t, b.Get("/account"), "/2fa/challenge") }
		}},
		{"first locked page: the challenge, which asks the phone", 4, 4, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			wantRedirect(t, b.Get("/account"), "/2fa/challenge")
			return func() { wantShown(t, b.Get("/2fa/challenge")) }
		}},
		{"first locked page: both", 6, 4, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			return func() {
				wantRedirect(t, b.Get("/account"), "/2fa/challenge")
				wantShown(t, b.Get("/2fa/challenge"))
			}
		}},
		{"waiting page", 3, 0, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			return func() { wantShown(t, b.Get("/2fa/challenge")) }
		}},
		{"poll of the waiting page", 3, 0, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			return func() { wantStatus(t, b.GetJSON("/2fa/challenge/status"), http.StatusOK) }
		}},
		{"file for scripts", 0, 0, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			return func() { wantStatus(t, b.Get("/2fa/assets/eagate.js"), http.StatusOK) }
		}},
		{"wrong code", 3, 1, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			code := app.WrongCode(t, phone)
			return func() { wantStatus(t, b.Post("/2fa/challenge/totp", "code", code), http.StatusUnprocessableEntity) }
		}},
		{"right code", 5, 4, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			return func() { wantRedirect(t, b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)), "/account") }
		}},
		{"right code, the phone wasn't asked", 4, 3, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			return func() { wantRedirect(t, b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)), "/") }
		}},
		{"recovery code", 5, 4, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			code := recoveryCode(t, app, alice)
			b := app.Stopped(t, alice)
			return func() { wantRedirect(t, b.Post("/2fa/challenge/recovery", "code", code), "/account") }
		}},
		{"approving callback", 1, 1, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			app.Stopped(t, alice)
			return func() { apptest.Approve(t, phone) }
		}},
		{"approving callback, repeated", 1, 1, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			app.Stopped(t, alice)
			apptest.Approve(t, phone)
			requests := app.Emulator.Requests()
			token := requests[len(requests)-1].Token
			return func() {
				a := app.Browser(t).GetJSON(apptest.CallbackPath(app.Gate) + "?result=true&session_token=" + token)
				wantStatus(t, a, http.StatusOK)
			}
		}},
		{"page that uses the approval", 6, 4, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			return func() { wantRedirect(t, b.Get("/2fa/challenge"), "/account") }
		}},
		{"guarded page that uses the approval", 5, 4, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			return func() { b.WantIn("approved") }
		}},
		{"step-up: the guard's redirect", 5, 0, 0, func(t *testing.T, app *apptest.App) func() {
			b := byCode(t, app, app.Enrolled(t, alice))
			return func() { wantRedirect(t, b.Get("/push"), "/2fa/challenge") }
		}},
		{"step-up: the challenge, which asks the phone", 4, 4, 0, func(t *testing.T, app *apptest.App) func() {
			b := byCode(t, app, app.Enrolled(t, alice))
			wantRedirect(t, b.Get("/push"), "/2fa/challenge")
			return func() { wantShown(t, b.Get("/2fa/challenge")) }
		}},
		{"step-up: page that uses the approval", 8, 6, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := byCode(t, app, phone)
			wantRedirect(t, b.Get("/push"), "/2fa/challenge")
			wantShown(t, b.Get("/2fa/challenge"))
			apptest.Approve(t, phone)
			return func() { wantRedirect(t, b.Get("/2fa/challenge"), "/push") }
		}},
		{"step-up: page that is met", 2, 0, 0, func(t *testing.T, app *apptest.App) func() {
			b := byPush(t, app, app.Enrolled(t, alice))
			return func() { wantPassed(t, b, "/push", "after an approval") }
		}},
		{"stage", 2, 1, 0, func(t *testing.T, app *apptest.App) func() {
			b := app.Browser(t).Login(alice)
			return func() { wantRedirect(t, b.Post("/2fa/enable"), "/2fa/enable") }
		}},
		{"page of what is staged", 1, 0, 0, func(t *testing.T, app *apptest.App) func() {
			b := app.Browser(t).Login(alice)
			b.Post("/2fa/enable")
			return func() { wantStatus(t, b.Get("/2fa/enable"), http.StatusOK) }
		}},
		{"stage, in place of another phone", 3, 1, 0, func(t *testing.T, app *apptest.App) func() {
			b := byPush(t, app, app.Enrolled(t, alice))
			return func() { wantRedirect(t, b.Post("/2fa/enable"), "/2fa/enable") }
		}},
		{"confirm, which makes recovery codes", 10, 9, 0, func(t *testing.T, app *apptest.App) func() {
			b := app.Browser(t).Login(alice)
			phone := staged(t, b)
			return func() {
				wantRedirect(t, b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)), "/2fa/recovery-codes")
			}
		}},
		{"confirm, in place of another phone, with recovery codes", 10, 8, 0, func(t *testing.T, app *apptest.App) func() {
			b := byPush(t, app, app.Enrolled(t, alice))
			phone := staged(t, b)
			return func() {
				wantStatus(t, b.Post("/2fa/enable/confirm", "code", apptest.Code(t, phone)), http.StatusSeeOther)
			}
		}},
		{"trusted device lets in", 6, 3, 0, func(t *testing.T, app *apptest.App) func() {
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			wantRedirect(t, b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1"), "/account")
			b.Post("/logout")
			b.Login(alice)
			return func() { b.WantIn("on a trusted device") }
		}},
		{"logout", 3, 4, 1, func(t *testing.T, app *apptest.App) func() {
			b := byCode(t, app, app.Enrolled(t, alice))
			return func() { wantStatus(t, b.Post("/logout"), http.StatusOK) }
		}},
		{"logout of a session that is locked", 3, 3, 0, func(t *testing.T, app *apptest.App) func() {
			app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			return func() { wantStatus(t, b.Post("/logout"), http.StatusOK) }
		}},
		{"disable", 7, 3, 0, func(t *testing.T, app *apptest.App) func() {
			b := byPush(t, app, app.Enrolled(t, alice))
			return func() { wantStatus(t, b.Post("/2fa/disable"), http.StatusOK) }
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var calls storeCalls
			// A request that was kept waiting reads anew what it had read before. The
			// machine may have been busy, but not each time.
			for range 5 {
				app := apptest.New(t, apptest.Setup{Routes: stepUps, Options: []middleware.Option{middleware.WithTrustedDevices(24 * time.Hour)}})
				request := row.prepare(t, app)
				counted := &countedStore{Backend: app.Store.Inner()}
				app.Store.SetInner(counted)
				request()
				calls = counted.made()
				if calls.reads <= row.reads && calls.writes <= row.writes && calls.deletes <= row.deletes {
					break
				}
			}
			if calls.reads != row.reads || calls.writes != row.writes || calls.deletes != row.deletes {
				t.Errorf("got %d reads, %d writes and %d deletions, want %d, %d and %d (if it got cheaper, lower the figures):\n%s",
					calls.reads, calls.writes, calls.deletes, row.reads, row.writes, row.deletes, strings.Join(calls.list, "\n"))
			}
		})
	}
}

// staged has the user set up a phone, up to the code.
func staged(t *testing.T, b *apptest.Browser) *emulator.Phone {
	t.Helper()
	uri, _ := b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	phone := b.App.Emulator.Phone(alice)
	expect.NoError(t, phone.AddAccount(uri))
	return phone
}

func wantRedirect(t *testing.T, a apptest.Answer, to string) {
	t.Helper()
	a.WantTo(t, to)
}

func wantStatus(t *testing.T, a apptest.Answer, want int) {
	t.Helper()
	a.Want(t, want)
}

// wantShown wants the challenge to show a number.
func wantShown(t *testing.T, a apptest.Answer) {
	t.Helper()
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `id="number"`) {
		t.Errorf("got %d to %q, want the challenge with its number", a.Status, a.Location)
	}
}

// storeCalls are the calls that were made of a store, in their order.
type storeCalls struct {
	reads, writes, deletes int
	list                   []string
}

// A countedStore writes down its calls.
type countedStore struct {
	store.Backend
	mu    sync.Mutex
	calls storeCalls
}

// made returns the calls so far.
func (s *countedStore) made() storeCalls {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *countedStore) note(n *int, call string, kind store.Kind, ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
	for i, id := range ids {
		ids[i] = id[:min(len(id), 8)]
	}
	s.calls.list = append(s.calls.list, fmt.Sprintf("%-6s %-9s %s", call, kind, strings.Join(ids, " ")))
}

func (s *countedStore) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	s.note(&s.calls.reads, "read", kind, append([]string(nil), ids...)...)
	return s.Backend.Get(ctx, kind, ids...)
}

func (s *countedStore) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	call := "change"
	if doc.Version == 0 {
		call = "insert"
	}
	s.note(&s.calls.writes, call, kind, doc.ID)
	return s.Backend.Put(ctx, kind, doc)
}

func (s *countedStore) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	s.note(&s.calls.deletes, "delete", kind, id)
	return s.Backend.Delete(ctx, kind, id, version)
}
