package factor

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// An Entry is a grant by which a session is unlocked.
type Entry struct {
	Secret string        // of the grant
	Method eagate.Method // by which it was given right now; zero if the session is back with one that was given before
}

// Typed reports whether something is proved by typing a code: the user is at the browser
// right now.
func Typed(method eagate.Method) bool {
	return method == eagate.TOTP || method == eagate.Recovery
}

// Succeed records that the user's session goes on under another ID, with the entry's
// grant; and, if the session was verified, that this grant takes the place of the one with
// the secret previous. Both can happen once. If another request was first, or the session
// was logged out meanwhile, the entry's grant is revoked and Succeed returns
// [ErrSessionOver]; but a code takes over from the grant that came first, as long as that
// is in force: it may never have reached the browser. The same form, sent twice, doesn't.
//
// What is kept of the former ID and of the previous grant leads on to the new grant: a
// logout by either ends that too. After any other error, both may have happened or not.
func (r *Rules) Succeed(ctx context.Context, user eagate.User, s Session, previous string, e Entry, until time.Time) error {
	err := r.succeedSession(ctx, user, s, e, until)
	if err == nil && previous != "" {
		err = r.succeedGrant(ctx, previous, e)
	}
	if errors.Is(err, ErrSessionOver) {
		err = errors.Join(err, r.Revoke(ctx, e.Secret))
	}
	return err
}

// succeedSession marks the session's present ID as moved.
func (r *Rules) succeedSession(ctx context.Context, user eagate.User, s Session, e Entry, until time.Time) error {
	if s.Binding == "" {
		return nil
	}
	mark := records.Grant{
		ID: markID(user, s), UserID: user.ID, Kind: records.KindMoved,
		Binding: s.Binding, Successor: hash(e.Secret), Form: r.formID(user.ID, s), ExpiresAt: until,
	}
	if err := r.sealSuccessor(ctx, &mark, s, e.Secret); err != nil {
		return err
	}
	err := retryOnce(func() error { return r.cfg.Records.CreateGrant(ctx, mark) }, records.ErrExists)
	if !errors.Is(err, records.ErrExists) {
		return err
	}
	before, err := r.leadOn(ctx, mark, e.Method)
	if err != nil || before.Successor == mark.Successor {
		return err
	}
	goesOn := false
	err = r.revokeAll(ctx, before.Successor, func(g records.Grant) { goesOn = g.Kind == records.KindProof })
	if err == nil && !goesOn { // it was logged out under its other ID
		err = ErrSessionOver
	}
	return err
}

// succeedGrant marks the session's previous grant as moved.
func (r *Rules) succeedGrant(ctx context.Context, previous string, e Entry) error {
	next := records.Grant{ID: hash(previous), Successor: hash(e.Secret)}
	before, err := r.leadOn(ctx, next, e.Method)
	if errors.Is(err, records.ErrNotFound) {
		err = ErrSessionOver // logged out, or no longer in force
	}
	if err != nil {
		return err
	}
	r.leave(ctx, before.UserID, before.ExpiresAt, next.ID, markID(eagate.User{ID: before.UserID}, Session{Binding: before.Binding}))
	if before.Successor == next.Successor {
		return nil
	}
	return r.revokeID(ctx, before.Successor)
}

// leadOn has the record with next's ID lead on to next's successor, and returns it as it
// was. It is the one place that decides whether it may.
func (r *Rules) leadOn(ctx context.Context, next records.Grant, method eagate.Method) (before records.Grant, err error) {
	defer r.cache.forgetGrant(next.ID)
	err = retryOnce(func() error {
		return r.cfg.Records.UpdateGrant(ctx, next.ID, func(g *records.Grant) error {
			before = *g
			switch g.Kind {
			case records.KindProof:
			case records.KindMoved:
				if g.Successor == next.Successor {
					return nil // by the first try, whose answer was lost
				}
				if !Typed(method) || next.Form != "" && g.Form == next.Form {
					return ErrSessionOver
				}
			case records.KindEnded, records.KindRejected, records.KindLeft, records.KindCodes:
				return ErrSessionOver
			}
			g.Kind, g.Successor = records.KindMoved, next.Successor
			if next.Kind == records.KindMoved { // a mark
				g.Form, g.Sealed, g.ExpiresAt = next.Form, next.Sealed, next.ExpiresAt
			}
			return nil
		})
	}, ErrSessionOver, records.ErrNotFound)
	return before, err
}

