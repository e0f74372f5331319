package session

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// movedFor is how long a session that was unlocked stays known, locked, under
// its former ID.
const movedFor = time.Minute

// CommitError says that a session couldn't be saved.
type CommitError struct{ Err error }

func (e *CommitError) Error() string { return "session: not saved: " + e.Err.Error() }
func (e *CommitError) Unwrap() error { return e.Err }

// Admit looks whether a locked session of the user can be unlocked right now: by
// an approval on the phone, because the user trusts the browser, or because it had
// been unlocked before a late response took the browser back to its former ID. The session is changed,
// renewed and saved when Admit returns Verified; nothing may have been written
// to w before.
func (s *Sessions) Admit(w http.ResponseWriter, r *http.Request, user eagate.User) (factor.Verdict, records.Grant, error) {
	ctx := r.Context()
	ref := s.Ref(r)
	if secret, ok := cookie(r, s.cookie.Name); ok {
		verdict, g, err := s.rules.CheckReturning(ctx, user.ID, secret, ref)
		if err != nil {
			return factor.Locked, g, err
		}
		if verdict == factor.Verified {
			return s.admitted(ctx, user, secret, s.renew(w, r, user, secret, returning))
		}
	}
	secret, err := s.rules.Consume(ctx, user, ref, s.Until(ctx))
	if err != nil {
		return factor.Locked, records.Grant{}, err
	}
	if secret == "" {
		return s.admitDevice(w, r, user, ref)
	}
	err = s.Unlock(w, r, user, Entry{Secret: secret, Method: eagate.Push})
	var unsaved *CommitError
	if errors.As(err, &unsaved) {
		err = errors.Join(err, s.rules.Unconsume(context.WithoutCancel(ctx), user, ref, secret))
	}
	return s.admitted(ctx, user, secret, err)
}

// admitted is the end of Admit.
func (s *Sessions) admitted(ctx context.Context, user eagate.User, secret string, err error) (factor.Verdict, records.Grant, error) {
	if errors.Is(err, factor.ErrSessionOver) {
		return factor.Locked, records.Grant{}, nil
	}
	if err != nil {
		return factor.Locked, records.Grant{}, err
	}
	return s.rules.Check(context.WithoutCancel(ctx), user.ID, secret)
}

// An Entry is what a session is unlocked by.
type Entry struct {
	Secret string        // of the grant
	Method eagate.Method // by which it was given
	Form   factor.Form   // by which that was, if it was by one
}

// Unlock puts the secret of a grant into the session, gives the session a new ID under
// its old deadline, and saves it. If it can't be saved, the browser's session is put back
// to what it was. If it was logged out meanwhile, or unlocked by another request, it
// stays locked, and Unlock returns [factor.ErrSessionOver].
func (s *Sessions) Unlock(w http.ResponseWriter, r *http.Request, user eagate.User, e Entry) error {
	ref := s.Ref(r)
	ref.Form = e.Form
	if device, ok := cookie(r, s.deviceName(user)); ok && len(ref.Secrets) == 0 {
		ref.Secrets = []string{device}
	}
	if err := s.renew(w, r, user, e.Secret, e.Method); err != nil {
		return err
	}
	ctx := context.WithoutCancel(r.Context())
	err := s.rules.Move(ctx, user, ref, e.Secret, e.Method, s.Until(ctx))
	if err != nil {
		s.scs.Remove(ctx, s.keys[keyGrant])
	}
	return err
}

// Resume leads a browser that has unlocked its session a moment ago, but comes under the
// session's former ID, to where the session goes on: it sent the same request twice, or
// the answer to it got lost. ref is the session as the request brought it. ok is false if
// there is nothing of that kind; else the session is renewed as by [Sessions.Admit], and
// route is that of the form that had unlocked it, if it was one.
func (s *Sessions) Resume(w http.ResponseWriter, r *http.Request, user eagate.User, ref factor.Session) (g records.Grant, route string, ok bool, err error) {
	ctx := r.Context()
	if device, found := cookie(r, s.deviceName(user)); found {
		ref.Secrets = append([]string{device}, ref.Secrets...)
	}
	secret, route, err := s.rules.Successor(ctx, user, ref)
	if err != nil || secret == "" {
		return records.Grant{}, "", false, err
	}
	verdict, g, err := s.admitted(ctx, user, secret, s.renew(w, r, user, secret, returning))
	return g, route, verdict == factor.Verified, err
}

