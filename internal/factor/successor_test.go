package factor_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// The browser that has unlocked a session is led on under its former ID, as long as
// nothing has changed since; nobody else is, and not for long.
func TestA51_Successor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *world, r *factor.Rules, grant string, s *factor.Session)
		want   bool
	}{
		{"the same browser", func(*testing.T, *world, *factor.Rules, string, *factor.Session) {}, true},
		{"with another secret besides", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) {
			s.Secrets = append(s.Secrets, "another")
		}, true},
		{"without the form", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) {
			s.Form = factor.Form{}
		}, true},
		{"another browser", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) {
			s.Secrets = []string{"other"}
		}, false},
		{"a browser without a secret", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) { s.Secrets = nil }, false},
		{"another session", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) {
			s.Binding = factor.Binding("other")
		}, false},
		{"a session without an ID", func(_ *testing.T, _ *world, _ *factor.Rules, _ string, s *factor.Session) { s.Binding = "" }, false},
		{"a minute later", func(_ *testing.T, w *world, _ *factor.Rules, _ string, _ *factor.Session) { w.clock.Add(time.Minute) }, false},
		{"by a clock that is behind", func(_ *testing.T, w *world, _ *factor.Rules, _ string, _ *factor.Session) {
			w.clock.Set(w.clock.Now().Add(-time.Minute))
		}, false},
		{"with the factor off", func(t *testing.T, w *world, _ *factor.Rules, _ string, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.State = records.Off })
		}, false},
		{"with the factor changed", func(t *testing.T, w *world, _ *factor.Rules, _ string, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.Epoch = records.NewEpoch() })
		}, false},
		{"with the account closed", func(t *testing.T, w *world, _ *factor.Rules, _ string, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.HeldSince = w.clock.Now() })
		}, false},
		{"with the password changed", func(t *testing.T, _ *world, r *factor.Rules, _ string, _ *factor.Session) {
			expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
		}, false},
		{"with the grant revoked", func(t *testing.T, _ *world, r *factor.Rules, grant string, _ *factor.Session) {
			expect.NoError(t, r.Revoke(t.Context(), grant))
		}, false},
		{"logged out", func(t *testing.T, _ *world, r *factor.Rules, grant string, _ *factor.Session) {
			expect.NoError(t, r.EndGrant(t.Context(), grant))
		}, false},
		{"logged out under its former ID", func(t *testing.T, _ *world, r *factor.Rules, _ string, s *factor.Session) {
			expect.NoError(t, r.End(t.Context(), alice, *s, far))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.node(t)
			p, _ := w.enrol(t, r, alice)
			s := session("login")
			s.Secrets, s.Form = []string{"secret"}, factor.Form{Route: "/totp", Code: p.code()}
			_, grant, err := r.VerifyCode(t.Context(), alice, s, typed(t, r, alice, s.Form.Code), far)
			if err != nil || grant == "" {
				t.Fatalf("got grant %t, %v, want one", grant != "", err)
			}
			if next, _, err := r.Successor(t.Context(), alice, s); err != nil || next != "" {
				t.Fatalf("before: got %t, %v", next != "", err)
			}
			expect.NoError(t, r.Succeed(t.Context(), alice, s, "", factor.Entry{Secret: grant, Method: eagate.TOTP}, far))
			c.change(t, w, r, grant, &s)
			next, route, err := w.node(t).Successor(t.Context(), alice, s)
			if err != nil || (next == grant) != c.want || (route == "/totp") != c.want || !c.want && next != "" {
				t.Errorf("got the grant %t by %q, %v, want %t", next == grant, route, err, c.want)
			}
			if next, _, err := w.node(t).Successor(t.Context(), bob, s); err != nil || next != "" {
				t.Errorf("another user: got %t, %v, want none", next != "", err)
			}
		})
	}
}

// While a request of the same browser is about to unlock the session, others wait for it,
// but not for one that was given up.
func TestA51_UnderWay(t *testing.T) {
	t.Parallel()
	const longest = 6 * time.Second // more than a request may take
	for _, c := range []struct {
		name   string
		change func(t *testing.T, w *world, s *factor.Session)
		want   bool
	}{
		{"the same browser", func(*testing.T, *world, *factor.Session) {}, true},
		{"another browser", func(_ *testing.T, _ *world, s *factor.Session) {
			s.Secrets, s.Browsers = []string{"other"}, []string{"other"}
		}, false},
		{"another session", func(_ *testing.T, _ *world, s *factor.Session) { s.Binding, s.Token = factor.Binding("other"), "" }, false},
		{"a session without an ID", func(_ *testing.T, _ *world, s *factor.Session) { s.Binding = "" }, false},
		{"given up", func(_ *testing.T, w *world, _ *factor.Session) { w.clock.Add(longest) }, false},
		{"by a clock that is behind", func(_ *testing.T, w *world, _ *factor.Session) {
			w.clock.Set(w.clock.Now().Add(-time.Minute))
		}, false},
		{"with the factor off", func(t *testing.T, w *world, _ *factor.Session) {
			w.change(t, alice, func(a *records.Account) { a.State = records.Off })
		}, false},
	} {
		for way, prove := range map[string]func(*testing.T, *factor.Rules, phone) factor.Session{
			"by a code": func(t *testing.T, r *factor.Rules, p phone) factor.Session {
				s := session("login")
				s.Secrets, s.Form = []string{"secret"}, factor.Form{Route: "/totp", Code: p.code()}
				if _, grant, err := r.VerifyCode(t.Context(), alice, s, typed(t, r, alice, s.Form.Code), far); err != nil || grant == "" {
					t.Fatalf("got grant %t, %v, want one", grant != "", err)
				}
				return s
			},
			"by the phone": func(t *testing.T, r *factor.Rules, _ phone) factor.Session {
				s := begun(t, r, alice, "login")
				expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
				if under, err := r.UnderWay(t.Context(), accountOf(t, r, alice), s, viewOf(t, r, s)); err != nil || under {
					t.Fatalf("approved: got %t, %v", under, err)
				}
				if grant, err := r.Consume(t.Context(), alice, s, far); err != nil || grant == "" {
					t.Fatalf("got grant %t, %v, want one", grant != "", err)
				}
				return s
			},
		} {
			t.Run(c.name+", "+way, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				r := w.node(t)
				p, _ := w.enrol(t, r, alice)
				s := prove(t, r, p)
				c.change(t, w, &s)
				r = w.node(t)
				under, err := r.UnderWay(t.Context(), accountOf(t, r, alice), s, viewOf(t, r, s))
				if err != nil || under != c.want {
					t.Errorf("got %t, %v, want %t", under, err, c.want)
				}
			})
		}
	}
}

func viewOf(t *testing.T, r *factor.Rules, s factor.Session) factor.View {
	t.Helper()
	view := expect.Try(look(t, r, alice, s)).OrFail(t)
	return view
}
