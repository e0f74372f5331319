package factor_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// What is revoked is locked at once here, and elsewhere when the cache has aged.
func TestCheckRevoked(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	_, grant := w.enrol(t, here, alice)
	for _, r := range []*factor.Rules{here, there} {
		wantCheck(t, r, alice, grant, factor.Verified, "at first")
	}
	expect.NoError(t, here.Revoke(t.Context(), grant))
	wantCheck(t, here, alice, grant, factor.Locked, "here, at once")
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, there, alice, grant, factor.Locked, "there, later")
	wantCheck(t, here, alice, grant, factor.Locked, "here, later")
}

// A grant ages by itself, whatever keeps what is known of its user young.
func TestCheckRevokedAmongOthers(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	_, grant := w.enrol(t, here, alice)
	wantCheck(t, there, alice, grant, factor.Verified, "at first")
	expect.NoError(t, here.Revoke(t.Context(), grant))
	w.clock.Add(factor.CacheLifetime)
	wantCheck(t, there, alice, "", factor.Locked, "another session")
	wantCheck(t, there, alice, grant, factor.Locked, "there, later")
}

// What the cache knows of a grant goes with the grant: it doesn't grow for ever.
func TestCacheIsBounded(t *testing.T) {
	r := newWorld(t).node(t)
	if held, found := factor.FillCache(r); held < factor.CacheSize || held > 2*factor.CacheSize || found != held {
		t.Errorf("got %d grants and %d IDs, want as many of both, and %d to twice that", held, found, factor.CacheSize)
	}
}

// What was proved before the factor was replaced, or switched off and on,
// is locked as soon.
func TestCheckChanged(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *world, *factor.Rules) (grant string){
		"replaced": func(t *testing.T, w *world, r *factor.Rules) string {
			p := w.stage(t, r, alice, session("again"), w.fresh(t, alice))
			_, grant, err := r.Confirm(t.Context(), alice, session("again"), w.proof(t, alice, p.code()), far)
			expect.NoError(t, err)
			return grant
		},
		"off and on": func(t *testing.T, w *world, r *factor.Rules) string {
			expect.Try(r.Disable(t.Context(), alice, w.fresh(t, alice))).OrFail(t)
			_, grant := w.enrol(t, r, alice)
			w.clock.Add(-30 * time.Second)
			return grant
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			here, there := w.node(t), w.node(t)
			_, old := w.enrol(t, here, alice)
			for _, r := range []*factor.Rules{here, there} {
				wantCheck(t, r, alice, old, factor.Verified, "at first")
			}
			grant := change(t, w, here)
			wantCheck(t, here, alice, old, factor.Locked, "the old grant here, at once")
			wantCheck(t, here, alice, grant, factor.Verified, "the new grant here")
			// What is cached there mustn't lock the new grant out.
			wantCheck(t, there, alice, grant, factor.Verified, "the new grant there, at once")
			w.clock.Add(factor.CacheLifetime)
			wantCheck(t, there, alice, old, factor.Locked, "the old grant there, later")
		})
	}
}

// A cached answer never locks anybody out.
func TestCheckCachedNeverLocks(t *testing.T) {
	w := newWorld(t)
	here, there := w.node(t), w.node(t)
	p, _ := w.enrol(t, here, alice)
	wantCheck(t, there, alice, "", factor.Locked, "before the proof")
	_, grant := verify(t, here, alice, p.code())
	wantCheck(t, there, alice, grant, factor.Verified, "right after the proof on another node")
	wantCheck(t, there, alice, "", factor.Locked, "another session")
	expect.Try(here.Disable(t.Context(), alice, w.fresh(t, alice))).OrFail(t)
	wantCheck(t, there, alice, "", factor.Open, "switched off on another node")
	w.enrol(t, here, alice)
	wantCheck(t, there, alice, "", factor.Locked, "switched on again on another node, later")
}

func TestCheckExpired(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	until := w.clock.Now().Add(time.Second)
	_, grant, err := r.VerifyCode(t.Context(), alice, session("login"), typed(t, r, alice, p.code()), until)
	expect.NoError(t, err)
	wantCheck(t, r, alice, grant, factor.Verified, "at first")
	kept := until.Add(24 * time.Hour) // its session is what ends
	w.clock.Set(kept.Add(-1))
	wantCheck(t, r, alice, grant, factor.Verified, "at the last moment")
	w.clock.Set(kept)
	wantCheck(t, r, alice, grant, factor.Locked, "expired, though cached")
}

func TestCheckForeign(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, grant := w.enrol(t, r, alice)
	_, other := w.enrol(t, r, bob)
	for _, secret := range []string{other, "", "x", grant + "x", grant[1:]} {
		wantCheck(t, r, alice, secret, factor.Locked, "secret "+secret)
	}
	wantCheck(t, r, alice, grant, factor.Verified, "own")
	wantCheck(t, r, bob, grant, factor.Locked, "alice's grant, cached, for bob")
}

