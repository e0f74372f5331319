package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/storelimit"
)

// A session's former ID stays known, locked, for movedFor after it was unlocked.
const movedFor = time.Minute

// A CommitError says that a session couldn't be saved.
type CommitError struct{ Err error }

func (e *CommitError) Error() string { return "session: not saved: " + e.Err.Error() }
func (e *CommitError) Unwrap() error { return e.Err }

// EnterByCode tries a code to enter the caller's session by. Unless it is accepted, the
// session stays as it is. The same form, sent twice by the same browser, is tried once, and
// enters the session twice.
func (s *Sessions) EnterByCode(w http.ResponseWriter, r *http.Request, c *Caller, p factor.Proof) (factor.CodeAnswer, error) {
	if s.rules.SentBefore(c.Account, c.Session) {
		if err := s.Resume(w, r, c, c.Session); err != nil || c.Resumed {
			return factor.CodeAnswer{Result: factor.CodeAccepted, Repeated: true}, err
		}
	}
	outcome, secret, err := s.rules.VerifyCode(r.Context(), c.User, c.Session, p, c.Until)
	if err != nil || outcome.Result != factor.CodeAccepted {
		return outcome, err
	}
	err = s.Enter(w, r, c, factor.Entry{Secret: secret, Method: outcome.Method})
	if err == nil && !c.Resumed {
		s.rules.Unlocked(context.WithoutCancel(r.Context()), c.User, outcome.Method)
	}
	return outcome, err
}

// Enter is the only way in. It puts the secret of the entry's grant into the caller's
// session, gives the session a new ID under its old deadline, and saves it; if the session
// was verified, the grant takes the place of the one that it had. Nothing may have been
// written to w before. The caller is then verified.
//
// If another request was first, and the browser has sent the same form by it, the session
// goes on as that left it. Otherwise, and if it was logged out meanwhile, it stays without
// a grant, and Enter returns [factor.ErrSessionOver]. After any other error, the session is
// as it was before, and a grant that was given right now is of no use.
func (s *Sessions) Enter(w http.ResponseWriter, r *http.Request, c *Caller, e factor.Entry) error {
	r = r.WithContext(context.WithoutCancel(r.Context())) // a browser that goes away must not leave half of it
	ctx, ref, previous := r.Context(), s.sender(r, c), ""
	if c.Standing == factor.Verified {
		previous = c.Secret
	}
	err := s.renew(w, r, c, e)
	if err == nil && e.Method != 0 {
		err = s.rules.Succeed(ctx, c.User, ref, previous, e, s.Until(ctx))
	}
	if err == nil {
		if err = s.entered(ctx, c, e); err == nil && c.Standing != factor.Verified && e.Method != 0 {
			err = s.leaveIfEnded(ctx, c, ref)
		}
		return err
	}
	err = s.stay(ctx, c, ref, previous, e, err)
	if !errors.Is(err, factor.ErrSessionOver) || e.Method == 0 {
		return err
	}
	acct, fault := s.rules.Account(ctx, c.User.ID)
	if fault == nil && s.rules.SentBefore(acct, ref) {
		fault = s.Resume(w, r, c, ref)
	}
	if fault != nil || c.Resumed {
		return fault
	}
	if fault := s.leaveIfEnded(ctx, c, ref); fault != nil {
		return fault
	}
	return err
}

// leaveIfEnded ends a session that was given another ID while it was logged out under the
// one in ref: the application's logout didn't find it.
func (s *Sessions) leaveIfEnded(ctx context.Context, c *Caller, ref factor.Session) error {
	if s.binding(ctx) == ref.Binding {
		return nil
	}
	end, err := s.rules.SessionEnd(storelimit.Fresh(ctx), c.User, ref)
	if err != nil || !end.Ended {
		return err
	}
	if err := s.Destroy(ctx); err != nil {
		return err
	}
	return factor.ErrSessionOver
}

// entered has the caller be who they are now.
func (s *Sessions) entered(ctx context.Context, c *Caller, e factor.Entry) (err error) {
	c.Secret, c.Renewed, c.Demand, c.End = e.Secret, true, Demand{}, factor.SessionEnd{}
	now := s.ref(ctx)
	c.Session.Token, c.Session.Binding, c.Session.Staged = now.Token, now.Binding, now.Staged
	c.Standing, c.Grant, err = s.rules.Check(ctx, c.User.ID, e.Secret)
	return err
}

// stay puts back a session that can't be entered, because of err.
func (s *Sessions) stay(ctx context.Context, c *Caller, ref factor.Session, previous string, e factor.Entry, err error) error {
	over := errors.Is(err, factor.ErrSessionOver)
	switch held, _, _ := s.held(ctx); {
	case held == e.Secret && (previous == "" || over):
		s.dropGrant(ctx)
	case held != previous && previous != "" && !over:
		s.hold(ctx, previous, c.User)
	}
	var unsaved *CommitError
	switch {
	case over && previous != "":
		if fault := s.rules.EndPrevious(ctx, c.User, ref, previous); fault != nil {
			return fault
		}
	case e.Method == eagate.Push && errors.As(err, &unsaved): // the next request can try again
		return errors.Join(err, s.rules.Unconsume(ctx, c.User, ref, e.Secret))
	case previous != "" && e.Method != 0: // else the session goes on with it elsewhere
		return errors.Join(err, s.rules.Revoke(ctx, e.Secret))
	}
	return err
}

