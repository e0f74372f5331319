package factor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/store"
)

// A Phase is what a session's challenge looks like to the session.
type Phase uint8

const (
	PhaseNone     Phase = iota // there is none, or none that counts; the zero value
	PhasePending               // the phone hasn't answered
	PhaseApproved              // the phone said yes: Consume it
	PhaseRejected              // the phone said no
	PhaseExpired               // the phone said nothing in time
	PhaseReplaced              // a newer challenge, of another session perhaps, took its place
	PhaseConsumed              // its approval was used
)

// A View is a session's challenge at one moment.
type View struct {
	Phase     Phase
	ID        string // empty while the challenge is being created, and in PhaseNone
	Number    string
	ExpiresAt time.Time
	Limit     *PushLimit // what keeps a new request from the phone, if anything does
}

// Look returns the challenge of the user's session.
func (r *Rules) Look(ctx context.Context, user User, s Session) (View, error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return View{}, err
	}
	return r.look(ctx, acct, s)
}

func (r *Rules) look(ctx context.Context, acct store.Account, s Session) (View, error) {
	now := r.cfg.Now()
	view := View{Limit: pushLimit(acct.Push, now)}
	if acct.State != store.On {
		return view, nil
	}
	if s.is(acct.Push.Reserved) && now.Before(acct.Push.ReservedUntil) {
		view.Phase, view.ExpiresAt = PhasePending, acct.Push.ReservedUntil
		return view, nil
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return view, err
	}
	view.ID, view.Number, view.ExpiresAt = c.ID, c.Number, c.ExpiresAt
	view.Phase = phase(acct, c, now)
	return view, nil
}

// find returns the session's challenge of this user and factor.
func (r *Rules) find(ctx context.Context, acct store.Account, s Session) (c store.Challenge, found bool, err error) {
	if acct.Push.Live != "" {
		c, err = r.challenge(ctx, acct.Push.Live)
		if err != nil {
			return store.Challenge{}, false, err
		}
		found = c.ID != "" && (s.is(c.Binding) || s.Token != "" && c.ID == hash(s.Token))
	}
	if !found && s.Token != "" {
		c, err = r.challenge(ctx, hash(s.Token))
		if err != nil {
			return store.Challenge{}, false, err
		}
		found = c.ID != ""
	}
	if !found || c.UserID != acct.UserID || c.Epoch != acct.Epoch {
		return store.Challenge{}, false, nil
	}
	return c, true, nil
}

// challenge returns the challenge with that ID, or the zero one.
func (r *Rules) challenge(ctx context.Context, id string) (store.Challenge, error) {
	c, err := r.cfg.Store.Challenge(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Challenge{}, nil
	}
	return c, err
}

func phase(acct store.Account, c store.Challenge, now time.Time) Phase {
	switch c.State {
	case store.Void:
		return PhaseNone
	case store.Replaced:
		return PhaseReplaced
	case store.Consumed:
		return PhaseConsumed
	case store.Rejected:
		return PhaseRejected
	case store.Pending, store.Approved:
		if acct.Push.Live != c.ID {
			return PhaseReplaced
		}
		if !now.Before(c.ExpiresAt) {
			return PhaseExpired
		}
		if c.State == store.Approved {
			return PhaseApproved
		}
		return PhasePending
	}
	return PhaseNone
}

// errUnderWay ends an update that finds another request of the same session at
// work.
var errUnderWay = errors.New("factor: challenge is being created")

