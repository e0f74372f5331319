package middleware_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

const (
	alice = "alice@example.com"
	bob   = "bob@example.com"
)

// switchUser changes who is logged in without a new session, and without a
// word to the gate.
func switchUser(app *apptest.App, mux *http.ServeMux) {
	mux.HandleFunc("GET /open/become", func(w http.ResponseWriter, r *http.Request) {
		app.Sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(r.FormValue("email")))
	})
	mux.HandleFunc("GET /become", func(w http.ResponseWriter, r *http.Request) {
		app.Sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(r.FormValue("email")))
	})
}

func TestA13_UserSwitchedInsideASession(t *testing.T) {
	t.Run("approval", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: switchUser})
		phone := app.Enrolled(t, alice)
		app.Enrolled(t, bob)
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.Get("/open/become?email=" + bob)
		b.WantLocked("as another user, with the first one's approval")
	})
	for _, route := range []string{"/become", "/open/become"} {
		t.Run("grant"+route, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Routes: switchUser})
			phone := app.Enrolled(t, alice)
			app.Enrolled(t, bob)
			b := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			b.WantIn("after the approval")
			b.Get(route + "?email=" + bob)
			b.WantLocked("as another user, with the first one's grant")
			b.Get("/open/become?email=" + alice)
			b.WantLocked("as the first user again")
		})
	}
	t.Run("grant, over a user without a second factor", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: switchUser})
		phone := app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("after the approval")
		b.Get("/become?email=" + bob)
		b.WantIn("as a user without a second factor")
		b.Get("/become?email=" + alice)
		b.WantLocked("as the first user again")
	})
	t.Run("switched where the gate doesn't see it", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler {
			outer := http.NewServeMux()
			switchUser(app, outer)
			outer.Handle("/", app.Gate.Handler(mux))
			return app.Sessions.LoadAndSave(outer)
		}})
		phone := app.Enrolled(t, alice)
		app.Enrolled(t, bob)
		b := app.Stopped(t, alice)
		apptest.Approve(t, phone)
		b.WantIn("after the approval")
		b.Get("/open/become?email=" + bob)
		b.WantLocked("as another user")
		b.Get("/open/become?email=" + alice)
		b.WantLocked("as the first user again")
	})
}

func TestA14_PlantedSession(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Routes: switchUser})
	phone := app.Enrolled(t, alice)
	// The application forgets to renew the session at login.
	b := app.Browser(t)
	b.Get("/open/become?email=" + alice)
	attacker := b.Copy()
	b.Get("/account").WantTo(t, "/2fa/challenge")
	b.Get("/2fa/challenge")
	apptest.Approve(t, phone)
	b.WantIn("the owner")
	expect.Differ(t, b.Cookie("session"), attacker.Cookie("session"), "the session keeps its ID when it is unlocked")
	attacker.WantLocked("with the planted session")
	attacker.Post("/2fa/challenge").Want(t, http.StatusUnauthorized, "a push from the planted session")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	b.WantIn("the owner, afterwards")
}

func TestA14_LifetimeDoesNotGrow(t *testing.T) {
	var before, after time.Time
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /open/deadline", func(w http.ResponseWriter, r *http.Request) {
			before, after = after, app.Sessions.Deadline(r.Context())
		})
		mux.HandleFunc("GET /open/shorten", func(w http.ResponseWriter, r *http.Request) {
			app.Sessions.SetDeadline(r.Context(), time.Now().Add(time.Hour).UTC())
		})
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	b.Get("/open/shorten")
	b.Get("/open/deadline")
	old := b.Cookie("session")
	apptest.Approve(t, phone)
	b.WantIn("after the approval")
	b.Get("/open/deadline")
	if before.IsZero() || !before.Equal(after) {
		t.Errorf("deadline: got %v after unlocking, want %v as before", after, before)
	}
	b.SetCookie("session", old)
	b.WantIn("back under the former ID")
	b.Get("/open/deadline")
	if !before.Equal(after) {
		t.Errorf("deadline: got %v after coming back, want %v as before", after, before)
	}
}

// slow is a route that waits until it is told to go on, and then changes the
// session.
type slow struct {
	entered, proceed chan struct{}
}

func newSlow() *slow { return &slow{make(chan struct{}), make(chan struct{})} }

func (s *slow) routes(app *apptest.App, mux *http.ServeMux) {
	h := func(w http.ResponseWriter, r *http.Request) {
		s.entered <- struct{}{}
		<-s.proceed
		app.Sessions.Put(r.Context(), "note", "written late")
		_, _ = io.WriteString(w, "slow")
	}
	mux.HandleFunc("GET /slow", h)
	mux.HandleFunc("GET /open/slow", h)
}

