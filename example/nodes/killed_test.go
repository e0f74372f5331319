//go:build linux

package nodes_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// untroubled is how often each plan is tried before nodes are killed.
const untroubled = 3

// Two nodes are killed at any point of a login, and while the second factor is
// switched on and off. Nobody gets in without a proof, nobody who gives one stays
// out, and accounts are whole.
func TestKilledNodes(t *testing.T)         { testKilledNodes(t, 3, 8) }
func TestThoroughKilledNodes(t *testing.T) { testKilledNodes(t, 24, 80) }

func testKilledNodes(t *testing.T, changes, signIns int) {
	t.Parallel()
	seed, round := newSeed(t), 0
	next := func() *rand.Rand { round++; return seed.round(round) }
	w, k := newWorld(t, true), newKiller(t)

	var users []*signIn
	for _, u := range newUsers(t) {
		s := newSignIn(t, w, next(), u, types)
		s.proved = true // nothing is asked for yet
		s.reload()
		for _, c := range []change{enables, replaces, disables, enables} {
			(&changing{signIn: s, change: c}).undisturbed(k.spare)
		}
		users = append(users, s)
	}

	carol, lost := users[2], 0
	for range changes {
		w.refresh(carol.user)
		carol.rng = next()
		if (&changing{signIn: carol, change: carol.next()}).struck(k) {
			lost++
		}
	}
	t.Logf("%d of %d changes were lost by a kill, and made again", lost, changes)

	for i := range untroubled * plans {
		u := users[i%2].user
		w.refresh(u)
		for _, step := range newSignIn(t, w, next(), u, plan(i%plans)).steps() {
			k.spare(step)
		}
	}
	var thieves []*visitor // who know the passwords only
	for _, u := range users[:2] {
		thief := newVisitor(t, u.user)
		if a := thief.must(thief.login(w.nodes[0])); !a.leadsTo("/account") {
			t.Fatalf("a thief's login: got %v", a)
		}
		thieves = append(thieves, thief)
	}
	proved, again := 0, 0
	for i := range signIns {
		rng := next()
		s := newSignIn(t, w, rng, users[i%2].user, anyPlan(rng))
		hadProved, hadToAgain := killedSignIn(k, s)
		if hadProved {
			proved++
		}
		if hadToAgain {
			again++
		}
		for _, n := range w.nodes {
			thieves[i%2].wantRefused(n)
		}
	}
	t.Logf("%d of %d kills came when a user had given a proof, or was giving it; %d users had to give another", proved, signIns, again)
	k.report()

	for _, u := range users {
		w.wantTold(u.user)
	}
}

// killedSignIn is a login in whose middle a node is killed, and what the user
// does then. It reports whether the user had given a proof, or was giving it, and
// had to give another.
func killedSignIn(k *killer, s *signIn) (proved, again bool) {
	s.t.Helper()
	s.w.refresh(s.user)
	was := s.w.account(s.user)
	steps := s.steps()
	last := s.rng.IntN(len(steps))
	if s.rng.IntN(2) == 0 { // there, more can be lost
		last = proofStep + s.rng.IntN(len(steps)-proofStep)
	}
	for _, step := range steps[:last] {
		k.spare(step)
	}
	m := k.strike(steps[last], s.rng)
	proved = s.proved
	taken := m == after
	if steps[last].name == "callback" && !taken && s.rng.IntN(2) == 0 {
		s.repeatReport()
		taken = true
	}
	if !s.plan.honest() {
		s.persist()
		s.wantOut(s.w.nodes[:]...)
		is := s.w.account(s.user)
		if is.Failures > s.wrong {
			s.t.Errorf("%v: %d failures are counted of %d", s, is.Failures, s.wrong)
		}
		is.Failures = 0
		wantSame(s.t, was, is)
	}
	again = s.getIn() && proved
	if again && taken {
		s.t.Errorf("%v: had to prove it twice after %s, which was answered before the node was killed", s, steps[last].name)
	}
	wantSame(s.t, was, s.w.account(s.user))
	return proved, again
}

// wantTold waits until the service knows how the user's account stands: a node
// that was killed while it told it keeps the others from that for half a minute.
func (w *world) wantTold(u *user) {
	w.t.Helper()
	w.eventually(time.Minute, "the service knows how "+u.email+" stands", func() bool {
		acct := w.account(u)
		on := acct.State == records.On
		known, _ := w.emulator.Status(u.email)
		return !acct.Sync.Late() && known.Enabled == on && (!on || known.Secret == u.phone.Secret)
	})
}
