package session

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
)

// Pending is what a session is in the middle of: one value in the session, beside the
// grant that unlocked it. It tells the pages what to ask for and where to go on, and
// permits nothing. A session that loses it to a slow request is asked again.
type Pending struct {
	// User is the ID of the user who was last asked for a proof, and Binding what the
	// session was bound to then: the application may have changed the user within the
	// session, or given it another ID, since. A verified session has that with its grant.
	User    string `json:"user,omitempty"`
	Binding string `json:"binding,omitempty"`
	Phone   Phone  `json:"phone,omitempty"`

	Token string `json:"token,omitempty"` // the service's session token, while its challenge lasts
	Back  string `json:"back,omitempty"`  // what the browser brought back from the service's page

	Next  string `json:"next,omitempty"`  // the page to return to
	Taken int64  `json:"taken,omitempty"` // the second at which the browser was sent there

	Demand Demand `json:"demand,omitzero"` // what the verified session must prove besides

	Ask   string `json:"ask,omitempty"`    // the hash of the browser's secret by which the challenge page begins anew
	AskAt int64  `json:"ask_at,omitempty"` // the second at which that was kept

	Staged string `json:"staged,omitempty"` // what the session was bound to when it began an enrolment

	// Until is when the session would have ended that this is the rest of, which was
	// bound to UntilOf.
	Until   int64  `json:"until,omitempty"`
	UntilOf string `json:"until_of,omitempty"`
}

// Phone says whether the user's phone could be asked.
type Phone uint8

const (
	PhoneAsked    Phone = iota // or nothing is known against it; the zero value
	PhoneFailed                // it couldn't be
	PhoneDeclined              // the service declined to, and would a moment later too
)

// A Demand is what a verified session is asked to prove besides. What is demanded of a
// request is decided where it is guarded, by the grant alone.
type Demand struct {
	factor.Demand
	Form bool `json:"form,omitempty"` // it interrupted the sending of a form, which isn't sent again
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d.Demand.IsZero() }

// Pending returns what the session is in the middle of.
func (s *Sessions) Pending(ctx context.Context) (p Pending) {
	text := s.scs.GetString(ctx, s.keys.pending)
	if text != "" && json.Unmarshal([]byte(text), &p) != nil {
		return Pending{}
	}
	return p
}

// Keep changes what the session is in the middle of. Nothing is written if nothing changes.
func (s *Sessions) Keep(ctx context.Context, change func(*Pending)) {
	p := s.Pending(ctx)
	change(&p)
	text := ""
	if b, err := json.Marshal(p); err == nil && string(b) != "{}" {
		text = string(b)
	}
	switch before := s.scs.GetString(ctx, s.keys.pending); {
	case text == before:
	case text == "":
		s.scs.Remove(ctx, s.keys.pending)
	default:
		s.scs.Put(ctx, s.keys.pending, text)
	}
}

// asked notes in p that the user is asked for a proof in the session with that binding: it
// isn't let in any more because there is nothing to be proved.
func (p *Pending) asked(user eagate.User, binding string) {
	if p.User != user.ID {
		p.Phone = PhoneAsked
	}
	p.User, p.Binding = user.ID, binding
}

// KeepAsked keeps that the user is asked for a proof in this session.
func (s *Sessions) KeepAsked(ctx context.Context, user eagate.User) {
	s.Keep(ctx, func(p *Pending) { p.asked(user, s.binding(ctx)) })
}

// KeepToken keeps the service's session token, and that the user's phone was asked.
func (s *Sessions) KeepToken(ctx context.Context, user eagate.User, token string) {
	s.Keep(ctx, func(p *Pending) {
		p.asked(user, s.binding(ctx))
		p.Phone, p.Token, p.Back, p.Ask, p.AskAt = PhoneAsked, token, "", "", 0
	})
}

// KeepNoPush keeps, in place of a challenge, that the user's phone couldn't be asked.
func (s *Sessions) KeepNoPush(ctx context.Context, user eagate.User, phone Phone) {
	s.Keep(ctx, func(p *Pending) {
		p.asked(user, s.binding(ctx))
		p.Phone, p.Token, p.Back, p.Ask, p.AskAt = phone, "", "", "", 0
	})
}

// phoneOf returns what KeepNoPush has kept of the user.
func (p *Pending) phoneOf(user eagate.User) Phone {
	if p.User != user.ID {
		return PhoneAsked
	}
	return p.Phone
}

// Phone returns what KeepNoPush has kept of the user.
func (s *Sessions) Phone(ctx context.Context, user eagate.User) Phone {
	p := s.Pending(ctx)
	return p.phoneOf(user)
}

// Holds reports whether the token is the one that the session holds for its challenge, in
// a time that tells nothing of it.
func (p *Pending) Holds(token string) bool {
	return p.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(p.Token)) == 1
}

// KeepAsk keeps that the next challenge page begins a challenge although there was one, by
// the secret that was prepared for it.
func (s *Sessions) KeepAsk(ctx context.Context, b Browser) {
	s.Keep(ctx, func(p *Pending) { p.Ask, p.AskAt = b.Hash(), s.rules.Now().Unix() })
}

// Ask returns the hash of the secret that KeepAsk kept a moment ago, or "".
func (s *Sessions) Ask(ctx context.Context) (hash string) {
	p := s.Pending(ctx)
	if !s.isNow(p.AskAt) {
		return ""
	}
	return p.Ask
}

// KeepDemand keeps what the session is asked for besides.
func (s *Sessions) KeepDemand(ctx context.Context, d Demand) {
	s.Keep(ctx, func(p *Pending) { p.Demand = d })
}

// Demand returns what KeepDemand kept, or the zero Demand.
func (s *Sessions) Demand(ctx context.Context) Demand { return s.Pending(ctx).Demand }

// DropDemand forgets it.
func (s *Sessions) DropDemand(ctx context.Context) { s.KeepDemand(ctx, Demand{}) }

// KeepNext keeps the page to return to after unlocking.
func (s *Sessions) KeepNext(ctx context.Context, next string) {
	s.Keep(ctx, func(p *Pending) { p.Next, p.Taken = next, 0 })
}

// TakeNext returns what KeepNext kept, and forgets it, but for TookNext.
func (s *Sessions) TakeNext(ctx context.Context) (next string) {
	s.Keep(ctx, func(p *Pending) {
		if p.Next != "" && p.Taken == 0 {
			next, p.Taken = p.Next, s.rules.Now().Unix()
		}
	})
	return next
}

// TookNext returns what TakeNext returned a moment ago, or "": the browser may not have
// got there.
func (s *Sessions) TookNext(ctx context.Context) string {
	p := s.Pending(ctx)
	if p.Taken == 0 || !s.isNow(p.Taken) {
		return ""
	}
	return p.Next
}

// Next returns what TakeNext will return, or has returned a moment ago, or "".
func (s *Sessions) Next(ctx context.Context) string {
	if p := s.Pending(ctx); p.Taken == 0 {
		return p.Next
	}
	return s.TookNext(ctx)
}

// DropNext forgets what KeepNext kept.
func (s *Sessions) DropNext(ctx context.Context) { s.KeepNext(ctx, "") }

// KeepStaged keeps that the session has begun an enrolment, whatever ID the application
// gives it.
func (s *Sessions) KeepStaged(ctx context.Context) {
	s.Keep(ctx, func(p *Pending) { p.Staged = s.binding(ctx) })
}

// isNow reports whether it was that second a moment ago.
func (s *Sessions) isNow(second int64) bool {
	age := s.rules.Now().Sub(time.Unix(second, 0))
	return second != 0 && age >= -preparedFor && age <= preparedFor
}
