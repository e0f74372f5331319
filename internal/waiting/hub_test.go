package waiting_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/waiting"
	"github.com/eagate/eagate/store"
)

// A place counts what it is asked, and can be watched unless it says why not.
type place struct {
	store.Backend
	gets   atomic.Int64
	mu     sync.Mutex
	down   error
	broken error
	begun  []time.Time // when a watch of accounts was tried
	stop   context.CancelCauseFunc
	before func()              // runs just before a watch of challenges begins
	tell   func(userID string) // tells the watch of accounts
}

func (p *place) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	p.gets.Add(1)
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down != nil {
		return nil, down
	}
	return p.Backend.Get(ctx, kind, ids...)
}

func (p *place) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	p.mu.Lock()
	if kind == store.Accounts {
		p.begun = append(p.begun, time.Now())
	}
	if p.broken != nil {
		defer p.mu.Unlock()
		return p.broken
	}
	if p.stop == nil {
		_, p.stop = context.WithCancelCause(context.Background())
	}
	ctx, stop := context.WithCancelCause(ctx)
	before := p.stop
	p.stop = func(err error) { before(err); stop(err) }
	if kind == store.Accounts {
		p.tell = changed
	}
	if p.before != nil && kind == store.Challenges {
		p.before()
	}
	p.mu.Unlock()
	changed("")
	<-ctx.Done()
	return context.Cause(ctx)
}

// A text is a log.
type text struct {
	mu sync.Mutex
	strings.Builder
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Builder.Write(b)
}

func (t *text) count(s string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Count(t.String(), s)
}

// crowd has that many users wait.
func crowd(t *testing.T, n int, watched bool) (p *place, other *records.Records, h *waiting.Hub, waiters []*waiting.Waiter, log *text) {
	t.Helper()
	keys := expect.Try(keyring.New([]byte("0123456789abcdef0123456789abcdef"))).OrFail(t)
	p = &place{Backend: store.NewMemory()}
	if !watched {
		p.broken = errors.ErrUnsupported
	}
	log = new(text)
	own := records.New(p, keys)
	h = waiting.New(own, time.Now, slog.New(slog.NewTextHandler(log, nil)))
	other = records.New(p.Backend, keys)
	for i := range n {
		id, challenge := fmt.Sprint("user ", i), fmt.Sprint("challenge ", i)
		c := records.Challenge{ID: challenge, UserID: id, CreatedAt: time.Now(), ExpiresAt: time.Now().Add(5 * time.Minute), ForgetAt: time.Now().Add(time.Hour)}
		err := errors.Join(other.CreateChallenge(t.Context(), c), other.UpdateAccount(t.Context(), id, func(a *records.Account) error {
			a.State, a.Epoch, a.Push.Live = records.On, 1, challenge
			return nil
		}))
		expect.NoError(t, err)
		w := h.Wait(id)
		waiters = append(waiters, w)
		if _, err = h.Account(t.Context(), id, true); err == nil {
			_, err = h.Challenge(t.Context(), id, challenge, true)
		}
		expect.NoError(t, err)
	}
	return p, other, h, waiters, log
}

// stopAll ends the waiting, and lets the time pass after which the hub is done.
func stopAll(waiters []*waiting.Waiter) {
	for _, w := range waiters {
		w.Stop()
	}
	time.Sleep(15 * time.Second)
	synctest.Wait()
}

func TestQueries(t *testing.T) {
	for _, row := range []struct {
		name    string
		watched bool
		during  time.Duration
		most    int64
	}{{"looking", false, 5 * time.Second, 5 * 50}, {"watching", true, time.Minute, 3 * 40}} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _, _, waiters, _ := crowd(t, 10_000, row.watched)
				time.Sleep(time.Second)
				synctest.Wait()
				asked := p.gets.Load()
				time.Sleep(row.during)
				synctest.Wait()
				asked = p.gets.Load() - asked
				if asked > row.most || asked == 0 {
					t.Errorf("got %d questions in %v, want some, and at most %d", asked, row.during, row.most)
				}
				stopAll(waiters)
			})
		})
	}
}

