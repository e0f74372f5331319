package factor_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// A48: what has expired only by a clock that is ahead for a moment isn't deleted: not
// the mark of a logged-out session, above all.
func TestA48_CleanUpWhileTheClockIsSet(t *testing.T) {
	for _, c := range []struct {
		name  string
		jump  time.Duration
		wants int // grants that are left a minute later
	}{
		{"right", 0, 1},
		{"off by as much as nodes may differ", 5 * time.Second, 1},
		{"ahead by two days", 48 * time.Hour, 2},
		{"an hour back", -time.Hour, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var set atomic.Int64 // how far ahead the clock is
				w.clock.Set(time.Now())
				r := w.node(t, func(cfg *factor.Config) {
					cfg.Now = func() time.Time { return time.Now().Add(time.Duration(set.Load())) }
					cfg.Elapsed = nil
				})
				for id, age := range map[string]time.Duration{"expired": time.Second, "mark": time.Hour} {
					expect.NoError(t, w.records.CreateGrant(t.Context(), records.Grant{ID: id, ExpiresAt: time.Now().Add(age)}))
				}
				left := func() (n int) {
					for _, id := range []string{"expired", "mark"} {
						switch _, err := w.records.Grant(t.Context(), id); {
						case err == nil:
							n++
						case !errors.Is(err, records.ErrNotFound):
							t.Error(err)
						}
					}
					return n
				}
				go r.Run(t.Context())
				time.Sleep(factor.CleanEvery / 2)
				set.Store(int64(c.jump))
				time.Sleep(factor.CleanEvery)
				synctest.Wait()
				expect.Equal(t, left(), c.wants, "after the jump, records left")
				set.Store(0)
				time.Sleep(3 * factor.CleanEvery)
				synctest.Wait()
				expect.Equal(t, left(), 1, "right again, records left")
			})
		})
	}
}

// A48: a change that the service couldn't be told of while the clock was ahead is told
// soon after it is right again, whatever else waits.
func TestA48_SyncPutOffAhead(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(w *world, r *factor.Rules){
		"in vain": func(w *world, r *factor.Rules) {
			w.service.setDown(errDown)
			r.SyncNow(t.Context(), alice.ID)
			w.service.setDown(nil)
		},
		"claimed by a node that died": func(w *world, _ *factor.Rules) {
			w.change(t, alice, func(a *records.Account) {
				a.Sync.ClaimedUntil = w.clock.Now().Add(factor.SyncClaim)
				a.Sync.NextAt = a.Sync.ClaimedUntil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.node(t)
			w.clock.Set(start.Add(48 * time.Hour))
			w.enrol(t, r, alice)
			broken(w, r)
			w.clock.Set(start)
			for i := range 3 { // others, who are put off as they should be
				w.change(t, eagate.User{ID: fmt.Sprint("other ", i)}, func(a *records.Account) {
					a.Email, a.Sync.Wanted, a.Sync.NextAt = "other@example.com", 1, start.Add(factor.SyncPauseMax)
				})
			}
			expect.NoError(t, r.SyncDue(t.Context()))
			expect.NoError(t, factor.SyncStray(t.Context(), r))
			if a := w.account(t, alice).Sync; a.Late() {
				t.Errorf("got %+v, want the service told", a)
			}
			expect.Equal(t, w.service.history(), "+")
		})
	}
}

// A48, A20: whatever the clock does, no code is accepted twice, and the last step never
// goes down; and when the clock is right again, present codes are accepted, an hour
// later at the latest.
func TestA48_NoCodeTwice(t *testing.T) { noCodeTwice(t, 5) }

func TestThoroughNoCodeTwice(t *testing.T) { noCodeTwice(t, 40) }

func noCodeTwice(t *testing.T, seeds uint64) {
	t.Parallel()
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 48))
		w := newWorld(t)
		nodes := []*factor.Rules{w.node(t), w.node(t)}
		p, _ := w.enrol(t, nodes[0], alice)
		accepted := map[int64]bool{start.Unix() / 30: true}
		last := w.account(t, alice).LastStep
		right := start.Add(time.Minute) // the true time
		try := func(at time.Time) factor.CodeResult {
			w.change(t, alice, func(a *records.Account) { a.Failures, a.LockedUntil = 0, time.Time{} })
			answer, _ := verify(t, nodes[random.IntN(2)], alice, p.at(at))
			step := at.Unix() / 30
			if answer.Result == factor.CodeAccepted {
				if accepted[step] {
					t.Fatalf("seed %d: step %d accepted twice", seed, step)
				}
				accepted[step] = true
			}
			if got := w.account(t, alice).LastStep; got < last {
				t.Fatalf("seed %d: the last step went down from %d to %d", seed, last, got)
			} else {
				last = got
			}
			return answer.Result
		}
		off := []time.Duration{0, 0, 0, time.Minute, -time.Minute, time.Hour, -time.Hour, 2 * time.Hour, -2 * time.Hour, 48 * time.Hour, -48 * time.Hour}
		aheads := 0
		for range 60 {
			right = right.Add(time.Duration(random.Int64N(int64(10 * time.Minute))))
			set := off[random.IntN(len(off))]
			if set > 0 {
				if aheads++; aheads > 10 {
					set = 0
				}
			}
			w.clock.Set(right.Add(set))
			for range 1 + random.IntN(4) {
				near := time.Duration(random.IntN(3)-1) * 30 * time.Second
				try(w.clock.Now().Add(near))
			}
			for _, step := range slices.Sorted(maps.Keys(accepted)) { // what was seen before is tried now and then
				if random.IntN(10) == 0 {
					try(time.Unix(step*30, 0))
				}
			}
		}
		w.clock.Set(right.Add(time.Hour + time.Minute))
		expect.Equal(t, try(w.clock.Now()), factor.CodeAccepted, "seed %d: right for an hour", seed)
	}
}
