package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/eagate/eagate/store"
)

// optimistic is a store that compares and swaps: it calls a change again if
// another writer came first. It is nothing but a handle: the records are in the
// table, as text.
type optimistic struct {
	accounts   rows[store.Account]
	challenges rows[store.Challenge]
	grants     rows[store.Grant]
}

func newOptimistic(t *table) *optimistic {
	return &optimistic{
		accounts:   rows[store.Account]{t, "account:", func(a *store.Account) *uint64 { return &a.Version }},
		challenges: rows[store.Challenge]{t, "challenge:", func(c *store.Challenge) *uint64 { return &c.Version }},
		grants:     rows[store.Grant]{t, "grant:", func(*store.Grant) *uint64 { return new(uint64) }},
	}
}

func (o *optimistic) Account(ctx context.Context, id string) (store.Account, error) {
	a, err := o.accounts.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Account{UserID: id}, nil
	}
	return a, err
}

func (o *optimistic) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	if !utf8.ValidString(id) {
		return errors.New("not UTF-8") // JSON would replace what it can't hold
	}
	return o.accounts.update(ctx, id, true, func(a *store.Account) error {
		a.UserID = id
		err := change(a)
		a.UserID = id
		return err
	})
}

func (o *optimistic) UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	all, err := o.accounts.all(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a store.Account) bool { return !a.Sync.Late() || a.Sync.NextAt.After(now) })
	slices.SortFunc(all, func(a, b store.Account) int { return a.Sync.NextAt.Compare(b.Sync.NextAt) })
	var ids []string
	for _, a := range all[:min(limit, len(all))] {
		ids = append(ids, a.UserID)
	}
	return ids, nil
}

func (o *optimistic) CreateChallenge(ctx context.Context, c store.Challenge) error {
	c.Version = 0
	return o.challenges.create(ctx, c.ID, c)
}

func (o *optimistic) Challenge(ctx context.Context, id string) (store.Challenge, error) {
	return o.challenges.read(ctx, id)
}

func (o *optimistic) UpdateChallenge(ctx context.Context, id string, change func(*store.Challenge) error) error {
	return o.challenges.update(ctx, id, false, func(c *store.Challenge) error {
		err := change(c)
		c.ID = id
		return err
	})
}

func (o *optimistic) CreateGrant(ctx context.Context, g store.Grant) error {
	return o.grants.create(ctx, g.ID, g)
}

func (o *optimistic) Grant(ctx context.Context, id string) (store.Grant, error) {
	return o.grants.read(ctx, id)
}

func (o *optimistic) DeleteGrant(ctx context.Context, id string) error {
	_, err := o.grants.delete(ctx, id)
	return err
}

func (o *optimistic) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	challenges, err := o.challenges.all(ctx)
	if err != nil {
		return 0, err
	}
	grants, err := o.grants.all(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, g := range grants {
		if n < limit && !g.ExpiresAt.After(now) {
			deleted, err := o.grants.delete(ctx, g.ID)
			if err != nil {
				return n, err
			}
			n += deleted
		}
	}
	for _, c := range challenges {
		if n < limit && !c.ForgetAt.After(now) {
			deleted, err := o.challenges.delete(ctx, c.ID)
			if err != nil {
				return n, err
			}
			n += deleted
		}
	}
	return n, nil
}

// A table is the storage: text by key.
type table struct {
	mu   sync.Mutex
	text map[string]string
}

func newTable() *table { return &table{text: make(map[string]string)} }

func (t *table) get(key string) (text string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, ok = t.text[key]
	return text, ok
}

// swap replaces what is under a key if it is still what the caller has read. The
// empty text stands for no record.
func (t *table) swap(key, old, text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text[key] != old {
		return false
	}
	t.text[key] = text
	if text == "" {
		delete(t.text, key)
	}
	return true
}

// rows are the records of one kind in a table.
type rows[R any] struct {
	t       *table
	prefix  string
	version func(*R) *uint64
}

func (r rows[R]) read(ctx context.Context, id string) (R, error) {
	var record R
	if err := ctx.Err(); err != nil {
		return record, err
	}
	text, ok := r.t.get(r.prefix + id)
	if !ok {
		return record, store.ErrNotFound
	}
	return record, json.Unmarshal([]byte(text), &record)
}

func (r rows[R]) create(ctx context.Context, id string, record R) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	if !r.t.swap(r.prefix+id, "", string(text)) {
		return store.ErrExists
	}
	return nil
}

func (r rows[R]) update(ctx context.Context, id string, create bool, change func(*R) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		old, ok := r.t.get(r.prefix + id)
		if !ok && !create {
			return store.ErrNotFound
		}
		var record R
		if ok {
			if err := json.Unmarshal([]byte(old), &record); err != nil {
				return err
			}
		}
		version := *r.version(&record)
		if err := change(&record); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		*r.version(&record) = version + 1
		text, err := json.Marshal(record)
		if err != nil {
			return err
		}
		if r.t.swap(r.prefix+id, old, string(text)) {
			return nil
		}
	}
}

func (r rows[R]) delete(ctx context.Context, id string) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		old, ok := r.t.get(r.prefix + id)
		if !ok {
			return 0, nil
		}
		if r.t.swap(r.prefix+id, old, "") {
			return 1, nil
		}
	}
}

func (r rows[R]) all(ctx context.Context) ([]R, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	var all []R
	for key, text := range r.t.text {
		if !strings.HasPrefix(key, r.prefix) {
			continue
		}
		var record R
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}
