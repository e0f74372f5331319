package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// ErrNoSession says that the request hasn't gone through LoadAndSave.
var ErrNoSession = errors.New("session: the request has no session")

// A UserError says that the application can't tell who is logged in.
type UserError struct{ Err error }

func (e *UserError) Error() string {
	return "middleware: WithUser can't tell who is logged in (for nobody, and for a user who no longer exists, it returns the zero User and no error): " + e.Err.Error()
}

func (e *UserError) Unwrap() error { return e.Err }

// A Caller is who sends a request, and how they stand. It is a snapshot, and proof of
// nothing: every change checks again, within the update that makes it, what it depends on.
type Caller struct {
	User     eagate.User     // the zero User if nobody is logged in
	Standing factor.Standing // [factor.Nobody] then
	Secret   string          // of the grant that the session holds, in force or not
	Grant    records.Grant   // of a verified session

	Session   factor.Session // by its ID and the browser
	Account   records.Account
	Challenge factor.View       // the session's, if it is to prove something
	End       factor.SessionEnd // what is known of the session's end, if it is locked
	Demand    Demand            // what a verified session must prove besides
	Until     time.Time         // when the session ends by itself

	// Renewed says that the session got another ID by this request. Resumed says that this
	// is by what an earlier request of the same browser has proved, by a form sent to Route
	// if it was by one.
	Renewed bool
	Resumed bool
	Route   string
}

// Proving reports whether there is something to prove: the session is locked, or verified
// but asked for more.
func (c *Caller) Proving() bool { return c.Standing == factor.Locked || !c.Demand.IsZero() }

// Accepts reports whether a proof by that method will do.
func (c *Caller) Accepts(m eagate.Method) bool { return c.Demand.Accepts(m) }

// Basis is what a change rests on that the request asks for.
func (c *Caller) Basis() factor.Basis { return factor.BasisOf(c.Account) }

// Recall returns the caller as far as this node knows without asking the store: known says
// that the standing is one that Load would return. The user is the application's to tell; an
// error is [ErrNoSession] or a [*UserError].
func (s *Sessions) Recall(r *http.Request) (c Caller, known bool, err error) {
	secret, ok := s.grant(r.Context())
	if !ok {
		return c, false, ErrNoSession
	}
	c.Secret = secret
	if c.User, err = s.user(r); err != nil {
		return c, false, err
	}
	if c.User.ID == "" {
		c.Standing = factor.Nobody
		return c, true, nil
	}
	standing, known := s.rules.Remembered(c.User.ID, secret)
	c.Standing = standing
	return c, known, nil
}

// A check is one of the rules' ways to find out how a session stands.
type check func(ctx context.Context, userID, secret string) (factor.Standing, records.Grant, error)

// Load returns the request's caller. It reads, and changes nothing. Of a caller that can't
// be told, it returns with the error what is known.
func (s *Sessions) Load(r *http.Request) (Caller, error) { return s.load(r, s.rules.Check) }

// LoadAnew is Load by what the store says now, whatever this node has seen before.
func (s *Sessions) LoadAnew(r *http.Request) (Caller, error) { return s.load(r, s.rules.CheckAnew) }

// LoadPage is Load for one of the gate's own pages, with all that is in the caller.
func (s *Sessions) LoadPage(r *http.Request) (Caller, error) {
	c, err := s.Load(r)
	if err == nil && c.Standing != factor.Nobody && c.Standing != factor.Over {
		s.recognize(r, &c)
		err = s.Look(r, &c)
	}
	return c, err
}

// LoadWaiting is LoadPage for a request that only asks how the challenge stands, which it
// finds out itself.
func (s *Sessions) LoadWaiting(r *http.Request) (Caller, error) {
	c, err := s.load(r, s.rules.CheckWaiting)
	if err == nil {
		s.recognize(r, &c)
	}
	return c, err
}

func (s *Sessions) load(r *http.Request, check check) (Caller, error) {
	c, _, err := s.Recall(r)
	if err == nil && c.Standing != factor.Nobody {
		err = s.ask(r.Context(), &c, check)
	}
	return c, err
}

// Resolve has the store say how a caller stands whom Recall has returned.
func (s *Sessions) Resolve(ctx context.Context, c *Caller) error { return s.ask(ctx, c, s.rules.Check) }

func (s *Sessions) ask(ctx context.Context, c *Caller, check check) (err error) {
	if c.Standing, c.Grant, err = check(ctx, c.User.ID, c.Secret); err == nil {
		err = s.settle(ctx, c)
	}
	if err != nil {
		c.Standing, c.Grant = factor.Locked, records.Grant{}
	}
	return err
}

// recognize sets what the session and the browser themselves say.
func (s *Sessions) recognize(r *http.Request, c *Caller) {
	c.Session, c.Until = s.Ref(r), s.Until(r.Context())
	if c.Standing == factor.Verified {
		if d := s.Pending(r.Context()).Demand; !s.rules.Meets(d.Demand, c.Grant) {
			c.Demand = d
		}
	}
}

// settle corrects a standing by what the session says: one that should have ended isn't
// verified, and one that was asked for a second factor isn't let in because there is none.
// The account may be missing; and if the factor was switched off since, the session is
// over: it began with a password that was to be followed by something.
func (s *Sessions) settle(ctx context.Context, c *Caller) (err error) {
	switch c.Standing {
	case factor.Verified:
		// The application may put the session's end off, or have it come early.
		if !s.rules.Lasts(ctx, c.Secret, c.Grant, s.Until(ctx)) {
			c.Standing, c.Grant = factor.Locked, records.Grant{}
		}
	case factor.Open:
		userID, binding := s.asked(ctx)
		if userID != c.User.ID {
			return nil
		}
		if binding != s.binding(ctx) { // the user has signed in again since
			return s.rules.CheckPending(ctx, c.User.ID)
		}
		c.Standing, c.Grant, err = s.rules.CheckAsked(ctx, c.User.ID, c.Secret)
		if err == nil && c.Standing == factor.Open {
			s.Forget(ctx) // what the node that switched it off couldn't save
		}
	case factor.Locked, factor.MustEnrol, factor.Over, factor.Nobody:
	}
	return err
}

// Look reads what the gate's own pages need to know of the caller: the account, and how
// the challenge and the session stand if there is something to prove.
func (s *Sessions) Look(r *http.Request, c *Caller) (err error) {
	ctx := r.Context()
	if c.Until.IsZero() {
		c.Session, c.Until = s.Ref(r), s.Until(ctx)
	}
	if c.Account, err = s.rules.Account(ctx, c.User.ID); err != nil || !c.Proving() {
		return err
	}
	if c.End, err = s.rules.SessionEnd(ctx, c.User, c.Session); err != nil {
		return err
	}
	if c.End.Over { // a former session is kept for less long
		c.Until = c.End.Until
	}
	c.Challenge, err = s.rules.Look(ctx, c.Account, c.Session)
	return err
}
