package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

// Missing returns what to do with a request of a user whose second factor, by
// [Rules.Check], is off: Open, MustEnrol, or Locked if it has been switched on
// meanwhile. A request must not pass if there is an error.
//
// The grace counts from when a node first saw that the user must have a second
// factor and has none. That is kept in the account, and outlives an enrolment: switching
// the factor off, in whatever way, begins no new grace. Only a user for whom it was
// optional meanwhile gets one later.
func (r *Rules) Missing(ctx context.Context, user eagate.User) (Standing, error) {
	if !r.Asks() {
		return Open, nil
	}
	need := r.cfg.Required(user)
	now := r.cfg.Now()
	ctx = storelimit.WithBudget(ctx)
	acct, err := r.knownAccount(ctx, user.ID)
	switch {
	case err != nil:
		return Locked, err
	case acct.on:
		return Locked, nil
	case need.ReportsOnly():
		r.emitHourly(ctx, eagate.EventWouldStop, user)
		return Open, nil
	case !need.Required():
		if !acct.requiredSince.IsZero() {
			// The next request tries again: it is no reason to stop anybody.
			_ = r.setRequiredSince(ctx, user.ID, func(time.Time) time.Time { return time.Time{} })
		}
		return Open, nil
	}
	since := earliest(acct.requiredSince, now)
	if !since.Equal(acct.requiredSince) {
		err := r.setRequiredSince(ctx, user.ID, func(stored time.Time) time.Time {
			since = earliest(stored, now)
			return since
		})
		if err != nil {
			return Locked, ignore(err, errOn)
		}
	}
	if now.Before(since.Add(need.Grace())) {
		return Open, nil
	}
	r.emitHourly(ctx, eagate.EventStopped, user)
	return MustEnrol, nil
}

// Asks reports whether anybody can be required to have a second factor.
func (r *Rules) Asks() bool { return r.cfg.Required != nil }

// A Duty is what a user has to know of the requirement.
type Duty struct {
	Required bool
	Due      time.Time // until when the user, who has no second factor, may go without; else zero
}

// Duty returns what is required of the user.
func (r *Rules) Duty(ctx context.Context, user eagate.User) (Duty, error) {
	need, required := r.required(user)
	if !required {
		return Duty{}, nil
	}
	now := r.cfg.Now()
	acct, err := r.knownAccount(ctx, user.ID)
	switch {
	case err != nil:
		return Duty{}, err
	case acct.on:
		return Duty{Required: true}, nil
	}
	return Duty{true, earliest(acct.requiredSince, now).Add(need.Grace())}, nil
}

// required reports whether the user must have a second factor, now or after a
// grace.
func (r *Rules) required(user eagate.User) (eagate.Requirement, bool) {
	if !r.Asks() {
		return eagate.Requirement{}, false
	}
	need := r.cfg.Required(user)
	return need, need.Required()
}

// knownAccount returns the account as Check has just seen it, or as the store has it.
func (r *Rules) knownAccount(ctx context.Context, userID string) (cachedAccount, error) {
	if acct, known := r.cache.account(userID); known && acct.isFresh(r.instant()) {
		return acct, nil
	}
	stored, err := r.cfg.Records.Account(ctx, userID)
	return cachedAccount{on: stored.State == records.On, requiredSince: stored.RequiredSince}, err
}

// earliest is the time that is kept of two sightings of the same user, the
// stored one, if any, and the one of this moment. A clock that was ahead must not
// make the grace longer once it is right again.
func earliest(stored, now time.Time) time.Time {
	if stored.IsZero() || now.Before(stored) {
		return now
	}
	return stored
}

// errOn ends an update that finds the second factor on.
var errOn = errors.New("factor: switched on meanwhile")

// setRequiredSince writes another time into the account of a user without a
// second factor, unless it is there already.
func (r *Rules) setRequiredSince(ctx context.Context, userID string, change func(time.Time) time.Time) error {
	return r.updateAccount(ctx, userID, func(a *records.Account) error {
		if a.State == records.On {
			return errOn
		}
		since := change(a.RequiredSince)
		if since.Equal(a.RequiredSince) {
			return records.ErrUnchanged
		}
		a.RequiredSince = since
		return nil
	})
}
