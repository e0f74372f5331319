package handlers_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// proofs returns the grants in the store that are proofs.
func proofs(t *testing.T, w *apptest.World) (list []records.Grant) {
	t.Helper()
	docs, _, err := w.Store.List(t.Context(), store.Grants, "", 100)
	expect.NoError(t, err)
	for _, doc := range docs {
		if g := apptest.DecodeGrant(t, doc); g.Kind == records.KindProof {
			list = append(list, g)
		}
	}
	return list
}

// send sends a code as a page or a program does.
func send(b *apptest.Browser, path, code string, program bool) apptest.Answer {
	if program {
		return b.PostJSON(path, fmt.Sprintf(`{"code":%q}`, code))
	}
	return b.Post(path, "code", code)
}

// A form that the same browser sends twice within a minute is answered by what came of it,
// whether the first answer has reached the browser or not. It proves nothing anew.
func TestA51_CodeSentTwice(t *testing.T) {
	t.Parallel()
	for _, path := range []string{totp, recoveryPath} {
		for _, program := range []bool{false, true} {
			for _, arrived := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s program %t arrived %t", path, program, arrived), func(t *testing.T) {
					t.Parallel()
					var e ear
					app := apptest.New(t, e.setup())
					_, codes := enrolWithCodes(t, app, alice)
					phone := app.Emulator.Phone(alice)
					b := app.Stopped(t, alice)
					former := b.Copy()
					code := codes[0]
					if path == totp {
						code = apptest.Code(t, phone)
					}
					before := len(proofs(t, app.World))
					e.take()
					first := send(b, path, code, program)
					heard := e.take()
					at := app.Clock.Now()
					if len(heard) == 0 || heard[len(heard)-1] != "verified "+map[bool]string{true: "totp", false: "recovery"}[path == totp] {
						t.Errorf("heard %q, want verified", heard)
					}
					app.Clock.Add(59 * time.Second)
					if !arrived {
						b = former
					}
					again := send(b, path, code, program)
					if again.Status != first.Status || again.Location != first.Location || again.Body != first.Body {
						t.Errorf("again: got %d to %q %s, want %d to %q %s", again.Status, again.Location, again.Body, first.Status, first.Location, first.Body)
					}
					if again.Location != "/account" && again.JSON("next") != "/account" {
						t.Errorf("again: got %d to %q %s, want to be led to /account", again.Status, again.Location, again.Body)
					}
					e.want(t, "again")
					list := proofs(t, app.World)
					if len(list) != before+1 || !list[len(list)-1].VerifiedAt.Equal(at) && !list[0].VerifiedAt.Equal(at) && !list[1].VerifiedAt.Equal(at) {
						t.Errorf("got %d proofs, want %d, the new one of %v", len(list), before+1, at)
					}
					acct := app.Account(t, alice)
					if acct.Failures != 0 || acct.RecoveryFailures != 0 || path == recoveryPath && len(acct.Recovery.Hashes) != 9 {
						t.Errorf("got %d and %d wrong codes", acct.Failures, acct.RecoveryFailures)
					}
					b.WantIn("again")
					b.Post("/logout")
					b.WantLockedOrOut("after the logout")
				})
			}
		}
	}
}