// returning is the method of a session that comes back under its former ID.
const returning eagate.Method = 0

// renew gives the session a new ID, and has it hold the secret. The browser is told by
// whatever saves the application's sessions.
func (s *Sessions) renew(w http.ResponseWriter, r *http.Request, user eagate.User, secret string, method eagate.Method) error {
	ctx := context.WithoutCancel(r.Context()) // a browser that goes away must not leave half of it
	id, until := s.scs.Token(ctx), s.Until(ctx)
	mark, err := s.Mark(ctx, user)
	if err != nil {
		return err
	}
	if mark.Ended || mark.Over && method != returning && !factor.Typed(method) {
		return factor.ErrSessionOver
	}
	if mark.Over { // the deadline of what is left of it isn't the session's
		until = mark.Until
	}
	former, known, err := s.former(ctx, id)
	if err != nil {
		return &CommitError{err}
	}
	s.scs.Remove(ctx, s.keys[keyToken])
	s.KeepAsked(ctx, user) // it may lose the grant, but not that
	s.scs.Remove(ctx, s.keys[keyBack])
	s.scs.Remove(ctx, s.keys[keyDemand])
	s.scs.Remove(ctx, s.keys[keyAsk])
	s.scs.Remove(ctx, s.keys[keyUntil])
	s.scs.Remove(ctx, s.keys[keyStaged])
	s.scs.Put(ctx, s.keys[keyGrant], secret)
	if err = s.renewToken(ctx); err == nil { // ASVS 5.0 7.2.4
		s.keepNote(ctx, noteAsked, user) // under the new ID
		s.scs.SetDeadline(ctx, until)
		_, _, err = s.scs.Commit(ctx)
	}
	if err == nil && known {
		err = s.leave(former, user, until)
	}
	if err != nil {
		s.scs.Remove(ctx, s.keys[keyGrant]) // scs will try to save what is left
		return &CommitError{err}
	}
	c := s.cookie
	c.Value = secret
	http.SetCookie(w, &c)
	return nil
}

// renewToken is scs's RenewToken, but doesn't delete the session under its former ID: a
// request that is under way would find none, and an application that writes into the
// empty one that it has then would log the browser out.
func (s *Sessions) renewToken(ctx context.Context) error {
	m := *s.scs
	m.Store = keeping{m.Store}
	return m.RenewToken(ctx)
}

// keeping is a store that deletes nothing.
type keeping struct{ scs.Store }

// Delete implements [scs.Store].
func (keeping) Delete(string) error { return nil }

// former returns a context with a copy of the session with that ID, if there is
// one, in place of the session that ctx has.
func (s *Sessions) former(ctx context.Context, id string) (former context.Context, known bool, err error) {
	if id == "" {
		return nil, false, nil
	}
	former, err = s.scs.Load(&apart{Context: ctx}, id)
	if err != nil {
		return nil, false, err
	}
	return former, s.scs.Token(former) == id, nil
}

// apart is a context without its session: Load returns one that has a session as it is.
// The other values stay: the application's store may want them.
type apart struct {
	context.Context
	session any // its key, which is what Load asks for first
}

// Value implements [context.Context].
func (a *apart) Value(key any) any {
	if a.session == nil {
		a.session = key
	}
	if key == a.session {
		return nil
	}
	return a.Context.Value(key)
}

// leave keeps the session's former ID for a moment, for the requests that are under way
// with it, without what it held of ours, but for whom it asked. Where that can't be
// saved, the former session is deleted.
func (s *Sessions) leave(former context.Context, user eagate.User, until time.Time) error {
	next := s.scs.GetString(former, s.keys[keyNext])
	s.Forget(former)
	s.KeepAsked(former, user)
	if next != "" { // for a browser that didn't get there
		s.scs.Put(former, s.keys[keyNext], next)
	}
	s.scs.Put(former, s.keys[keyUntil], strconv.FormatInt(until.Unix(), 36)+" "+s.ref(former).Binding)
	if soon := time.Now().Add(movedFor); soon.Before(until) {
		s.scs.SetDeadline(former, soon.UTC())
	}
	if _, _, err := s.scs.Commit(former); err != nil {
		return s.scs.Destroy(former)
	}
	return nil
}
