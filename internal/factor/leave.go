package factor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// ErrSessionOver says that the session was logged out or rejected, or goes on under
// another ID: a late response, or somebody who knew its ID, has brought it back.
var ErrSessionOver = errors.New("factor: the session is over")

// A SessionEnd says that a session is over. It is in the store, because a session
// itself can be written back by whoever still holds it.
type SessionEnd struct {
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

// SessionEnd returns what is known of the end of the user's session.
func (r *Rules) SessionEnd(ctx context.Context, user eagate.User, s Session) (SessionEnd, error) {
	if s.Binding == "" {
		return SessionEnd{}, nil
	}
	g, err := r.cfg.Records.Grant(ctx, markID(user, s))
	if err != nil {
		return SessionEnd{}, ignore(err, records.ErrNotFound)
	}
	mark := SessionEnd{Over: true, Rejected: g.Kind == records.KindRejected, Until: g.ExpiresAt}
	for g.Kind == records.KindMoved && err == nil {
		g, err = r.cfg.Records.Grant(ctx, g.Successor)
	}
	if ignore(err, records.ErrNotFound) != nil {
		return SessionEnd{}, err
	}
	mark.Ended = err != nil || g.Kind != records.KindProof
	return mark, nil
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
	if ignore(err, records.ErrNotFound) != nil {
		return err
	}
	return r.revokeID(ctx, grantID)
}

// EndGrant ends the grant with that secret, and those that have taken its place.
func (r *Rules) EndGrant(ctx context.Context, secret string) error {
	var marks []string
	var last records.Grant
	err := r.revokeAll(ctx, hash(secret), func(g records.Grant) {
		last, marks = g, append(marks, markID(eagate.User{ID: g.UserID}, Session{Binding: g.Binding}))
	})
	if marks != nil {
		r.leave(ctx, last.UserID, last.ExpiresAt, marks...)
	}
	return err
}

// revokeID ends the grant with that ID, if there is one, and those that have taken
// its place.
func (r *Rules) revokeID(ctx context.Context, id string) error {
	return r.revokeAll(ctx, id, func(records.Grant) {})
}

// revokeAll is revokeID, and calls ended with each grant as it was.
func (r *Rules) revokeAll(ctx context.Context, id string, ended func(records.Grant)) error {
	for id != "" {
		g, err := r.revokeOne(ctx, id)
		if err != nil {
			return err
		}
		if g.ID != "" {
			ended(g)
		}
		id = g.Successor
	}
	return nil
}

// revokeOne ends a grant, and returns it as it was, or the zero one if there is none. It is
// ended before it is deleted, so that none can take its place meanwhile.
func (r *Rules) revokeOne(ctx context.Context, id string) (ended records.Grant, err error) {
	defer r.cache.forgetGrant(id)
	err = r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
		ended = *g
		g.Kind = records.KindEnded
		return nil
	})
	if err != nil {
		return records.Grant{}, ignore(err, records.ErrNotFound)
	}
	return ended, r.cfg.Records.DeleteGrant(ctx, id)
}

// leftMost is how many records are kept of a user's sessions that are over.
const leftMost = 32

// leave notes that these records of the user, kept until that time, only keep over
// what is over: marks of sessions that were logged out, grants that another has taken
// the place of, and the marks of where those were given. The oldest are deleted when
// there are more than leftMost, so that logging in and out time and again doesn't
// fill the store.
//
// A session whose mark was deleted can be written back by a request that has been
// under way since, as one in which only the password was given: its grant is gone. To
// have a mark deleted takes leftMost logouts, and so the password.
//
// The mark of a session that goes on, verified, under another ID isn't among them: it
// keeps the approval that unlocked it from being used once more.
func (r *Rules) leave(ctx context.Context, userID string, until time.Time, ids ...string) {
	list := records.Grant{ID: hash("eagate left\x00" + userID), UserID: userID, Kind: records.KindLeft}
	var surplus []string
	change := func(g *records.Grant) error {
		g.Left = slices.DeleteFunc(slices.Clone(g.Left), func(id string) bool { return slices.Contains(ids, id) })
		g.Left = append(g.Left, ids...)
		n := max(0, len(g.Left)-leftMost)
		surplus, g.Left = g.Left[:n], g.Left[n:]
		if g.ExpiresAt.Before(until) {
			g.ExpiresAt = until
		}
		return nil
	}
	err := r.cfg.Records.UpdateGrant(ctx, list.ID, change)
	if errors.Is(err, records.ErrNotFound) {
		_ = change(&list)
		err = r.cfg.Records.CreateGrant(ctx, list)
		if errors.Is(err, records.ErrExists) {
			err = r.cfg.Records.UpdateGrant(ctx, list.ID, change)
		}
	}
	if err == nil && len(surplus) > 0 {
		err = r.forgetForm(ctx, userID) // one of the marks may have been all that kept it from unlocking its session anew
	}
	for _, id := range surplus {
		if err == nil {
			err = r.cfg.Records.DeleteGrant(ctx, id)
		}
	}
	if err != nil { // they go when their time is up
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: what a session has left in the store isn't counted",
			slog.String("user", userID), slog.Any("error", err))
	}
}
