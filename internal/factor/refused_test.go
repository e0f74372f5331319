package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// What a code isn't looked at for can be asked for without end: it changes nothing in
// the store.
func TestRefusedCodesAreNotStored(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world, a *records.Account)
		code   string
		want   factor.CodeResult
	}{
		{"paused", func(w *world, a *records.Account) { a.LockedUntil = w.clock.Now().Add(time.Hour) }, "000000", factor.CodePaused},
		{"blocked", func(w *world, a *records.Account) { a.Failures = 20 }, "000000", factor.CodeBlocked},
		{"recovery codes paused", func(w *world, a *records.Account) { a.RecoveryLockedUntil = w.clock.Now().Add(time.Hour) }, firstCode, factor.CodePaused},
		{"recovery codes blocked", func(w *world, a *records.Account) { a.RecoveryFailures = 50 }, firstCode, factor.CodeBlocked},
		{"held", func(w *world, a *records.Account) { a.HeldSince = w.clock.Now() }, "000000", factor.CodeHeld},
		{"missing", func(*world, *records.Account) {}, "", factor.CodeMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			w.change(t, alice, func(a *records.Account) { c.change(w, a) })
			before := w.account(t, alice).Version
			tries := map[string]func() (factor.CodeAnswer, error){
				"staging": func() (factor.CodeAnswer, error) {
					return r.Stage(t.Context(), alice, session("a"), browser, w.proof(t, alice, c.code))
				},
				"disabling": func() (factor.CodeAnswer, error) { return r.Disable(t.Context(), alice, w.proof(t, alice, c.code)) },
				"recovery codes": func() (factor.CodeAnswer, error) {
					answer, _, err := r.MakeRecovery(t.Context(), alice, w.proof(t, alice, c.code), factor.Viewer{})
					return answer, err
				},
			}
			if c.code != "" {
				tries["unlocking"] = func() (factor.CodeAnswer, error) {
					answer, _, err := r.VerifyCode(t.Context(), alice, session("a"), typed(t, r, alice, c.code), far)
					return answer, err
				}
			}
			for name, try := range tries {
				expect.Equal(t, expect.Try(try()).OrFail(t).Result, c.want, "%s", name)
			}
			expect.Equal(t, w.account(t, alice).Version, before, "version")
		})
	}
}

// Nor does it keep others from being remembered.
func TestRefusedCodesLeaveTheCache(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.change(t, alice, func(a *records.Account) { a.LockedUntil = w.clock.Now().Add(time.Hour) })
	w.store.whileReading(func() {
		if answer, _, err := r.VerifyCode(t.Context(), alice, session("a"), typed(t, r, alice, "000000"), far); err != nil || answer.Result != factor.CodePaused {
			t.Errorf("got %v, %v, it paused", answer.Result, err)
		}
	})
	wantCheck(t, r, bob, "", factor.Open, "while a code was refused")
	asked := w.store.count()
	wantCheck(t, r, bob, "", factor.Open, "afterwards")
	expect.Equal(t, w.store.count()-asked, 0, "times the store was asked")
}
