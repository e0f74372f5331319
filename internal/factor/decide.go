package factor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// A Decision says what became of a report of the service.
type Decision uint8

const (
	DecisionUnknown  Decision = iota // no such challenge; the zero value
	DecisionTaken                    // it decided the challenge
	DecisionRepeated                 // the same had been reported before
	DecisionTooLate                  // the challenge was decided otherwise, used, given up or expired: no change
)

// Decide records what the service reports of the challenge with that session
// token. The first decision stands. A challenge that isn't in the store may be about to
// be: Decide waits for it, two seconds at most.
func (r *Rules) Decide(ctx context.Context, token string, approved bool) (Decision, error) {
	id, reported := hash(token), r.stateOf(approved)
	decision, err := r.decide(ctx, id, reported)
	if err == nil && decision == DecisionUnknown {
		decision, err = r.decideEarly(ctx, id, reported)
	}
	return decision, err
}

// decide is Decide for a challenge that is in the store, or else unknown.
func (r *Rules) decide(ctx context.Context, id string, reported records.ChallengeState) (Decision, error) {
	var (
		decision Decision
		c        records.Challenge
		pushes   unapproved
		email    string
	)
	err := r.cfg.Records.UpdateChallenge(ctx, id, func(ch *records.Challenge) error {
		decision = decide(ch, reported, r.cfg.Now())
		c = *ch
		return nil
	})
	if err != nil {
		return DecisionUnknown, ignore(err, records.ErrNotFound)
	}
	if reported != records.Approved && decision != DecisionTooLate {
		// For a repeated report too: the first may have been cut off here.
		email, pushes, err = r.notApproved(ctx, c)
		if c.State == records.Rejected {
			err = errors.Join(err, r.Reject(ctx, eagate.User{ID: c.UserID}, Session{Binding: c.Binding, Ends: c.Ends}))
		}
	}
	e := eagate.Event{UserID: c.UserID, Email: email, Method: eagate.Push}
	switch decision {
	case DecisionTaken:
		e.Kind = decisionEvents[reported]
		r.emit(ctx, e)
	case DecisionTooLate:
		e.Kind, e.Reason = eagate.EventLateReport, reported.String()
		r.emit(ctx, e)
	case DecisionUnknown, DecisionRepeated:
	}
	r.emitPushPaused(ctx, eagate.User{ID: c.UserID, Email: email}, pushes)
	return decision, err
}

// stateOf is the state that a report leads to.
func (r *Rules) stateOf(approved bool) records.ChallengeState {
	switch {
	case approved:
		return records.Approved
	case r.cfg.False == eagate.Rejection:
		return records.Rejected
	}
	return records.NotApproved
}

// decisionEvents are the events of a challenge that a report decides.
var decisionEvents = map[records.ChallengeState]eagate.EventKind{
	records.Approved: eagate.EventApproved, records.Rejected: eagate.EventRejected, records.NotApproved: eagate.EventNotApproved,
}

// decide changes a challenge by a report that comes now.
func decide(c *records.Challenge, reported records.ChallengeState, now time.Time) Decision {
	switch c.State {
	case records.Pending:
		if expired(*c, now) {
			return DecisionTooLate
		}
		c.State, c.DecidedAt = reported, now
		return DecisionTaken
	case records.Approved, records.Consumed:
		if reported == records.Approved {
			return DecisionRepeated
		}
	case records.Rejected, records.NotApproved:
		if reported != records.Approved {
			return DecisionRepeated
		}
	case records.Void, records.Replaced:
	}
	return DecisionTooLate
}

// notApproved counts a request that wasn't approved. A user who said "it wasn't me" is
// protected at once: no request is sent for a while, and the account is held if
// [Config.HoldRejected] says so. It returns the e-mail address.
func (r *Rules) notApproved(ctx context.Context, c records.Challenge) (email string, pushes unapproved, err error) {
	now, held := r.cfg.Now(), false
	err = r.updateAccount(ctx, c.UserID, func(acct *records.Account) error {
		email, pushes, held = acct.Email, unapproved{}, false
		if acct.Version == 0 {
			return ErrAccountLost
		}
		if acct.Push.Open.Equal(c.CreatedAt) {
			pushes = countUnapproved(&acct.Push, c.DecidedAt, now)
		}
		// A report that comes again must not hold or pause what has been released.
		if c.State != records.Rejected || !acct.ReleasedAt.Before(c.DecidedAt) && !ahead(acct.ReleasedAt, now) {
			if !pushes.counted {
				return records.ErrUnchanged
			}
			return nil
		}
		pushes.warn = false // eagate.EventRejected says more
		pausePush(&acct.Push, c.DecidedAt.Add(firstPushPause), now)
		// Without a second factor there is nothing to hold, and the next one must not
		// begin held.
		if r.cfg.HoldRejected && acct.State == records.On && acct.HeldSince.IsZero() {
			interrupt(acct)
			acct.HeldSince, held = now, true
		}
		return nil
	})
	if err == nil && held {
		r.emit(ctx, eagate.Event{Kind: eagate.EventHeld, UserID: c.UserID, Email: email, Reason: "rejected on the phone"})
	}
	return email, pushes, err
}

const (
	// earlyWait is how much earlier than its challenge a report may come: the phone can
	// answer as soon as the service has the request, and the store may be slow, or
	// another node's.
	earlyWait = 2 * time.Second

	// earlyMost is how many reports wait at once on a node. Reports carry the callback's
	// secret, so that a flood of unknown tokens is the service's own: it costs at most
	// these, and five reads of the store for each in two seconds. A report that finds no
	// place is answered at once, as if it had waited in vain: at worst, the user asks the
	// phone again or types a code.
	earlyMost = 64
)

// earlyLooks is when a challenge that a report came before is looked for again, in
// twentieths of the wait: most come at once.
var earlyLooks = [...]time.Duration{1, 3, 6, 12, 20}

// earlyReports are the reports that wait for their challenges: one of each, because a
// second one of the same token would learn nothing that the first doesn't.
type earlyReports struct {
	mu     sync.Mutex
	places map[string]chan struct{} // by challenge ID
}

func newEarlyReports() earlyReports { return earlyReports{places: make(map[string]chan struct{})} }

// enter takes a place, if there is one, which leave gives back. created is signalled
// when this node stores the challenge.
func (e *earlyReports) enter(id string) (created <-chan struct{}, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, waits := e.places[id]; waits || len(e.places) >= earlyMost {
		return nil, false
	}
	place := make(chan struct{}, 1)
	e.places[id] = place
	return place, true
}

func (e *earlyReports) leave(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.places, id)
}

// created says that this node has stored the challenge.
func (e *earlyReports) created(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.places[id] <- struct{}{}: // of a nil channel, if none waits, never
	default:
	}
}

// decideEarly is decide for a challenge that isn't in the store yet: it tries again until
// there is one, an error, or nobody waits for the answer any more. Nothing is stored
// meanwhile.
func (r *Rules) decideEarly(ctx context.Context, id string, reported records.ChallengeState) (Decision, error) {
	created, ok := r.early.enter(id)
	if !ok {
		return DecisionUnknown, nil
	}
	defer r.early.leave(id)
	ctx = storelimit.Fresh(ctx)
	began := time.Now()
	for _, look := range earlyLooks {
		timer := time.NewTimer(time.Until(began.Add(look * r.cfg.EarlyWait / 20)))
		select {
		case <-created:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return DecisionUnknown, nil
		}
		timer.Stop()
		if decision, err := r.decide(ctx, id, reported); err != nil || decision != DecisionUnknown {
			return decision, err
		}
	}
	return DecisionUnknown, nil
}
