//go:build linux

package nodes_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

// A plan is what somebody who knows the password does about the second factor.
type plan uint8

const (
	approves plan = iota // taps the number on the phone
	types                // types a right code
	denies               // taps "It's not me"
	waits                // does nothing
	guesses              // types a wrong code
)

const plans = int(guesses) + 1

func (p plan) String() string {
	return [plans]string{"approves", "types", "denies", "waits", "guesses"}[p]
}

// honest reports whether it is a proof.
func (p plan) honest() bool { return p == approves || p == types }

// anyPlan is an honest one rather than another: there, more can be lost.
func anyPlan(rng *rand.Rand) plan {
	return [...]plan{approves, approves, approves, types, types, types, denies, waits, guesses}[rng.IntN(9)]
}

// A signIn is one login, with what is done about the second factor.
type signIn struct {
	*visitor
	w     *world
	rng   *rand.Rand
	plan  plan
	begun time.Time
	wrong int // codes that were typed

	// What was answered last on the phone.
	request  emulator.Request
	approved bool
}

func newSignIn(t *testing.T, w *world, rng *rand.Rand, u *user, p plan) *signIn {
	t.Helper()
	return &signIn{visitor: newVisitor(t, u), w: w, rng: rng, plan: p, begun: time.Now()}
}

func (s *signIn) String() string { return fmt.Sprintf("%s, who %s", s.email, s.plan) }

func (s *signIn) anyNode() *node { return s.w.nodes[s.rng.IntN(len(s.w.nodes))] }

// proofStep is the index of the first step that is more than waiting.
const proofStep = 4

// steps is how it goes, each step at any node.
func (s *signIn) steps() []step {
	steps := []step{
		s.step("login", s.login, func(a answer) bool { return a.leadsTo("/account") }),
		s.step("first page", s.page("/account"), func(a answer) bool { return a.leadsTo("/2fa/challenge") }),
		s.step("challenge", s.page("/2fa/challenge"), func(a answer) bool { return a.status == http.StatusOK }),
		s.step("status", func(n *node) (answer, error) {
			return s.send(n, "/2fa/challenge/status", asProgram, nil)
		}, func(a answer) bool { return a.json("state") == "pending" && a.json("number") != "" }),
	}
	switch s.plan {
	case approves, denies:
		steps = append(steps, s.step("callback", s.tap(s.plan == approves), func(a answer) bool { return a.status == http.StatusOK }))
	case types:
		steps = append(steps, s.step("code", s.typeRight, func(a answer) bool { return a.leadsTo("/account") }))
	case guesses:
		steps = append(steps, s.step("wrong code", s.typeWrong, func(a answer) bool { return a.status == http.StatusUnprocessableEntity }))
	case waits:
	}
	// The first page after an approval unlocks the session, whichever it is.
	if s.rng.IntN(2) == 0 {
		steps = append(steps, s.step("back", s.page("/2fa/challenge"), func(a answer) bool {
			return s.plan.honest() && a.leadsTo("/account") || !s.plan.honest() && a.status == http.StatusOK
		}))
	}
	return append(steps, s.step("page", s.page("/account"), func(a answer) bool {
		return s.plan.honest() && a.isIn() || !s.plan.honest() && a.leadsTo("/2fa/challenge")
	}))
}

// step is a step at any node.
func (s *signIn) step(name string, do func(*node) (answer, error), good func(answer) bool) step {
	n := s.anyNode()
	return step{name, n, func() error {
		a, err := do(n)
		if err == nil && !good(a) {
			s.t.Errorf("%v: %s at %s: got %v", s, name, n.name, a)
		}
		return err
	}}
}

func (s *signIn) page(path string) func(*node) (answer, error) {
	return func(n *node) (answer, error) { return s.send(n, path, asPage, nil) }
}

func (s *signIn) typeRight(n *node) (answer, error) {
	s.proved = true
	return s.send(n, "/2fa/challenge/totp", asPage, form("code", s.code()))
}

func (s *signIn) typeWrong(n *node) (answer, error) {
	s.wrong++
	return s.send(n, "/2fa/challenge/totp", asPage, form("code", s.wrongCode()))
}

