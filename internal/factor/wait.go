package factor

import (
	"context"
	"errors"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/waiting"
)

// LookWaiting is Look for a page that waits, without the Limit. That a challenge is
// pending it may have from this node's memory, where it is about a second old at most,
// unless the session has the token of another one; what ends the waiting it has from the
// store: the memory may be of a time before the challenge began, on another node. What it
// says unlocks nothing: see Consume.
func (r *Rules) LookWaiting(ctx context.Context, user eagate.User, s Session) (View, error) {
	view, err := r.lookWaiting(ctx, user, s, true)
	if err == nil && (view.Phase != PhasePending || s.Token != "" && !view.Held) {
		view, err = r.lookWaiting(ctx, user, s, false)
	}
	return view, err
}

func (r *Rules) lookWaiting(ctx context.Context, user eagate.User, s Session, memoryDoes bool) (View, error) {
	acct, err := r.waiting.Account(ctx, user.ID, memoryDoes)
	if err != nil {
		return View{}, err
	}
	return r.lookAt(acct, s, func(id string) (records.Challenge, error) {
		c, err := r.waiting.Challenge(ctx, user.ID, id, memoryDoes)
		if err != nil || c.Version == 0 {
			return records.Challenge{}, err
		}
		return *c, nil
	})
}

// CheckWaiting is Check for a page that waits. It believes what this node remembers of a
// locked session for which a page waits here.
func (r *Rules) CheckWaiting(ctx context.Context, userID, secret string) (Verdict, records.Grant, error) {
	if r.waiting.IsLocked(userID, secret) {
		return Locked, records.Grant{}, nil
	}
	verdict, g, err := r.Check(ctx, userID, secret)
	if err == nil && verdict == Locked && secret != "" {
		r.waiting.NoteLocked(userID, secret)
	}
	return verdict, g, err
}

// ErrManyWait says that so many pages wait for the user on this node already that
// this one can't: it may ask now and then.
var ErrManyWait = errors.New("factor: too many pages wait")

// A Wait is a page that waits for what happens to its challenge. It is not for
// concurrent use.
type Wait struct {
	rules  *Rules
	waiter *waiting.Waiter
	s      Session
	last   View
}

// Wait begins to wait, and returns what LookWaiting does. What happens from then on
// isn't missed. It must be stopped, unless there is an error, such as [ErrManyWait].
func (r *Rules) Wait(ctx context.Context, user eagate.User, s Session) (*Wait, View, error) {
	waiter := r.waiting.Wait(user.ID)
	if waiter == nil {
		return nil, View{}, ErrManyWait
	}
	w := &Wait{rules: r, waiter: waiter, s: s}
	view, err := r.LookWaiting(ctx, user, s)
	if err != nil {
		w.Stop()
		return nil, View{}, err
	}
	w.last = view
	return w, view, nil
}

// Stop ends the waiting.
func (w *Wait) Stop() { w.waiter.Stop() }

// C is signalled when the challenge may have changed, or a sign of life is due, which
// keeps the browser and the proxies before it from giving up.
func (w *Wait) C() <-chan struct{} { return w.waiter.C() }

// Due reports whether a sign of life is due, once each time.
func (w *Wait) Due() bool { return w.waiter.Due() }

// Look returns the challenge as this node knows it, and never asks the store: while
// that fails, nothing changes.
func (w *Wait) Look() (View, error) {
	acct, err := w.waiter.Account()
	if err != nil || acct == nil {
		return w.last, err
	}
	known := true
	view, err := w.rules.lookAt(acct, w.s, func(id string) (records.Challenge, error) {
		c, err := w.waiter.Challenge(id)
		if c == nil {
			known = false // it is being read
		}
		if c == nil || c.Version == 0 {
			return records.Challenge{}, err
		}
		return *c, nil
	})
	if err == nil && known {
		w.last = view
	}
	return w.last, err
}
