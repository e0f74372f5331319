package storetest

import (
	"context"
	"errors"
	"fmt"
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
		otherErr = <-other
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
	const rounds, writers = 50, 8
	zero := m.zero(newKey())
	if err := m.create(s.first(), ctx, zero); err != nil {
		return err
	}
	for range rounds {
		if err := race(writers, func(i int, c *crowd) error {
			err := m.update(s.handle(i), ctx, *m.key(&zero), func(r *R) error {
				c.meet()
				m.count(r)
				return nil
			})
			return m.contended(err)
		}); err != nil {
			return err
		}
	}
	r, err := m.read(s.last(), ctx, *m.key(&zero))
	if err != nil {
		return err
	}
	if got := m.counted(r); got != rounds*writers {
		return fmt.Errorf("lost update: %d of %d changes missing: %s", rounds*writers-got, rounds*writers, atomicity)
	}
	return nil
}

// replay: a time step is accepted once, and the last one never goes down.
func replay(ctx context.Context, s Subject) error {
	const steps, requests = 20, 8
	id, replayed := newKey(), errors.New("replayed")
	for step := int64(1); step <= steps; step++ {
		var accepted atomic.Int32
		err := race(requests, func(i int, c *crowd) error {
			for _, tried := range []int64{step, step - 1} {
				err := s.handle(i).UpdateAccount(ctx, id, func(a *store.Account) error {
					c.meet()
					if tried <= a.LastStep {
						return replayed
					}
					a.LastStep = tried
					return nil
				})
				switch {
				case err == nil && tried < step:
					return fmt.Errorf("step %d was accepted behind step %d: LastStep went down: %s", tried, step, atomicity)
				case err == nil:
					accepted.Add(1)
				case !errors.Is(err, replayed):
					return accounts.contended(err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := accepted.Load(); n != 1 {
			return fmt.Errorf("the same time step was accepted %d times by %d requests at once: it must be once: %s", n, requests, atomicity)
		}
		a, err := s.last().Account(ctx, id)
		if err != nil {
			return err
		}
		if a.LastStep != step {
			return fmt.Errorf("LastStep is %d after step %d was accepted: %s", a.LastStep, step, atomicity)
		}
	}
	return nil
}

// budget: a limit that the change enforces holds against requests at once.
func budget(ctx context.Context, s Subject) error {
	const rounds, requests, limit = 10, 20, 3
	spent := errors.New("budget spent")
	for range rounds {
		id := newKey()
		var passed atomic.Int32
		err := race(requests, func(i int, c *crowd) error {
			err := s.handle(i).UpdateAccount(ctx, id, func(a *store.Account) error {
				c.meet()
				if len(a.Push.Sent) >= limit {
					return spent
				}
				a.Push.Sent = append(a.Push.Sent, horizon)
				return nil
			})
			switch {
			case err == nil:
				passed.Add(1)
			case !errors.Is(err, spent):
				return accounts.contended(err)
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
	const rounds, users = 25, 8
	var ids [users]string
	for i := range ids {
		ids[i] = newKey()
	}
	for range rounds {
		if err := race(users, func(i int, c *crowd) error {
			err := s.handle(i).UpdateAccount(ctx, ids[i], func(a *store.Account) error {
				c.meet()
				a.Failures++
				return nil
			})
			return accounts.contended(err)
		}); err != nil {
			return err
		}
	}
	for _, id := range ids {
		a, err := s.last().Account(ctx, id)
		if err != nil {
			return err
		}
		if a.Failures != rounds {
			return fmt.Errorf("%d of %d changes to one account are missing, with changes to others at once: an update must write one record only", rounds-a.Failures, rounds)
		}
	}
	return nil
}

// consumeOnce: of many that use an approval at once, one has it.
func consumeOnce(ctx context.Context, s Subject) error {
	const rounds, requests = 5, 100
	late := errors.New("consumed already")
	for range rounds {
		want := challenges.zero(newKey())
		want.State = store.Approved
		if err := s.first().CreateChallenge(ctx, want); err != nil {
			return err
		}
		var consumed, winner atomic.Int32
		err := race(requests, func(i int, c *crowd) error {
			err := s.handle(i).UpdateChallenge(ctx, want.ID, func(ch *store.Challenge) error {
				c.meet()
				if ch.State != store.Approved {
					return late
				}
				ch.State = store.Consumed
				ch.GrantID = fmt.Sprint(i)
				return nil
			})
			switch {
			case err == nil:
				consumed.Add(1)
				winner.Store(int32(i))
			case !errors.Is(err, late):
				return challenges.contended(err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := consumed.Load(); n != 1 {
			return fmt.Errorf("%d of %d requests at once consumed the same approval: it must be one: %s", n, requests, atomicity)
		}
		want.State = store.Consumed
		want.GrantID = fmt.Sprint(winner.Load())
		if err := challenges.expect(ctx, s, want); err != nil {
			return fmt.Errorf("what is stored isn't what the one that consumed the approval left: %w", err)
		}
	}
	return nil
}

func (m mutable[R]) contended(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("Update%s returned the error %w to one of many at once: it must wait, or try again", m.name, err)
}