// EndPrevious ends the previous grant of a session that was logged out while it was being
// renewed: the logout found its former ID without the grant, which a slow request may
// write back. Where another request was first, the grant leads on to that one's.
func (r *Rules) EndPrevious(ctx context.Context, user eagate.User, s Session, previous string) error {
	end, err := r.SessionEnd(ctx, user, s)
	if err != nil {
		return err
	}
	if end.Ended {
		return r.EndGrant(ctx, previous)
	}
	mark, err := r.cfg.Records.Grant(ctx, markID(user, s))
	if err != nil || mark.Kind != records.KindMoved {
		return ignore(err, records.ErrNotFound)
	}
	id := hash(previous)
	defer r.cache.forgetGrant(id)
	err = r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
		if g.Kind != records.KindProof || g.UserID != user.ID {
			return records.ErrUnchanged
		}
		g.Kind, g.Successor = records.KindMoved, mark.Successor
		return nil
	})
	return ignore(err, records.ErrNotFound)
}

// retryOnce does something once more if it fails by a fault of the store, rather than
// with one of these answers: one lost answer must not cost a user the approval.
func retryOnce(do func() error, answers ...error) error {
	err := do()
	if ignore(err, answers...) != nil {
		err = do()
	}
	return err
}

const successorPurpose = "successor"

// A successor is how a session goes on under another ID.
type successor struct {
	Secret string    `json:"secret"` // of the grant
	Route  string    `json:"route,omitempty"`
	At     time.Time `json:"at"`            // since when
	Era    uint64    `json:"era,omitempty"` // of the account, then
}

// successorOwner is what a mark's successor is sealed to, beside the browser's secret.
func successorOwner(mark records.Grant) string {
	return mark.ID + " " + mark.Successor + " " + mark.UserID
}

// sealSuccessor has a mark lead the browser that has unlocked the session to where the
// session goes on.
func (r *Rules) sealSuccessor(ctx context.Context, mark *records.Grant, s Session, secret string) error {
	if len(s.Secrets) == 0 {
		return nil
	}
	acct, err := r.Account(ctx, mark.UserID)
	if err != nil {
		return err
	}
	keys, err := r.cfg.Keys.With(s.Secrets[len(s.Secrets)-1])
	if err != nil {
		return err
	}
	plain, err := json.Marshal(successor{secret, s.Form.Route, r.cfg.Now(), acct.Era})
	if err != nil {
		return err
	}
	mark.Sealed = keys.Seal(plain, successorPurpose, successorOwner(*mark))
	return nil
}

// Successor returns the secret of the grant that the session goes on with, under another
// ID, if the request's browser has unlocked it a moment ago, and the grant is in force;
// else "". It also returns the route of the form by which that was.
func (r *Rules) Successor(ctx context.Context, user eagate.User, s Session) (secret, route string, err error) {
	if s.Binding == "" || len(s.Secrets) == 0 {
		return "", "", nil
	}
	ctx = storelimit.Fresh(ctx) // another request may just have unlocked it
	mark, err := r.cfg.Records.Grant(ctx, markID(user, s))
	if err != nil || mark.Kind != records.KindMoved {
		return "", "", ignore(err, records.ErrNotFound)
	}
	next, ok, err := r.openSuccessor(mark, s)
	if err != nil || !ok || !r.justNow(next.At) {
		return "", "", err
	}
	acct, err := r.Account(ctx, user.ID)
	// A change of password ends it, though the grant stays in force, and so does a hold.
	if err != nil || acct.Era != next.Era || !acct.HeldSince.IsZero() {
		return "", "", err
	}
	verdict, g, err := r.CheckAnew(ctx, user.ID, next.Secret)
	if err != nil || verdict != Verified || !s.is(g.Binding) {
		return "", "", err
	}
	return next.Secret, next.Route, nil
}

// openSuccessor opens what sealSuccessor has sealed.
func (r *Rules) openSuccessor(mark records.Grant, s Session) (next successor, ok bool, err error) {
	if mark.Sealed == nil {
		return successor{}, false, nil
	}
	for _, secret := range slices.Backward(s.Secrets) {
		keys, err := r.cfg.Keys.With(secret)
		if err != nil {
			return successor{}, false, err
		}
		plain, err := keys.Open(mark.Sealed, successorPurpose, successorOwner(mark))
		if err != nil {
			continue // another browser's
		}
		err = json.Unmarshal(plain, &next)
		return next, err == nil, err
	}
	return successor{}, false, nil
}
