package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/store"
)

const atomicity = "the read and the write must be one atomic step"

// grace is how long a second writer is given to come in between the reading and
// the writing of the first. A store that makes it wait costs this time.
const grace = 20 * time.Millisecond

// newest: a change sees the newest record, also if another writer comes first.
func (m mutable[R]) newest(ctx context.Context, s Subject) error {
	want, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	var (
		key      = *m.key(&want)
		other    = make(chan error, 1)
		otherErr error
		started  bool
		returned bool
	)
	err = m.update(s.first(), ctx, key, func(r *R) error {
		if !started {
			started = true
			go func() {
				other <- m.update(s.last(), ctx, key, func(r *R) error { *m.right(r) = "second"; return nil })
			}()
			select {
			case otherErr = <-other:
				returned = true
			case <-time.After(grace):
			}
		}
		*m.left(r) = "first"
		return nil
	})
	if err != nil {
		return fmt.Errorf("an update into which another one comes returned the error %w: it must wait, or try again", err)
	}
	if !started {
		return fmt.Errorf("Update%s returned no error, and didn't call the change", m.name)
	}
	if !returned {
		select {
		case otherErr = <-other:
		case <-ctx.Done():
			return errors.New("an update that comes into another one doesn't return")
		}
	}
	if otherErr != nil {
		return fmt.Errorf("an update that comes into another one returned the error %w: it must wait, or try again", otherErr)
	}
	*m.left(&want), *m.right(&want) = "first", "second"
	if err := m.expect(ctx, s, want); err != nil {
		return fmt.Errorf("one of two updates at once is lost: %w: %s", err, atomicity)
	}
	return nil
}

