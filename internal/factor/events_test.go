package factor_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// Whatever is refused is told, on whichever way it was tried, once and with the
// reason; and so is what changes.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	var heard []string
	r := w.node(t, holding, trusting, func(cfg *factor.Config) {
		cfg.Events = func(_ context.Context, e eagate.Event) {
			text := e.Kind.String()
			for _, more := range []string{e.Reason, e.Device} {
				if more != "" {
					text += ": " + more
				}
			}
			if !e.At.Equal(w.clock.Now()) || e.UserID != alice.ID {
				text += " of somebody, some time"
			}
			if !e.Until.IsZero() {
				text += " for " + e.Until.Sub(w.clock.Now()).String()
			}
			heard = append(heard, text)
		}
	})
	want := func(when string, want ...string) {
		t.Helper()
		expect.Slice(t, heard, want, "%s: heard", when)
		heard = nil
	}
	p, _ := w.enrol(t, r, alice)
	want("switched on", "enabled")
	w.recoverable(t, alice)

	// A wrong code, wherever it is typed.
	stage := w.stage(t, r, alice, session("s"), w.fresh(t, alice))
	ways := map[string]func(code string) (factor.CodeAnswer, error){
		"login": func(code string) (factor.CodeAnswer, error) {
			answer, secret, err := r.VerifyCode(t.Context(), alice, session("login"), typed(t, r, alice, code), far)
			if secret != "" {
				r.Unlocked(t.Context(), alice, answer.Method)
			}
			return answer, err
		},
		"stage": func(code string) (factor.CodeAnswer, error) {
			return r.Stage(t.Context(), alice, session("other"), browser, w.proof(t, alice, code))
		},
		"confirm": func(code string) (factor.CodeAnswer, error) {
			answer, _, err := r.Confirm(t.Context(), alice, session("s"), w.proof(t, alice, code), far)
			return answer, err
		},
		"disable": func(code string) (factor.CodeAnswer, error) {
			return r.Disable(t.Context(), alice, w.proof(t, alice, code))
		},
		"recovery codes": func(code string) (factor.CodeAnswer, error) {
			answer, _, err := r.MakeRecovery(t.Context(), alice, w.proof(t, alice, code), factor.Viewer{})
			return answer, err
		},
	}
	tried := func(when, code string, failures int, names []string, events ...string) {
		t.Helper()
		for _, way := range names {
			w.change(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = failures, time.Time{} })
			if _, err := ways[way](code); err != nil {
				t.Errorf("%s: %v", way, err)
			}
			want(when+", "+way, events...)
		}
	}
	all := []string{"login", "stage", "confirm", "disable", "recovery codes"}
	tried("wrong", "000", 0, all, "code_refused: wrong")
	tried("the fifth", "000", 4, all, "code_refused: wrong", "paused for 30s")
	tried("the twentieth", "000", 19, all, "code_refused: wrong", "blocked")
	tried("afterwards", p.code(), 20, all, "code_refused: blocked")
	tried("a wrong recovery code", noCode, 0, []string{"login", "disable"}, "code_refused: wrong")
	tried("a recovery code", firstCode, 0, []string{"login"}, "recovery_used", "verified")
	tried("a code", p.code(), 0, []string{"login"}, "verified")
	tried("used", p.code(), 0, []string{"login", "stage", "disable"}, "code_refused: used")
	tried("another phone", stage.code(), 0, []string{"confirm"}, "replaced")

	// The phone.
	token := begun(t, r, alice, "one").Token
	want("asked", "push_sent")
	for _, yes := range []bool{true, true, false} {
		expect.Try(r.Decide(t.Context(), token, yes)).OrFail(t)
	}
	want("contradictory reports", "approved", "late_report: rejected")
	w.service.setDown(&client.Error{Op: "CreateSession", Kind: client.Unavailable})
	_, _ = r.Begin(t.Context(), alice, session("two"), browser)
	want("the service is down", "push_failed")
	w.service.setDown(nil)
	token = begun(t, r, alice, "three").Token
	_, _ = r.Begin(t.Context(), alice, session("four"), browser)
	want("too many", "push_sent", "push_limited: too many for 15m0s")

	// Devices.
	device := w.trusted(t, r, alice)
	useDevice(t, r, alice, device)
	useDevice(t, r, alice, "no device")
	expect.Try(r.Distrust(t.Context(), alice.ID, "", "stolen")).OrFail(t)
	want("a device", "device_added: browser for 720h0m0s", "device_used: browser", "device_revoked: stolen: browser")

	// A rejection.
	for range 2 {
		expect.Try(r.Decide(t.Context(), token, false)).OrFail(t)
	}
	want("rejected", "held: rejected on the phone", "rejected")
	tried("held", p.code(), 0, []string{"login", "stage", "disable", "recovery codes"}, "code_refused: held")
	_, _ = r.Begin(t.Context(), alice, session("five"), browser)
	want("the phone, while it is held")
	expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
	want("released", "released")
	w.disable(t, r)
	want("switched off", "disabled")
}

// Operators look for what matters by its level.
func TestEventLevels(t *testing.T) {
	warn := "codes_only push_failed push_limited push_paused not_approved rejected late_report code_refused wrong_codes paused blocked reset recovery_used held stopped would_stop"
	for k := eagate.EventEnabled; k <= eagate.EventWouldStop; k++ {
		want := slog.LevelInfo
		if slices.Contains(strings.Fields(warn), k.String()) {
			want = slog.LevelWarn
		}
		if got := k.Level(); got != want || k.String() == "invalid" {
			t.Errorf("%v: got level %v, want %v", k, got, want)
		}
	}
	expect.Equal(t, (eagate.EventWouldStop + 1).String(), "invalid")
}
