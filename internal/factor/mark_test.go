package factor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// grants returns so many grants of codes, none of which is in a session yet.
func (w *world) grants(t *testing.T, r *factor.Rules, p phone, n int) []string {
	t.Helper()
	var secrets []string
	for range n {
		_, secret := verify(t, r, alice, p.code())
		secrets = append(secrets, secret)
		w.clock.Add(30 * time.Second)
	}
	return secrets
}

// A session goes on under another ID once, or once more for a user who typed a code.
func TestMove(t *testing.T) {
	const push, code = eagate.Push, eagate.TOTP
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	s, g := session("login"), w.grants(t, r, p, 5)
	move := func(secret string, method eagate.Method, want error, when string) {
		t.Helper()
		expect.Is(t, r.Succeed(t.Context(), alice, s, "", factor.Entry{Secret: secret, Method: method}, far), want, when)
		verdict := factor.Verified
		if want != nil {
			verdict = factor.Locked
		}
		wantCheck(t, r, alice, secret, verdict, when)
	}
	move(g[0], push, nil, "first")
	move(g[0], push, nil, "first, whose answer was lost")
	move(g[1], push, factor.ErrSessionOver, "another approval")
	wantCheck(t, r, alice, g[0], factor.Verified, "after another approval")
	move(g[2], code, nil, "a code")
	wantCheck(t, r, alice, g[0], factor.Locked, "after a code")

	expect.NoError(t, r.End(t.Context(), alice, s, far))
	wantCheck(t, r, alice, g[2], factor.Locked, "after the logout")
	move(g[2], code, factor.ErrSessionOver, "the same after the logout")
	move(g[3], code, factor.ErrSessionOver, "a code after the logout")
	move(g[4], push, factor.ErrSessionOver, "an approval after the logout")
}

// One grant takes the place of a former one that is good, or another once more by a
// code; none takes the place of one that has ended.
func TestSucceed(t *testing.T) {
	const push, code = eagate.Push, eagate.TOTP
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	g := w.grants(t, r, p, 6)
	succeed := func(former, secret string, method eagate.Method, want error, when string) {
		t.Helper()
		expect.Is(t, r.Succeed(t.Context(), alice, factor.Session{}, former, factor.Entry{Secret: secret, Method: method}, far), want, when)
		verdict := factor.Verified
		if want != nil {
			verdict = factor.Locked
		}
		wantCheck(t, r, alice, secret, verdict, when)
		wantCheck(t, r, alice, former, factor.Locked, when+": the former one")
	}
	succeed(g[0], g[1], push, nil, "first")
	succeed(g[0], g[1], push, nil, "first, whose answer was lost")
	succeed(g[0], g[2], push, factor.ErrSessionOver, "another approval")
	wantCheck(t, r, alice, g[1], factor.Verified, "after another approval")
	succeed(g[0], g[3], code, nil, "a code")
	wantCheck(t, r, alice, g[1], factor.Locked, "after a code")

	// A logout ends a grant before it deletes it.
	_, ended, err := r.Check(t.Context(), alice.ID, g[4])
	expect.NoError(t, err)
	err = w.records.UpdateGrant(t.Context(), ended.ID, func(g *records.Grant) error {
		g.Kind = records.KindEnded
		return nil
	})
	expect.NoError(t, err)
	succeed(g[4], g[5], code, factor.ErrSessionOver, "a code after the logout")
}

// atDelete runs something once, before the next grant is deleted.
type atDelete struct {
	store.Backend
	do func()
}

func (d *atDelete) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if do := d.do; do != nil && kind == store.Grants {
		d.do = nil
		do()
	}
	return d.Backend.Delete(ctx, kind, id, version)
}

// No grant takes the place of one that is about to be deleted.
func TestSucceedWhileTheGrantIsEnded(t *testing.T) {
	w := newWorld(t)
	deleting := &atDelete{Backend: w.store.Backend}
	w.store.Backend = deleting
	here, there := w.node(t), w.node(t)
	p, _ := w.enrol(t, here, alice)
	g := w.grants(t, here, p, 2)
	deleting.do = func() {
		if err := there.Succeed(t.Context(), alice, factor.Session{}, g[0], factor.Entry{Secret: g[1], Method: eagate.TOTP}, far); !errors.Is(err, factor.ErrSessionOver) {
			t.Errorf("succeed: got %v, want %v", err, factor.ErrSessionOver)
		}
	}
	expect.NoError(t, here.EndGrant(t.Context(), g[0]))
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, here, alice, g[1], factor.Locked, "the one that would have taken its place")
}

// What was consumed for one grant isn't given back for another.
func TestUnconsumeOfAnother(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, other := w.enrol(t, r, alice)
	s := begun(t, r, alice, "login")
	expect.Try(r.Decide(t.Context(), s.Token, true)).OrFail(t)
	secret, err := r.Consume(t.Context(), alice, s, far)
	if err != nil || secret == "" {
		t.Fatalf("consume: got a grant %t, %v, want one", secret != "", err)
	}
	expect.NoError(t, r.Unconsume(t.Context(), alice, s, other))
	if again, err := r.Consume(t.Context(), alice, s, far); err != nil || again != "" {
		t.Errorf("after another's grant was taken back: got a grant %t, %v, want none", again != "", err)
	}
	expect.NoError(t, r.Unconsume(t.Context(), alice, s, secret))
	if again, err := r.Consume(t.Context(), alice, s, far); err != nil || again == "" {
		t.Errorf("after its own was taken back: got a grant %t, %v, want one", again != "", err)
	}
}
