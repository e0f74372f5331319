package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// A Phase is what a session's challenge looks like to the session.
type Phase uint8

const (
	PhaseNone     Phase = iota // there is none, or none that counts; the zero value
	PhasePending               // the phone hasn't answered
	PhaseApproved              // the phone said yes: Consume it
	PhaseRejected              // the phone said no
	PhaseExpired               // the phone said nothing in time
	PhaseReplaced              // a newer challenge, of another session perhaps, took its place
	PhaseConsumed              // its approval was used
)

// A View is a session's challenge at one moment.
type View struct {
	Phase     Phase
	ID        string // empty while the challenge is being created, and in PhaseNone
	Mode      records.Mode
	Number    string
	Held      bool // whether the session holds the challenge's token, which the service's own page wants
	ExpiresAt time.Time
	Limit     *PushLimit // what keeps a new request from the phone, if anything does
}

// Look returns the challenge of the user's session.
func (r *Rules) Look(ctx context.Context, user User, s Session) (View, error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return View{}, err
	}
	return r.look(ctx, acct, s)
}

func (r *Rules) look(ctx context.Context, acct records.Account, s Session) (View, error) {
	now := r.cfg.Now()
	view := View{Limit: pushLimit(acct.Push, now)}
	if acct.State != records.On {
		return view, nil
	}
	if s.is(acct.Push.Reserved) && now.Before(acct.Push.ReservedUntil) {
		view.Phase, view.Mode, view.ExpiresAt = PhasePending, r.cfg.Mode, acct.Push.ReservedUntil
		return view, nil
	}
	c, found, err := r.find(ctx, acct, s)
	if err != nil || !found {
		return view, err
	}
	view.ID, view.Mode, view.Number, view.ExpiresAt = c.ID, c.Mode, c.Number, c.ExpiresAt
	view.Held = s.Token != "" && c.ID == hash(s.Token)
	view.Phase = phase(acct, c, now)
	return view, nil
}

// find returns the session's challenge of this user and factor.
func (r *Rules) find(ctx context.Context, acct records.Account, s Session) (c records.Challenge, found bool, err error) {
	if acct.Push.Live != "" {
		c, err = r.challenge(ctx, acct.Push.Live)
		if err != nil {
			return records.Challenge{}, false, err
		}
		found = c.ID != "" && (s.is(c.Binding) || s.Token != "" && c.ID == hash(s.Token))
	}
	if !found && s.Token != "" {
		c, err = r.challenge(ctx, hash(s.Token))
		if err != nil {
			return records.Challenge{}, false, err
		}
		found = c.ID != ""
	}
	if !found || c.UserID != acct.UserID || c.Epoch != acct.Epoch {
		return records.Challenge{}, false, nil
	}
	return c, true, nil
}

// challenge returns the challenge with that ID, or the zero one.
func (r *Rules) challenge(ctx context.Context, id string) (records.Challenge, error) {
	c, err := r.cfg.Records.Challenge(ctx, id)
	if errors.Is(err, records.ErrNotFound) {
		return records.Challenge{}, nil
	}
	return c, err
}

func phase(acct records.Account, c records.Challenge, now time.Time) Phase {
	switch c.State {
	case records.Void:
		return PhaseNone
	case records.Replaced:
		return PhaseReplaced
	case records.Consumed:
		return PhaseConsumed
	case records.Rejected:
		return PhaseRejected
	case records.Pending, records.Approved:
		if acct.Push.Live != c.ID {
			return PhaseReplaced
		}
		if !now.Before(c.ExpiresAt) {
			return PhaseExpired
		}
		if c.State == records.Approved {
			return PhaseApproved
		}
		return PhasePending
	}
	return PhaseNone
}
