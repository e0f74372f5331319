package factor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/records"
)

// What the tests look at from the inside.
var (
	SyncPauseAfter = syncPauseAfter
)

const (
	CacheLifetime  = cacheLifetime
	CacheSize      = cacheSize
	DevicesMost    = devicesMost
	EnrolmentTime  = enrolmentTime
	Freshness      = freshness
	Reservation    = reservation
	PushWindow     = pushWindow
	RemarkAgain    = time.Hour
	FirstPushPause = firstPushPause
	SyncClaim      = syncClaim
	SyncEvery      = syncEvery
	CleanEvery     = cleanEvery
	SyncPauseMax   = syncPauseMax
	SyncRest       = syncRest
	SyncBatch      = syncBatch
	ResyncAfter    = resyncAfter
	ReportEvery    = reportEvery
)

// PushLimitOf is what keeps the next request from a phone.
func PushLimitOf(p records.Push, now time.Time) *PushLimit { return pushLimit(p, now) }

// SyncStray tells the service of accounts that were put off too far.
func SyncStray(ctx context.Context, r *Rules) error { return r.syncStray(ctx) }

// Hashed reports whether a code that was typed would be hashed.
func Hashed(ctx context.Context, r *Rules, userID, text string) (bool, error) {
	p, err := r.present(ctx, userID, Proof{Code: text})
	return p.hash != nil, err
}

// HoldHashes takes all turns at hashing, until release is called.
func HoldHashes(t testing.TB, r *Rules) (release func()) {
	var held, done sync.WaitGroup
	free := make(chan struct{})
	for i := range hashing.AtOnce {
		held.Add(1)
		done.Go(func() {
			err := r.hashing.Do(t.Context(), hashing.Job{UserID: fmt.Sprint("holder ", i)}, 1, func(int) error {
				held.Done()
				<-free
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	held.Wait()
	return func() {
		close(free)
		done.Wait()
	}
}

// FillTurns has as many users wait for a turn as may, until leave is called.
func FillTurns(t testing.TB, r *Rules) (leave func()) {
	ctx, cancel := context.WithCancel(t.Context())
	for i := range hashing.MaxWaiting {
		go func() {
			_ = r.hashing.Do(ctx, hashing.Job{UserID: fmt.Sprint("waiting ", i)}, 1, func(int) error { return nil })
		}()
	}
	synctest.Wait()
	return func() {
		cancel()
		synctest.Wait()
	}
}

// FillCache has the cache hold more grants than it can, and returns how many it holds, and
// how many of these it could find by their IDs.
func FillCache(r *Rules) (held, found int) {
	secret := func(n int) string { return fmt.Sprint("secret of grant ", n) }
	for n := range 4*cacheSize + 1 {
		id := fmt.Sprint("grant ", n)
		r.cache.addGrant(secret(n), cachedGrant{Grant: records.Grant{ID: id}}, r.cache.generation("", id))
		r.cache.setEnd(secret(n-cacheSize), time.Unix(int64(n), 0))
	}
	for n := range 4*cacheSize + 1 {
		if s, ok := r.cache.secrets.Get(fmt.Sprint("grant ", n)); ok && s == secret(n) {
			found++
		}
	}
	return r.cache.grants.Len(), found
}