// lostUpdate: of many changes at once, none is missing.
func (m mutable[R]) lostUpdate(ctx context.Context, s Subject) error {
	const writers, changes = 8, 50
	zero := m.zero(newKey())
	if err := m.create(s.first(), ctx, zero); err != nil {
		return err
	}
	var c crowd
	err := together(writers, func(i int) error {
		for range changes {
			if err := m.update(s.handle(i), ctx, *m.key(&zero), func(r *R) error {
				c.linger()
				m.count(r)
				return nil
			}); err != nil {
				return fmt.Errorf("Update%s returned the error %w to one of %d writers at once: it must wait, or try again", m.name, err, writers)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r, err := m.read(s.last(), ctx, *m.key(&zero))
	if err != nil {
		return err
	}
	if got := m.counted(r); got != writers*changes {
		return fmt.Errorf("Update%s: lost update: %d of %d changes missing: %s", m.name, writers*changes-got, writers*changes, atomicity)
	}
	return nil
}

// replay: a time step is accepted once, and the last one never goes down.
func replay(ctx context.Context, s Subject) error {
	const users, steps = 8, 40
	var (
		id       = newKey()
		accepted [steps + 1]atomic.Int32
		replayed = errors.New("replayed")
		c        crowd
	)
	err := together(users, func(i int) error {
		highest := int64(0)
		for step := int64(1); step <= steps; step++ {
			var last int64
			err := s.handle(i).UpdateAccount(ctx, id, func(a *store.Account) error {
				c.linger()
				last = a.LastStep
				if step <= a.LastStep {
					return replayed
				}
				a.LastStep = step
				return nil
			})
			if err != nil && !errors.Is(err, replayed) {
				return err
			}
			if last < highest {
				return fmt.Errorf("LastStep went from %d down to %d: %s", highest, last, atomicity)
			}
			highest = last
			if err == nil {
				accepted[step].Add(1)
				highest = step
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for step := range accepted {
		if n := accepted[step].Load(); n > 1 {
			return fmt.Errorf("the same time step was accepted %d times: %s", n, atomicity)
		}
	}
	a, err := s.last().Account(ctx, id)
	if err != nil {
		return err
	}
	if a.LastStep != steps {
		return fmt.Errorf("LastStep is %d after step %d was accepted: %s", a.LastStep, steps, atomicity)
	}
	return nil
}

// budget: a limit that the change enforces holds against requests at once.
func budget(ctx context.Context, s Subject) error {
	const rounds, requests, limit = 10, 20, 3
	for range rounds {
		var (
			id     = newKey()
			passed atomic.Int32
			spent  = errors.New("budget spent")
			c      crowd
		)
		err := together(requests, func(i int) error {
			err := s.handle(i).UpdateAccount(ctx, id, func(a *store.Account) error {
				c.linger()
				if len(a.Push.Sent) >= limit {
					return spent
				}
				a.Push.Sent = append(a.Push.Sent, horizon)
				return nil
			})
			if err == nil {
				passed.Add(1)
			} else if !errors.Is(err, spent) {
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
		a, err := s.last().Account(ctx, id)
		if err != nil {
			return err
		}
		if n := passed.Load(); n != limit || len(a.Push.Sent) != limit {
			return fmt.Errorf("%d of %d requests at once passed, and %d are stored, where %d may: %s", n, requests, len(a.Push.Sent), limit, atomicity)
		}
	}
	return nil
}

// independent: updates of different records at once don't undo each other.
func independent(ctx context.Context, s Subject) error {
	const users, changes = 8, 25
	var (
		ids [users]string
		c   crowd
	)
	for i := range ids {
		ids[i] = newKey()
	}
	err := together(users, func(i int) error {
		for range changes {
			if err := s.handle(i).UpdateAccount(ctx, ids[i], func(a *store.Account) error {
				c.linger()
				a.Failures++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		a, err := s.last().Account(ctx, id)
		if err != nil {
			return err
		}
		if a.Failures != changes {
			return fmt.Errorf("%d of %d changes to one account are missing, with changes to others at once: an update must write one record only", changes-a.Failures, changes)
		}
	}
	return nil
}

// consumeOnce: of many that use an approval at once, one has it.
func consumeOnce(ctx context.Context, s Subject) error {
	const rounds, requests = 5, 100
	for range rounds {
		challenge := challenges.zero(newKey())
		challenge.State = store.Approved
		if err := s.first().CreateChallenge(ctx, challenge); err != nil {
			return err
		}
		var (
			consumed atomic.Int32
			winner   atomic.Int32
			late     = errors.New("consumed already")
			c        crowd
		)
		err := together(requests, func(i int) error {
			err := s.handle(i).UpdateChallenge(ctx, challenge.ID, func(ch *store.Challenge) error {
				c.linger()
				if ch.State != store.Approved {
					return late
				}
				ch.State = store.Consumed
				ch.GrantID = fmt.Sprint(i)
				return nil
			})
			if err == nil {
				consumed.Add(1)
				winner.Store(int32(i))
			} else if !errors.Is(err, late) {
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := consumed.Load(); n != 1 {
			return fmt.Errorf("%d of %d requests at once consumed the same approval: %s", n, requests, atomicity)
		}
		challenge.State = store.Consumed
		challenge.GrantID = fmt.Sprint(winner.Load())
		if err := challenges.expect(ctx, s, challenge); err != nil {
			return fmt.Errorf("what is stored isn't what the one that consumed the approval left: %w", err)
		}
	}
	return nil
}

// together runs f n times at once, and returns the first error.
func together(n int, f func(i int) error) error {
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		errs  = make(chan error, n)
	)
	for i := range n {
		wg.Go(func() {
			<-start
			if err := f(i); err != nil {
				errs <- err
			}
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	return <-errs
}

// A crowd makes changes meet: each lingers, between its reading and its
// writing, until another is there too. In a store that lets in only one at a
// time it gives up soon.
type crowd struct {
	inside atomic.Int32
}

func (c *crowd) linger() {
	c.inside.Add(1)
	defer c.inside.Add(-1)
	for range 100 {
		if c.inside.Load() > 1 {
			return
		}
		runtime.Gosched()
	}
}
