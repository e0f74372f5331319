package factor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

var (
	// ErrOtherBrowser says that another browser of the session has begun a challenge,
	// or is about to, which is still live.
	ErrOtherBrowser = errors.New("factor: another browser of the session has begun a challenge")

	// errUnderWay ends an update that finds another request of the same browser at
	// work.
	errUnderWay = errors.New("factor: challenge is being created")

	// errBegun ends an update that finds another challenge than the one that was
	// looked at before.
	errBegun = errors.New("factor: another challenge was begun meanwhile")
)

// Begin sends a new request to the user's phone, which voids an earlier one that is
// pending, and returns the service's session token, to be kept in the session. The
// challenge belongs to the browser with that hash. While another request of the same
// browser is at it, Begin returns no token and no error. A [*PushLimit] says that the
// phone must be left in peace, and [ErrNoPush] that it isn't asked; any error that the
// service caused is a [*client.Error].
func (r *Rules) Begin(ctx context.Context, user eagate.User, s Session, browser string) (token string, err error) {
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

	s.Browsers = append(slices.Clone(s.Browsers), browser)
	got, err := r.reserve(ctx, user, s, browser, basis, address)
	for n := 0; errors.Is(err, errBegun) && n < maxBegun; n++ {
		got, err = r.reserve(storelimit.Fresh(ctx), user, s, browser, basis, address)
	}
	if errors.Is(err, errUnderWay) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if got.missed.counted {
		r.emit(ctx, eagate.Event{Kind: eagate.EventNotApproved, UserID: user.ID, Email: user.Email, Method: eagate.Push, Reason: reasonNoAnswer})
		r.emitPushPaused(ctx, user, got.missed)
	}
	if limit := got.limit; limit != nil {
		r.emitFrequent(ctx, eagate.Event{Kind: eagate.EventPushLimited, UserID: user.ID, Email: user.Email, Method: eagate.Push, Reason: limit.reason(), Until: limit.Until}, user.ID)
		return "", limit
	}

	if err := r.giveUp(ctx, got.replaced, records.Replaced); err != nil {
		return "", err
	}

	// From here to finish, nothing is held but the reservation.
	token, c, err := r.create(ctx, got.acct, s, browser)
	live := false
	finish := r.updateAccount(ctx, user.ID, func(a *records.Account) error {
		live = false
		if a.Push.ReservedBy != browser || !a.Push.ReservedUntil.Equal(got.acct.Push.ReservedUntil) {
			return nil // given up, or another request came in between: this one is replaced
		}
		unreserve(&a.Push)
		if live = err == nil; live { // another epoch or era would have taken the reservation
			a.Push.Live = c.ID
		}
		if err != nil {
			withdraw(&a.Push)
		}
		if errors.Is(err, client.ErrCircuitOpen) {
			unsend(&a.Push, got.at)
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
		r.emitFrequent(ctx, eagate.Event{Kind: eagate.EventPushFailed, UserID: user.ID, Email: user.Email, Method: eagate.Push, Err: err}, of)
	case err == nil:
		r.emit(ctx, eagate.Event{Kind: eagate.EventPushSent, UserID: user.ID, Email: user.Email, Method: eagate.Push})
	}
	if err := errors.Join(err, finish); err != nil {
		return "", err
	}
	if !live {
		return "", r.giveUp(ctx, c.ID, records.Replaced)
	}
	return token, nil
}

// maxBegun is how often Begin looks again where others are faster.
const maxBegun = 5

// A reserved is what came of taking the place of the one challenge that a user can have
// for a new one.
type reserved struct {
	acct     records.Account
	at       time.Time
	replaced string     // the challenge that had it, of another session, say
	missed   unapproved // the request that was sent before, if it has run out
	limit    *PushLimit
}

// reserve takes the place for a new challenge. If the phone must be left in peace, that
// is no error.
func (r *Rules) reserve(ctx context.Context, user eagate.User, s Session, browser string, basis Basis, address records.Address) (p reserved, err error) {
	seen, err := r.Account(ctx, user.ID)
	if err != nil {
		return p, err
	}
	view, err := r.Look(ctx, seen, s)
	if err != nil {
		return p, err
	}
	if view.Phase == PhaseElsewhere {
		return p, ErrOtherBrowser
	}
	err = r.updateAccount(ctx, user.ID, func(a *records.Account) error {
		// A logout marks the session, and then takes back what it has reserved.
		if mark, err := r.SessionEnd(storelimit.Fresh(ctx), user, s); err != nil || mark.Over {
			return errors.Join(err, over(mark))
		}
		now := r.cfg.Now()
		p = reserved{}
		if a.State != records.On {
			return ErrOff
		}
		if err := basis.check(a); err != nil {
			return err
		}
		if !canPush(a, address) {
			return ErrNoPush
		}
		if s.is(a.Push.Reserved) && active(a.Push.ReservedUntil, now, reservation) {
			if s.began(a.Push.ReservedBy) {
				return errUnderWay
			}
			return ErrOtherBrowser
		}
		if a.Push.Live != seen.Push.Live {
			return errBegun
		}
		var err error
		if p.missed, err = r.countUnanswered(ctx, &a.Push, now); err != nil {
			return err
		}
		if p.limit = pushLimit(a.Push, now); p.limit != nil {
			if p.missed.counted {
				return nil
			}
			return records.ErrUnchanged
		}
		sendPush(&a.Push, now)
		p.replaced, a.Push.Live = a.Push.Live, ""
		a.Push.Reserved, a.Push.ReservedBy, a.Push.ReservedUntil = s.Binding, browser, now.Add(reservation)
		p.acct, p.at = *a, now
		return nil
	})
	return p, err
}

func unreserve(p *records.Push) {
	p.Reserved, p.ReservedBy, p.ReservedUntil = "", "", time.Time{}
}

// Withdraw voids the session's challenge, the one that is just being created too, unless
// it was consumed. The session goes on.
func (r *Rules) Withdraw(ctx context.Context, user eagate.User, s Session) error {
	acct, err := r.Account(ctx, user.ID)
	if err == nil && s.is(acct.Push.Reserved) {
		err = r.dropReservation(ctx, user.ID, func(p records.Push) bool { return s.is(p.Reserved) })
	}
	if err != nil {
		return err
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return err
	}
	return r.giveUp(ctx, c.ID, records.Void)
}

// dropReservation has a challenge that is being created not come into force, if it is one
// of those.
func (r *Rules) dropReservation(ctx context.Context, userID string, ofThose func(records.Push) bool) error {
	return r.updateAccount(ctx, userID, func(a *records.Account) error {
		if !ofThose(a.Push) {
			return records.ErrUnchanged
		}
		unreserve(&a.Push)
		return nil
	})
}

// MakeRoom voids the session's challenge if it is pending, in whichever browser, so that
// this one can begin another. One that was approved stays: if another browser has begun
// it, the error is [ErrOtherBrowser].
func (r *Rules) MakeRoom(ctx context.Context, user eagate.User, s Session) error {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return err
	}
	if s.is(acct.Push.Reserved) && !s.began(acct.Push.ReservedBy) {
		by := acct.Push.ReservedBy
		if err := r.dropReservation(ctx, user.ID, func(p records.Push) bool { return p.ReservedBy == by }); err != nil {
			return err
		}
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return err
	}
	err = r.cfg.Records.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
		if phase(&acct, *c, r.cfg.Now()) == PhaseApproved && !s.began(c.Browser) {
			return ErrOtherBrowser
		}
		if c.State == records.Pending {
			c.State = records.Replaced
		}
		return nil
	})
	return ignore(err, records.ErrNotFound)
}

