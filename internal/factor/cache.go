package factor

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/eagate/eagate/internal/newest"
	"github.com/eagate/eagate/internal/records"
)

// cache holds for a few seconds what [Rules.Check] needs of accounts and
// grants, so that a page with its fifty requests asks the store once. A change
// made on this node is seen at once, one made on another node when the entry
// has aged.
type cache struct {
	mu sync.RWMutex // of all that follows

	accounts newest.Map[string, cachedAccount] // by user ID
	grants   newest.Map[string, cachedGrant]   // by the grant's secret, so that a request need not hash it

	// secrets are those of the grants, by the grant's ID: what ends a grant may know
	// only that. Both are set and deleted together, so that either has what the other has.
	secrets newest.Map[string, string]

	// changes counts what was forgotten: an entry that was read from the store
	// before a change must not be put here after it. They are counted apart by a hash
	// of the key: changes of others must not keep an entry out, or nothing is put here
	// while many users sign in and the store is slow.
	changes [changeCounts]uint64
	seed    maphash.Seed
}

type cachedAccount struct {
	version uint64
	on      bool
	epoch   uint64
	devices []cachedDevice
	read    instant // when that was so

	requiredSince time.Time
}

// neverOn reports whether the user has never had a second factor, as far as the
// store knows: none was switched off or reset either, which leaves an epoch.
func (a cachedAccount) neverOn() bool { return !a.on && a.epoch == 0 }

// isFresh reports whether the entry may still be used.
func (a cachedAccount) isFresh(now instant) bool { return a.read.within(cacheLifetime, now) }

func newCachedAccount(a records.Account, read instant) cachedAccount {
	c := cachedAccount{version: a.Version, on: a.State == records.On, epoch: a.Epoch, requiredSince: a.RequiredSince, read: read}
	for _, d := range a.Devices {
		c.devices = append(c.devices, cachedDevice{d.ID, d.ExpiresAt})
	}
	return c
}

// A cachedDevice is a device that the user trusts.
type cachedDevice struct {
	id    string
	until time.Time // from then on, it isn't trusted any more
}

// trusts reports whether the account trusts the device with that ID now. The account
// forgets a device whose time is up only when it is next changed.
func (a cachedAccount) trusts(id string, now time.Time) bool {
	return slices.ContainsFunc(a.devices, func(d cachedDevice) bool { return d.id == id && now.Before(d.until) })
}

type cachedGrant struct {
	records.Grant
	read instant
	end  time.Time // of its session, if that is known
}

// ended reports whether its session has ended.
func (g cachedGrant) ended(now instant) bool { return !g.end.IsZero() && !now.wall.Before(g.end) }

// isFresh is that of an account.
func (g cachedGrant) isFresh(now instant) bool { return g.read.within(cacheLifetime, now) }

func newCache() *cache {
	c := &cache{seed: maphash.MakeSeed()}
	c.accounts.Size, c.grants.Size, c.secrets.Size = cacheSize, cacheSize, cacheSize
	return c
}

// account returns what is known of a user's account.
func (c *cache) account(userID string) (cachedAccount, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.accounts.Get(userID)
}

// grant returns what is known of the grant with that secret.
func (c *cache) grant(secret string) (cachedGrant, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.grants.Get(secret)
}

// changeCounts is how many counters there are.
const changeCounts = 256

func (c *cache) count(key string) *uint64 {
	return &c.changes[maphash.String(c.seed, key)%changeCounts]
}

// A generation is how many changes there were of an account and a grant.
type generation struct{ account, grant uint64 }

// generation returns what addAccount and addGrant want to be told.
func (c *cache) generation(userID, grantID string) generation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return generation{*c.count(userID), *c.count(grantID)}
}

// addAccount keeps an account, unless it was forgotten since generation returned then.
func (c *cache) addAccount(userID string, acct cachedAccount, then generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if then.account == *c.count(userID) {
		c.accounts.Set(userID, acct)
	}
}

// addGrant is addAccount for a grant.
func (c *cache) addGrant(secret string, g cachedGrant, then generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if then.grant == *c.count(g.ID) {
		c.setGrant(secret, g)
	}
}

func (c *cache) setGrant(secret string, g cachedGrant) {
	c.grants.Set(secret, g)
	c.secrets.Set(g.ID, secret)
}

// setEnd notes when the session ends that holds the secret of a grant.
func (c *cache) setEnd(secret string, end time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g, ok := c.grants.Get(secret); ok && !g.end.Equal(end) {
		g.end = end
		c.setGrant(secret, g)
	}
}

// changed keeps an account as this node has just written it, with the version that it had
// before, unless a later one is here. If this node has changed it, or may have, by another
// request since generation returned then, nobody knows which is the later one.
func (c *cache) changed(userID string, acct cachedAccount, then generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	overtaken := then.account != *c.count(userID)
	*c.count(userID)++
	switch known, ok := c.accounts.Get(userID); {
	case ok && known.version > acct.version:
	case overtaken:
		c.accounts.Delete(userID)
	default:
		c.accounts.Set(userID, acct)
	}
}

func (c *cache) forgetAccount(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.count(userID)++
	c.accounts.Delete(userID)
}

func (c *cache) forgetGrant(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.count(id)++
	if secret, ok := c.secrets.Get(id); ok {
		c.grants.Delete(secret)
		c.secrets.Delete(id)
	}
}