// Begin sends a new request to the user's phone, which voids any earlier one,
// and returns the service's session token, to be kept in the session. While
// another request of the same session is at it, Begin returns no token and no
// error. A [*PushLimit] says that the phone must be left in peace; any error
// that the service caused is a [*client.Error].
func (r *Rules) Begin(ctx context.Context, user User, s Session) (token string, err error) {
	// The browser may go away in the middle; the phone has been asked then, and
	// the page that comes back should show the number.
	ctx = context.WithoutCancel(ctx)
	if mark, err := r.Mark(ctx, user, s); err != nil || mark.Over {
		return "", errors.Join(err, over(mark))
	}

	var acct store.Account
	var at time.Time
	var replaced string
	err = r.updateAccount(ctx, user.ID, func(a *store.Account) error {
		now := r.cfg.Now()
		if a.State != store.On {
			return ErrOff
		}
		if s.is(a.Push.Reserved) && now.Before(a.Push.ReservedUntil) {
			return errUnderWay
		}
		if limit := pushLimit(a.Push, now); limit != nil {
			return limit
		}
		a.Push.Sent = append(recent(a.Push.Sent, now), now)
		replaced, a.Push.Live = a.Push.Live, ""
		a.Push.Reserved, a.Push.ReservedUntil = s.Binding, now.Add(reservation)
		acct, at = a.Clone(), now
		return nil
	})
	if errors.Is(err, errUnderWay) {
		return "", nil
	}
	if err != nil {
		return "", err
	}

	if err := r.giveUp(ctx, replaced, store.Replaced); err != nil {
		return "", err
	}

	// From here to finish, nothing is held but the reservation.
	token, c, err := r.create(ctx, acct, s)
	finish := r.updateAccount(ctx, user.ID, func(a *store.Account) error {
		if !s.is(a.Push.Reserved) || !a.Push.ReservedUntil.Equal(acct.Push.ReservedUntil) {
			return nil // another session's request came in between: this one is replaced
		}
		a.Push.Reserved, a.Push.ReservedUntil = "", time.Time{}
		if err == nil && a.Epoch == c.Epoch {
			a.Push.Live = c.ID
		}
		if errors.Is(err, client.ErrCircuitOpen) {
			unsend(&a.Push, at)
		}
		return nil
	})
	if err := errors.Join(err, finish); err != nil {
		return "", err
	}
	return token, nil
}

// over is the error that a mark means, if any.
func over(m Mark) error {
	if m.Over {
		return ErrSessionOver
	}
	return nil
}

