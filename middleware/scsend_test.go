package middleware_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// ends has routes that have the session end at another time, by the gate's clock.
func ends(app *apptest.App, mux *http.ServeMux) {
	in := func(d time.Duration) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			app.Sessions.SetDeadline(r.Context(), app.Clock.Now().Add(d).UTC())
		}
	}
	mux.Handle("GET /open/soon", in(time.Minute))
	mux.Handle("GET /open/later", in(20*time.Hour))
	mux.Handle("GET /open/never", in(9000*24*time.Hour))
	mux.Handle("GET /soon", in(time.Minute))
	mux.Handle("GET /later", in(20*time.Hour))
	mux.Handle("GET /month", in(30*24*time.Hour))
}

// tidied has what has expired be deleted.
func tidied(t *testing.T, app *apptest.App) {
	t.Helper()
	expect.Try(app.Records(t).DeleteExpired(t.Context(), app.Clock.Now(), 100)).OrFail(t)
}

// A verified session that its application prolongs is asked for nothing until it ends, and
// what is written for that is little; one that has ended isn't let in, even if scs's store
// still has it.
func TestVerifiedUntilTheSessionEnds(t *testing.T) {
	const long = 15 * time.Hour // of the 24 that a session lasts, and of the 20 in which one is to be used
	for name, c := range map[string]struct {
		do     func(app *apptest.App, b *apptest.Browser)
		in     bool
		writes int64 // to the store, at most
	}{
		"nothing": {do: func(app *apptest.App, _ *apptest.Browser) { app.Clock.Add(25 * time.Hour) }},
		"nothing yet": {in: true, do: func(app *apptest.App, b *apptest.Browser) {
			for range 23 {
				app.Clock.Add(time.Hour)
				b.Get("/account")
			}
		}},
		"prolonged by each request": {in: true, writes: 10, do: func(app *apptest.App, b *apptest.Browser) {
			for range 10 {
				b.Get("/later")
				app.Clock.Add(long)
			}
		}},
		"prolonged by requests in a row": {in: true, writes: 5, do: func(app *apptest.App, b *apptest.Browser) {
			for range 30 {
				b.Get("/later")
				app.Clock.Add(time.Hour)
			}
		}},
		"prolonged where nobody guards": {in: true, writes: 1, do: func(app *apptest.App, b *apptest.Browser) {
			app.Clock.Add(long)
			b.Get("/open/later")
			app.Clock.Add(long)
		}},
		"prolonged by one request for a month": {in: true, writes: 1, do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/month")
			app.Clock.Add(29 * 24 * time.Hour)
		}},
		"prolonged for good": {in: true, writes: 2, do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/open/never")
			for range 3 {
				b.Get("/account")
				app.Clock.Add(190 * 24 * time.Hour)
			}
		}},
		"prolonged, and then left": {writes: 1, do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/later")
			b.Get("/later")
			app.Clock.Add(21 * time.Hour)
		}},
		"shortened": {do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/soon")
			app.Clock.Add(2 * time.Minute)
		}},
		"shortened where nobody guards": {do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/open/soon")
			app.Clock.Add(2 * time.Minute)
		}},
		"shortened, and prolonged in time": {in: true, do: func(app *apptest.App, b *apptest.Browser) {
			b.Get("/soon")
			b.Get("/later")
			app.Clock.Add(2 * time.Minute)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: ends})
			b := byCode(t, app, app.Enrolled(t, alice))
			before := app.Store.Writes()
			c.do(app, b)
			tidied(t, app)
			if n := app.Store.Writes() - before; n > c.writes {
				t.Errorf("got %d writes to the store, want %d at most", n, c.writes)
			}
			if c.in {
				b.Get("/account").WantSecret(t)
				return
			}
			b.WantLocked("afterwards")
		})
	}
}

// A session that is locked is asked once, however its end moves meanwhile, and keeps the
// end that the application wanted.
func TestEndOfALockedSessionMoves(t *testing.T) {
	for _, path := range []string{"/open/soon", "/open/later", "/open/never"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var at time.Time
			app := apptest.New(t, apptest.Setup{Routes: ends}, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("GET /open/end", func(_ http.ResponseWriter, r *http.Request) { at = app.Sessions.Deadline(r.Context()) })
			}})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			b.Get(path)
			b.Get("/open/end")
			want := at
			apptest.Approve(t, phone)
			b.WantIn("by the approval")
			if b.Get("/open/end"); !at.Equal(want) {
				t.Errorf("the session ends at %v, want %v as before", at, want)
			}
		})
	}
}