// Each waiter gets a sign of life in 15 seconds, and they don't come all at once.
func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, _, waiters, _ := crowd(t, 150, true)
		total := 0
		for range 15 {
			time.Sleep(time.Second)
			synctest.Wait()
			now := 0
			for _, w := range waiters {
				if w.Due() {
					now++
				}
			}
			if total += now; now > 20 {
				t.Errorf("got %d signs of life at once, want about 10", now)
			}
		}
		expect.Equal(t, total, len(waiters), "signs of life")
		stopAll(waiters)
	})
}

// What this node writes is known at once, without a question.
func TestOwnWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, other, h, waiters, _ := crowd(t, 1, true)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		select {
		case <-waiters[0].C():
		default:
		}
		asked := p.gets.Load()
		err := other.Observed(h).UpdateChallenge(t.Context(), "challenge 0", func(c *records.Challenge) error { c.State = records.Approved; return nil })
		expect.NoError(t, err)
		select {
		case <-waiters[0].C():
		default:
			t.Error("the waiter isn't woken")
		}
		expect.Equal(t, expect.Try(waiters[0].Challenge("challenge 0")).OrFail(t).State, records.Approved)
		synctest.Wait()
		if n := p.gets.Load() - asked; n > 0 { // other asks the store beside p
			t.Errorf("got %d questions, want none", n)
		}
		stopAll(waiters)
	})
}

// All who wait are woken when their challenges expire, without a question.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _, waiters, _ := crowd(t, 30, true)
		time.Sleep(5*time.Minute - 500*time.Millisecond)
		synctest.Wait()
		for _, w := range waiters {
			select {
			case <-w.C():
			default:
			}
		}
		asked := p.gets.Load()
		time.Sleep(time.Second)
		synctest.Wait()
		for i, w := range waiters {
			select {
			case <-w.C():
			default:
				t.Errorf("waiter %d isn't woken", i)
			}
		}
		if n := p.gets.Load() - asked; n > 0 {
			t.Errorf("got %d questions, want none", n)
		}
		stopAll(waiters)
	})
}

// Goroutines go on as long as somebody waits, and some seconds.
func TestEndsWithTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, h, waiters, _ := crowd(t, 3, true)
		stopAll(waiters)
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if bytes.Contains(stacks, []byte("internal/waiting.")) {
			t.Errorf("got a goroutine that goes on:\n%s", stacks)
		}
		asked := p.gets.Load()
		if _, err := h.Account(t.Context(), "user 0", true); err != nil || p.gets.Load() == asked {
			t.Errorf("later: got error %v, asked %d times, it read anew", err, p.gets.Load()-asked)
		}
		stopAll(nil)
	})
}

// What was written while the watch was broken is read, the pauses grow, and the log
// says it once.
func TestWatchBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, other, _, waiters, log := crowd(t, 2, true)
		time.Sleep(time.Minute)
		fault := errors.New("restarted")
		p.mu.Lock()
		p.broken, p.begun = fault, nil
		p.stop(fault)
		p.mu.Unlock()
		synctest.Wait()
		approve := func(id string) {
			expect.NoError(t, other.UpdateChallenge(t.Context(), id, func(c *records.Challenge) error { c.State = records.Approved; return nil }))
		}
		state := func(w *waiting.Waiter, id string) records.ChallengeState {
			c, err := w.Challenge(id)
			if err != nil || c == nil {
				t.Fatalf("got %v, %v, want the challenge", c, err)
			}
			return c.State
		}
		approve("challenge 0")
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		expect.Equal(t, state(waiters[0], "challenge 0"), records.Approved, "without a watch, state")
		time.Sleep(3 * time.Minute)
		p.mu.Lock()
		begun := p.begun
		p.broken = nil
		p.mu.Unlock()
		if n := len(begun); n < 7 || n > 16 {
			t.Errorf("got %d tries in 3 minutes, want fewer and fewer", n)
		}
		if last := begun[len(begun)-1].Sub(begun[len(begun)-2]); last < 15*time.Second || last > 30*time.Second {
			t.Errorf("got a last pause of %v, want 15 s to 30 s", last)
		}
		time.Sleep(31 * time.Second)
		if n := log.count("aren't watched"); n != 2 { // once for each kind
			t.Errorf("the log says %d times that the watch broke off, want 2:\n%s", n, log)
		}
		expect.Equal(t, log.count("watched again"), 2, "the log says that the watch goes on")
		stopAll(waiters)
	})
}

