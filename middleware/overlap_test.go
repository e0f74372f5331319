package middleware_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// A holding store stops the first write of a sort until it is let go, so that
// other requests overtake it.
type holding struct {
	store.Backend
	grant, challenge, account chan struct{} // a new grant, a new challenge, a change of an account: each receives once when it is reached
	proceed                   chan struct{}
}

func (h *holding) hold(reached *chan struct{}) {
	if ch := *reached; ch != nil {
		*reached = nil
		ch <- struct{}{}
		<-h.proceed
	}
}

func (h *holding) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	switch {
	case kind == store.Accounts:
		h.hold(&h.account)
	case kind == store.Challenges && doc.Version == 0:
		h.hold(&h.challenge)
	case kind == store.Grants && doc.Version == 0:
		h.hold(&h.grant)
	}
	return h.Backend.Put(ctx, kind, doc)
}

// hold makes an application whose store can be held.
func hold(t *testing.T) (*apptest.App, *holding) {
	t.Helper()
	world := apptest.NewWorld(t)
	h := &holding{Backend: world.Store, proceed: make(chan struct{})}
	return world.Node(t, apptest.Setup{Options: []middleware.Option{middleware.WithStore(h)}}), h
}

// overtake does something while a request is held where *reached is reached.
func (h *holding) overtake(reached *chan struct{}, request, do func()) {
	ch := make(chan struct{})
	*reached = ch
	done := make(chan struct{})
	go func() {
		defer close(done)
		request()
	}()
	<-ch
	do()
	h.proceed <- struct{}{}
	<-done
}

