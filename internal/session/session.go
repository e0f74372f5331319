// Package session joins the browser's scs session to the rules: it keeps there
// what must be kept, finds out whether the session may pass, and unlocks it.
//
// A session is not the authority on anything. scs writes whole sessions and the
// last writer wins, so that a slow request can undo an unlock or bring back a
// session that was logged out. What a session holds is therefore only names of
// records in the store (see package factor).
package session

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

// Sessions is safe for concurrent use.
type Sessions struct {
	scs   *scs.SessionManager
	rules *factor.Rules
	names
}

// New returns the sessions of that manager, for the gate that calls itself so: see
// [Name].
func New(m *scs.SessionManager, rules *factor.Rules, name string) *Sessions {
	return &Sessions{scs: m, rules: rules, names: newNames(m, name)}
}

// Grant returns the grant's secret that the session holds, if any. ok is false
// where there is no session at all: LoadAndSave is missing.
func (s *Sessions) Grant(ctx context.Context) (secret string, ok bool) {
	// scs has no other way to ask that costs nothing on every request.
	defer func() {
		if recover() != nil {
			secret, ok = "", false
		}
	}()
	return s.scs.GetString(ctx, s.keys[keyGrant]), true
}

// A Check tells whether the user's session, which holds the secret of that grant or
// "", may pass.
type Check func(ctx context.Context, user eagate.User, secret string) (factor.Verdict, records.Grant, error)

// Check is [factor.Rules.Check] of the session. A user without an account is no user
// without a second factor where the session waits for one to be proved.
func (s *Sessions) Check(ctx context.Context, user eagate.User, secret string) (factor.Verdict, records.Grant, error) {
	verdict, g, err := s.rules.Check(ctx, user.ID, secret)
	return s.standing(ctx, user, secret, verdict, g, err)
}

// CheckAnew is Check by [factor.Rules.CheckAnew].
func (s *Sessions) CheckAnew(ctx context.Context, user eagate.User, secret string) (factor.Verdict, records.Grant, error) {
	verdict, g, err := s.rules.CheckAnew(ctx, user.ID, secret)
	return s.standing(ctx, user, secret, verdict, g, err)
}

// CheckWaiting is Check by [factor.Rules.CheckWaiting].
func (s *Sessions) CheckWaiting(ctx context.Context, user eagate.User, secret string) (factor.Verdict, records.Grant, error) {
	verdict, g, err := s.rules.CheckWaiting(ctx, user.ID, secret)
	return s.standing(ctx, user, secret, verdict, g, err)
}

// standing passes a verdict on, unless the session should have ended, or one that was
// asked for a second factor would be let in because there is none: the account may be
// missing, and if the factor was switched off since, the session is over. It began with a
// password that was to be followed by something.
func (s *Sessions) standing(ctx context.Context, user eagate.User, secret string, verdict factor.Verdict, g records.Grant, err error) (factor.Verdict, records.Grant, error) {
	if err == nil && verdict == factor.Verified {
		// The session's end is what ends it: the application may put that off, or have it
		// come early.
		if !s.rules.Lasts(ctx, secret, g, s.Until(ctx)) {
			return factor.Locked, records.Grant{}, nil
		}
	}
	if err != nil || verdict != factor.Open {
		return verdict, g, err
	}
	note := s.note(ctx)
	if note.userID != user.ID {
		return verdict, g, nil
	}
	if note.binding != s.ref(ctx).Binding { // the user has signed in again since
		if err := s.rules.CheckPending(ctx, user.ID); err != nil {
			return factor.Locked, records.Grant{}, err
		}
		return verdict, g, nil
	}
	verdict, g, err = s.rules.CheckAsked(ctx, user.ID, secret)
	if err == nil && verdict == factor.Open {
		s.Forget(ctx) // what the node that switched it off couldn't save
	}
	return verdict, g, err
}

// Remembered is [factor.Rules.Remembered].
func (s *Sessions) Remembered(user eagate.User, secret string) (verdict factor.Verdict, known bool) {
	return s.rules.Remembered(user.ID, secret)
}

