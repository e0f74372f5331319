package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// ErrSessionOver says that the session was logged out or rejected, or goes on under
// another ID: a late response, or somebody who knew its ID, has brought it back.
var ErrSessionOver = errors.New("factor: the session is over")

// A Mark says that a session is over. It is in the store, because a session
// itself can be written back by whoever still holds it.
type Mark struct {
	Over     bool
	Ended    bool // it was logged out, under whatever ID, or rejected; else it goes on under another ID
	Rejected bool // a request to unlock it was rejected on the phone

	// Until is, of a session that goes on under another ID, when it would have ended by
	// itself.
	Until time.Time
}

// markID is another for each user: an application that doesn't renew a session
// when somebody else logs in must not stop them by it.
func markID(user eagate.User, s Session) string {
	return hash("eagate mark\x00" + s.Binding + "\x00" + user.ID)
}

// Mark returns what is known of the end of the user's session.
func (r *Rules) Mark(ctx context.Context, user eagate.User, s Session) (Mark, error) {
	if s.Binding == "" {
		return Mark{}, nil
	}
	g, err := r.cfg.Records.Grant(ctx, markID(user, s))
	if errors.Is(err, records.ErrNotFound) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	mark := Mark{Over: true, Rejected: g.Kind == records.KindRejected, Until: g.ExpiresAt}
	for g.Kind == records.KindMoved && err == nil {
		g, err = r.cfg.Records.Grant(ctx, g.Successor)
	}
	if err != nil && !errors.Is(err, records.ErrNotFound) {
		return Mark{}, err
	}
	mark.Ended = err != nil || g.Kind != records.KindProof
	return mark, nil
}

// Move marks that the session goes on under another ID, with the grant of that
// secret. That can happen once. Otherwise, and if the session was logged out
// meanwhile, the new grant is revoked and Move returns [ErrSessionOver]; but a code takes
// over from the grant that the session goes on with, as long as there is one: it may
// never have reached the browser. The same form, sent twice, doesn't: it is the first to
// get here that counts.
func (r *Rules) Move(ctx context.Context, user eagate.User, s Session, secret string, method eagate.Method, until time.Time) error {
	if s.Binding == "" {
		return nil
	}
	mark := records.Grant{
		ID: markID(user, s), UserID: user.ID, Kind: records.KindMoved,
		Binding: s.Binding, Successor: hash(secret), Form: r.formID(user.ID, s), ExpiresAt: until,
	}
	if err := r.sealSuccessor(ctx, &mark, s, secret); err != nil {
		return err
	}
	err := again(func() error { return r.cfg.Records.CreateGrant(ctx, mark) }, records.ErrExists)
	if !errors.Is(err, records.ErrExists) {
		return err
	}
	var earlier string
	err = r.cfg.Records.UpdateGrant(ctx, mark.ID, func(g *records.Grant) error {
		earlier = ""
		if g.Kind == records.KindMoved && g.Successor == mark.Successor {
			return nil // by the first try, whose answer was lost
		}
		if g.Kind != records.KindMoved || !Typed(method) || mark.Form != "" && g.Form == mark.Form {
			return ErrSessionOver
		}
		earlier, g.Successor, g.ExpiresAt = g.Successor, mark.Successor, mark.ExpiresAt
		g.Form, g.Sealed = mark.Form, mark.Sealed
		return nil
	})
	if errors.Is(err, ErrSessionOver) {
		return errors.Join(err, r.Revoke(ctx, secret))
	}
	if err != nil || earlier == "" {
		return err
	}
	goesOn := false
	err = r.revokeAll(ctx, earlier, func(g records.Grant) { goesOn = g.Kind == records.KindProof })
	if err == nil && !goesOn { // it was logged out under its other ID
		err = errors.Join(ErrSessionOver, r.Revoke(ctx, secret))
	}
	return err
}

// Typed reports whether something is proved by typing a code: whoever does that is
// at the browser right now.
func Typed(method eagate.Method) bool {
	return method == eagate.TOTP || method == eagate.Recovery
}

// End marks that the user has logged out of the session, which no longer goes by
// that ID, and revokes the grant that it went on with. Done again, after a crash
// in the middle perhaps, it does the same again.
func (r *Rules) End(ctx context.Context, user eagate.User, s Session, until time.Time) error {
	mark := records.Grant{ID: markID(user, s), UserID: user.ID, Kind: records.KindEnded, Binding: s.Binding}
	mark.ExpiresAt = r.overUntil(until)
	err := r.cfg.Records.CreateGrant(ctx, mark)
	var successor string
	if errors.Is(err, records.ErrExists) {
		err = r.cfg.Records.UpdateGrant(ctx, mark.ID, func(g *records.Grant) error {
			if g.Kind == records.KindRejected {
				return ErrSessionOver // and stays so: it isn't left to be deleted
			}
			g.Kind, successor = records.KindEnded, g.Successor
			if g.ExpiresAt.Before(mark.ExpiresAt) {
				g.ExpiresAt = mark.ExpiresAt
			}
			return nil
		})
	}
	if errors.Is(err, ErrSessionOver) {
		return nil
	}
	r.leave(ctx, user.ID, mark.ExpiresAt, mark.ID)
	return errors.Join(err, r.revokeID(ctx, successor))
}

// overUntil is until when a mark is kept of a session that is over, and would have ended
// then: what brings it back may put that off.
func (r *Rules) overUntil(end time.Time) time.Time {
	now := r.cfg.Now()
	until, _ := keptUntil(now, end, now)
	return until
}

// Reject marks that a request to unlock the session was rejected on the phone: nothing
// unlocks it any more, although its challenge will be forgotten and a late response may
// bring it back. Where it went on under another ID before, unlocked, that stands.
func (r *Rules) Reject(ctx context.Context, user eagate.User, s Session) error {
	if s.Binding == "" || s.Ends.IsZero() {
		return nil
	}
	err := r.cfg.Records.CreateGrant(ctx, records.Grant{
		ID: markID(user, s), UserID: user.ID, Kind: records.KindRejected, Binding: s.Binding, ExpiresAt: r.overUntil(s.Ends),
	})
	if errors.Is(err, records.ErrExists) {
		return nil
	}
	return err
}

// Abandon voids what a session has begun that is over: its enrolment, its challenge,
// the one that is just being created too, and whatever grant its approval was turned
// into; and its browser sees new recovery codes no longer.
func (r *Rules) Abandon(ctx context.Context, user eagate.User, s Session) error {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return err
	}
	if s.is(acct.Push.Reserved) || s.staged(acct) {
		err = r.updateAccount(ctx, user.ID, func(a *records.Account) error {
			if s.is(a.Push.Reserved) {
				unreserve(&a.Push)
			}
			if s.staged(*a) {
				a.Staged = nil
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := r.endNewCodes(ctx, acct, s); err != nil {
		return err
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return err
	}
	var grantID string
	err = r.cfg.Records.UpdateChallenge(ctx, c.ID, func(c *records.Challenge) error {
		grantID = c.GrantID
		c.State = records.Void
		return nil
	})
	if err != nil && !errors.Is(err, records.ErrNotFound) {
		return err
	}
	return r.revokeID(ctx, grantID)
}
