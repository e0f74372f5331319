package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/waiting"
)

// A Phase is what a session's challenge looks like to the session.
type Phase uint8

const (
	PhaseNone        Phase = iota // there is none, or none that counts; the zero value
	PhasePending                  // the phone hasn't answered
	PhaseApproved                 // the phone said yes: Consume it
	PhaseNotApproved              // the service said that it failed
	PhaseRejected                 // the phone said no
	PhaseExpired                  // the phone said nothing in time
	PhaseReplaced                 // a newer challenge, of another session perhaps, took its place
	PhaseConsumed                 // its approval was used
	PhaseElsewhere                // another browser of the session began it, and its phone is being asked or has said yes
)

// A View is a session's challenge at one moment.
type View struct {
	Phase     Phase
	ID        string // empty while the challenge is being created, and in PhaseNone
	Mode      eagate.Mode
	Number    string
	HasToken  bool // whether the session holds the challenge's token, which the service's own page wants
	ExpiresAt time.Time
	Limit     *PushLimit // what keeps a new request from the phone, if anything does

	browser string // that began it
}

// BegunBy reports whether the browser with that hash began the challenge.
func (v View) BegunBy(browser string) bool { return browser != "" && v.browser == browser }

// Look returns the challenge of the session, as it is with that account.
func (r *Rules) Look(ctx context.Context, acct records.Account, s Session) (View, error) {
	view, err := r.lookAt(&acct, s, r.stored(ctx))
	if err == nil {
		view.Limit, err = r.limit(ctx, acct.Push)
	}
	return view, err
}

// A lookup returns the challenge with that ID, or the zero one, wherever it is kept.
type lookup func(id string) (records.Challenge, error)

// lookAt is Look without the Limit.
func (r *Rules) lookAt(acct *records.Account, s Session, challenge lookup) (View, error) {
	now := r.cfg.Now()
	if acct.State != records.On {
		return View{}, nil
	}
	if s.is(acct.Push.Reserved) && active(acct.Push.ReservedUntil, now, reservation) {
		if !s.began(acct.Push.ReservedBy) {
			return View{Phase: PhaseElsewhere, ExpiresAt: acct.Push.ReservedUntil}, nil
		}
		return View{Phase: PhasePending, Mode: r.cfg.Mode, ExpiresAt: acct.Push.ReservedUntil, browser: acct.Push.ReservedBy}, nil
	}
	c, found, err := find(acct, s, challenge)
	if err != nil || !found {
		return View{}, err
	}
	view := View{Phase: phase(acct, c, now), ID: c.ID, ExpiresAt: c.ExpiresAt, browser: c.Browser}
	if !s.began(c.Browser) {
		if view.Phase == PhasePending || view.Phase == PhaseApproved {
			view.Phase = PhaseElsewhere
		}
		return view, nil
	}
	view.Mode, view.Number, view.HasToken = c.Mode, c.Number, s.Token != "" && c.ID == hash(s.Token)
	return view, nil
}

// find returns the session's challenge of this user and factor.
func (r *Rules) find(ctx context.Context, acct records.Account, s Session) (c records.Challenge, found bool, err error) {
	return find(&acct, s, r.stored(ctx))
}

func find(acct *records.Account, s Session, challenge lookup) (c records.Challenge, found bool, err error) {
	if acct.Push.Live != "" {
		c, err = challenge(acct.Push.Live)
		if err != nil {
			return records.Challenge{}, false, err
		}
		found = c.ID != "" && (s.is(c.Binding) || s.Token != "" && c.ID == hash(s.Token))
	}
	if !found && s.Token != "" {
		c, err = challenge(hash(s.Token))
		if err != nil {
			return records.Challenge{}, false, err
		}
		found = c.ID != ""
	}
	if !found || c.UserID != acct.UserID || c.Epoch != acct.Epoch {
		return records.Challenge{}, false, nil
	}
	return c, true, nil
}

// stored looks challenges up in the store.
func (r *Rules) stored(ctx context.Context) lookup {
	return func(id string) (records.Challenge, error) { return r.challenge(ctx, id) }
}

// challenge returns the challenge with that ID, or the zero one.
func (r *Rules) challenge(ctx context.Context, id string) (records.Challenge, error) {
	c, err := r.cfg.Records.Challenge(ctx, id)
	if errors.Is(err, records.ErrNotFound) {
		return records.Challenge{}, nil
	}
	return c, err
}

func phase(acct *records.Account, c records.Challenge, now time.Time) Phase {
	switch c.State {
	case records.Void:
		return PhaseNone
	case records.Replaced:
		return PhaseReplaced
	case records.Consumed:
		if acct.Era != c.Era {
			return PhaseNone // nor taken again
		}
		return PhaseConsumed
	case records.NotApproved:
		return PhaseNotApproved
	case records.Rejected:
		return PhaseRejected
	case records.Pending, records.Approved:
		if !acct.HeldSince.IsZero() || acct.Era != c.Era {
			return PhaseNone // its approval isn't taken
		}
		if expired(c, now) {
			return PhaseExpired
		}
		if c.State == records.Approved {
			return PhaseApproved // although a newer one may be on the phone by now
		}
		if acct.Push.Live != c.ID {
			return PhaseReplaced
		}
		return PhasePending
	}
	return PhaseNone
}

// expired reports whether a challenge is too old to be approved, and its approval to
// be used. That can't be known of what was begun or approved by a clock that was
// ahead.
func expired(c records.Challenge, now time.Time) bool {
	return !now.Before(c.ExpiresAt) || ahead(c.CreatedAt, now) || ahead(c.DecidedAt, now)
}

// LookWaiting is Look for a page that waits, without the Limit. That a challenge is
// pending it may have from this node's memory, where it is about a second old at most,
// unless the session has the token of another one; what ends the waiting it has from the
// store: the memory may be of a time before the challenge began, on another node. What it
// says unlocks nothing: see Consume.
func (r *Rules) LookWaiting(ctx context.Context, user eagate.User, s Session) (View, error) {
	view, err := r.lookWaiting(ctx, user, s, true)
	if err == nil && (view.Phase != PhasePending || s.Token != "" && !view.HasToken) {
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
func (r *Rules) CheckWaiting(ctx context.Context, userID, secret string) (Standing, records.Grant, error) {
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
