package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// StepUp looks whether a verified session of the user has just been approved
// once more on the phone. If so, it returns the new grant, and ok; the session is
// then changed, renewed and saved as by [Sessions.Admit].
func (s *Sessions) StepUp(w http.ResponseWriter, r *http.Request, user eagate.User) (g records.Grant, ok bool, err error) {
	ctx := r.Context()
	ref := s.Ref(r)
	secret, err := s.rules.Consume(ctx, user, ref, s.Until(ctx))
	if err != nil || secret == "" {
		return records.Grant{}, false, err
	}
	err = s.Replace(w, r, user, Entry{Secret: secret, Method: eagate.Push})
	var unsaved *CommitError
	if errors.As(err, &unsaved) {
		err = errors.Join(err, s.rules.Unconsume(context.WithoutCancel(ctx), user, ref, secret))
	}
	verdict, g, err := s.admitted(ctx, user, secret, err)
	return g, verdict == factor.Verified, err
}

// Withdraw drops what a verified session was asked for besides, with the request to the
// phone that waits for it. The error is the store's: the session is asked for nothing
// then, either.
func (s *Sessions) Withdraw(r *http.Request, user eagate.User) error {
	ctx := r.Context()
	s.DropDemand(ctx)
	s.DropNext(ctx)
	if user.ID == "" {
		user = s.Owner(ctx)
	}
	return s.rules.Withdraw(context.WithoutCancel(ctx), user, s.ref(ctx))
}

// Replace is Unlock for a session that is verified: the grant that it holds ends
// where the new one begins. Requests that are still on their way with the
// session's former ID find it locked, but the application's user in it. If it
// was logged out meanwhile, or another request was first, it stays as that left
// it, and Replace returns [factor.ErrSessionOver]. After any other error, the
// session is as verified as before.
func (s *Sessions) Replace(w http.ResponseWriter, r *http.Request, user eagate.User, e Entry) error {
	ctx := context.WithoutCancel(r.Context())
	ref, former := s.ref(ctx), s.scs.GetString(ctx, s.keys[keyGrant])
	err := s.Unlock(w, r, user, e)
	if err == nil {
		if err = s.rules.Succeed(ctx, former, e.Secret, e.Method); errors.Is(err, factor.ErrSessionOver) {
			s.scs.Remove(ctx, s.keys[keyGrant])
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, factor.ErrSessionOver):
		if fault := s.endFormer(ctx, user, ref, former); fault != nil {
			return fault
		}
		return err
	}
	if s.scs.GetString(ctx, s.keys[keyGrant]) != former {
		s.scs.Put(ctx, s.keys[keyGrant], former)
	}
	return errors.Join(err, s.rules.Revoke(ctx, e.Secret))
}

// endFormer ends the former grant of a session that was logged out while it was being
// renewed: the logout found its former ID without the grant, which a slow request may
// write back. Where another request was first, the former grant goes on with that one's.
func (s *Sessions) endFormer(ctx context.Context, user eagate.User, ref factor.Session, former string) error {
	mark, err := s.rules.Mark(ctx, user, ref)
	switch {
	case err != nil:
		return err
	case mark.Ended:
		return s.rules.EndGrant(ctx, former)
	}
	return s.rules.Supersede(ctx, user, ref, former)
}
