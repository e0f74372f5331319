package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// A form is known again as long as nothing of what it was sent in has changed.
func TestA51_FormSentBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *world, r *factor.Rules, p phone, s *factor.Session)
		want   bool
	}{
		{"the same", func(*testing.T, *world, *factor.Rules, phone, *factor.Session) {}, true},
		{"in another spelling", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) {
			s.Form.Code = s.Form.Code[:3] + " " + s.Form.Code[3:]
		}, true},
		{"with another secret besides", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) {
			s.Secrets = append(s.Secrets, "another")
		}, true},
		{"no form", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) { s.Form = factor.Form{} }, false},
		{"another route", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) { s.Form.Route = "/other" }, false},
		{"another code", func(_ *testing.T, _ *world, _ *factor.Rules, p phone, s *factor.Session) { s.Form.Code = p.wrong() }, false},
		{"another session", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) {
			s.Binding = factor.Binding("other")
		}, false},
		{"another browser", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) {
			s.Secrets = []string{"other"}
		}, false},
		{"a browser without a secret", func(_ *testing.T, _ *world, _ *factor.Rules, _ phone, s *factor.Session) { s.Secrets = nil }, false},
		{"a minute later", func(_ *testing.T, w *world, _ *factor.Rules, _ phone, _ *factor.Session) { w.clock.Add(time.Minute) }, false},
		{"by a clock that is behind", func(_ *testing.T, w *world, _ *factor.Rules, _ phone, _ *factor.Session) {
			w.clock.Set(w.clock.Now().Add(-time.Minute))
		}, false},
		{"with the factor off", func(t *testing.T, w *world, _ *factor.Rules, _ phone, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.State = records.Off })
		}, false},
		{"with the account closed", func(t *testing.T, w *world, _ *factor.Rules, _ phone, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.HeldSince = w.clock.Now() })
		}, false},
		{"after another code, of a program", func(t *testing.T, w *world, r *factor.Rules, p phone, _ *factor.Session) {
			w.clock.Add(30 * time.Second)
			if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
				t.Fatalf("got %v, want accepted", answer.Result)
			}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.node(t)
			p, _ := w.enrol(t, r, alice)
			s := session("login")
			s.Secrets, s.Form = []string{"secret"}, factor.Form{Route: "/totp", Code: p.code()}
			if r.SentBefore(accountOf(t, r, alice), s) {
				t.Fatal("sent before it was")
			}
			answer, _, err := r.VerifyCode(t.Context(), alice, s, typed(t, r, alice, s.Form.Code), far)
			if err != nil || answer.Result != factor.CodeAccepted {
				t.Fatalf("got %v, %v, want accepted", answer.Result, err)
			}
			c.change(t, w, r, p, &s)
			expect.Equal(t, w.node(t).SentBefore(accountOf(t, r, alice), s), c.want)
		})
	}
}

// What can't be known again by a session and a form isn't kept.
func TestA51_FormsThatAreNotKept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*factor.Session){
		"no form":           func(s *factor.Session) { s.Form = factor.Form{} },
		"a session unsaved": func(s *factor.Session) { s.Binding = "" },
		"no secret":         func(s *factor.Session) { s.Secrets = nil },
	} {
		w := newWorld(t)
		r := w.node(t)
		p, _ := w.enrol(t, r, alice)
		s := session("login")
		s.Secrets, s.Form = []string{"secret"}, factor.Form{Route: "/totp", Code: p.code()}
		change(&s)
		if answer, _, err := r.VerifyCode(t.Context(), alice, s, typed(t, r, alice, p.code()), far); err != nil || answer.Result != factor.CodeAccepted {
			t.Errorf("%s: got %v, %v, want accepted", name, answer.Result, err)
		}
		if r.SentBefore(accountOf(t, r, alice), s) {
			t.Errorf("%s: known again", name)
		}
	}
}
