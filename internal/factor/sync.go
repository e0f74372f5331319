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
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/internal/totp"
)

const (
	syncEvery    = 5 * time.Second // how often Run looks for what is due
	syncBatch    = 100             // accounts in one look
	syncWorkers  = 4               // accounts at once
	syncCalls    = 5               // in one claim
	syncBurst    = 4               // claims of an account that needn't wait for each other
	syncPace     = 15 * time.Second
	syncClaim    = time.Minute     // longer than they may take
	syncPause    = 5 * time.Second // after the first failure; doubles
	syncPauseMax = time.Hour
	syncRest     = 15 * time.Second // while the client doesn't ask the service
	resyncAfter  = time.Minute      // that accounts which are on come behind those that are off
	strayBehind  = 10_000           // accounts that are due within syncPauseMax: with more of them, strays wait
)

// noLater is a time that every store can hold, and later than any attempt is due.
var noLater = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)

// errNotDue ends an update that finds nothing to be told, or another node at it.
var errNotDue = errors.New("factor: nothing to tell the service now")

// SyncDue tells the service of every account that is due, and owners of wrong codes, until none is left, or
// until the client finds that it had better not ask the service for a while. It
// may run on any number of nodes: while one tells of an account, no other does. A
// fault of the store with one account doesn't keep it from the others.
func (r *Rules) SyncDue(ctx context.Context) error {
	var faults []error
	tried := make(map[string]bool) // none is tried twice in a pass, whatever came of it
	for ctx.Err() == nil {
		ids, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now(), syncBatch+len(tried))
		if err != nil {
			return errors.Join(append(faults, err)...)
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return tried[id] })
		if len(ids) == 0 {
			break
		}
		resting, err := r.syncAccounts(ctx, ids)
		faults = append(faults, err)
		if resting {
			break
		}
		for _, id := range ids {
			tried[id] = true
		}
	}
	return errors.Join(faults...)
}

// syncStray tells the service of accounts that a clock which was ahead has put off
// further than it is ever done: SyncDue would find them when that time comes.
func (r *Rules) syncStray(ctx context.Context) error {
	waiting, err := r.cfg.Records.DueAccounts(ctx, r.cfg.Now().Add(syncPauseMax+clockSkew), strayBehind)
	if err != nil || len(waiting) == strayBehind {
		return err
	}
	ids, err := r.cfg.Records.DueAccounts(ctx, noLater, len(waiting)+syncBatch)
	if err != nil {
		return err
	}
	_, err = r.syncAccounts(ctx, ids[min(len(waiting), len(ids)):]) // the longest due come first
	return err
}

// syncAccounts tells the service of several accounts at once, until the client
// finds that it had better rest. The error is the store's.
func (r *Rules) syncAccounts(ctx context.Context, ids []string) (resting bool, err error) {
	var (
		workers sync.WaitGroup
		next    atomic.Int64
		rest    atomic.Bool
		faults  = make([]error, len(ids))
	)
	for i, id := range ids { // those too for which the service rests
		faults[i] = r.tellWrongCodes(ctx, id)
	}
	for range syncWorkers {
		workers.Go(func() {
			for ctx.Err() == nil && !rest.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				err := r.syncAccount(ctx, ids[i])
				if errors.Is(err, client.ErrCircuitOpen) {
					rest.Store(true)
				} else if faults[i] == nil {
					faults[i] = err
				}
			}
		})
	}
	workers.Wait()
	return rest.Load(), errors.Join(faults...)
}

// SyncNow makes the first attempt to tell the service of a change. That it fails
// changes nothing for the user: Run goes on.
func (r *Rules) SyncNow(ctx context.Context, userID string) {
	ctx, cancel := detach(ctx)
	defer cancel()
	if err := r.syncAccount(ctx, userID); err != nil && !errors.Is(err, client.ErrCircuitOpen) {
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: status sync", slog.String("user", userID), slog.Any("error", err))
	}
}

// syncAccount tells the service how the account stands, until it knows or a call
// fails. An error is the store's, or [client.ErrCircuitOpen]; any other of the
// service's is kept in the account.
func (r *Rules) syncAccount(ctx context.Context, userID string) error {
	for {
		acct, err := r.claimSync(ctx, userID)
		if errors.Is(err, errNotDue) {
			return nil
		}
		if err != nil {
			return err
		}
		told, err := r.tell(ctx, acct)
		if err != nil {
			return err
		}
		if err := r.finishSync(ctx, acct, told); err != nil {
			return err
		}
		if errors.Is(told.failure, client.ErrCircuitOpen) {
			return told.failure
		}
		if told.failure != nil {
			return nil
		}
	}
}