// Verification returns the good grant that the session holds, if any.
func (s *Sessions) Verification(ctx context.Context) (records.Grant, bool) {
	secret, ok := s.Grant(ctx)
	if !ok {
		return records.Grant{}, false
	}
	return s.rules.Verification(ctx, secret)
}

// Ref returns what the rules need to know of the request's session and browser.
func (s *Sessions) Ref(r *http.Request) factor.Session {
	ref := s.ref(r.Context())
	for _, b := range s.browsers(r) {
		ref.Browsers = append(ref.Browsers, b.Hash())
		ref.Secrets = append(ref.Secrets, b.secret)
	}
	return ref
}

// ref is Ref without the browser.
func (s *Sessions) ref(ctx context.Context) factor.Session {
	ref := factor.Session{Token: s.scs.GetString(ctx, s.keys[keyToken]), Staged: s.scs.GetString(ctx, s.keys[keyStaged])}
	if id := s.scs.Token(ctx); id != "" {
		ref.Binding = factor.Binding(id)
	}
	return ref
}

// KeepStaged keeps that the session has begun an enrolment, whatever ID the application
// gives it.
func (s *Sessions) KeepStaged(ctx context.Context) {
	s.scs.Put(ctx, s.keys[keyStaged], s.ref(ctx).Binding)
}

// Token returns the service's session token that the session holds.
func (s *Sessions) Token(ctx context.Context) string { return s.scs.GetString(ctx, s.keys[keyToken]) }

// Bind is Ref for a session that is about to begin something: one that was
// never saved is saved first.
func (s *Sessions) Bind(r *http.Request) (factor.Session, error) {
	ctx := r.Context()
	if s.scs.Token(ctx) == "" {
		s.scs.Put(ctx, s.keys[keyNote], "") // has scs send the cookie
		if _, _, err := s.scs.Commit(context.WithoutCancel(ctx)); err != nil {
			return factor.Session{}, &CommitError{err}
		}
	}
	return s.Ref(r), nil
}

// Until is when the session ends by itself, and with it what is granted to it.
func (s *Sessions) Until(ctx context.Context) time.Time {
	until, binding, _ := strings.Cut(s.scs.GetString(ctx, s.keys[keyUntil]), " ")
	if n, err := strconv.ParseInt(until, 36, 64); err == nil && binding == s.ref(ctx).Binding {
		return time.Unix(n, 0).UTC() // what is left of it is kept for less long
	}
	return s.scs.Deadline(ctx)
}

// Mark returns what is known of the end of the user's session.
func (s *Sessions) Mark(ctx context.Context, user eagate.User) (factor.Mark, error) {
	return s.rules.Mark(ctx, user, s.ref(ctx))
}

// KeepToken keeps the service's session token, and that the user's phone was asked.
func (s *Sessions) KeepToken(ctx context.Context, user eagate.User, token string) {
	s.scs.Put(ctx, s.keys[keyToken], token)
	s.keepNote(ctx, noteAsked, user)
	s.scs.Remove(ctx, s.keys[keyBack])
	s.DropAsk(ctx)
}

// KeepAsked keeps that the user is asked for a proof in this session: from then on, it
// isn't let in because there is nothing to be proved.
func (s *Sessions) KeepAsked(ctx context.Context, user eagate.User) {
	kind := noteAsked
	switch {
	case s.Declined(ctx, user):
		kind = noteDeclined
	case s.NoPush(ctx, user):
		kind = noteNoPush
	}
	s.keepNote(ctx, kind, user)
}

// KeepNoPush keeps, in place of a challenge, that the user's phone couldn't be asked, and
// whether the service has declined to: it wouldn't do so a moment later either.
func (s *Sessions) KeepNoPush(ctx context.Context, user eagate.User, declined bool) {
	s.scs.Remove(ctx, s.keys[keyToken])
	s.scs.Remove(ctx, s.keys[keyBack])
	s.DropAsk(ctx)
	kind := noteNoPush
	if declined {
		kind = noteDeclined
	}
	s.keepNote(ctx, kind, user)
}