// A newer challenge doesn't take an approval away while it is being used.
func TestA12_NewChallengeWhileAnApprovalIsUsed(t *testing.T) {
	app, h := hold(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	h.overtake(&h.grant, func() { b.Get("/account") }, func() { app.Stopped(t, alice) })
	b.WantIn("with the approval")
}

// Whoever knows the former ID can write the session back, but it stays over.
func TestA14_FormerSessionWrittenBack(t *testing.T) {
	s := newSlow()
	app := apptest.New(t, apptest.Setup{Routes: s.routes, Sessions: func(m *scs.SessionManager) { m.IdleTimeout = time.Hour }})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	attacker := b.Copy()
	s.during(attacker, "/open/slow", func() {
		apptest.Approve(t, phone)
		b.WantIn("the owner")
	})
	b.Post("/logout")
	attacker.PostJSON("/2fa/challenge", "").Want(t, http.StatusUnauthorized, "a push")
	expect.Equal(t, len(app.Emulator.Requests()), 1, "requests to the phone")
	attacker.WantLockedOrOut("the former session")
}

// The browser is back under its former ID when it logs out.
func TestA15_LogoutUnderTheFormerID(t *testing.T) {
	for _, proof := range []string{"push", "totp"} {
		t.Run(proof, func(t *testing.T) {
			s := newSlow()
			app := apptest.New(t, apptest.Setup{Routes: s.routes})
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			var unlocked *apptest.Browser
			s.during(b, "/open/slow", func() {
				if proof == "push" {
					apptest.Approve(t, phone)
				} else {
					b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
				}
				b.WantIn("after the proof")
				unlocked = b.Copy()
			})
			app.Stopped(t, alice) // at another device, which asks the phone
			b.Post("/logout")
			unlocked.WantLockedOrOut("after the logout")
		})
	}
}

func TestA15_LogoutWhileACodeIsTaken(t *testing.T) {
	app, h := hold(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	code := apptest.Code(t, phone)
	h.overtake(&h.grant, func() { b.Post("/2fa/challenge/totp", "code", code) }, func() { b.Post("/logout") })
	b.WantLockedOrOut("after the logout")
}

func TestA15_LogoutWhileAChallengeBegins(t *testing.T) {
	for name, reached := range map[string]func(*holding) *chan struct{}{
		"before the phone rings": func(h *holding) *chan struct{} { return &h.account },
		"when it rings":          func(h *holding) *chan struct{} { return &h.challenge },
	} {
		t.Run(name, func(t *testing.T) {
			app, h := hold(t)
			phone := app.Enrolled(t, alice)
			b := app.Browser(t).Login(alice)
			old := b.Copy()
			b.Get("/account")
			h.overtake(reached(h), func() { b.Get("/2fa/challenge") }, func() { b.Copy().Post("/logout") })
			apptest.Approve(t, phone)
			b.WantLockedOrOut("the browser")
			old.WantLockedOrOut("the old cookie")
		})
	}
}

// A code and an approval at once unlock the session once: a logout ends it all.
func TestA16_TwoProofs(t *testing.T) {
	app, h := hold(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	var byCode *apptest.Browser
	h.overtake(&h.grant, func() { b.Get("/account") }, func() {
		b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
		b.WantIn("by code")
		byCode = b.Copy()
	})
	b.Post("/logout")
	byCode.Post("/logout")
	b.WantLockedOrOut("after the logout")
	byCode.WantLockedOrOut("after the logout")
}

// The answer that unlocked never came. The user logs in again, and isn't taken
// for the former session.
func TestA16_LoginAfterALostAnswer(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	lost := b.Copy()
	apptest.Approve(t, phone)
	lost.WantIn("where the answer went")
	b.Login(alice)
	b.Get("/account").WantTo(t, "/2fa/challenge")
	b.Get("/2fa/challenge")
	apptest.Approve(t, phone)
	b.WantIn("after another approval")
}

// The session is logged out between the head and the body of its request.
func TestA39_ConfirmAcrossTheLogout(t *testing.T) {
	asked := make(chan struct{})
	var app *apptest.App
	app = apptest.New(t, apptest.Setup{Options: []middleware.Option{middleware.WithUser(func(r *http.Request) (middleware.User, error) {
		if r.Header.Get("X-Wait") != "" {
			asked <- struct{}{}
		}
		return app.CurrentUser(r)
	})}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("the owner")
	thief := b.Copy()
	evil := app.Emulator.Phone(alice)
	uri, _ := thief.PostJSON("/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, evil.AddAccount(uri))
	body, rest := io.Pipe()
	req := expect.Try(http.NewRequest(http.MethodPost, app.URL+"/2fa/enable/confirm", body)).OrFail(t)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Wait", "1")
	var got apptest.Answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		got = thief.Send(req)
	}()
	<-asked
	b.Post("/logout")
	expect.Try(io.WriteString(rest, `{"code":"`+apptest.Code(t, evil)+`"}`)).OrFail(t)
	rest.Close()
	<-done
	if got.Status == http.StatusOK {
		t.Error("the factor was switched over by a session that was logged out")
	}
	thief.WantLockedOrOut("afterwards")
}

// A session that has no second factor yet is logged out while it confirms one: nothing is
// switched on, and the session isn't brought back, let alone verified.
func TestA39_FirstConfirmAcrossTheLogout(t *testing.T) {
	world := apptest.NewWorld(t)
	app := world.Node(t)
	b := app.Browser(t).Login(alice)
	b.WantIn("without a second factor")
	phone := app.Emulator.Phone(alice)
	uri, _ := b.PostJSON("/2fa/enable", "").JSON("uri").(string)
	expect.NoError(t, phone.AddAccount(uri))
	leaving, copied := b.Copy(), b.Copy()
	pause := world.Pause(t, apptest.Nth(1, apptest.Writes, store.Accounts))
	done := make(chan apptest.Answer, 1)
	go func() { done <- b.PostJSON("/2fa/enable/confirm", `{"code":"`+apptest.Code(t, phone)+`"}`) }()
	pause.Wait()
	leaving.Post("/logout").Want(t, http.StatusOK, "logout")
	pause.Go()
	if a := <-done; a.Status == http.StatusOK {
		t.Errorf("confirm: got %d %s, it refused", a.Status, a.Body)
	}
	if a := world.Account(t, alice); a.State == records.On || a.Staged != nil {
		t.Errorf("got state %v, staged %t, want nothing switched on nor left to confirm", a.State, a.Staged != nil)
	}
	for name, b := range map[string]*apptest.Browser{"the browser": b, "the one that left": leaving, "the old cookie": copied} {
		expect.Differ(t, b.Get("/account").Header.Get("X-Verified"), "true", name)
		b.WantLockedOrOut(name)
	}
}

// Twenty wrong codes keep codes away, but not the owner, whose approval makes
// good for them.
func TestA22_ApprovalForgives(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	guesser := app.Stopped(t, alice)
	for range 20 {
		app.Clock.Add(time.Hour)
		guesser.Post("/2fa/challenge/totp", "code", app.WrongCode(t, phone))
	}
	if a := guesser.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone)); a.Status != http.StatusTooManyRequests {
		t.Errorf("the right code after 20 wrong ones: got %d, want 429", a.Status)
	}
	b := app.Stopped(t, alice)
	apptest.Approve(t, phone)
	b.WantIn("the owner, by push")
	b = app.Browser(t).Login(alice)
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("the owner, by code")
}

// An application that ends and begins logins without another session ID gets no
// second factor from the time before, but isn't stuck either.
func TestA15_LoginsUnderOneID(t *testing.T) {
	t.Run("logout while the phone rings", func(t *testing.T) {
		world := apptest.NewWorld(t)
		h := &holding{Backend: world.Store, proceed: make(chan struct{})}
		app := world.Node(t, apptest.Setup{Routes: switchUser, Options: []middleware.Option{middleware.WithStore(h)}})
		phone := app.Enrolled(t, alice)
		b := app.Browser(t).Login(alice)
		b.Get("/account")
		h.overtake(&h.challenge, func() { b.Get("/2fa/challenge") }, func() { b.Get("/open/become") })
		b.Get("/open/become?email=" + alice)
		apptest.Approve(t, phone)
		b.WantLocked("with the approval of a login that has ended")
	})
	t.Run("the same user again", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: switchUser})
		phone := app.Enrolled(t, alice)
		b := app.Stopped(t, alice)
		b.Get("/open/become")
		b.Get("/open/become?email=" + alice)
		b.Stop()
		apptest.Approve(t, phone)
		b.WantIn("after an approval of the new login")
	})
	t.Run("another user, under an ID that has moved on", func(t *testing.T) {
		app := apptest.New(t, apptest.Setup{Routes: switchUser})
		phone := app.Enrolled(t, alice)
		app.Enrolled(t, bob)
		b := app.Stopped(t, alice)
		former := b.Copy()
		apptest.Approve(t, phone)
		b.WantIn("the first user")
		former.Get("/open/become?email=" + bob)
		former.PostJSON("/2fa/challenge", "").Want(t, http.StatusCreated, "a push for the other user, want 201")
	})
}