// tap answers the newest request on the phone, which is reported to that node.
func (s *signIn) tap(approve bool) func(*node) (answer, error) {
	return func(n *node) (answer, error) {
		request, ok := s.pending()
		if !ok {
			return answer{}, emulator.ErrNoRequest
		}
		s.request, s.approved = request, approve
		s.proved = s.proved || approve
		number := "" // "It's not me"
		if approve {
			number = s.request.Number
		}
		s.w.emulator.SetCallbackURL(n.callback())
		replies, err := s.w.emulator.Tap(s.t.Context(), s.request.ID, number)
		if err != nil {
			return answer{}, err
		}
		return answer{status: replies[0].Status, body: replies[0].Body}, nil
	}
}

// pending is the newest request of this login that waits on the phone.
func (s *signIn) pending() (emulator.Request, bool) {
	all := s.w.emulator.Phone(s.email).Pending()
	if len(all) == 0 || all[len(all)-1].CreatedAt.Before(s.begun) {
		return emulator.Request{}, false
	}
	return all[len(all)-1], true
}

// repeatReport is what a service does whose report got no answer.
func (s *signIn) repeatReport() {
	s.t.Helper()
	s.w.emulator.SetCallbackURL(s.anyNode().callback())
	reply, err := s.w.emulator.Report(s.t.Context(), s.request.Token, s.approved)
	if err != nil || reply.Status != http.StatusOK {
		s.t.Errorf("%v: the report again: got %d, %v", s, reply.Status, err)
	}
}

// reload loads the page again, after whatever has happened, and gives the
// password again if that is asked for.
func (s *signIn) reload() answer {
	s.t.Helper()
	a := s.get(s.anyNode(), "/account")
	if a.leadsTo("/login") {
		if a := s.must(s.login(s.anyNode())); !a.leadsTo("/account") {
			s.t.Fatalf("%v: login once more: got %v", s, a)
		}
		a = s.get(s.anyNode(), "/account")
	}
	return a
}

// getIn does what the pages ask for until the account page is there, and gives
// one proof at most, which it reports.
func (s *signIn) getIn() (proof bool) {
	s.t.Helper()
	a := s.reload()
	if a.leadsTo("/2fa/challenge") {
		if a = s.get(s.anyNode(), "/2fa/challenge"); !a.leadsTo("/account") {
			proof = true
			s.prove()
		}
		a = s.get(s.anyNode(), "/account")
	}
	if !a.isIn() {
		s.t.Fatalf("%v: stays out, with a new proof: %t; got %v", s, proof, a)
	}
	return proof
}

// prove approves if the page and the phone agree on a number and it pleases the
// user, or types a code.
func (s *signIn) prove() {
	s.t.Helper()
	shown := s.must(s.send(s.anyNode(), "/2fa/challenge/status", asProgram, nil)).json("number")
	if q, ok := s.pending(); ok && q.Number == shown && s.rng.IntN(2) == 0 {
		expect.Equal(s.t, s.must(s.tap(true)(s.anyNode())).status, http.StatusOK, "%v: callback after the restart", s)
		return
	}
	a := s.must(s.typeRight(s.anyNode()))
	if !a.leadsTo("/account") {
		s.t.Fatalf("%v: code after the restart: got %v", s, a)
	}
}

// persist goes on with a plan that is no proof.
func (s *signIn) persist() {
	s.t.Helper()
	s.reload()
	switch s.plan {
	case denies:
		if a, err := s.tap(false)(s.anyNode()); err != emulator.ErrNoRequest && (err != nil || a.status != http.StatusOK) {
			s.t.Errorf("%v: denied after the restart: got %v, %v", s, a, err)
		}
	case guesses:
		expect.Equal(s.t, s.must(s.typeWrong(s.anyNode())).status, http.StatusUnprocessableEntity, "%v: wrong code after the restart", s)
	case approves, types, waits:
	}
}

// wantOut fails the test unless the session is stopped at every node.
func (v *visitor) wantOut(nodes ...*node) {
	v.t.Helper()
	for _, n := range nodes {
		for _, path := range []string{"/2fa/", "/2fa/enable", "/account"} {
			if a := v.get(n, path); !a.leadsTo("/2fa/challenge") {
				v.t.Errorf("%s without a proof: %s at %s: got %v", v.email, path, n.name, a)
			}
		}
		v.wantRefused(n)
	}
}

// wantRefused is wantOut for a program.
func (v *visitor) wantRefused(n *node) {
	v.t.Helper()
	if a := v.must(v.send(n, "/account", asProgram, nil)); a.status != http.StatusForbidden {
		v.t.Errorf("%s without a proof, as a program at %s: got %v", v.email, n.name, a)
	}
}