// during calls do while a slow request of the browser is under way.
func (s *slow) during(b *apptest.Browser, path string, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Get(path)
	}()
	<-s.entered
	do()
	s.proceed <- struct{}{}
	<-done
}

func TestA15_LogoutWhilePending(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	thief := b.Copy()
	b.Post("/logout")
	apptest.Approve(t, phone)
	b.WantLockedOrOut("after the logout")
	thief.WantLockedOrOut("with the cookies from before the logout")
}

func TestA15_SlowRequestAcrossTheLogout(t *testing.T) {
	logouts := map[string]func(app *apptest.App, r *http.Request) error{
		"Destroy": func(app *apptest.App, r *http.Request) error { return app.Sessions.Destroy(r.Context()) },
		"Clear":   func(app *apptest.App, r *http.Request) error { return app.Sessions.Clear(r.Context()) },
		"Destroy, then a message": func(app *apptest.App, r *http.Request) error {
			defer app.Sessions.Put(r.Context(), "flash", "Bye")
			return app.Sessions.Destroy(r.Context())
		},
		"Remove": func(app *apptest.App, r *http.Request) error {
			app.Sessions.Remove(r.Context(), apptest.KeyUser)
			return nil
		},
		"Destroy, then a panic": func(app *apptest.App, r *http.Request) error {
			_ = app.Sessions.Destroy(r.Context())
			panic(http.ErrAbortHandler)
		},
	}
	for name, logout := range logouts {
		for _, state := range []string{"unlocked", "approved", "pending"} {
			t.Run(name+"/"+state, func(t *testing.T) {
				s := newSlow()
				app := apptest.New(t, apptest.Setup{Routes: s.routes}, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
					mux.HandleFunc("GET /open/leave", func(w http.ResponseWriter, r *http.Request) { _ = logout(app, r) })
				}})
				phone := app.Enrolled(t, alice)
				b := app.Stopped(t, alice)
				path := "/open/slow"
				if state != "pending" {
					apptest.Approve(t, phone)
				}
				if state == "unlocked" {
					b.WantIn("before the logout")
					path = "/slow"
				}
				old := b.Copy()
				s.during(b, path, func() {
					leaving := b.Copy()
					leaving.Quiet().Get("/open/leave")
				})
				if state == "pending" {
					apptest.Approve(t, phone)
				}
				b.WantLockedOrOut("the browser that the slow request brought back")
				old.WantLockedOrOut("the old cookie")
			})
		}
	}
}

// A verified session that was logged out, and that a slow request has written back, asks
// no phone and takes no code: it is over.
func TestA15_VerifiedSessionWrittenBack(t *testing.T) {
	s := newSlow()
	app := apptest.New(t, apptest.Setup{Routes: s.routes})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("before the logout")
	old := b.Copy()
	s.during(b, "/slow", func() { b.Copy().Post("/logout") })
	asked := len(app.Emulator.Requests())
	code := `{"code":"` + apptest.Code(t, phone) + `"}`
	for _, path := range []string{"/2fa/challenge", "/2fa/challenge/totp"} {
		old.PostJSON(path, code).Want(t, http.StatusUnauthorized, path)
	}
	expect.Equal(t, len(app.Emulator.Requests()), asked, "requests to the phone after the logout")
	old.WantLockedOrOut("the old cookie")
}

func TestA15_WebSocketThatEndsAfterTheLogout(t *testing.T) {
	entered, proceed := make(chan struct{}), make(chan struct{})
	app := apptest.New(t, apptest.Setup{
		Sessions: func(m *scs.SessionManager) { m.IdleTimeout = time.Hour },
		Routes: func(app *apptest.App, mux *http.ServeMux) {
			mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				entered <- struct{}{}
				<-proceed
			})
		},
	})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("before")
	old := b.Copy()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Copy().Quiet().Do("GET", "/socket", "", "Connection", "Upgrade", "Upgrade", "websocket")
	}()
	<-entered
	b.Post("/logout")
	proceed <- struct{}{}
	<-done
	old.WantLockedOrOut("the old cookie")
}