// Nobody else has anything of it, and neither has the same browser by another code, at
// another route, later, or once the session, the factor or the account isn't what it was.
func TestA51_CodeSentTwiceByOthers(t *testing.T) {
	t.Parallel()
	type attack struct {
		app           *apptest.App
		owner, former *apptest.Browser // the latter has what the owner's had before
		code          string
	}
	again := func(b *apptest.Browser, a attack) apptest.Answer { return send(b, totp, a.code, true) }
	for name, c := range map[string]struct {
		try    func(*testing.T, attack) (*apptest.Browser, apptest.Answer)
		status int
	}{
		"the session's cookie alone": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			b := a.former.Thief()
			page, _ := b.Follow("/2fa/challenge")
			return b, page
		}, http.StatusOK},
		"the session's cookie and the code": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			b := a.former.Thief()
			return b, again(b, a)
		}, http.StatusUnprocessableEntity},
		"another code": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			return a.former, send(a.former, totp, a.app.WrongCode(t, a.app.Emulator.Phone(alice)), true)
		}, http.StatusUnprocessableEntity},
		"another route": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			return a.former, send(a.former, recoveryPath, a.code, true)
		}, http.StatusUnprocessableEntity},
		"another action": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			return a.former, send(a.former, "/2fa/disable", a.code, true)
		}, http.StatusForbidden},
		"another action, in the session that goes on": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			return a.former, send(a.owner, "/2fa/disable", a.code, true)
		}, http.StatusUnprocessableEntity},
		"after a minute": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.app.Clock.Add(time.Minute)
			a.former.Get("/2fa/challenge")
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"by a clock that is behind": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.app.Clock.Set(-10 * time.Second)
			a.former.Get("/2fa/challenge")
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"after the logout": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.owner.Post("/logout")
			a.former.Get("/2fa/challenge")
			return a.former, again(a.former, a)
		}, http.StatusUnauthorized},
		"after the logout, whose mark others have displaced": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.owner.Post("/logout")
			for range 33 {
				a.app.Stopped(t, alice).Post("/logout")
			}
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"after the logout under the former ID": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			b := a.former.Copy()
			a.former.Post("/logout")
			b.Get("/2fa/challenge")
			return b, again(b, a)
		}, http.StatusUnauthorized},
		"after the password was changed": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			expect.NoError(t, a.app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"after all was revoked": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			expect.NoError(t, a.app.Gate.Admin().Revoke(t.Context(), apptest.UserID(alice), "a test"))
			a.former.Get("/2fa/challenge")
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"after a rejection, which closes the account": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.app.Stopped(t, alice)
			apptest.Deny(t, a.app.Emulator.Phone(alice))
			a.former.Get("/2fa/challenge")
			return a.former, again(a.former, a)
		}, http.StatusForbidden},
		"a page, after the password was changed": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			expect.NoError(t, a.app.Gate.PasswordChanged(t.Context(), apptest.UserID(alice)))
			page, _ := a.former.Follow("/2fa/")
			return a.former, page
		}, http.StatusOK},
		"a page, after a rejection that an operator has made good": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.app.Stopped(t, alice)
			apptest.Deny(t, a.app.Emulator.Phone(alice))
			expect.NoError(t, a.app.Gate.Admin().Unlock(t.Context(), apptest.UserID(alice), "a test"))
			page, _ := a.former.Follow("/2fa/challenge")
			return a.former, page
		}, http.StatusOK},
		"after another login": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.owner.Post("/logout")
			a.owner.Login(alice)
			a.owner.Get("/2fa/challenge")
			return a.owner, again(a.owner, a)
		}, http.StatusUnprocessableEntity},
		"another session of the same browser": {func(_ *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.former.Login(alice)
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
		"another user of the same browser": {func(t *testing.T, a attack) (*apptest.Browser, apptest.Answer) {
			a.app.Enrolled(t, bob)
			a.former.Login(bob)
			return a.former, again(a.former, a)
		}, http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t, apptest.Rejecting(), apptest.Setup{Options: []middleware.Option{middleware.WithHoldOnRejection()}})
			phone := app.Enrolled(t, alice)
			owner := app.Stopped(t, alice)
			a := attack{app: app, owner: owner, former: owner.Copy(), code: apptest.Code(t, phone)}
			owner.Post(totp, "code", a.code).WantTo(t, "/account")
			b, answer := c.try(t, a)
			answer.Want(t, c.status)
			b.WantLockedOrOut("afterwards")
			expect.Equal(t, app.Account(t, alice).State, records.On, "the factor is off")
		})
	}
}

// A browser whose unlocking wasn't answered is told by the next page that it opens, and
// arrives where it was going.
func TestA51_LostAnswer(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"totp", "recovery", "push", "push, by a form", "device"} {
		for _, next := range []string{"/account", "/2fa/challenge", "/2fa/"} {
			t.Run(way+" "+next, func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t, trusting())
				_, codes := enrolWithCodes(t, app, alice)
				phone := app.Emulator.Phone(alice)
				var b *apptest.Browser
				if way == "device" {
					b = trusted(t, app, alice).Login(alice)
				} else {
					b = app.Stopped(t, alice)
				}
				lost := b.Copy()
				switch way {
				case "totp":
					lost.Post(totp, "code", apptest.Code(t, phone))
				case "recovery":
					lost.Post(recoveryPath, "code", codes[0])
				case "push":
					apptest.Approve(t, phone)
					lost.Get("/2fa/challenge")
				case "push, by a form":
					apptest.Approve(t, phone)
					lost.Post("/2fa/challenge/continue", "trust", "")
				case "device":
					lost.Get("/account")
				}
				a, at := b.Follow(next)
				if way == "device" && next == "/2fa/challenge" { // which had asked for nothing before
					b.WantIn("by the device")
				} else if next == "/2fa/" && at != "/2fa/" || next != "/2fa/" && !a.Secret() {
					t.Errorf("got %d at %s", a.Status, at)
				}
				b.WantIn("afterwards")
				expect.Lacks(t, a.Body, `data-page="challenge"`, "a code is asked")
			})
		}
	}
}
