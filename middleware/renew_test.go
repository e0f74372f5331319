package middleware_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// A scsMoment is a session store that does something right after its nth write from now
// on, before it answers, and that can be made to write nothing.
type scsMoment struct {
	scs.Store
	broken atomic.Bool

	mu sync.Mutex
	n  int
	do func()
}

// setup has the application's sessions be kept there.
func (m *scsMoment) setup(sessions *scs.SessionManager) { m.Store, sessions.Store = sessions.Store, m }

func (m *scsMoment) after(n int, do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n, m.do = n, do
}

// wrote calls do where it is time.
func (m *scsMoment) wrote() {
	m.mu.Lock()
	m.n--
	do := m.do
	if m.n != 0 {
		do = nil
	}
	m.mu.Unlock()
	if do != nil {
		do()
	}
}

func (m *scsMoment) Commit(token string, b []byte, expiry time.Time) error {
	if m.broken.Load() {
		return apptest.ErrFault
	}
	defer m.wrote()
	return m.Store.Commit(token, b, expiry)
}

func (m *scsMoment) Delete(token string) error {
	if m.broken.Load() {
		return apptest.ErrFault
	}
	defer m.wrote()
	return m.Store.Delete(token)
}

// At whatever moment of an unlock another request of the browser comes, with the
// session's former ID: it finds the user in it, and what it writes logs nobody out.
func TestA16_RequestWhileTheSessionIsRenewed(t *testing.T) {
	touch := func(app *apptest.App, mux *http.ServeMux) {
		stepUps(app, mux)
		mux.HandleFunc("GET /open/touch", func(w http.ResponseWriter, r *http.Request) {
			app.Sessions.Put(r.Context(), "note", "written meanwhile")
			fmt.Fprint(w, app.SignedIn(r))
		})
	}
	for name, unlock := range map[string]func(*apptest.App, *apptest.Browser){
		"push":    func(_ *apptest.App, b *apptest.Browser) { b.WantIn("by the approval") },
		"step-up": func(_ *apptest.App, b *apptest.Browser) { b.Get("/2fa/challenge") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moments := 0
			for n := 1; n == moments+1; n++ {
				moment := new(scsMoment)
				app := apptest.New(t, apptest.Setup{Routes: touch, Sessions: moment.setup})
				phone := app.Enrolled(t, alice)
				var b *apptest.Browser
				if name == "push" {
					b = app.Stopped(t, alice)
				} else {
					b = byCode(t, app, phone)
					b.Get("/push")
					b.Get("/2fa/challenge")
				}
				apptest.Approve(t, phone)
				former := b.Cookie("session")
				sibling := b.Copy()
				moment.after(n, func() {
					moments++
					expect.Equal(t, sibling.Get("/open/touch").Body, alice, "after write %d: signed in", n)
					expect.Equal(t, sibling.Cookie("session"), former, "after write %d: the session has another ID", n)
				})
				unlock(app, b)
				moment.after(0, nil)
				b.WantIn("afterwards")
				expect.Differ(t, b.Cookie("session"), former, "the session keeps its ID")
			}
			if moments < 2 {
				t.Errorf("got %d moments, want two at least", moments)
			}
		})
	}
}

// What can't be kept of the former session for a moment is deleted.
func TestA14_FormerSessionThatIsNotKept(t *testing.T) {
	moment := new(scsMoment)
	app := apptest.New(t, apptest.Setup{Sessions: moment.setup})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	former := b.Copy()
	apptest.Approve(t, phone)
	moment.after(1, func() { app.Scs.FailCommits(1) })
	b.WantIn("by the approval")
	if _, found, err := app.Scs.Find(former.Cookie("session")); found || err != nil {
		t.Errorf("the former session: got %v %v, it to be gone", found, err)
	}
	former.WantLockedOrOut("the former session")
}

// Where it can't be deleted either, nothing is unlocked, and the next request tries again.
func TestA14_FormerSessionThatStays(t *testing.T) {
	moment := new(scsMoment)
	app := apptest.New(t, apptest.Setup{Sessions: moment.setup})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	moment.after(1, func() { moment.broken.Store(true) })
	spy := app.Spy(t)
	if a := b.Get("/account"); a.Status < 500 || a.Secret() {
		t.Errorf("got %d, want an error", a.Status)
	}
	expect.Equal(t, spy.Grants(), 0, "grants")
	moment.broken.Store(false)
	b.WantIn("when the sessions are saved again")
}

// A code typed under a session's former ID takes over as long as the session goes on:
// the answer that unlocked it may never have come. Once it was logged out, it is over
// under each of its IDs, and the code isn't used up.
func TestA14_CodeUnderTheFormerID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		leave func(app *apptest.App, b *apptest.Browser)
		in    bool
	}{
		{"goes on", func(*apptest.App, *apptest.Browser) {}, true},
		{"logged out", func(_ *apptest.App, b *apptest.Browser) { b.Post("/logout") }, false},
		{"logged out after a step-up", func(app *apptest.App, b *apptest.Browser) {
			app.Clock.Add(apptest.Step)
			b.Get("/code")
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, app.Emulator.Phone(alice)))
			wantPassed(t, b, "/code", "after the step-up")
			b.Post("/logout")
			app.Clock.Add(apptest.Step)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: stepUps})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			former := b.Copy()
			apptest.Approve(t, phone)
			b.WantIn("the owner")
			c.leave(app, b)
			code := apptest.Code(t, phone)
			a := former.PostJSON("/2fa/challenge/totp", `{"code":"`+code+`"}`)
			if c.in {
				a.Want(t, http.StatusOK)
				former.WantIn("by the code")
				b.WantLockedOrOut("what it took over from")
				return
			}
			a.Want(t, http.StatusUnauthorized)
			former.WantLockedOrOut("after the logout")
			other := app.Browser(t).Login(alice)
			other.Post("/2fa/challenge/totp", "code", code)
			other.WantIn("with the code that wasn't taken")
		})
	}
}

// The owner logs out while the code is being taken: at each write of that.
func TestA14_CodeUnderTheFormerIDAcrossTheLogout(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 2; n++ {
		t.Run(fmt.Sprint("write ", n), func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			former := b.Copy()
			apptest.Approve(t, phone)
			b.WantIn("the owner")
			code := apptest.Code(t, phone)
			pause := app.Pause(t, apptest.Nth(n, apptest.Writes, store.Grants)) // the new grant, the session's mark
			var wg sync.WaitGroup
			wg.Go(func() { former.Post("/2fa/challenge/totp", "code", code) })
			pause.Wait()
			b.Post("/logout")
			pause.Go()
			wg.Wait()
			former.WantLockedOrOut("after the logout")
		})
	}
}