// over is the error that a mark means, if any.
func over(m SessionEnd) error {
	if m.Over {
		return ErrSessionOver
	}
	return nil
}

// giveUp ends a challenge, if there is one, that could still be used. A newer one
// doesn't end it when it was approved.
func (r *Rules) giveUp(ctx context.Context, id string, state records.ChallengeState) error {
	if id == "" {
		return nil
	}
	err := r.cfg.Records.UpdateChallenge(ctx, id, func(c *records.Challenge) error {
		if c.State == records.Pending || c.State == records.Approved && state != records.Replaced {
			c.State = state
		}
		return nil
	})
	return ignore(err, records.ErrNotFound)
}

// create asks the service for a session and, unless its own page shows it, the
// number, and stores the challenge. The phone may answer as soon as there is a session.
func (r *Rules) create(ctx context.Context, acct records.Account, s Session, browser string) (token string, c records.Challenge, err error) {
	token, err = r.cfg.Service.CreateSession(ctx, acct.Email)
	if err != nil {
		return "", c, err
	}
	now := r.cfg.Now()
	c = records.Challenge{
		ID:        hash(token),
		UserID:    acct.UserID,
		Binding:   s.Binding,
		Browser:   browser,
		Ends:      s.Ends,
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
	r.early.created(c.ID)
	if c.Mode != eagate.NumberMatch {
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