// A blind write has taken the session token from the session. A code ends its
// challenge all the same.
func TestA16_CodeEndsTheSessionsChallenge(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Browser(t).Login(alice)
	b.PostJSON("/2fa/challenge", "")
	loseToken(t, app, b.Cookie("session"))
	b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
	b.WantIn("by code")
	expect.Equal(t, app.Account(t, alice).Push.Live, "", "the challenge can still be approved")
}

// loseToken writes the session back without what the gate keeps in it.
func loseToken(t *testing.T, app *apptest.App, id string) {
	t.Helper()
	ctx := expect.Try(app.Sessions.Load(context.Background(), id)).OrFail(t)
	for _, key := range app.Sessions.Keys(ctx) {
		if key != apptest.KeyUser {
			app.Sessions.Remove(ctx, key)
		}
	}
	if _, _, err := app.Sessions.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// A handler that flushes before it writes gets past scs, which would set the
// cookie at the first write.
func TestUnlockByAHandlerThatFlushes(t *testing.T) {
	app := apptest.New(t, apptest.Setup{Routes: func(_ *apptest.App, mux *http.ServeMux) {
		mux.HandleFunc("GET /flush", func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		})
	}})
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	former := b.Cookie("session")
	apptest.Approve(t, phone)
	b.Get("/flush")
	expect.Differ(t, b.Cookie("session"), former, "the browser didn't get the session's new ID")
	b.WantIn("afterwards")
}

// A service that gives a token twice is one that can't be used, not a fault of
// the store.
func TestA34_TokenGivenTwice(t *testing.T) {
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	app.Emulator.Misbehave(emulator.CreateSession, emulator.DataFault(`{"session_token":"same"}`), 0)
	for range 2 {
		b := app.Browser(t).Login(alice)
		b.Get("/account")
		b.Get("/2fa/challenge").Want(t, http.StatusOK, "a page to type a code into")
		b.Post("/2fa/challenge/totp", "code", apptest.Code(t, phone))
		b.WantIn("by code")
		app.Clock.Add(apptest.Step)
	}
}
