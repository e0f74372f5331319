package factor

import (
	"context"
	"errors"
	"time"

	"github.com/eagate/eagate/internal/records"
)

// ErrHeld says that the account is closed until the password has been changed.
var ErrHeld = errors.New("factor: the account is held after a rejection on the phone")

// Release opens an account that a rejection has closed: the password has been
// changed since. No device is trusted from now on: it was on the former password
// that they rested. That the account wasn't closed is no error.
func (r *Rules) Release(ctx context.Context, userID string) error {
	var (
		released bool
		devices  []records.Device
	)
	acct, err := r.Account(ctx, userID)
	if err != nil || acct.State != records.On {
		return err
	}
	err = r.updateAccount(ctx, userID, func(acct *records.Account) error {
		released = !acct.HeldSince.IsZero()
		acct.HeldSince, acct.ReleasedAt = time.Time{}, r.cfg.Now()
		devices, acct.Devices = acct.Devices, nil
		return nil
	})
	if err != nil {
		return err
	}
	if released {
		r.emit(ctx, Event{Kind: EventReleased, UserID: userID, Email: acct.Email})
	}
	for _, d := range devices {
		r.emit(ctx, Event{Kind: EventDeviceRevoked, UserID: userID, Email: acct.Email, Device: d.Name, Reason: "password changed"})
	}
	return nil
}
