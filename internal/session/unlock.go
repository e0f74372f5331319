package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/store"
)

// movedFor is how long a session that was unlocked stays known, locked, under
// its former ID.
const movedFor = time.Minute

// Admit looks whether a locked session of the user can be unlocked right now: by
// an approval on the phone, or because it had been unlocked before a late
// response took the browser back to its former ID. The session is changed,
// renewed and saved when Admit returns Verified; nothing may have been written
// to w before.
func (s *Sessions) Admit(w http.ResponseWriter, r *http.Request, user factor.User) (factor.Verdict, store.Grant, error) {
	ctx := r.Context()
	ref := s.Ref(ctx)
	if cookie, err := r.Cookie(s.cookie.Name); err == nil && cookie.Value != "" {
		verdict, g, err := s.rules.CheckReturning(ctx, user.ID, cookie.Value, ref)
		if err != nil {
			return factor.Locked, g, err
		}
		if verdict == factor.Verified {
			if err := s.Unlock(w, r, cookie.Value); err != nil {
				return factor.Locked, store.Grant{}, err
			}
			return verdict, g, nil
		}
	}
	if s.Moved(ctx) {
		return factor.Locked, store.Grant{}, nil
	}
	secret, err := s.rules.Consume(ctx, user, ref, s.Until(ctx))
	if err != nil || secret == "" {
		return factor.Locked, store.Grant{}, err
	}
	if err := s.Unlock(w, r, secret); err != nil {
		return factor.Locked, store.Grant{}, errors.Join(err, s.rules.Unconsume(context.WithoutCancel(ctx), user, ref, secret))
	}
	return s.rules.Check(ctx, user.ID, secret)
}

// Unlock puts the grant's secret into the session, gives the session a new ID
// under its old deadline, and saves it. If that fails, the browser's session is
// what it was before.
func (s *Sessions) Unlock(w http.ResponseWriter, r *http.Request, secret string) error {
	ctx := context.WithoutCancel(r.Context()) // a browser that goes away must not leave half of it
	id, deadline := s.scs.Token(ctx), s.Until(ctx)
	before, err := s.former(id)
	if err != nil {
		return &CommitError{err}
	}
	for _, key := range []string{keyToken, keyNote, keyMoved} {
		s.scs.Remove(ctx, key)
	}
	s.scs.Put(ctx, keyGrant, secret)
	if err = s.scs.RenewToken(ctx); err == nil { // ASVS 5.0 7.2.4
		s.scs.SetDeadline(ctx, deadline)
		_, _, err = s.scs.Commit(ctx)
	}
	if err != nil {
		s.scs.Remove(ctx, keyGrant) // scs will try to save what is left
		if before != nil {          // RenewToken has deleted it, and the browser knows no other
			_, _, _ = s.scs.Commit(before)
		}
		return &CommitError{err}
	}
	s.leave(before, deadline)
	cookie := s.cookie
	cookie.Value = secret
	http.SetCookie(w, &cookie)
	return nil
}

// former returns a context with a copy of the session with that ID, or nil if
// there is none.
func (s *Sessions) former(id string) (context.Context, error) {
	if id == "" {
		return nil, nil
	}
	// Not from the request's context: Load returns one that has a session as it is.
	ctx, err := s.scs.Load(context.Background(), id)
	if err != nil || s.scs.Token(ctx) != id {
		return nil, err
	}
	return ctx, nil
}

// leave keeps the session's former ID for a moment, marked as moved and without
// what it held of ours. Requests that were already on their way with it would
// otherwise meet an empty session, and an application that writes into that one
// would log the browser out. That it can't be kept is no fault: they may.
func (s *Sessions) leave(former context.Context, deadline time.Time) {
	if former == nil {
		return
	}
	s.Forget(former)
	s.scs.Put(former, keyMoved, deadline.UnixNano())
	if soon := time.Now().Add(movedFor); soon.Before(deadline) {
		s.scs.SetDeadline(former, soon.UTC())
	}
	_, _, _ = s.scs.Commit(former)
}