// NoPush reports whether KeepNoPush has kept that of the user.
func (s *Sessions) NoPush(ctx context.Context, user eagate.User) bool {
	note := s.note(ctx)
	return (note.kind == noteNoPush || note.kind == noteDeclined) && note.userID == user.ID
}

// Declined reports whether KeepNoPush has kept that the service has declined to ask the
// user's phone.
func (s *Sessions) Declined(ctx context.Context, user eagate.User) bool {
	note := s.note(ctx)
	return note.kind == noteDeclined && note.userID == user.ID
}

// Owner returns the user who was last asked for a proof in this session, without the
// address; the zero User if nobody was.
func (s *Sessions) Owner(ctx context.Context) eagate.User { return eagate.User{ID: s.note(ctx).userID} }

// A note says who was asked for a proof in a session: the application may have changed
// the user within it, or given it another ID, since.
type note struct {
	kind    string // or "", if nobody was
	binding string // to the session's ID
	userID  string
}

// The kinds of notes.
const (
	noteAsked    = "asked"
	noteNoPush   = "no-push"  // and the phone couldn't be
	noteDeclined = "declined" // by the service
)

func (s *Sessions) note(ctx context.Context) note {
	kind, rest, _ := strings.Cut(s.scs.GetString(ctx, s.keys[keyNote]), " ")
	binding, userID, _ := strings.Cut(rest, " ")
	return note{kind, binding, userID}
}

func (s *Sessions) keepNote(ctx context.Context, kind string, user eagate.User) {
	text := kind + " " + s.ref(ctx).Binding + " " + user.ID
	if s.scs.GetString(ctx, s.keys[keyNote]) != text {
		s.scs.Put(ctx, s.keys[keyNote], text)
	}
}

// KeepNext keeps the page to return to after unlocking.
func (s *Sessions) KeepNext(ctx context.Context, next string) {
	if s.scs.GetString(ctx, s.keys[keyNext]) != next {
		s.scs.Put(ctx, s.keys[keyNext], next)
	}
}

// TakeNext returns what KeepNext kept, and forgets it, but for TookNext.
func (s *Sessions) TakeNext(ctx context.Context) string {
	next := s.scs.GetString(ctx, s.keys[keyNext])
	if next == "" || strings.Contains(next, " ") { // which no page's path has
		return ""
	}
	s.scs.Put(ctx, s.keys[keyNext], strconv.FormatInt(s.rules.Now().Unix(), 36)+" "+next)
	return next
}

// TookNext returns what TakeNext returned a moment ago, or "": the browser may not have
// got there.
func (s *Sessions) TookNext(ctx context.Context) string {
	at, next, _ := strings.Cut(s.scs.GetString(ctx, s.keys[keyNext]), " ")
	if !s.isNow(at) {
		return ""
	}
	return next
}

// Next returns what TakeNext will return, or has returned a moment ago, or "".
func (s *Sessions) Next(ctx context.Context) string {
	if next := s.scs.GetString(ctx, s.keys[keyNext]); !strings.Contains(next, " ") {
		return next
	}
	return s.TookNext(ctx)
}

// DropNext forgets what KeepNext kept.
func (s *Sessions) DropNext(ctx context.Context) {
	if s.scs.Exists(ctx, s.keys[keyNext]) {
		s.scs.Remove(ctx, s.keys[keyNext])
	}
}

// Destroy ends the session, whatever the application keeps in it: the user has
// said on the phone that the login wasn't theirs.
func (s *Sessions) Destroy(ctx context.Context) error {
	if err := s.scs.Destroy(context.WithoutCancel(ctx)); err != nil {
		return &CommitError{err}
	}
	return nil
}

// Forget removes all that eagate keeps in the session.
func (s *Sessions) Forget(ctx context.Context) {
	for _, key := range s.keys {
		s.scs.Remove(ctx, key)
	}
}