// EnterNow looks whether the caller's session can be entered right now, without anything
// being typed: because its grant is back, an approval of the phone has come, or the user
// trusts the browser. A locked session that can't be stays so, which is no error.
func (s *Sessions) EnterNow(w http.ResponseWriter, r *http.Request, c *Caller) error {
	e, err := s.entry(r, c)
	if err == nil && e.Secret != "" {
		err = s.Enter(w, r, c, e)
	}
	if errors.Is(err, factor.ErrSessionOver) {
		return nil
	}
	return err
}

// entry returns the entry that there is for a session, or none.
func (s *Sessions) entry(r *http.Request, c *Caller) (e factor.Entry, err error) {
	ctx, ref := r.Context(), s.Ref(r)
	if c.Standing == factor.Locked {
		if secret, ok := cookie(r, s.cookie.Name); ok {
			standing, _, err := s.rules.CheckReturning(ctx, c.User.ID, secret, ref)
			if err != nil {
				return e, err
			}
			if standing == factor.Verified {
				return factor.Entry{Secret: secret}, nil
			}
		}
	}
	secret, err := s.rules.Consume(ctx, c.User, ref, s.Until(ctx))
	if err != nil || secret != "" || c.Standing == factor.Verified {
		return factor.Entry{Secret: secret, Method: eagate.Push}, err
	}
	device, ok := cookie(r, s.deviceName(c.User))
	if !ok {
		return e, nil
	}
	if end, err := s.rules.SessionEnd(ctx, c.User, ref); err != nil || end.Over {
		return e, err
	}
	secret, err = s.rules.UseDevice(ctx, c.User, ref, device, s.Until(ctx))
	return factor.Entry{Secret: secret, Method: eagate.TrustedDevice}, err
}

// Resume leads a browser that has unlocked its session a moment ago, but comes under the
// session's former ID, to where the session goes on: it sent the same request twice, or the
// answer to it got lost. ref is the session as the request brought it. If there is nothing
// of that kind, nothing happens.
func (s *Sessions) Resume(w http.ResponseWriter, r *http.Request, c *Caller, ref factor.Session) error {
	if device, found := cookie(r, s.deviceName(c.User)); found {
		ref.Secrets = append([]string{device}, ref.Secrets...)
	}
	secret, route, err := s.rules.Successor(r.Context(), c.User, ref)
	if err != nil || secret == "" {
		return err
	}
	err = s.Enter(w, r, c, factor.Entry{Secret: secret})
	if errors.Is(err, factor.ErrSessionOver) {
		return nil
	}
	c.Resumed, c.Route = err == nil && c.Standing == factor.Verified, route
	return err
}

// sender is the caller's session as the request brought it, with what the browser is known
// by: its trusted device's secret, if it has no other.
func (s *Sessions) sender(r *http.Request, c *Caller) factor.Session {
	ref := s.Ref(r)
	ref.Form = c.Session.Form
	if device, ok := cookie(r, s.deviceName(c.User)); ok && len(ref.Secrets) == 0 {
		ref.Secrets = []string{device}
	}
	return ref
}

// renew gives the session a new ID, and has it hold the secret. The browser is told by
// whatever saves the application's sessions.
func (s *Sessions) renew(w http.ResponseWriter, r *http.Request, c *Caller, e factor.Entry) error {
	ctx := context.WithoutCancel(r.Context())
	id, until := s.scs.Token(ctx), s.Until(ctx)
	end, err := s.rules.SessionEnd(ctx, c.User, s.ref(ctx))
	if err != nil {
		return err
	}
	if end.Ended || end.Over && e.Method != 0 && !factor.Typed(e.Method) {
		return factor.ErrSessionOver
	}
	if end.Over { // a former session is kept for less long
		until = end.Until
	}
	former, known, err := s.former(ctx, id)
	if err != nil {
		return &CommitError{err}
	}
	s.Keep(ctx, func(p *Pending) { *p = Pending{Phone: p.phoneOf(c.User), Next: p.Next, Taken: p.Taken} })
	s.hold(ctx, e.Secret, c.User)
	if err = s.renewToken(ctx); err == nil { // ASVS 5.0 7.2.4
		s.Keep(ctx, func(p *Pending) { p.Phone = PhoneAsked })
		s.hold(ctx, e.Secret, c.User) // under the new ID
		s.scs.SetDeadline(ctx, until)
		_, _, err = s.scs.Commit(ctx)
	}
	if err == nil && known {
		err = s.leaveBehind(former, c.User, until)
	}
	if err != nil {
		s.dropGrant(ctx) // scs will try to save what is left
		return &CommitError{err}
	}
	returning := s.cookie
	returning.Value = e.Secret
	http.SetCookie(w, &returning)
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

// leaveBehind keeps a former session for movedFor: the session under its previous ID,
// locked, for the requests that are under way with that ID. It holds nothing but who was
// asked and where the browser wanted to go. Where it can't be saved, it is deleted.
func (s *Sessions) leaveBehind(former context.Context, user eagate.User, until time.Time) error {
	s.scs.Remove(former, s.keys.grant)
	s.Keep(former, func(p *Pending) {
		binding := s.binding(former)
		*p = Pending{
			User: user.ID, Binding: binding,
			Next: p.Next, Taken: p.Taken, // for a browser that didn't get there
			Until: until.Unix(), UntilOf: binding,
		}
	})
	if soon := time.Now().Add(movedFor); soon.Before(until) {
		s.scs.SetDeadline(former, soon.UTC())
	}
	if _, _, err := s.scs.Commit(former); err != nil {
		return s.scs.Destroy(former)
	}
	return nil
}
