package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] in the memory of one process.
//
// It forgets everything when the process stops, the accounts included: whoever
// had a second factor has none afterwards, and a password alone lets them in.
// That fits tests, demos, and programs that ask everyone to enrol anew. Several
// processes can't share it.
//
// It removes challenges and grants only by [Memory.DeleteExpired] and
// [Memory.DeleteGrant], and accounts never.
type Memory struct {
	accounts   table[Account]
	challenges table[Challenge]
	grants     table[Grant]
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		accounts:   table[Account]{records: make(map[string]Account)},
		challenges: table[Challenge]{records: make(map[string]Challenge)},
		grants:     table[Grant]{records: make(map[string]Grant)},
	}
}

// Account implements [Accounts].
func (m *Memory) Account(ctx context.Context, userID string) (Account, error) {
	if err := cmp.Or(ctx.Err(), CheckID(userID)); err != nil {
		return Account{}, err
	}
	a, ok := m.accounts.get(userID)
	if !ok {
		return Account{UserID: userID}, nil
	}
	// What is stored is replaced, never written to, so it can be copied without
	// the lock.
	return a.Clone(), nil
}

// UpdateAccount implements [Accounts]. Other updates of accounts, and reads,
// wait while change runs, so change should be quick. It is called once.
func (m *Memory) UpdateAccount(ctx context.Context, userID string, change func(*Account) error) error {
	if err := CheckID(userID); err != nil {
		return err
	}
	m.accounts.mu.Lock()
	defer m.accounts.mu.Unlock()
	if err := ctx.Err(); err != nil { // it may have ended while waiting
		return err
	}
	stored := m.accounts.records[userID]
	a := stored.Clone()
	a.UserID = userID
	if err := change(&a); err != nil {
		return err
	}
	a.UserID, a.Version = userID, stored.Version+1
	// The caller may have kept the pointer, or what it put into the record.
	m.accounts.records[userID] = a.Clone()
	return nil
}

// UnsyncedAccounts implements [Accounts]. Accounts due at the same time come in
// the order of their IDs.
func (m *Memory) UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type due struct {
		id string
		at time.Time
	}
	var found []due
	m.accounts.scan(func(id string, a Account) bool {
		if a.Sync.Late() && !a.Sync.NextAt.After(now) {
			found = append(found, due{id, a.Sync.NextAt})
		}
		return true
	})
	slices.SortFunc(found, func(a, b due) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id))
	})
	found = found[:min(len(found), max(limit, 0))]
	ids := make([]string, len(found))
	for i, d := range found {
		ids[i] = d.id
	}
	return ids, nil
}

// ListAccounts implements [Accounts], in the order of the IDs. Each page costs a
// look at all accounts.
func (m *Memory) ListAccounts(ctx context.Context, filter AccountFilter, from string, limit int) ([]Account, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	if limit < 1 {
		return nil, "", fmt.Errorf("store: limit %d: want at least 1", limit)
	}
	var found []Account
	m.accounts.scan(func(id string, a Account) bool {
		if id > from && filter.Match(a) {
			found = append(found, a)
		}
		return true
	})
	slices.SortFunc(found, func(a, b Account) int { return cmp.Compare(a.UserID, b.UserID) })
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].UserID
	}
	for i, a := range found {
		found[i] = a.Clone()
	}
	return found, next, nil
}

// CreateChallenge implements [Challenges].
func (m *Memory) CreateChallenge(ctx context.Context, c Challenge) error {
	if err := cmp.Or(ctx.Err(), CheckID(c.ID)); err != nil {
		return err
	}
	c.Version = 1
	return m.challenges.create(c.ID, c)
}

// Challenge implements [Challenges].
func (m *Memory) Challenge(ctx context.Context, id string) (Challenge, error) {
	if err := ctx.Err(); err != nil {
		return Challenge{}, err
	}
	c, ok := m.challenges.get(id)
	if !ok {
		return Challenge{}, ErrNotFound
	}
	return c, nil
}

// UpdateChallenge implements [Challenges]. Other updates of challenges, and
// reads, wait while change runs, so change should be quick. It is called once.
func (m *Memory) UpdateChallenge(ctx context.Context, id string, change func(*Challenge) error) error {
	return m.challenges.update(ctx, id, func(c *Challenge) error {
		version := c.Version
		err := change(c)
		c.ID, c.Version = id, version+1
		return err
	})
}

// CreateGrant implements [Grants].
func (m *Memory) CreateGrant(ctx context.Context, g Grant) error {
	if err := cmp.Or(ctx.Err(), CheckID(g.ID)); err != nil {
		return err
	}
	g.Version = 1
	return m.grants.create(g.ID, g)
}

// Grant implements [Grants].
func (m *Memory) Grant(ctx context.Context, id string) (Grant, error) {
	if err := ctx.Err(); err != nil {
		return Grant{}, err
	}
	g, ok := m.grants.get(id)
	if !ok {
		return Grant{}, ErrNotFound
	}
	return g, nil
}

// UpdateGrant implements [Grants]. Other updates of grants, and reads, wait while
// change runs, so change should be quick. It is called once.
func (m *Memory) UpdateGrant(ctx context.Context, id string, change func(*Grant) error) error {
	return m.grants.update(ctx, id, func(g *Grant) error {
		version := g.Version
		err := change(g)
		g.ID, g.Version = id, version+1
		return err
	})
}

// DeleteGrant implements [Grants].
func (m *Memory) DeleteGrant(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.grants.mu.Lock()
	defer m.grants.mu.Unlock()
	delete(m.grants.records, id)
	return nil
}

// DeleteExpired implements [Store]. It looks at every challenge and grant, but
// lets others at them in between.
func (m *Memory) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n := m.challenges.deleteIf(limit, func(c Challenge) bool { return !c.ForgetAt.After(now) })
	n += m.grants.deleteIf(limit-n, func(g Grant) bool { return !g.ExpiresAt.After(now) })
	return n, nil
}

// A table holds the records of one kind. What its records refer to is never
// written to.
type table[R any] struct {
	mu      sync.Mutex
	records map[string]R
}

func (t *table[R]) get(id string) (R, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.records[id]
	return r, ok
}

func (t *table[R]) create(id string, r R) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.records[id]; ok {
		return ErrExists
	}
	t.records[id] = r
	return nil
}

// update replaces a record by what change makes of a copy.
func (t *table[R]) update(ctx context.Context, id string, change func(*R) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil { // it may have ended while waiting
		return err
	}
	r, ok := t.records[id]
	if !ok {
		return ErrNotFound
	}
	if err := change(&r); err != nil {
		return err
	}
	t.records[id] = r
	return nil
}

func (t *table[R]) deleteIf(limit int, expired func(R) bool) int {
	n := 0
	t.scan(func(id string, r R) bool {
		if n >= limit {
			return false
		}
		if expired(r) {
			delete(t.records, id)
			n++
		}
		return true
	})
	return n
}

// scan calls visit with the records, under the lock, until it returns false. It
// lets go of the lock every so often: a record that comes meanwhile may be
// missed, but none is seen other than as it is at that moment.
func (t *table[R]) scan(visit func(id string, r R) bool) {
	const batch = 512
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := 0
	for id, r := range t.records {
		if !visit(id, r) {
			return
		}
		if seen++; seen%batch == 0 {
			t.mu.Unlock()
			t.mu.Lock()
		}
	}
}
