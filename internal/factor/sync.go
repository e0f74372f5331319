package factor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/store"
)

const (
	syncEvery    = 5 * time.Second  // how often Run looks for what is due
	syncBatch    = 100              // accounts in one look
	syncClaim    = 30 * time.Second // longer than one attempt may take
	syncPause    = 5 * time.Second  // after the first failure; doubles
	syncPauseMax = time.Hour
	cleanEvery   = time.Minute
	cleanBatch   = 500
)

// Run tells the service what it couldn't be told at once, and deletes what has
// expired, until ctx ends. It may run on any number of nodes.
func (r *Rules) Run(ctx context.Context) {
	sync := time.NewTicker(syncEvery)
	defer sync.Stop()
	clean := time.NewTicker(cleanEvery)
	defer clean.Stop()
	syncing, cleaning := work{name: "status sync"}, work{name: "clean-up"}
	for {
		select {
		case <-ctx.Done():
			return
		case <-sync.C:
			syncing.report(ctx, r.cfg.Log, r.SyncDue(ctx))
		case <-clean.C:
			cleaning.report(ctx, r.cfg.Log, r.clean(ctx))
		}
	}
}

// work is one kind of what goes on in the background.
type work struct {
	name    string
	failing bool // the last pass hit a fault of the store
}

// report logs a fault of the store when it begins, and once more when it has
// gone.
func (w *work) report(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() != nil {
		return
	}
	switch before := w.failing; {
	case err != nil && !before:
		log.ErrorContext(ctx, "eagate: background work fails", slog.String("work", w.name), slog.Any("error", err))
	case err == nil && before:
		log.InfoContext(ctx, "eagate: background work goes on", slog.String("work", w.name))
	}
	w.failing = err != nil
}

func (r *Rules) clean(ctx context.Context) error {
	for {
		n, err := r.cfg.Store.DeleteExpired(ctx, r.cfg.Now(), cleanBatch)
		if err != nil || n < cleanBatch {
			return err
		}
	}
}

// SyncDue makes one attempt for each account that is due.
func (r *Rules) SyncDue(ctx context.Context) error {
	ids, err := r.cfg.Store.UnsyncedAccounts(ctx, r.cfg.Now(), syncBatch)
	if err != nil {
		return err
	}
	var faults []error
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		faults = append(faults, r.syncAccount(ctx, id))
	}
	return errors.Join(faults...)
}

// SyncNow makes the first attempt to tell the service of a change. That it fails
// changes nothing for the user: Run goes on.
func (r *Rules) SyncNow(ctx context.Context, userID string) {
	ctx = context.WithoutCancel(ctx)
	if err := r.syncAccount(ctx, userID); err != nil {
		r.cfg.Log.ErrorContext(ctx, "eagate: status sync", slog.String("user", userID), slog.Any("error", err))
	}
}

// syncAccount tells the service how the account stands, until it knows or an
// attempt fails. An error is the store's; the service's is kept in the account.
func (r *Rules) syncAccount(ctx context.Context, userID string) error {
	for {
		acct, claimed, err := r.claimSync(ctx, userID)
		if err != nil || !claimed {
			return err
		}
		status, err := r.status(acct)
		if err == nil {
			err = r.cfg.Service.SyncStatus(ctx, status)
		}
		if err := r.finishSync(ctx, acct, err); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
}

// claimSync keeps others from telling the service of the same account, so that
// it hears of changes in their order.
func (r *Rules) claimSync(ctx context.Context, userID string) (acct store.Account, claimed bool, err error) {
	err = r.updateAccount(ctx, userID, func(a *store.Account) error {
		now := r.cfg.Now()
		claimed = a.Sync.Late() && !now.Before(a.Sync.ClaimedUntil) && !now.Before(a.Sync.NextAt)
		if claimed {
			a.Sync.ClaimedUntil = now.Add(syncClaim)
			a.Sync.NextAt = a.Sync.ClaimedUntil
		}
		acct = a.Clone()
		return nil
	})
	return acct, claimed, err
}

// status is what the service is told of the account.
func (r *Rules) status(acct store.Account) (client.Status, error) {
	s := client.Status{Email: acct.Email, Enabled: acct.State == store.On}
	sealed := acct.Sync.Retired
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

// finishSync notes how the attempt to tell the service of acct went.
func (r *Rules) finishSync(ctx context.Context, acct store.Account, failure error) error {
	var late store.Sync
	err := r.updateAccount(ctx, acct.UserID, func(a *store.Account) error {
		now := r.cfg.Now()
		if !a.Sync.ClaimedUntil.Equal(acct.Sync.ClaimedUntil) {
			// It took too long, and another node has taken over. What came
			// last to the service may be what was true before: once more.
			if !a.Sync.Late() {
				a.Sync.Since = now
			}
			a.Sync.Wanted++
			late = a.Sync
			return nil
		}
		a.Sync.ClaimedUntil = time.Time{}
		switch {
		case failure != nil:
			a.Sync.Attempts++
			a.Sync.LastErr = strings.ToValidUTF8(failure.Error(), "?") // as stores want it
			a.Sync.NextAt = now.Add(syncPauseAfter(a.Sync.Attempts))
		case a.Sync.Wanted != acct.Sync.Wanted:
			a.Sync.Confirmed = acct.Sync.Wanted
			a.Sync.NextAt = now // it has changed meanwhile: once more
		default:
			a.Sync = store.Sync{Wanted: a.Sync.Wanted, Confirmed: a.Sync.Wanted}
		}
		late = a.Sync
		return nil
	})
	switch {
	case failure != nil && late.Attempts == 1:
		r.cfg.Log.WarnContext(ctx, "eagate: the service couldn't be told of a change; trying on",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == store.On), slog.Any("error", failure))
	case failure == nil && acct.Sync.Attempts > 0:
		r.cfg.Log.InfoContext(ctx, "eagate: the service was told of a change",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == store.On), slog.Int("attempts", acct.Sync.Attempts+1))
	}
	return err
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
