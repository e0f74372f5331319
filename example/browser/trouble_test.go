package browser_test

import (
	"context"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// Whatever the phone does, the page says what to do, and a code gets in.
func TestTrouble(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, test := range []struct {
		name   string
		means  eagate.FalseResult
		before func(*world)                              // the login
		then   func(*testing.T, *world, *emulator.Phone) // while the page waits, if it does
		state  string
		says   []string
	}{
		{
			name:  "wrong number",
			then:  func(t *testing.T, _ *world, phone *emulator.Phone) { answer(t, phone.TapWrong) },
			state: "not_approved",
			says:  []string{"The request wasn’t approved", "Send a new request", "Use a code instead"},
		},
		{
			name:  "time-out",
			then:  func(t *testing.T, _ *world, phone *emulator.Phone) { answer(t, phone.TimeOut) },
			state: "not_approved",
			says:  []string{"The request wasn’t approved", "Send a new request", "Use a code instead"},
		},
		{
			name:  "not me",
			means: eagate.Rejection,
			then:  func(t *testing.T, _ *world, phone *emulator.Phone) { answer(t, phone.Deny) },
			state: "none",
			says:  []string{"no new request can be sent for 15 minutes", "Type the code"},
		},
		{
			name:  "silence",
			then:  func(_ *testing.T, w *world, _ *emulator.Phone) { w.Clock.Add(6 * time.Minute) },
			state: "expired",
			says:  []string{"The request has expired", "Send a new request", "Use a code instead"},
		},
		{
			name:   "dead service",
			before: func(w *world) { w.Emulator.Misbehave(emulator.AnyOp, emulator.ResetFault(), 0) },
			state:  "none",
			says:   []string{"Enter your code", "We can’t reach your phone", "Type the code"},
		},
		{
			name:   "no push",
			before: func(w *world) { w.Emulator.SetPush(alice, false) },
			state:  "none",
			says:   []string{"Enter your code", "Your phone can’t be asked", "Type the code"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, middleware.WithFalseResult(test.means))
			phone := w.enrolled(t, alice)
			if test.before != nil {
				test.before(w)
			}
			b := w.browser(t)
			if test.then != nil {
				b.stopped(alice)
				test.then(t, w, phone)
			} else {
				b.login(alice)
			}
			if test.means == eagate.Rejection {
				b.ended()
				b.login(alice)
			}
			b.see(`main[data-state="` + test.state + `"]`)
			for _, text := range test.says {
				b.wantText(text)
			}

			b.enterCode("000000")
			b.click(`form[action="/2fa/challenge/totp"] button`)
			b.see("#code-error")
			b.wantText("That code is not right")
			b.enter("#code", w.code(t, phone))
			b.click(`form[action="/2fa/challenge/totp"] button`)
			b.see(verifiedIn)
			b.wantPath("/account")
			b.wantText("by a code")
		})
	}
}

// answer answers on the phone.
func answer(t *testing.T, do func(context.Context) ([]emulator.Reply, error)) {
	t.Helper()
	replies := expect.Try(do(t.Context())).OrFail(t)
	for _, r := range replies {
		expect.Equal(t, r.Status, 200, "callback")
	}
}

// ended fails the test unless the page says that a rejection has ended the sign-in,
// and what to do.
func (b *tab) ended() {
	b.t.Helper()
	b.see(`main[data-message="rejected"]`)
	b.wantText("Sign-in rejected")
	b.wantText("this sign-in has ended")
	b.click("#next")
	b.see(`form[action="/login"]`)
}