// claimSync keeps others from telling the service of the same account, so that
// it hears of changes in their order. Before an address can be switched on
// there, the account knows of it.
func (r *Rules) claimSync(ctx context.Context, userID string) (acct records.Account, err error) {
	err = r.updateAccount(ctx, userID, func(a *records.Account) error {
		now := r.cfg.Now()
		if !a.Sync.Late() || holds(a.Sync.ClaimedUntil, now, syncClaim) || holds(a.Sync.NextAt, now, syncPauseMax) {
			return errNotDue
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
	return acct, err
}

// told is what came of the calls of one claim.
type told struct {
	off     []string // addresses where the account is off at the service now, or can't be on
	on      bool     // the factor in force was taken
	lost    bool     // the account doesn't hold its address, though its phone was set up for push
	failure error    // of the first call that failed
}

// tell tells the service how the account stands, and that it is off under former
// addresses. The one doesn't wait for the other: a service that refuses a former
// address must not keep the new one off. The service is told that the account is on
// only while the account holds its address, and that it is off only where no other
// account holds the address by then. The error is the store's.
func (r *Rules) tell(ctx context.Context, acct records.Account) (t told, err error) {
	for _, email := range addresses(acct) {
		a, err := r.address(ctx, email)
		if err != nil {
			return t, err
		}
		enable := email == acct.Email && holdsAddress(&acct, a)
		if !enable {
			t.lost = t.lost || email == acct.Email && acct.State == records.On && !acct.Factor.CodesOnly
			other, err := r.yield(ctx, acct, email)
			if err != nil {
				return t, err
			}
			if other {
				t.off = append(t.off, email)
				continue
			}
		}
		status, err := r.status(ctx, acct, email, enable)
		if err == nil {
			err = r.cfg.Service.SyncStatus(ctx, status)
		}
		if !enable && errors.Is(err, client.ErrInvalid) {
			err = nil // the client tells of no such address, and never has
		}
		switch {
		case err == nil && !enable:
			t.off = append(t.off, email)
		case err == nil:
			t.on = true
		case t.failure == nil:
			t.failure = err
		}
		if errors.Is(err, client.ErrCircuitOpen) {
			break
		}
		if _, err := r.yield(ctx, acct, email); err != nil { // somebody may have got the address meanwhile
			return t, err
		}
	}
	return t, nil
}

// yield reports whether another account holds the address. If the service may have
// been told of acct there, it is then told of the other one again.
func (r *Rules) yield(ctx context.Context, acct records.Account, email string) (bool, error) {
	holder, err := r.AddressHolder(ctx, email)
	if err != nil || holder == "" || holder == acct.UserID {
		return false, err
	}
	if !slices.Contains(acct.Sync.Addresses, email) {
		return true, nil
	}
	return true, r.resync(ctx, holder, email)
}

// addresses returns the account's own address, and former ones to be told of in
// the same claim. While the account is on, an address in another spelling isn't a
// former one: the service may take both for one.
func addresses(acct records.Account) []string {
	list := []string{acct.Email}
	for _, email := range acct.Sync.Addresses {
		former := email != acct.Email && (acct.State == records.Off || !sameAddress(email, acct.Email))
		if former && len(list) < syncCalls {
			list = append(list, email)
		}
	}
	return list
}

// status is what the service is told of one of the account's addresses.
func (r *Rules) status(ctx context.Context, acct records.Account, email string, enable bool) (client.Status, error) {
	s := client.Status{Email: email, Enabled: enable}
	sealed := acct.Sync.Retired
	if s.Enabled {
		sealed = acct.Factor.Secret
		s.Algorithm, s.Digits, s.Period = acct.Factor.Algorithm, acct.Factor.Digits, acct.Factor.Period
	}
	if len(sealed) == 0 {
		return s, nil
	}
	plain, err := r.cfg.Keys.Open(sealed, SecretPurpose, acct.UserID)
	if err != nil && !s.Enabled {
		r.cfg.Log.WarnContext(ctx, "eagate: the service is told of a DISABLE without the last secret",
			slog.String("user", acct.UserID), slog.Any("error", err))
		return s, nil
	}
	s.Secret = totp.SecretText(plain)
	return s, err
}

// finishSync notes what came of telling the service of acct, as it was claimed.
func (r *Rules) finishSync(ctx context.Context, acct records.Account, t told) error {
	var (
		after records.Sync
		lost  bool
	)
	err := r.updateAccount(ctx, acct.UserID, func(a *records.Account) error {
		lost = a.Sync.Wanted == acct.Sync.Wanted && a.State == records.On && t.lost
		if lost {
			a.Factor.CodesOnly, a.Factor.AwaitsSync = true, false
		}
		r.noteSync(a, acct, t)
		after = a.Sync
		return nil
	})
	if err == nil && lost {
		r.emit(ctx, Event{Kind: EventCodesOnly, UserID: acct.UserID, Email: acct.Email})
	}
	if t.failure != nil {
		r.awaitRun()
	}
	switch {
	case t.failure != nil && after.Attempts == 1 && !errors.Is(t.failure, client.ErrCircuitOpen):
		r.cfg.Log.WarnContext(ctx, "eagate: the service couldn't be told of a change; trying on",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == records.On), slog.Any("error", t.failure))
	case t.failure == nil && acct.Sync.Attempts > 0:
		r.cfg.Log.InfoContext(ctx, "eagate: the service was told of a change",
			slog.String("user", acct.UserID), slog.Bool("enabled", acct.State == records.On), slog.Int("attempts", acct.Sync.Attempts+1))
	}
	return err
}

// noteSync changes what a remembers of the service's view after an attempt.
func (r *Rules) noteSync(a *records.Account, claimed records.Account, t told) {
	now := r.cfg.Now()
	if !a.Sync.ClaimedUntil.Equal(claimed.Sync.ClaimedUntil) {
		// It took too long, and another node has taken over. What came last to
		// the service may be what was true before: once more.
		if claimed.State == records.On && !claimed.Factor.CodesOnly {
			addAddress(&a.Sync, claimed.Email)
		}
		want(&a.Sync, now)
		return
	}
	a.Sync.ClaimedUntil = time.Time{}
	if t.on && a.Sync.Wanted == claimed.Sync.Wanted {
		a.Factor.AwaitsSync = false
	}
	a.Sync.Addresses = slices.DeleteFunc(a.Sync.Addresses, func(email string) bool { return slices.Contains(t.off, email) })
	switch {
	case errors.Is(t.failure, client.ErrCircuitOpen): // no attempt was made
		a.Sync.NextAt = now.Add(syncRest)
	case t.failure != nil:
		a.Sync.Attempts++
		a.Sync.LastErr = strings.ToValidUTF8(t.failure.Error(), "?") // as stores want it
		a.Sync.NextAt = now.Add(syncPauseAfter(a.Sync.Attempts))
	case len(addresses(claimed)) == syncCalls: // there may be more of them
		a.Sync.NextAt = soonest(a.Sync, now)
	default:
		a.Sync.NextAt = soonest(a.Sync, now)
		a.Sync.Confirmed = claimed.Sync.Wanted
		if !a.Sync.Late() { // nothing has changed meanwhile
			a.Sync = records.Sync{Wanted: a.Sync.Wanted, Confirmed: a.Sync.Wanted, Addresses: a.Sync.Addresses, PacedUntil: a.Sync.PacedUntil, Unknown: a.Sync.Unknown}
		}
	}
}

// want notes that the service must be told how the account stands.
func want(s *records.Sync, now time.Time) {
	if !s.Late() {
		s.Since = now
	}
	s.Wanted++
	s.NextAt = soonest(*s, now)
}

// soonest is when the service may be told of a user's next change: after a few, once
// in syncPace. Of those that come faster, it is told of the last.
func soonest(s records.Sync, now time.Time) time.Time {
	if next := s.PacedUntil.Add(-(syncBurst - 1) * syncPace); holds(s.PacedUntil, now, syncBurst*syncPace) && next.After(now) {
		return next
	}
	return now
}

// pace notes that the service is told now.
func pace(s *records.Sync, now time.Time) {
	if !holds(s.PacedUntil, now, syncBurst*syncPace) {
		s.PacedUntil = now
	}
	s.PacedUntil = s.PacedUntil.Add(syncPace)
}

func addAddress(s *records.Sync, email string) {
	if !slices.Contains(s.Addresses, email) {
		s.Addresses = append(s.Addresses, email)
	}
}

// ResyncAll has the service told anew how every account stands, and sends nothing
// itself: Run does, or SyncDue. The service has no call to read what it believes,
// so that this is the way to put it right. Accounts that are off come first: an
// address may have gone over from one of them to one that is on.
func (r *Rules) ResyncAll(ctx context.Context, report func(Progress)) (Progress, error) {
	done, err := r.changeAll(ctx, report, func(a *records.Account) (bool, error) {
		if a.Email == "" {
			return false, nil // it was never on
		}
		want(&a.Sync, r.cfg.Now())
		if a.State == records.On {
			a.Sync.NextAt = a.Sync.NextAt.Add(resyncAfter)
		}
		return true, nil
	})
	report(done)
	return done, err
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
