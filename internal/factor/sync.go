package factor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/store"
)

const (
	syncEvery    = 5 * time.Second  // how often Run looks for what is due
	syncBatch    = 100              // accounts in one look
	syncWorkers  = 4                // accounts at once
	syncClaim    = 30 * time.Second // longer than one call may take
	syncPause    = 5 * time.Second  // after the first failure; doubles
	syncPauseMax = time.Hour
	syncRest     = 15 * time.Second // while the client doesn't ask the service
)

// errNotDue ends an update that finds nothing to be told, or another node at it.
var errNotDue = errors.New("factor: nothing to tell the service now")

// SyncDue tells the service of every account that is due, until none is left, or
// until the client finds that it had better not ask the service for a while. It
// may run on any number of nodes: none makes a call that another has made.
func (r *Rules) SyncDue(ctx context.Context) error {
	for ctx.Err() == nil {
		ids, err := r.cfg.Store.UnsyncedAccounts(ctx, r.cfg.Now(), syncBatch)
		if err != nil {
			return err
		}
		err = r.syncAccounts(ctx, ids)
		switch {
		case errors.Is(err, client.ErrCircuitOpen):
			return nil
		case err != nil:
			return err
		case len(ids) < syncBatch:
			return nil
		}
	}
	return nil
}

// syncAccounts tells the service of several accounts at once. A fault of the
// store with one of them doesn't keep it from the others.
func (r *Rules) syncAccounts(ctx context.Context, ids []string) error {
	var (
		workers sync.WaitGroup
		next    atomic.Int64
		resting atomic.Bool
		faults  = make([]error, len(ids))
	)
	for range syncWorkers {
		workers.Go(func() {
			for ctx.Err() == nil && !resting.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				faults[i] = r.syncAccount(ctx, ids[i])
				if errors.Is(faults[i], client.ErrCircuitOpen) {
					resting.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(faults...)
}

// SyncNow makes the first attempt to tell the service of a change. That it fails
// changes nothing for the user: Run goes on.
func (r *Rules) SyncNow(ctx context.Context, userID string) {
	ctx = context.WithoutCancel(ctx)
	if err := r.syncAccount(ctx, userID); err != nil && !errors.Is(err, client.ErrCircuitOpen) {
		r.cfg.Log.ErrorContext(ctx, "eagate: status sync", slog.String("user", userID), slog.Any("error", err))
	}
}

// syncAccount tells the service how the account stands, call by call, until it
// knows or a call fails. An error is the store's, or [client.ErrCircuitOpen]; any
// other of the service's is kept in the account.
func (r *Rules) syncAccount(ctx context.Context, userID string) error {
	for {
		acct, err := r.claimSync(ctx, userID)
		if errors.Is(err, errNotDue) {
			return nil
		}
		if err != nil {
			return err
		}
		status, err := r.nextStatus(acct)
		if err == nil {
			err = r.cfg.Service.SyncStatus(ctx, status)
		}
		if fault := r.finishSync(ctx, acct, status, err); fault != nil {
			return fault
		}
		if errors.Is(err, client.ErrCircuitOpen) {
			return err
		}
		if err != nil {
			return nil
		}
	}
}

// claimSync keeps others from telling the service of the same account, so that
// it hears of changes in their order. Before an address can be switched on
// there, the account knows of it.
func (r *Rules) claimSync(ctx context.Context, userID string) (acct store.Account, err error) {
	err = r.updateAccount(ctx, userID, func(a *store.Account) error {
		now := r.cfg.Now()
		if !a.Sync.Late() || now.Before(a.Sync.ClaimedUntil) || now.Before(a.Sync.NextAt) {
			return errNotDue
		}
		a.Sync.ClaimedUntil = now.Add(syncClaim)
		a.Sync.NextAt = a.Sync.ClaimedUntil
		if a.State == store.On {
			addAddress(&a.Sync, a.Email)
		}
		acct = a.Clone()
		return nil
	})
	return acct, err
}

// nextStatus is the next thing that the service must be told of the account: to
// switch off an address that isn't the account's any more, and in the end how
// the account stands.
func (r *Rules) nextStatus(acct store.Account) (client.Status, error) {
	s := client.Status{Email: acct.Email, Enabled: acct.State == store.On}
	sealed := acct.Sync.Retired
	if former := slices.IndexFunc(acct.Sync.Addresses, func(a string) bool { return a != acct.Email }); former >= 0 {
		s.Email, s.Enabled = acct.Sync.Addresses[former], false
	}
	if s.Enabled {
		sealed = acct.Factor.Secret
		s.Algorithm, s.Digits, s.Period = acct.Factor.Algorithm, acct.Factor.Digits, acct.Factor.Period
	}
	if len(sealed) == 0 {
		return s, nil
	}
	plain, err := r.cfg.Keys.Open(sealed, SecretPurpose, acct.UserID)
	s.Secret = secretText.EncodeToString(plain)
	return s, err
}

// finishSync notes how the attempt went to tell the service that status of acct,
// as it was claimed.
func (r *Rules) finishSync(ctx context.Context, acct store.Account, status client.Status, failure error) error {
	var after store.Sync
	err := r.updateAccount(ctx, acct.UserID, func(a *store.Account) error {
		r.noteSync(a, acct, status, failure)
		after = a.Sync
		return nil
	})
	switch {
	case failure != nil && after.Attempts == 1 && !errors.Is(failure, client.ErrCircuitOpen):
		r.cfg.Log.WarnContext(ctx, "eagate: the service couldn't be told of a change; trying on",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == store.On), slog.Any("error", failure))
	case failure == nil && acct.Sync.Attempts > 0:
		r.cfg.Log.InfoContext(ctx, "eagate: the service was told of a change",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == store.On), slog.Int("attempts", acct.Sync.Attempts+1))
	}
	return err
}

// noteSync changes what a remembers of the service's view after an attempt.
func (r *Rules) noteSync(a *store.Account, claimed store.Account, status client.Status, failure error) {
	now := r.cfg.Now()
	if !a.Sync.ClaimedUntil.Equal(claimed.Sync.ClaimedUntil) {
		// It took too long, and another node has taken over. What came last to
		// the service may be what was true before: once more.
		if status.Enabled {
			addAddress(&a.Sync, status.Email)
		}
		want(&a.Sync, now)
		return
	}
	a.Sync.ClaimedUntil = time.Time{}
	switch {
	case errors.Is(failure, client.ErrCircuitOpen): // no attempt was made
		a.Sync.NextAt = now.Add(syncRest)
	case failure != nil:
		a.Sync.Attempts++
		a.Sync.LastErr = strings.ToValidUTF8(failure.Error(), "?") // as stores want it
		a.Sync.NextAt = now.Add(syncPauseAfter(a.Sync.Attempts))
	default:
		if !status.Enabled {
			a.Sync.Addresses = slices.DeleteFunc(a.Sync.Addresses, func(addr string) bool { return addr == status.Email })
		}
		a.Sync.NextAt = now
		if status.Email != claimed.Email {
			return // that was a former address: the account's own comes next
		}
		a.Sync.Confirmed = claimed.Sync.Wanted
		if !a.Sync.Late() { // nothing has changed meanwhile
			a.Sync = store.Sync{Wanted: a.Sync.Wanted, Confirmed: a.Sync.Wanted, Addresses: a.Sync.Addresses}
		}
	}
}

// want notes that the service must be told how the account stands.
func want(s *store.Sync, now time.Time) {
	if !s.Late() {
		s.Since = now
	}
	s.Wanted++
	s.NextAt = now
}

func addAddress(s *store.Sync, email string) {
	if !slices.Contains(s.Addresses, email) {
		s.Addresses = append(s.Addresses, email)
	}
}

// ResyncAll has the service told anew how every account stands, and sends nothing
// itself: Run does, or SyncDue. The service has no call to read what it believes,
// so that this is the way to put it right.
func (r *Rules) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	return r.changeAll(ctx, report, func(a *store.Account) (bool, error) {
		if a.Email == "" {
			return false, nil // it was never on
		}
		want(&a.Sync, r.cfg.Now())
		return true, nil
	})
}

// syncPauseAfter doubles the pause with each failure, and strews a quarter of it
// so that many accounts don't come at once.
func syncPauseAfter(failures int) time.Duration {
	pause := syncPauseMax
	if n := failures - 1; n < 10 {
		pause = min(pause, syncPause<<n)
	}
	return (pause - rand.N(pause/4)).Truncate(time.Microsecond)
}
