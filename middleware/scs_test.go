package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// onEach returns a Wrap that has the application do something to the session on each
// request, before the gate sees it.
func onEach(do func(app *apptest.App, r *http.Request) error) func(*apptest.App, http.Handler) http.Handler {
	return func(app *apptest.App, mux http.Handler) http.Handler {
		guarded := app.Gate.Handler(mux)
		return app.Sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := do(app, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			guarded.ServeHTTP(w, r)
		}))
	}
}

// inside is onEach, behind the gate.
func inside(do func(app *apptest.App, r *http.Request) error) func(*apptest.App, http.Handler) http.Handler {
	return func(app *apptest.App, mux http.Handler) http.Handler {
		return app.Sessions.LoadAndSave(app.Gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := do(app, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			mux.ServeHTTP(w, r)
		})))
	}
}

// forLonger puts the session's end off.
func forLonger(app *apptest.App, r *http.Request) error {
	app.Sessions.SetDeadline(r.Context(), app.Clock.Now().Add(72*time.Hour).UTC())
	return nil
}

// rename gives the session of somebody another ID.
func rename(app *apptest.App, r *http.Request) error {
	if app.SignedIn(r) == "" {
		return nil
	}
	return app.Sessions.RenewToken(r.Context())
}

// jsonCodec knows no types but JSON's.
type jsonCodec struct{}

type jsonSession struct {
	Deadline int64
	Values   map[string]any
}

func (jsonCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(jsonSession{deadline.Unix(), values})
}

func (jsonCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var s jsonSession
	err := json.Unmarshal(b, &s)
	return time.Unix(s.Deadline, 0), s.Values, err
}

// smallCodec seals, after a fashion, and takes no more than fits into a cookie.
type smallCodec struct{ scs.GobCodec }

func (c smallCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	b, err := c.GobCodec.Encode(deadline, values)
	if len(b) > 4096 {
		return nil, fmt.Errorf("a session of %d bytes", len(b))
	}
	for i := range b {
		b[i] ^= 0x55
	}
	return b, err
}

func (c smallCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	b = bytes.Clone(b)
	for i := range b {
		b[i] ^= 0x55
	}
	return c.GobCodec.Decode(b)
}

// A tenantStore keeps the sessions of several tenants apart, by a value of the request's
// context.
type tenantStore struct{ scs.Store }

type tenantKey struct{}

var errNoTenant = errors.New("whose session is it?")

func (s tenantStore) id(ctx context.Context, token string) (string, error) {
	tenant, ok := ctx.Value(tenantKey{}).(string)
	if !ok {
		return "", errNoTenant
	}
	return tenant + token, nil
}

func (s tenantStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	id, err := s.id(ctx, token)
	if err != nil {
		return nil, false, err
	}
	return s.Find(id)
}

func (s tenantStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	id, err := s.id(ctx, token)
	if err != nil {
		return err
	}
	return s.Commit(id, b, expiry)
}

func (s tenantStore) DeleteCtx(ctx context.Context, token string) error {
	id, err := s.id(ctx, token)
	if err != nil {
		return err
	}
	return s.Delete(id)
}

// tenant is an application with such a store.
func tenant(app *apptest.App, mux http.Handler) http.Handler {
	h := app.Sessions.LoadAndSave(app.Gate.Handler(mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tenantKey{}, "acme ")))
	})
}

// another is an application with a session manager for each request, a copy of its
// manager with another cookie.
func another(app *apptest.App, mux http.Handler) http.Handler {
	guarded := app.Gate.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := *app.Sessions
		m.Cookie.Secure = r.Header.Get("X-Forwarded-Proto") == "https"
		m.Cookie.HttpOnly = true
		m.LoadAndSave(guarded).ServeHTTP(w, r)
	})
}

