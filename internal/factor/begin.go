package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// errUnderWay ends an update that finds another request of the same session at
// work.
var errUnderWay = errors.New("factor: challenge is being created")

// Begin sends a new request to the user's phone, which voids any earlier one,
// and returns the service's session token, to be kept in the session. While
// another request of the same session is at it, Begin returns no token and no
// error. A [*PushLimit] says that the phone must be left in peace, and [ErrNoPush]
// that it isn't asked; any error that the service caused is a [*client.Error].
func (r *Rules) Begin(ctx context.Context, user User, s Session) (token string, err error) {
	// The browser may go away in the middle; the phone has been asked then, and
	// the page that comes back should show the number.
	ctx, cancel := detach(ctx)
	defer cancel()
	basis, err := r.Basis(ctx, user.ID)
	if err != nil {
		return "", err
	}
	address, err := r.pushAddress(ctx, user)
	if err != nil {
		return "", err
	}

	var acct records.Account
	var at time.Time
	var replaced string
	var limit *PushLimit
	var missed unapproved
	err = r.updateAccount(ctx, user.ID, func(a *records.Account) error {
		// A logout marks the session, and then takes back what it has reserved.
		if mark, err := r.Mark(storelimit.Fresh(ctx), user, s); err != nil || mark.Over {
			return errors.Join(err, over(mark))
		}
		now := r.cfg.Now()
		limit, missed = nil, unapproved{}
		if a.State != records.On {
			return ErrOff
		}
		if err := basis.check(a); err != nil {
			return err
		}
		if !canPush(a, address) {
			return ErrNoPush
		}
		if s.is(a.Push.Reserved) && holds(a.Push.ReservedUntil, now, reservation) {
			return errUnderWay
		}
		var err error
		if missed, err = r.countUnanswered(ctx, &a.Push, now); err != nil {
			return err
		}
		if limit = pushLimit(a.Push, now); limit != nil {
			if missed.counted {
				return nil
			}
			return errUnchanged
		}
		sendPush(&a.Push, now)
		replaced, a.Push.Live = a.Push.Live, ""
		a.Push.Reserved, a.Push.ReservedUntil = s.Binding, now.Add(reservation)
		acct, at = *a, now
		return nil
	})
	if errors.Is(err, errUnderWay) {
		return "", nil
	}
	if err != nil && !errors.Is(err, errUnchanged) {
		return "", err
	}
	if missed.counted {
		r.emit(ctx, Event{Kind: EventNotApproved, UserID: user.ID, Email: user.Email, Method: records.MethodPush, Reason: reasonNoAnswer})
		r.tellUnapproved(ctx, user, missed)
	}
	if limit != nil {
		r.emitOften(ctx, Event{Kind: EventPushLimited, UserID: user.ID, Email: user.Email, Reason: limit.reason(), Until: limit.Until}, user.ID)
		return "", limit
	}

	if err := r.giveUp(ctx, replaced, records.Replaced); err != nil {
		return "", err
	}

	// From here to finish, nothing is held but the reservation.
	token, c, err := r.create(ctx, acct, s)
	finish := r.updateAccount(ctx, user.ID, func(a *records.Account) error {
		if !s.is(a.Push.Reserved) || !a.Push.ReservedUntil.Equal(acct.Push.ReservedUntil) {
			return nil // given up, or another session's request came in between: this one is replaced
		}
		a.Push.Reserved, a.Push.ReservedUntil = "", time.Time{}
		if err == nil && a.Epoch == c.Epoch && a.Era == c.Era {
			a.Push.Live = c.ID
		}
		if errors.Is(err, client.ErrCircuitOpen) {
			unsend(&a.Push, at)
		}
		return nil
	})
	var fault *client.Error
	switch {
	case errors.As(err, &fault):
		of := fault.Kind.String()
		if fault.Kind == client.Inactive { // which may be about this user's phone
			of += " " + user.ID
		}
		r.emitOften(ctx, Event{Kind: EventPushFailed, UserID: user.ID, Email: user.Email, Err: err}, of)
	case err == nil:
		r.emit(ctx, Event{Kind: EventPushSent, UserID: user.ID, Email: user.Email})
	}
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
func (r *Rules) giveUp(ctx context.Context, id string, state records.ChallengeState) error {
	if id == "" {
		return nil
	}
	err := r.cfg.Records.UpdateChallenge(ctx, id, func(c *records.Challenge) error {
		if c.State == records.Pending || c.State == records.Approved {
			c.State = state
		}
		return nil
	})
	if errors.Is(err, records.ErrNotFound) {
		return nil
	}
	return err
}

// create asks the service for a session and, unless its own page shows it, the
// number, and stores the challenge. The phone may answer as soon as there is a session.
func (r *Rules) create(ctx context.Context, acct records.Account, s Session) (token string, c records.Challenge, err error) {
	token, err = r.cfg.Service.CreateSession(ctx, acct.Email)
	if err != nil {
		return "", c, err
	}
	now := r.cfg.Now()
	c = records.Challenge{
		ID:        hash(token),
		UserID:    acct.UserID,
		Binding:   s.Binding,
		Epoch:     acct.Epoch,
		Era:       acct.Era,
		Mode:      r.cfg.Mode,
		CreatedAt: acct.Push.Open,
		ExpiresAt: now.Add(r.cfg.TokenLifetime),
		ForgetAt:  now.Add(r.cfg.TokenLifetime + forgetAfter),
	}
	err = r.cfg.Records.CreateChallenge(ctx, c)
	if errors.Is(err, records.ErrExists) {
		return "", c, &client.Error{Op: "CreateSession", Kind: client.Protocol, Message: "the service gave the same session token twice"}
	}
	if err != nil {
		return "", c, fmt.Errorf("factor: new challenge: %w", err)
	}
	if c.Mode != records.NumberMatch {
		return token, c, nil // the service's own page shows the number
	}
	number, err := r.cfg.Service.SecretNumber(ctx, token)
	if err != nil {
		return "", c, errors.Join(err, r.giveUp(ctx, c.ID, records.Void))
	}
	err = r.cfg.Records.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
		c.Number = number
		return nil
	})
	return token, c, err
}