// What is written just before a watch goes on is read although nobody tells of it, and
// although the store fails at first.
func TestWatchGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, other, _, waiters, _ := crowd(t, 1, true)
		time.Sleep(5 * time.Second)
		p.mu.Lock()
		p.before = func() {
			p.down = errors.New("no disk")
			if err := other.UpdateChallenge(t.Context(), "challenge 0", func(c *records.Challenge) error { c.State = records.Approved; return nil }); err != nil {
				t.Error(err)
			}
		}
		p.stop(errors.New("restarted"))
		p.mu.Unlock()
		time.Sleep(3 * time.Second)
		p.mu.Lock()
		p.down = nil
		p.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		expect.Equal(t, expect.Try(waiters[0].Challenge("challenge 0")).OrFail(t).State, records.Approved)
		stopAll(waiters)
	})
}

// An account that was closed because a challenge was rejected is never seen beside the
// challenge as it was before, whichever of the two is told first.
func TestChallengesAreAsNewAsTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, other, _, waiters, _ := crowd(t, 1, true)
		time.Sleep(5 * time.Second)
		err := errors.Join(
			other.UpdateChallenge(t.Context(), "challenge 0", func(c *records.Challenge) error { c.State = records.Rejected; return nil }),
			other.UpdateAccount(t.Context(), "user 0", func(a *records.Account) error { a.HeldSince = time.Now(); return nil }))
		expect.NoError(t, err)
		p.tell("user 0")
		synctest.Wait()
		a, err := waiters[0].Account()
		if err != nil || a.HeldSince.IsZero() {
			t.Fatalf("got %v, %v, want the account closed", a, err)
		}
		expect.Equal(t, expect.Try(waiters[0].Challenge("challenge 0")).OrFail(t).State, records.Rejected)
		stopAll(waiters)
	})
}

// A write that isn't told, although it should be, is found within half a minute.
func TestSafetyNet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, other, _, waiters, _ := crowd(t, 1, true)
		time.Sleep(5 * time.Second)
		if err := other.UpdateChallenge(t.Context(), "challenge 0", func(c *records.Challenge) error { c.State = records.Approved; return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(32 * time.Second)
		synctest.Wait()
		expect.Equal(t, expect.Try(waiters[0].Challenge("challenge 0")).OrFail(t).State, records.Approved)
		stopAll(waiters)
	})
}

// While the store fails, memory is told only as long as it is fresh, and the log says
// once that it fails, and once that it is over.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, h, waiters, log := crowd(t, 1, false)
		time.Sleep(time.Second)
		synctest.Wait()
		fail := func(err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.down = err
		}
		fault := errors.New("no disk")
		fail(fault)
		if _, err := h.Account(t.Context(), "user 0", true); err != nil {
			t.Errorf("at once: got %v, want what is known", err)
		}
		time.Sleep(5 * time.Second)
		if _, err := h.Account(t.Context(), "user 0", true); !errors.Is(err, fault) {
			t.Errorf("after 5 s: got %v, want the store's error", err)
		}
		if a, err := waiters[0].Account(); a == nil || err != nil {
			t.Errorf("a stream: got %v, %v, want what was known last", a, err)
		}
		fail(nil)
		time.Sleep(3 * time.Second)
		if n, m := log.count("can't be updated"), log.count("updated again"); n != 2 || m != 2 {
			t.Errorf("the log says %d times that the store fails, %d times that it is over, want once for each kind:\n%s", n, m, log)
		}
		stopAll(waiters)
	})
}
