package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/store"
)

// ErrHeld says that the account is closed until the password has been changed.
var ErrHeld = errors.New("factor: the account is held after a rejection on the phone")

// Release opens an account that a rejection has closed: the password has been
// changed since. That it wasn't closed is no error.
func (r *Rules) Release(ctx context.Context, userID string) error {
	released := false
	acct, err := r.Account(ctx, userID)
	if err != nil || acct.State != store.On {
		return err
	}
	err = r.updateAccount(ctx, userID, func(acct *store.Account) error {
		released = !acct.HeldSince.IsZero()
		acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
		return nil
	})
	if err == nil && released {
		r.emit(ctx, Event{Kind: EventReleased, UserID: userID, Email: acct.Email})
	}
	return err
}
