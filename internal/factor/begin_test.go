package factor_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// A heldService lets a test step in while a request to the phone is being created.
type heldService struct {
	*service
	creating func() // runs once

	mu       sync.Mutex
	noNumber error
}

func (s *heldService) CreateSession(ctx context.Context, email string) (string, error) {
	token, err := s.service.CreateSession(ctx, email)
	s.mu.Lock()
	do := s.creating
	s.creating = nil
	s.mu.Unlock()
	if do != nil {
		do()
	}
	return token, err
}

func (s *heldService) SecretNumber(ctx context.Context, token string) (string, error) {
	if s.noNumber != nil {
		return "", s.noNumber
	}
	return s.service.SecretNumber(ctx, token)
}

func (s *heldService) hold(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.creating = do
}

func (w *world) held(t *testing.T) (*factor.Rules, *heldService) {
	t.Helper()
	s := &heldService{service: w.service}
	return w.node(t, func(cfg *factor.Config) { cfg.Service = s }), s
}

func wantPhase(t *testing.T, r *factor.Rules, s factor.Session, want factor.Phase, when string) {
	t.Helper()
	view, err := look(t, r, alice, s)
	if err != nil || view.Phase != want {
		t.Errorf("%s: got phase %v, %v, want %v", when, view.Phase, err, want)
	}
}

// Of two requests, the one that was begun last counts, whichever is created first.
func TestBeginOvertaken(t *testing.T) {
	overtaken := func(t *testing.T, r *factor.Rules, s factor.Session) {
		t.Helper()
		expect.Equal(t, expect.Try(r.Begin(t.Context(), alice, s, browser)).OrFail(t), "", "the first: token")
	}
	t.Run("by another session", func(t *testing.T) {
		w := newWorld(t)
		r, service := w.held(t)
		w.enrol(t, r, alice)
		var second factor.Session
		service.hold(func() { second = begun(t, r, alice, "second") })
		overtaken(t, r, session("first"))
		wantPhase(t, r, second, factor.PhasePending, "the second")
	})
	for name, test := range map[string]struct {
		id, browser string
		after       time.Duration
	}{
		"by the same session, whose first took too long": {"login", browser, factor.Reservation + time.Second},
		"by another session, at the same moment":         {"second", "another", 0},
		"by another session":                             {"second", "another", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, service := w.held(t)
			w.enrol(t, r, alice)
			second := session(test.id)
			second.Browsers = []string{test.browser}
			proceed, done := make(chan struct{}), make(chan struct{})
			service.hold(func() {
				w.clock.Add(test.after)
				entered := make(chan struct{})
				service.hold(func() {
					close(entered)
					<-proceed
				})
				go func() {
					defer close(done)
					var err error
					if second.Token, err = r.Begin(t.Context(), alice, second, test.browser); err != nil || second.Token == "" {
						t.Errorf("the second: got token %q, %v, want one", second.Token, err)
					}
				}()
				<-entered
			})
			overtaken(t, r, session("login"))
			close(proceed)
			<-done
			wantPhase(t, r, second, factor.PhasePending, "the second")
		})
	}
}

// A request that is overtaken by another factor, or by another password, while it is
// created, can't be approved.
func TestBeginOvertakenByAChange(t *testing.T) {
	for name, change := range map[string]func(*factor.Rules) error{
		"another epoch": func(r *factor.Rules) error { return r.RevokeAll(t.Context(), alice.ID, "asked for") },
		"another era":   func(r *factor.Rules) error { return r.PasswordChanged(t.Context(), alice.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, service := w.held(t)
			w.enrol(t, r, alice)
			service.hold(func() {
				if err := change(r); err != nil {
					t.Error(err)
				}
			})
			s := session("login")
			expect.Equal(t, expect.Try(r.Begin(t.Context(), alice, s, browser)).OrFail(t), "", "begin: token")
			s.Token = "token 1"
			if d, err := r.Decide(t.Context(), s.Token, true); err != nil || d != factor.DecisionTooLate {
				t.Errorf("approved all the same: got %v, %v, want too late", d, err)
			}
			expect.Equal(t, expect.Try(r.Consume(t.Context(), alice, s, far)).OrFail(t), "", "consume: a grant")
		})
	}
}

// A request without a number can't be approved: nobody could see what to tap.
func TestBeginWithoutNumber(t *testing.T) {
	w := newWorld(t)
	r, service := w.held(t)
	w.enrol(t, r, alice)
	service.noNumber = &client.Error{Op: "SecretNumber", Kind: client.Unavailable}
	if token, err := r.Begin(t.Context(), alice, session("login"), browser); err == nil {
		t.Errorf("begin: got token %q and no error", token)
	}
	if d, err := r.Decide(t.Context(), "token 1", true); err != nil || d != factor.DecisionTooLate {
		t.Errorf("approved all the same: got %v, %v, want too late", d, err)
	}
}
