package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/store"
)

// ErrSessionOver says that the session was logged out, or goes on under another
// ID: a late response, or somebody who knew its ID, has brought it back.
var ErrSessionOver = errors.New("factor: the session is over")

// A Mark says that a session is over. It is in the store, because a session
// itself can be written back by whoever still holds it.
type Mark struct {
	Over  bool
	Ended bool // it was logged out; else it goes on under another ID

	// Until is when the session would have ended by itself.
	Until time.Time

	successor string // the ID of the grant that it goes on with
}

// markID is another for each user: an application that doesn't renew a session
// when somebody else logs in must not stop them by it.
func markID(user User, s Session) string {
	return hash("eagate mark\x00" + s.Binding + "\x00" + user.ID)
}

// Mark returns what is known of the end of the user's session.
func (r *Rules) Mark(ctx context.Context, user User, s Session) (Mark, error) {
	if s.Binding == "" {
		return Mark{}, nil
	}
	g, err := r.cfg.Store.Grant(ctx, markID(user, s))
	if errors.Is(err, store.ErrNotFound) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	return Mark{Over: true, Ended: g.Kind == store.KindEnded, Until: g.ExpiresAt, successor: g.Successor}, nil
}

// Move marks that the session goes on under another ID, with the grant of that
// secret. That can happen once. Otherwise, and if the session was logged out
// meanwhile, the new grant is revoked and Move returns [ErrSessionOver]; but
// whoever gave a code takes over from the grant that the session went on with.
func (r *Rules) Move(ctx context.Context, user User, s Session, secret string, method store.Method, until time.Time) error {
	if s.Binding == "" {
		return nil
	}
	mark := store.Grant{
		ID: markID(user, s), UserID: user.ID, Kind: store.KindMoved,
		Binding: s.Binding, Successor: hash(secret), ExpiresAt: until,
	}
	err := r.cfg.Store.CreateGrant(ctx, mark)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	earlier, err := r.Mark(ctx, user, s)
	if err != nil {
		return err
	}
	if earlier.Ended || method != store.MethodTOTP {
		return errors.Join(ErrSessionOver, r.Revoke(ctx, secret))
	}
	return errors.Join(r.revokeID(ctx, earlier.successor), r.remark(ctx, mark))
}

// End marks that the user has logged out of the session, which no longer goes by
// that ID, and revokes the grant that it went on with.
func (r *Rules) End(ctx context.Context, user User, s Session, until time.Time) error {
	mark := store.Grant{
		ID: markID(user, s), UserID: user.ID, Kind: store.KindEnded, Binding: s.Binding, ExpiresAt: until,
	}
	err := r.cfg.Store.CreateGrant(ctx, mark)
	if errors.Is(err, store.ErrExists) {
		var earlier Mark
		if earlier, err = r.Mark(ctx, user, s); err == nil && !earlier.Ended {
			mark.ExpiresAt = earlier.Until
			err = errors.Join(r.revokeID(ctx, earlier.successor), r.remark(ctx, mark))
		}
	}
	return err
}

// remark puts a mark in the place of another.
func (r *Rules) remark(ctx context.Context, mark store.Grant) error {
	return errors.Join(r.cfg.Store.DeleteGrant(ctx, mark.ID), r.cfg.Store.CreateGrant(ctx, mark))
}

// revokeID revokes a grant whose secret isn't known here.
func (r *Rules) revokeID(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	defer r.cache.forgetGrants()
	return r.cfg.Store.DeleteGrant(ctx, id)
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
