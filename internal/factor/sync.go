package factor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/internal/totp"
)

const (
	syncCalls    = 5 // in one claim
	syncBurst    = 4 // claims of an account that needn't wait for each other
	syncPace     = 15 * time.Second
	syncClaim    = time.Minute     // longer than the calls may take
	syncPause    = 5 * time.Second // after the first failure; doubles
	syncPauseMax = time.Hour
	syncRest     = 15 * time.Second // while the client doesn't call the service
)

// SyncNow makes the first attempt to inform the service of a change. A failure
// changes nothing for the user: Run tries again.
func (r *Rules) SyncNow(ctx context.Context, userID string) {
	ctx, cancel := detach(ctx)
	defer cancel()
	if err := r.syncAccount(ctx, userID); ignore(err, client.ErrCircuitOpen) != nil {
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: status sync", slog.String("user", userID), slog.Any("error", err))
	}
}

// syncAccount informs the service of an account until it has the present state or a call
// fails. An error is the store's, or [client.ErrCircuitOpen]; any other of the
// service's is kept in the account.
func (r *Rules) syncAccount(ctx context.Context, userID string) error {
	for {
		acct, due, err := r.claimSync(ctx, userID)
		if err != nil || !due {
			return err
		}
		result, err := r.sendStatus(ctx, acct)
		if err != nil {
			return err
		}
		if err := r.finishSync(ctx, acct, result); err != nil {
			return err
		}
		if errors.Is(result.failure, client.ErrCircuitOpen) {
			return result.failure
		}
		if result.failure != nil {
			return nil
		}
	}
}

// claimSync returns an account of which the service must be informed now, if it is due
// and no other request is at it: so the service learns of changes in their order. Before
// an address can be switched on there, the account has a note of it.
func (r *Rules) claimSync(ctx context.Context, userID string) (acct records.Account, due bool, err error) {
	err = r.updateAccount(ctx, userID, func(a *records.Account) error {
		now := r.cfg.Now()
		due = a.Sync.Late() && !active(a.Sync.ClaimedUntil, now, syncClaim) && !active(a.Sync.NextAt, now, syncPauseMax)
		if !due {
			return records.ErrUnchanged
		}
		a.Sync.ClaimedUntil = now.Add(syncClaim)
		a.Sync.NextAt = a.Sync.ClaimedUntil
		pace(&a.Sync, now)
		if a.State == records.On && !a.Factor.CodesOnly {
			addAddress(&a.Sync, a.Email)
		}
		acct = *a
		return nil
	})
	return acct, due, err
}

// A syncResult is what came of the calls of one claim.
type syncResult struct {
	off     []string // addresses where the account is off at the service now, or can't be on
	on      bool     // the factor in force was taken
	lost    bool     // the account doesn't hold its address, though its phone was set up for push
	failure error    // of the first call that failed
}

// sendStatus informs the service of the account's state, and that it is off under earlier
// addresses. The one doesn't wait for the other: a service that refuses an earlier
// address must not keep the new one off. It reports the account as on only while the
// account holds its address, and as off only where no other account holds the address by
// then. The error is the store's.
func (r *Rules) sendStatus(ctx context.Context, acct records.Account) (result syncResult, err error) {
	for _, email := range addresses(acct) {
		open, err := r.syncAddress(ctx, acct, email, &result)
		if err != nil || open {
			return result, err
		}
	}
	return result, nil
}

// syncAddress is sendStatus for one address. It reports whether the client's circuit is
// open.
func (r *Rules) syncAddress(ctx context.Context, acct records.Account, email string, result *syncResult) (open bool, err error) {
	a, err := r.address(ctx, email)
	if err != nil {
		return false, err
	}
	enable := email == acct.Email && holdsAddress(&acct, a)
	if !enable {
		result.lost = result.lost || email == acct.Email && acct.State == records.On && !acct.Factor.CodesOnly
		other, err := r.resyncHolder(ctx, acct, email)
		if other {
			result.off = append(result.off, email)
		}
		if err != nil || other {
			return false, err
		}
	}
	err = r.callService(ctx, acct, email, enable)
	switch {
	case err == nil && enable:
		result.on = true
	case err == nil:
		result.off = append(result.off, email)
	case result.failure == nil:
		result.failure = err
	}
	if errors.Is(err, client.ErrCircuitOpen) {
		return true, nil
	}
	_, err = r.resyncHolder(ctx, acct, email) // another account may have got the address meanwhile
	return false, err
}

// resyncHolder reports whether another account holds the address. If the service may
// have been informed of acct there, it is then informed of the other account again, whose
// phone isn't asked before.
func (r *Rules) resyncHolder(ctx context.Context, acct records.Account, email string) (other bool, err error) {
	holder, err := r.AddressHolder(ctx, email)
	if err != nil || holder == "" || holder == acct.UserID {
		return false, err
	}
	if slices.Contains(acct.Sync.Addresses, email) {
		_, err = r.updateHolder(ctx, holder, email, func(f *records.Factor) { f.AwaitsSync = true })
	}
	return true, err
}

// addresses returns the account's own address, and earlier ones to be switched off in
// the same claim. While the account is on, an address in another spelling isn't an
// earlier one: the service may take both for one.
func addresses(acct records.Account) []string {
	list := []string{acct.Email}
	for _, email := range acct.Sync.Addresses {
		earlier := email != acct.Email && (acct.State == records.Off || !sameAddress(email, acct.Email))
		if earlier && len(list) < syncCalls {
			list = append(list, email)
		}
	}
	return list
}

