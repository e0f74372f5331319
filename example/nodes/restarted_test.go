//go:build linux

package nodes_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// A database server is stopped in the middle of logins. Whoever comes meanwhile
// is told to come again, and sees nothing; when it is back, all goes on, on nodes
// that have been running all the time.
func TestServersRestarted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		withRedis bool
		server    func(*world) restartable
		callback  int // what the service is told meanwhile
	}{
		// An approval is the challenge's, which is in Redis.
		{"PostgreSQL with the accounts", true, func(w *world) restartable { return w.postgres }, http.StatusOK},
		{"Redis with all else", true, func(w *world) restartable { return w.redis }, http.StatusServiceUnavailable},
		{"PostgreSQL with everything", false, func(w *world) restartable { return w.postgres }, http.StatusServiceUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.withRedis)
			logins := w.logins()
			waiting, approved, in := logins[0], logins[1], logins[2]
			server := test.server(w)
			server.stop()

			waiting.wantUnavailable()
			approved.wantUnavailable()
			// Nodes don't ask every time about a session that is in.
			in.wantSoon("unavailable", isUnavailable, answer.isIn)
			in.wantUnavailable()
			a, err := waiting.tap(true)(w.nodes[0])
			if err != nil || a.status != test.callback {
				t.Errorf("callback meanwhile: got %d, %v, want %d", a.status, err, test.callback)
			}

			server.start()
			// Clients of a server that was down for long may look only now and then.
			in.wantSoon("in again", answer.isIn, isUnavailable)
			if test.callback != http.StatusOK {
				waiting.repeatReport()
			}
			for i, s := range logins {
				for _, n := range w.nodes {
					if a := s.get(n, "/account"); !a.isIn() {
						t.Errorf("login %d at %s, after the restart: got %v", i, n.name, a)
					}
				}
			}
		})
	}
}

type restartable interface {
	start()
	stop()
}

// logins are three under way: one that waits for the phone, one that the phone
// has approved, and one that is in.
func (w *world) logins() []*signIn {
	w.t.Helper()
	rng := newSeed(w.t).round(0)
	var logins []*signIn
	for i, u := range newUsers(w.t) {
		owner := newSignIn(w.t, w, rng, u, types)
		owner.proved = true // nothing is asked for yet
		owner.reload()
		(&changing{signIn: owner, change: enables}).undisturbed(func(s step) { s.must(w.t) })
		login := newSignIn(w.t, w, rng, u, approves)
		for _, s := range login.steps() {
			if i == 0 && s.name == "callback" || i == 1 && (s.name == "back" || s.name == "page") {
				break
			}
			s.must(w.t)
		}
		logins = append(logins, login)
	}
	return logins
}

func isUnavailable(a answer) bool { return a.status == http.StatusServiceUnavailable }

// wantSoon waits until the account page's answer is the one of either kind, at
// each node; until then it may only be of the other kind.
func (s *signIn) wantSoon(what string, want, meanwhile func(answer) bool) {
	s.t.Helper()
	for _, n := range s.w.nodes {
		s.w.eventually(soon, s.email+" is "+what+" at "+n.name, func() bool {
			a := s.get(n, "/account")
			if !want(a) && !meanwhile(a) {
				s.t.Fatalf("%s, before they are %s at %s: got %v", s.email, what, n.name, a)
			}
			return want(a)
		})
	}
}

// wantUnavailable fails the test unless every request at every node is refused
// for now.
func (s *signIn) wantUnavailable() {
	s.t.Helper()
	requests := []struct {
		path, accept string
		form         url.Values
	}{
		{"/account", asPage, nil},
		{"/account", asProgram, nil},
		{"/2fa/", asPage, nil},
		{"/2fa/enable", asPage, nil},
		{"/2fa/enable", asPage, form()},
		{"/2fa/disable", asPage, form()},
		{"/2fa/challenge", asPage, nil},
		{"/2fa/challenge", asPage, form()},
		{"/2fa/challenge/totp", asPage, form("code", s.wrongCode())},
	}
	var all sync.WaitGroup
	for _, n := range s.w.nodes {
		for _, r := range requests {
			all.Go(func() {
				a, err := s.send(n, r.path, r.accept, r.form)
				if err != nil || a.status != http.StatusServiceUnavailable {
					s.t.Errorf("%s at %s while a server is down: got %v, %v, want 503", r.path, n.name, a, err)
				}
				expect.Lacks(s.t, a.body, inside, "%s at %s while a server is down shows the page", r.path, n.name)
			})
		}
	}
	all.Wait()
}
