package apptest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2/memstore"

	"github.com/eagate/eagate/store"
)

// ErrFault is what broken stores return.
var ErrFault = errors.New("apptest: store is down")

// Op is a kind of access to a store.
type Op uint32

// What can be made to fail.
const (
	Reads Op = 1 << iota
	Writes
	All = Reads | Writes
)

// A FaultyStore fails on command, and counts.
type FaultyStore struct {
	store.Store
	failing atomic.Uint32
	asked   atomic.Int64
}

// Fail makes the accesses of that kind fail from now on; 0 heals.
func (f *FaultyStore) Fail(op Op) { f.failing.Store(uint32(op)) }

// Asked is how often the store was asked for anything.
func (f *FaultyStore) Asked() int64 { return f.asked.Load() }

func (f *FaultyStore) fault(op Op) error {
	f.asked.Add(1)
	if Op(f.failing.Load())&op != 0 {
		return ErrFault
	}
	return nil
}

func (f *FaultyStore) Account(ctx context.Context, id string) (store.Account, error) {
	if err := f.fault(Reads); err != nil {
		return store.Account{}, err
	}
	return f.Store.Account(ctx, id)
}

func (f *FaultyStore) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.UpdateAccount(ctx, id, change)
}

func (f *FaultyStore) ListAccounts(ctx context.Context, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
	if err := f.fault(Reads); err != nil {
		return nil, "", err
	}
	return f.Store.ListAccounts(ctx, filter, from, limit)
}

func (f *FaultyStore) Challenge(ctx context.Context, id string) (store.Challenge, error) {
	if err := f.fault(Reads); err != nil {
		return store.Challenge{}, err
	}
	return f.Store.Challenge(ctx, id)
}

func (f *FaultyStore) CreateChallenge(ctx context.Context, c store.Challenge) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.CreateChallenge(ctx, c)
}

func (f *FaultyStore) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.UpdateChallenge(ctx, id, change)
}

func (f *FaultyStore) CreateGrant(ctx context.Context, g store.Grant) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.CreateGrant(ctx, g)
}

func (f *FaultyStore) Grant(ctx context.Context, id string) (store.Grant, error) {
	if err := f.fault(Reads); err != nil {
		return store.Grant{}, err
	}
	return f.Store.Grant(ctx, id)
}

func (f *FaultyStore) UpdateGrant(ctx context.Context, id string, change func(*store.Grant) error) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.UpdateGrant(ctx, id, change)
}

func (f *FaultyStore) DeleteGrant(ctx context.Context, id string) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Store.DeleteGrant(ctx, id)
}

// FaultyScs is a session store that fails on command.
type FaultyScs struct {
	*memstore.MemStore
	commits atomic.Int64 // how many more commits fail
	count   atomic.Int64
}

// FailCommits makes the next n commits fail.
func (f *FaultyScs) FailCommits(n int) { f.commits.Store(int64(n)) }

// Commits is how many commits there were.
func (f *FaultyScs) Commits() int64 { return f.count.Load() }

func (f *FaultyScs) Commit(token string, b []byte, expiry time.Time) error {
	f.count.Add(1)
	if f.commits.Load() > 0 && f.commits.Add(-1) >= 0 {
		return ErrFault
	}
	return f.MemStore.Commit(token, b, expiry)
}