func TestA16_SlowRequestAcrossTheUnlock(t *testing.T) {
	for name, idle := range map[string]time.Duration{"plain": 0, "idle time-out": time.Hour} {
		for _, proof := range []string{"push", "totp"} {
			t.Run(name+"/"+proof, func(t *testing.T) {
				s := newSlow()
				app := apptest.New(t, apptest.Setup{
					Routes:   s.routes,
					Sessions: func(m *scs.SessionManager) { m.IdleTimeout = idle },
				})
				phone := app.Enrolled(t, alice)
				b := app.Stopped(t, alice)
				attacker := b.Copy()
				s.during(b, "/open/slow", func() {
					if proof == "push" {
						apptest.Approve(t, phone)
					} else if a := b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)); a.Status != http.StatusSeeOther {
						t.Errorf("code: got %d, want 303", a.Status)
					}
					b.WantIn("after the proof")
				})
				b.WantIn("after the slow request")
				b.WantIn("once more")
				attacker.WantLocked("with the cookie from before the unlock")
				expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
			})
		}
	}
}

// A browser's parallel requests: one of them unlocks, and whatever becomes of
// the others, none is let in by the old cookie and none logs the browser out.
func TestA16_SiblingsOfTheUnlock(t *testing.T) {
	for name, idle := range map[string]time.Duration{"plain": 0, "idle time-out": time.Hour} {
		t.Run(name, func(t *testing.T) {
			app := apptest.New(t, apptest.Setup{Sessions: func(m *scs.SessionManager) { m.IdleTimeout = idle }})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			old := b.Copy()
			apptest.Approve(t, phone)
			var wg sync.WaitGroup
			var mu sync.Mutex
			in := 0
			for i := range 20 {
				wg.Go(func() {
					path := []string{"/account", "/2fa/challenge/status", "/api", "/2fa/challenge"}[i%4]
					a := b.Do("GET", path, "", "Accept", []string{"text/html", "application/json"}[i%2])
					mu.Lock()
					defer mu.Unlock()
					if a.Secret() {
						in++
					}
				})
			}
			wg.Wait()
			b.WantIn("after the storm")
			old.WantLocked("the old cookie")
			late := b.Copy() // a sibling that left before the new cookies came
			late.SetCookie("session", old.Cookie("session"))
			late.WantIn("the browser with its former session ID")
		})
	}
}

// Two requests see the approval before either uses it: one of them does.
func TestA16_ApprovalUsedOnce(t *testing.T) {
	world := apptest.NewWorld(t)
	meeting := &meeting{Backend: world.Store, both: make(chan struct{})}
	app := world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithStore(meeting)}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	meeting.expect.Store(2)
	var in atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if b.Copy().Get("/account").Secret() {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	expect.Equal(t, in.Load(), 1, "requests used the approval")
}

// A meeting is a store in which new grants wait for each other.
type meeting struct {
	store.Backend
	expect atomic.Int32
	both   chan struct{}
}

func (m *meeting) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if kind == store.Grants && doc.Version == 0 {
		switch m.expect.Add(-1) {
		case 1:
			<-m.both
		case 0:
			close(m.both)
		}
	}
	return m.Backend.Put(ctx, kind, doc)
}

// The cookie that brings a browser back into its session opens no other one.
func TestA16_ReturningCookieInAnotherSession(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("the owner")
	cookie := b.Cookie(app.ReturningCookie())
	expect.Differ(t, cookie, "", "no cookie to steal")
	thief := app.Stopped(t, alice)
	thief.SetCookie(app.ReturningCookie(), cookie)
	thief.WantLocked("with the password and a stolen cookie")

	b.Post("/logout")
	b.Login(alice) // the cookie is still there
	b.WantLocked("after logging in again")
}

func TestA18_PanicBehindTheGate(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Routes: func(_ *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	old := b.Copy()
	apptest.Approve(t, phone)
	b.Quiet().Get("/panic") // which consumes the approval, and breaks off
	old.WantLocked("another browser, with the old cookie")
	b.WantInOrCode(phone)
	app.Clock.Add(10 * time.Minute)
	b.WantIn("for as long as the session lasts")
	b.Quiet().Get("/panic")
	b.WantIn("after a panic in an unlocked session")
}

func TestNoPushForAUserWithoutAccount(t *testing.T) {
	app := apptest.New(t)
	app.Browser(t).Login(bob).WantIn("without a second factor")
	expect.Equal(t, len(app.Emulator.Calls()), 0, "calls of the service")
}

func TestMissingLoadAndSave(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Wrap: func(app *apptest.App, mux http.Handler) http.Handler { return app.Gate.Handler(mux) }})
	for _, path := range []string{"/account", "/2fa/", "/2fa/challenge"} {
		if a := app.Browser(t).Get(path); a.Status != http.StatusInternalServerError || a.Secret() {
			t.Errorf("%s: got %d, want 500", path, a.Status)
		}
	}
	expect.Equal(t, app.Passed.Load(), 0, "times the guarded handler was called")
	expect.Contains(t, app.Log.String(), "LoadAndSave", "the log")
}