// withoutCookies is an application that takes and gives the session's ID by a header, and
// what a program does with that: the browser's cookie stands for its memory.
func withoutCookies(app *apptest.App, mux http.Handler) http.Handler {
	const header = "X-Session"
	m, guarded := app.Sessions, app.Gate.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := ""
		cookies := r.Cookies()
		r.Header.Del("Cookie")
		for _, c := range cookies {
			if c.Name == "session" {
				token = c.Value
				continue
			}
			r.AddCookie(c)
		}
		ctx, err := m.Load(r.Context(), token)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer := httptest.NewRecorder()
		guarded.ServeHTTP(answer, r.WithContext(ctx))
		switch m.Status(ctx) {
		case scs.Modified:
			if token, _, err = m.Commit(ctx); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			answer.Header().Set(header, token)
		case scs.Destroyed:
			answer.Header().Set(header, "")
		case scs.Unmodified:
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		if values := answer.Header()[header]; values != nil {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: values[0], Path: "/", HttpOnly: true})
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// oneCookie wants the session's cookie to be set once, as the application sets it.
func oneCookie(t *testing.T, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		n := 0
		for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
			if c.Name != "session" {
				continue
			}
			if n++; n > 1 || !c.HttpOnly {
				t.Errorf("%s %s: got the cookie %v as the %d. of the session", r.Method, r.URL.Path, c, n)
			}
		}
	})
}

// Whatever an application does to its sessions by means of scs, the whole way takes one
// proof where one is asked for, and none where none is.
func TestWhatAnApplicationDoesToItsSessions(t *testing.T) {
	for name, setup := range map[string]apptest.Setup{
		"nothing":                     {},
		"prolongs it by each request": {Wrap: onEach(forLonger)},
		"prolongs it behind the gate": {Wrap: inside(forLonger)},
		"renames it by each request":  {Wrap: onEach(rename)},
		"renames it twice by each":    {Wrap: onEach(func(app *apptest.App, r *http.Request) error { return errors.Join(rename(app, r), rename(app, r)) })},
		"renames it behind the gate":  {Wrap: inside(rename)},
		"keeps it as JSON":            {Sessions: func(m *scs.SessionManager) { m.Codec = jsonCodec{} }},
		"keeps it small":              {Sessions: func(m *scs.SessionManager) { m.Codec = smallCodec{} }},
		"hashes its ID":               {Sessions: func(m *scs.SessionManager) { m.HashTokenInStore = true }},
		"keeps it by tenant":          {Wrap: tenant, Sessions: func(m *scs.SessionManager) { m.Store = tenantStore{m.Store} }},
		"keeps it by tenant, hashed, as JSON": {Wrap: tenant, Sessions: func(m *scs.SessionManager) {
			m.Store, m.HashTokenInStore, m.Codec = tenantStore{m.Store}, true, jsonCodec{}
		}},
		"has a manager for each request": {Wrap: another, Sessions: func(m *scs.SessionManager) { m.Cookie.HttpOnly = false }},
		"sends no cookie":                {Wrap: withoutCookies},
		"has an idle time-out":           {Sessions: func(m *scs.SessionManager) { m.IdleTimeout = 20 * time.Minute }},
		"remembers only some":            {Sessions: func(m *scs.SessionManager) { m.Cookie.Persist = false }},
		"wants it on its own site":       {Sessions: func(m *scs.SessionManager) { m.Cookie.SameSite = http.SameSiteStrictMode }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrap := setup.Wrap
			if wrap == nil {
				wrap = onEach(func(*apptest.App, *http.Request) error { return nil })
			}
			setup.Wrap = func(app *apptest.App, mux http.Handler) http.Handler { return oneCookie(t, wrap(app, mux)) }
			setup.Routes = stepUps
			setup.Options = []middleware.Option{middleware.WithTrustedDevices(30 * 24 * time.Hour)}
			app := apptest.New(t, setup)
			phone := app.Enrolled(t, alice)

			b := app.Stopped(t, alice)
			apptest.Approve(t, phone)
			b.WantIn("by the approval")
			for range 3 {
				app.Clock.Add(5 * time.Second)
				b.Get("/account").WantSecret(t, "the next page")
			}
			wantAsked(t, b, "/code", "step-up")
			former := b.Copy()
			b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone), "trust", "1").WantTo(t, "/code", "step-up")
			b.Get("/code").WantSecret(t, "after the step-up")
			b.WantIn("after the step-up")
			gone := b.Copy()
			b.Post("/logout").Want(t, http.StatusOK, "logout")
			b.WantLockedOrOut("after the logout")
			gone.WantLockedOrOut("a copy, after the logout")
			former.WantLockedOrOut("an older copy, after the logout")
			b.Login(alice).Get("/account").WantSecret(t, "on a trusted device")
			app.Browser(t).Login(alice).WantLocked("on another device")
			expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone (the one)")
		})
	}
}
