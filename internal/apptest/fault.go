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
	inner   atomic.Pointer[store.Backend]
	failing atomic.Uint32
	reads   atomic.Int64
	writes  atomic.Int64
}

// NewFaultyStore returns a store in front of another one.
func NewFaultyStore(b store.Backend) *FaultyStore {
	f := new(FaultyStore)
	f.SetInner(b)
	return f
}

// Inner returns the store behind.
func (f *FaultyStore) Inner() store.Backend { return *f.inner.Load() }

// SetInner puts another store behind, while nodes ask.
func (f *FaultyStore) SetInner(b store.Backend) { f.inner.Store(&b) }

// Fail makes the accesses of that kind fail from now on; 0 heals.
func (f *FaultyStore) Fail(op Op) { f.failing.Store(uint32(op)) }

// Asked is how often the store was asked for anything.
func (f *FaultyStore) Asked() int64 { return f.reads.Load() + f.writes.Load() }

// Reads is how many calls only read.
func (f *FaultyStore) Reads() int64 { return f.reads.Load() }

// Writes is how many calls would change something.
func (f *FaultyStore) Writes() int64 { return f.writes.Load() }

func (f *FaultyStore) fault(op Op) error {
	if op == Reads {
		f.reads.Add(1)
	} else {
		f.writes.Add(1)
	}
	if Op(f.failing.Load())&op != 0 {
		return ErrFault
	}
	return nil
}

func (f *FaultyStore) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	if err := f.fault(Reads); err != nil {
		return nil, err
	}
	return f.Inner().Get(ctx, kind, ids...)
}

func (f *FaultyStore) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	if err := f.fault(Writes); err != nil {
		return 0, err
	}
	return f.Inner().Put(ctx, kind, doc)
}

func (f *FaultyStore) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := f.fault(Writes); err != nil {
		return err
	}
	return f.Inner().Delete(ctx, kind, id, version)
}

func (f *FaultyStore) List(ctx context.Context, kind store.Kind, after string, limit int) ([]store.Document, string, error) {
	if err := f.fault(Reads); err != nil {
		return nil, "", err
	}
	return f.Inner().List(ctx, kind, after, limit)
}

func (f *FaultyStore) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) ([]string, error) {
	return f.Inner().Due(ctx, kind, now, limit)
}

func (f *FaultyStore) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (int, error) {
	return f.Inner().DeleteDue(ctx, kind, now, limit)
}

// FaultyScs is a session store that fails on command.
type FaultyScs struct {
	*memstore.MemStore
	commits atomic.Int64 // how many more commits fail
	deletes atomic.Bool  // whether they fail
	count   atomic.Int64
}

// FailDeletes makes all deletions fail from now on.
func (f *FaultyScs) FailDeletes() { f.deletes.Store(true) }

func (f *FaultyScs) Delete(token string) error {
	if f.deletes.Load() {
		return ErrFault
	}
	return f.MemStore.Delete(token)
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