// callService sends the account's state under one of its addresses.
func (r *Rules) callService(ctx context.Context, acct records.Account, email string, enable bool) error {
	s := client.Status{Email: email, Enabled: enable}
	sealed := acct.Sync.Retired
	if enable {
		sealed = acct.Factor.Secret
		p := parametersOf(acct.Factor)
		s.Algorithm, s.Digits, s.Period = p.Algorithm, p.Digits, p.Period
	}
	if len(sealed) > 0 {
		plain, err := r.cfg.Keys.Open(sealed, SecretPurpose, acct.UserID)
		switch {
		case err == nil:
			s.Secret = totp.SecretText(plain)
		case enable:
			return err
		default:
			r.cfg.Log.WarnContext(ctx, "eagate: the service gets a DISABLE without the last secret",
				slog.String("user", acct.UserID), slog.Any("error", err))
		}
	}
	err := r.cfg.Service.SyncStatus(ctx, s)
	if !enable {
		err = ignore(err, client.ErrInvalid) // the service knows no such address, and never has
	}
	return err
}

// finishSync notes what came of informing the service of acct, as it was claimed.
func (r *Rules) finishSync(ctx context.Context, acct records.Account, result syncResult) error {
	var (
		after records.Sync
		lost  bool
	)
	err := r.updateAccount(ctx, acct.UserID, func(a *records.Account) error {
		lost = result.lost && a.Sync.Wanted == acct.Sync.Wanted && a.State == records.On
		if lost {
			makeCodesOnly(&a.Factor)
		}
		r.noteSync(a, acct, result)
		after = a.Sync
		return nil
	})
	if err == nil && lost {
		r.emit(ctx, eagate.Event{Kind: eagate.EventCodesOnly, UserID: acct.UserID, Email: acct.Email})
	}
	attrs := []any{slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == records.On)}
	switch {
	case result.failure != nil:
		r.expectRun()
		if after.Attempts == 1 && !errors.Is(result.failure, client.ErrCircuitOpen) {
			r.cfg.Log.WarnContext(ctx, "eagate: the service couldn't be informed of a change; it will be tried again", append(attrs, slog.Any("error", result.failure))...)
		}
	case acct.Sync.Attempts > 0:
		r.cfg.Log.InfoContext(ctx, "eagate: the service was informed of a change", append(attrs, slog.Int("attempts", acct.Sync.Attempts+1))...)
	}
	return err
}

// noteSync changes what a remembers of the service's state after an attempt.
func (r *Rules) noteSync(a *records.Account, claimed records.Account, result syncResult) {
	now := r.cfg.Now()
	if !a.Sync.ClaimedUntil.Equal(claimed.Sync.ClaimedUntil) {
		// It took too long, and another node has taken over. What came last to
		// the service may be the earlier state: send it again.
		if claimed.State == records.On && !claimed.Factor.CodesOnly {
			addAddress(&a.Sync, claimed.Email)
		}
		requestSync(&a.Sync, now)
		return
	}
	a.Sync.ClaimedUntil = time.Time{}
	if result.on && a.Sync.Wanted == claimed.Sync.Wanted {
		a.Factor.AwaitsSync = false
	}
	a.Sync.Addresses = slices.DeleteFunc(a.Sync.Addresses, func(email string) bool { return slices.Contains(result.off, email) })
	switch {
	case errors.Is(result.failure, client.ErrCircuitOpen): // no attempt was made
		a.Sync.NextAt = now.Add(syncRest)
		return
	case result.failure != nil:
		a.Sync.Attempts++
		a.Sync.LastErr = strings.ToValidUTF8(result.failure.Error(), "?") // as stores want it
		a.Sync.NextAt = now.Add(syncPauseAfter(a.Sync.Attempts))
		return
	}
	a.Sync.NextAt = nextSync(a.Sync, now)
	if len(addresses(claimed)) == syncCalls {
		return // there may be more of them
	}
	a.Sync.Confirmed = claimed.Sync.Wanted
	if !a.Sync.Late() { // nothing has changed meanwhile
		a.Sync = records.Sync{Wanted: a.Sync.Wanted, Confirmed: a.Sync.Wanted, Addresses: a.Sync.Addresses, PacedUntil: a.Sync.PacedUntil, Unknown: a.Sync.Unknown}
	}
}

// requestSync notes that the service must be informed of the account's state.
func requestSync(s *records.Sync, now time.Time) {
	if !s.Late() {
		s.Since = now
	}
	s.Wanted++
	s.NextAt = nextSync(*s, now)
}

// nextSync is when the service may be informed of a user's next change: after a few, once
// in syncPace. Of changes that come faster, it gets the last.
func nextSync(s records.Sync, now time.Time) time.Time {
	if next := s.PacedUntil.Add(-(syncBurst - 1) * syncPace); active(s.PacedUntil, now, syncBurst*syncPace) && next.After(now) {
		return next
	}
	return now
}

// pace notes that the service is called now.
func pace(s *records.Sync, now time.Time) {
	if !active(s.PacedUntil, now, syncBurst*syncPace) {
		s.PacedUntil = now
	}
	s.PacedUntil = s.PacedUntil.Add(syncPace)
}

func addAddress(s *records.Sync, email string) {
	if !slices.Contains(s.Addresses, email) {
		s.Addresses = append(s.Addresses, email)
	}
}

// syncPauseAfter doubles the pause with each failure, and takes up to a quarter off at
// random, so that many accounts don't come at once.
func syncPauseAfter(failures int) time.Duration {
	pause := backoff(syncPause, syncPauseMax, failures-1)
	return (pause - rand.N(pause/4)).Truncate(time.Microsecond)
}