// giveUp ends a challenge, if there is one, that could still be used.
func (r *Rules) giveUp(ctx context.Context, id string, state store.ChallengeState) error {
	if id == "" {
		return nil
	}
	err := r.cfg.Store.UpdateChallenge(ctx, id, func(c *store.Challenge) error {
		if c.State == store.Pending || c.State == store.Approved {
			c.State = state
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	r.waiting.wake(id)
	return err
}

// create asks the service for a session and its number, and stores the
// challenge. The phone may answer as soon as there is a session.
func (r *Rules) create(ctx context.Context, acct store.Account, s Session) (token string, c store.Challenge, err error) {
	token, err = r.cfg.Service.CreateSession(ctx, acct.Email)
	if err != nil {
		return "", c, err
	}
	now := r.cfg.Now()
	c = store.Challenge{
		ID:        hash(token),
		UserID:    acct.UserID,
		Binding:   s.Binding,
		Epoch:     acct.Epoch,
		Mode:      store.NumberMatch,
		CreatedAt: now,
		ExpiresAt: now.Add(r.cfg.TokenLifetime),
		ForgetAt:  now.Add(r.cfg.TokenLifetime + forgetAfter),
	}
	err = r.cfg.Store.CreateChallenge(ctx, c)
	if errors.Is(err, store.ErrExists) {
		return "", c, &client.Error{Op: "CreateSession", Kind: client.Protocol, Message: "the service gave the same session token twice"}
	}
	if err != nil {
		return "", c, fmt.Errorf("factor: new challenge: %w", err)
	}
	number, err := r.cfg.Service.SecretNumber(ctx, token)
	if err != nil {
		return "", c, errors.Join(err, r.giveUp(ctx, c.ID, store.Void))
	}
	err = r.cfg.Store.UpdateChallenge(ctx, c.ID, func(c *store.Challenge) error {
		c.Number = number
		return nil
	})
	return token, c, err
}

// A Decision says what became of a report of the service.
type Decision uint8

const (
	DecisionUnknown  Decision = iota // no such challenge; the zero value
	DecisionTaken                    // it decided the challenge
	DecisionRepeated                 // the same had been reported before
	DecisionTooLate                  // the challenge was decided otherwise, used, given up or expired: no change
)

// Decide takes what the service reports of the challenge with that session
// token. The first decision stands.
func (r *Rules) Decide(ctx context.Context, token string, approved bool) (Decision, error) {
	id := hash(token)
	var (
		decision Decision
		c        store.Challenge
	)
	err := r.cfg.Store.UpdateChallenge(ctx, id, func(ch *store.Challenge) error {
		decision = decide(ch, approved, r.cfg.Now())
		c = *ch
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return DecisionUnknown, nil
	}
	if err != nil {
		return DecisionUnknown, err
	}
	r.waiting.wake(id)
	if c.State == store.Rejected && decision != DecisionTooLate {
		// For a repeated report too: the first may have been cut off here.
		err = r.pausePush(ctx, c)
	}
	return decision, err
}

func decide(c *store.Challenge, approved bool, now time.Time) Decision {
	switch c.State {
	case store.Pending:
		if !now.Before(c.ExpiresAt) {
			return DecisionTooLate
		}
		c.State, c.DecidedAt = store.Rejected, now
		if approved {
			c.State = store.Approved
		}
		return DecisionTaken
	case store.Approved, store.Consumed:
		if approved {
			return DecisionRepeated
		}
	case store.Rejected:
		if !approved {
			return DecisionRepeated
		}
	case store.Void, store.Replaced:
	}
	return DecisionTooLate
}

func (r *Rules) pausePush(ctx context.Context, c store.Challenge) error {
	until := c.DecidedAt.Add(rejectionPause)
	return r.updateAccount(ctx, c.UserID, func(acct *store.Account) error {
		if acct.Push.PausedUntil.Before(until) {
			acct.Push.PausedUntil = until
		}
		return nil
	})
}

// errNotApproved ends an update that finds nothing to consume.
var errNotApproved = errors.New("factor: challenge isn't approved")

// Consume turns the approval of the session's challenge into a grant that lasts
// until that time, and returns the grant's secret. It returns "" if there is no
// approval: of any number of requests at once, one gets it.
func (r *Rules) Consume(ctx context.Context, user User, s Session, until time.Time) (secret string, err error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return "", err
	}
	view, err := r.look(ctx, acct, s)
	if err != nil || view.Phase != PhaseApproved {
		return "", err
	}
	// The grant comes first: nobody knows its secret yet, so that a crash
	// between the two leaves nothing behind that could be used.
	secret, err = r.grant(ctx, store.Grant{
		UserID: user.ID, Epoch: acct.Epoch, Method: store.MethodPush, Binding: s.Binding, ExpiresAt: until,
	})
	if err != nil {
		return "", err
	}
	err = r.cfg.Store.UpdateChallenge(ctx, view.ID, func(c *store.Challenge) error {
		if c.State != store.Approved || !r.cfg.Now().Before(c.ExpiresAt) {
			return errNotApproved
		}
		c.State, c.GrantID = store.Consumed, hash(secret)
		return nil
	})
	if err == nil {
		r.waiting.wake(view.ID)
		r.forgive(ctx, acct)
		return secret, nil
	}
	err = errors.Join(notApprovedIsNone(err), r.Revoke(ctx, secret))
	return "", err
}

func notApprovedIsNone(err error) error {
	if errors.Is(err, errNotApproved) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Unconsume takes back a Consume whose session couldn't be unlocked, so that
// the next request can try again.
func (r *Rules) Unconsume(ctx context.Context, user User, s Session, secret string) error {
	revoke := r.Revoke(ctx, secret)
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return errors.Join(revoke, err)
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return errors.Join(revoke, err)
	}
	err = r.cfg.Store.UpdateChallenge(ctx, c.ID, func(c *store.Challenge) error {
		if c.State == store.Consumed && c.GrantID == hash(secret) {
			c.State, c.GrantID = store.Approved, ""
		}
		return nil
	})
	return errors.Join(revoke, err)
}

// forgive forgets the wrong codes of somebody who has proved it otherwise: a
// guesser must not lock the owner out for good.
func (r *Rules) forgive(ctx context.Context, acct store.Account) {
	if acct.Failures == 0 {
		return
	}
	err := r.updateAccount(ctx, acct.UserID, func(a *store.Account) error {
		a.Failures, a.LockedUntil = 0, time.Time{}
		return nil
	})
	if err != nil {
		r.cfg.Log.ErrorContext(ctx, "eagate: wrong codes not forgotten", slog.String("user", acct.UserID), slog.Any("error", err))
	}
}

// Abandon voids the challenge of a session that is over, the one that is just
// being created too, and whatever grant its approval was turned into.
func (r *Rules) Abandon(ctx context.Context, user User, s Session) error {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return err
	}
	if s.is(acct.Push.Reserved) {
		err = r.updateAccount(ctx, user.ID, func(a *store.Account) error {
			if s.is(a.Push.Reserved) {
				a.Push.Reserved, a.Push.ReservedUntil = "", time.Time{}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return err
	}
	var grantID string
	err = r.cfg.Store.UpdateChallenge(ctx, c.ID, func(c *store.Challenge) error {
		grantID = c.GrantID
		c.State = store.Void
		return nil
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	r.waiting.wake(c.ID)
	return r.revokeID(ctx, grantID)
}
