package factor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// errNotApproved ends an update that finds nothing to consume.
var errNotApproved = errors.New("factor: challenge isn't approved")

// Consume turns the approval of the session's challenge into a grant that lasts
// until that time, and returns the grant's secret. It returns "" if there is no
// approval: of any number of requests at once, one gets it.
func (r *Rules) Consume(ctx context.Context, user eagate.User, s Session, until time.Time) (secret string, err error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return "", err
	}
	view, err := r.Look(ctx, acct, s)
	if err != nil || view.Phase != PhaseApproved && view.Phase != PhaseConsumed || !acct.HeldSince.IsZero() {
		return "", err
	}
	if good, err := r.checkApproval(ctx, user, acct, view.ID); err != nil || !good {
		return "", err
	}
	former := ""
	if view.Phase == PhaseConsumed {
		if former, err = r.stranded(ctx, user, s, view.ID); former == "" {
			return "", err
		}
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	// The grant comes first: nobody knows its secret yet, so that a crash
	// between the two leaves nothing behind that could be used.
	secret, err = r.newGrant(ctx, records.Grant{
		UserID: user.ID, Epoch: acct.Epoch, Method: eagate.Push, Binding: s.Binding, ExpiresAt: until,
	})
	if err != nil {
		return "", err
	}
	var sent time.Time
	err = retryOnce(func() error {
		return r.cfg.Records.UpdateChallenge(ctx, view.ID, func(c *records.Challenge) error {
			sent = c.CreatedAt
			if c.State == records.Consumed && c.GrantID == hash(secret) {
				return nil // by the first try, whose answer was lost
			}
			consumable := c.State == records.Approved || former != "" && c.State == records.Consumed && c.GrantID == former
			if !consumable || expired(*c, r.cfg.Now()) {
				return errNotApproved
			}
			c.State, c.GrantID = records.Consumed, hash(secret)
			return nil
		})
	}, errNotApproved, records.ErrNotFound)
	if err == nil {
		if err := r.revokeID(ctx, former); err != nil {
			return "", err
		}
		switch err := r.settle(ctx, BasisOf(acct), user.ID, secret); {
		case errors.Is(err, ErrHeld), errors.Is(err, ErrOvertaken):
			return "", nil
		case err != nil: // by a fault: the next request can try again
			return "", errors.Join(err, r.Unconsume(ctx, user, s, secret))
		}
		r.approved(ctx, user.ID, sent)
		r.emit(ctx, eagate.Event{Kind: eagate.EventVerified, UserID: user.ID, Email: user.Email, Method: eagate.Push})
		return secret, nil
	}
	err = errors.Join(ignore(err, errNotApproved, records.ErrNotFound), r.Revoke(ctx, secret))
	return "", err
}

// stranded returns the ID of the grant that the session's challenge was consumed
// for, if it never reached the session: the request that was about to unlock it
// failed, or its node did, and must be over by now. A session that was unlocked has
// another ID, no longer holds the challenge's token, and is marked under its former
// ID; and it is the same browser: each of them keeps somebody who knows that ID from
// getting in by it.
func (r *Rules) stranded(ctx context.Context, user eagate.User, s Session, challengeID string) (grantID string, err error) {
	c, err := r.challenge(ctx, challengeID)
	if err != nil || c.GrantID == "" || !s.began(c.Browser) || s.Token == "" || c.ID != hash(s.Token) {
		return "", err
	}
	g, err := r.cfg.Records.Grant(ctx, c.GrantID)
	if err != nil || g.Kind != records.KindProof || !s.is(g.Binding) || r.cfg.Now().Before(g.VerifiedAt.Add(r.cfg.StoreTimeout+strandedAfter)) {
		return "", ignore(err, records.ErrNotFound)
	}
	if mark, err := r.SessionEnd(ctx, user, s); err != nil || mark.Over {
		return "", err
	}
	return c.GrantID, nil
}

// Unconsume takes back a Consume whose session couldn't be unlocked, so that
// the next request can try again.
func (r *Rules) Unconsume(ctx context.Context, user eagate.User, s Session, secret string) error {
	revoke := r.Revoke(ctx, secret)
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return errors.Join(revoke, err)
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return errors.Join(revoke, err)
	}
	err = r.cfg.Records.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
		if c.State == records.Consumed && c.GrantID == hash(secret) {
			c.State, c.GrantID = records.Approved, ""
		}
		return nil
	})
	return errors.Join(revoke, err)
}

// approved notes that the approval of the request that was sent at that time was used,
// as the proof that it is, and forgives: a guesser must not lock the owner out for good.
func (r *Rules) approved(ctx context.Context, userID string, sent time.Time) {
	err := r.updateAccount(ctx, userID, func(a *records.Account) error {
		forgive(a, r.cfg.Now())
		noteProof(a, eagate.Push, r.cfg.Now())
		usePush(&a.Push, sent)
		return nil
	})
	if err != nil {
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: used approval not noted", slog.String("user", userID), slog.Any("error", err))
	}
}
