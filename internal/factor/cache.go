package factor

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/eagate/eagate/internal/records"
)

// cache holds for a few seconds what [Rules.Check] needs of accounts and
// grants, so that a page with its fifty requests asks the store once. A change
// made on this node is seen at once, one made on another node when the entry
// has aged.
type cache struct {
	accounts *lru.Cache[string, cachedAccount] // by user ID
	grants   *lru.Cache[string, cachedGrant]   // by the grant's secret

	// changes counts what was forgotten: an entry that was read from the store
	// before a change must not be put here after it.
	mu      sync.Mutex
	changes uint64
}

type cachedAccount struct {
	version uint64
	on      bool
	epoch   uint64
	devices []string // the IDs of those that are trusted
	until   time.Time

	requiredSince time.Time
}

// neverOn reports whether the user has never had a second factor, as far as the
// store knows: none was switched off or reset either, which leaves an epoch.
func (a cachedAccount) neverOn() bool { return !a.on && a.epoch == 0 }

func newCachedAccount(a records.Account, until time.Time) cachedAccount {
	c := cachedAccount{version: a.Version, on: a.State == records.On, epoch: a.Epoch, requiredSince: a.RequiredSince, until: until}
	for _, d := range a.Devices {
		c.devices = append(c.devices, d.ID)
	}
	return c
}

type cachedGrant struct {
	records.Grant
	until time.Time
}

func newCache() (*cache, error) {
	accounts, err := lru.New[string, cachedAccount](cacheSize)
	if err != nil {
		return nil, err
	}
	grants, err := lru.New[string, cachedGrant](cacheSize)
	if err != nil {
		return nil, err
	}
	return &cache{accounts: accounts, grants: grants}, nil
}

// generation returns what put wants to be told.
func (c *cache) generation() (changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

// put calls add unless something was forgotten since generation returned
// changes.
func (c *cache) put(changes uint64, add func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		add()
	}
}

func (c *cache) forgetAccount(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.accounts.Remove(userID)
}

func (c *cache) forgetGrant(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.grants.Remove(secret)
}

// forgetGrants forgets all of them: for a grant whose secret isn't known here.
func (c *cache) forgetGrants() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.grants.Purge()
}