// What was read from the store before a change isn't cached after it.
func TestCheckReadBeforeChange(t *testing.T) {
	changes := map[string]func(*testing.T, *world, *factor.Rules, string){
		"revoked": func(t *testing.T, _ *world, r *factor.Rules, grant string) {
			expect.NoError(t, r.Revoke(t.Context(), grant))
		},
		"logged out": func(t *testing.T, _ *world, r *factor.Rules, grant string) {
			expect.NoError(t, r.EndGrant(t.Context(), grant))
		},
		"logged out under the former ID, whose mark only knows the grant's ID": func(t *testing.T, _ *world, r *factor.Rules, grant string) {
			err := r.Succeed(t.Context(), alice, session("former"), "", factor.Entry{Secret: grant, Method: eagate.TOTP}, far)
			if err = errors.Join(err, r.End(t.Context(), alice, session("former"), far)); err != nil {
				t.Error(err)
			}
		},
		"all revoked": func(t *testing.T, _ *world, r *factor.Rules, _ string) {
			expect.NoError(t, r.RevokeAll(t.Context(), alice.ID, "asked for"))
		},
		"off and on": func(t *testing.T, w *world, r *factor.Rules, _ string) {
			expect.Try(r.Disable(t.Context(), alice, w.fresh(t, alice))).OrFail(t)
			w.enrol(t, r, alice)
			w.clock.Add(-30 * time.Second)
		},
	}
	for name, change := range changes {
		for _, read := range []string{"account", "grant"} {
			t.Run(name+" after the "+read, func(t *testing.T) {
				w := newWorld(t)
				r := w.node(t)
				_, grant := w.enrol(t, r, alice)
				w.store.whileReading(func() {
					if read == "account" {
						change(t, w, r, grant)
						return
					}
					w.store.whileReading(func() { change(t, w, r, grant) })
				})
				if _, _, err := r.Check(t.Context(), alice.ID, grant); err != nil {
					t.Fatal(err)
				}
				wantCheck(t, r, alice, grant, factor.Locked, "after the change")
			})
		}
	}
}

// What others change meanwhile doesn't keep it from being cached: on a busy node with
// a slow store, somebody always does.
func TestCheckReadWhileOthersChange(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, grant := w.enrol(t, r, alice)
	for n := range 3 { // changes are counted by a hash, which two users can share
		w.clock.Add(factor.CacheLifetime)
		change := func() {
			if err := r.Unlock(t.Context(), fmt.Sprint("other ", n), "asked for"); err != nil {
				t.Error(err)
			}
			if err := r.Revoke(t.Context(), fmt.Sprint("another ", n)); err != nil {
				t.Error(err)
			}
		}
		w.store.whileReading(func() { change(); w.store.whileReading(change) })
		wantCheck(t, r, alice, grant, factor.Verified, "read meanwhile")
		before := w.store.count()
		wantCheck(t, r, alice, grant, factor.Verified, "from the cache")
		if w.store.count() == before {
			return
		}
	}
	t.Error("nothing is cached while others change something")
}

// What ends one grant, known by its secret or by its ID, leaves those of others cached.
func TestEndedGrantIsForgottenAlone(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, hers := w.enrol(t, r, alice)
	p, _ := w.enrol(t, r, bob)
	for name, end := range map[string]func(grant string) error{
		"revoked":    func(grant string) error { return r.Revoke(t.Context(), grant) },
		"logged out": func(grant string) error { return r.EndGrant(t.Context(), grant) },
		"logged out under the former ID": func(grant string) error {
			err := r.Succeed(t.Context(), bob, session("former"), "", factor.Entry{Secret: grant, Method: eagate.TOTP}, far)
			return errors.Join(err, r.End(t.Context(), bob, session("former"), far))
		},
	} {
		w.clock.Add(30 * time.Second)
		_, his := verify(t, r, bob, p.code())
		wantCheck(t, r, alice, hers, factor.Verified, name+": before")
		wantCheck(t, r, bob, his, factor.Verified, name+": before")
		expect.NoError(t, end(his))
		asked := w.store.count()
		wantCheck(t, r, alice, hers, factor.Verified, name+": after")
		expect.Equal(t, w.store.count()-asked, 0, "%s: the store was asked for somebody else's grant", name)
		wantCheck(t, r, bob, his, factor.Locked, name+": after")
	}
}

// Grants are read, cached, ended and forgotten at once, by several requests each.
func TestEndedGrantsInARace(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	for range 20 {
		w.clock.Add(30 * time.Second)
		_, grant := verify(t, r, alice, p.code())
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, _, err := r.Check(t.Context(), alice.ID, grant); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := r.EndGrant(t.Context(), grant); err != nil {
					t.Error(err)
				}
				wantCheck(t, r, alice, grant, factor.Locked, "after its end")
			})
		}
		all.Wait()
		wantCheck(t, r, alice, grant, factor.Locked, "after all")
	}
}

// While the cache is warm the store isn't asked; then its faults count.
func TestCheckAsksOnce(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, grant := w.enrol(t, r, alice)
	wantCheck(t, r, alice, grant, factor.Verified, "at first")
	wantCheck(t, r, bob, "", factor.Open, "at first")
	before := w.store.count()
	w.store.setFault(errDown)
	for range 50 {
		wantCheck(t, r, alice, grant, factor.Verified, "warm")
		wantCheck(t, r, bob, "", factor.Open, "warm")
	}
	expect.Equal(t, w.store.count()-before, 0, "questions to the store")
	w.clock.Add(factor.CacheLifetime)
	for _, user := range []eagate.User{alice, bob} {
		if got, _, err := r.Check(t.Context(), user.ID, grant); !errors.Is(err, errDown) || got != factor.Locked {
			t.Errorf("store down: got %v, %v, want locked and an error", got, err)
		}
	}
	w.store.setFault(nil)
	wantCheck(t, r, alice, grant, factor.Verified, "store back")
}

func TestFresh(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	_, grant := w.enrol(t, r, alice)
	_, g, err := r.Check(t.Context(), alice.ID, grant)
	expect.NoError(t, err)
	for _, c := range []struct {
		age  time.Duration
		want bool
	}{
		{-6 * time.Second, false}, {-5 * time.Second, true}, {0, true}, {factor.Freshness - 1, true}, {factor.Freshness, false}, {time.Hour, false},
	} {
		w.clock.Set(g.VerifiedAt.Add(c.age))
		expect.Equal(t, r.Fresh(g), c.want, "%v old", c.age)
	}
}