// A request that is under way during a logout can prolong what it writes back for as long
// as it likes.
func TestA15_ProlongedAfterTheLogout(t *testing.T) {
	s := newSlow()
	app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /slow", func(_ http.ResponseWriter, r *http.Request) {
			s.entered <- struct{}{}
			<-s.proceed
			app.Sessions.SetDeadline(r.Context(), app.Clock.Now().Add(1000*time.Hour).UTC())
		})
	}})
	b := byCode(t, app, app.Enrolled(t, alice))
	old := b.Copy()
	s.during(b, "/slow", func() { b.Copy().Post("/logout") })
	for range 6 {
		b.WantLockedOrOut("the browser")
		old.WantLockedOrOut("the old cookie")
		old.PostJSON("/2fa/challenge", "").Want(t, http.StatusUnauthorized, "401: it is over")
		app.Clock.Add(7 * time.Hour) // the session would have ended after the third time
		tidied(t, app)
	}
}

// What an application moves from one session to another takes its proof along only where
// its user goes too.
func TestSessionsThatAreMovedAndEmptied(t *testing.T) {
	for name, c := range map[string]struct {
		do func(m *scs.SessionManager, r *http.Request) error
		in bool
	}{
		"renamed": {in: true, do: func(m *scs.SessionManager, r *http.Request) error { return m.RenewToken(r.Context()) }},
		"destroyed, and all put back": {in: true, do: func(m *scs.SessionManager, r *http.Request) error {
			ctx, kept := r.Context(), map[string]any{}
			for _, key := range m.Keys(ctx) {
				kept[key] = m.Get(ctx, key)
			}
			err := m.Destroy(ctx)
			for key, value := range kept {
				m.Put(ctx, key, value)
			}
			return err
		}},
		"cleared, and its user put back": {do: func(m *scs.SessionManager, r *http.Request) error {
			ctx := r.Context()
			id := m.GetString(ctx, apptest.KeyUser)
			err := m.Clear(ctx)
			m.Put(ctx, apptest.KeyUser, id)
			return err
		}},
		"destroyed, and its user put back": {do: func(m *scs.SessionManager, r *http.Request) error {
			ctx := r.Context()
			id := m.GetString(ctx, apptest.KeyUser)
			err := m.Destroy(ctx)
			m.Put(ctx, apptest.KeyUser, id)
			return err
		}},
		"destroyed, renamed, and its user put back": {do: func(m *scs.SessionManager, r *http.Request) error {
			ctx := r.Context()
			id := m.GetString(ctx, apptest.KeyUser)
			err := errors.Join(m.Destroy(ctx), m.RenewToken(ctx))
			m.Put(ctx, apptest.KeyUser, id)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
					if err := c.do(app.Sessions, r); err != nil {
						http.Error(w, err.Error(), http.StatusInternalServerError)
					}
				})
			}})
			b := byCode(t, app, app.Enrolled(t, alice))
			old := b.Copy()
			b.Post("/do").Want(t, http.StatusOK)
			if a := b.Get("/account"); a.Secret() != c.in || a.Header.Get("X-User") == "" && c.in {
				t.Errorf("got %d to %q, want to be let in: %v", a.Status, a.Location, c.in)
			}
			old.WantLockedOrOut("the session as it was")
		})
	}
}

// A session is merged into another: into one without a user, it brings its proof along,
// and into another user's none.
func TestMergedSessions(t *testing.T) {
	for name, c := range map[string]struct {
		into string // whose
		in   bool
	}{
		"nobody's":            {"", true},
		"the same user's":     {alice, true},
		"another user's":      {bob, false},
		"one who has no such": {"carol@example.com", true}, // factor, and is let in by the password
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Setup{Routes: func(app *apptest.App, mux *http.ServeMux) {
				mux.HandleFunc("POST /open/merge", func(w http.ResponseWriter, r *http.Request) {
					ctx := r.Context()
					user := app.Sessions.GetString(ctx, apptest.KeyUser)
					if err := app.Sessions.MergeSession(ctx, r.PostFormValue("session")); err != nil {
						http.Error(w, err.Error(), http.StatusInternalServerError)
					}
					if user != "" {
						app.Sessions.Put(ctx, apptest.KeyUser, user)
					}
				})
			}})
			app.Enrolled(t, bob)
			verified := byCode(t, app, app.Enrolled(t, alice))
			b := app.Browser(t)
			if c.into != "" {
				b.Login(c.into)
			}
			b.Post("/open/merge", "session", verified.Cookie("session")).Want(t, http.StatusOK)
			a := b.Get("/account")
			expect.Equal(t, a.Secret(), c.in, "%d to %q", a.Status, a.Location)
			if want := c.into; c.in && want != "" && a.Header.Get("X-User") != want {
				t.Errorf("got in as %q, want %q", a.Header.Get("X-User"), want)
			}
			verified.WantLockedOrOut("the session as it was")
		})
	}
}
