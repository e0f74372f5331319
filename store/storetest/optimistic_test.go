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

// errNotUTF8 is returned for user IDs that JSON would alter.
var errNotUTF8 = errors.New("not UTF-8")

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
		grants:     rows[store.Grant]{t, "grant:", func(g *store.Grant) *uint64 { return &g.Version }},
	}
}

func (o *optimistic) Account(ctx context.Context, id string) (store.Account, error) {
	if !utf8.ValidString(id) {
		return store.Account{}, errNotUTF8
	}
	a, err := o.accounts.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Account{UserID: id}, nil
	}
	return a, err
}

func (o *optimistic) UpdateAccount(ctx context.Context, id string, change func(*store.Account) error) error {
	if !utf8.ValidString(id) {
		return errNotUTF8
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

func (o *optimistic) ListAccounts(ctx context.Context, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
	if limit < 1 {
		return nil, "", errors.New("limit below 1")
	}
	ids := slices.DeleteFunc(o.accounts.ids(), func(id string) bool { return id <= from })
	slices.Sort(ids)
	var page []store.Account
	for _, id := range ids {
		if len(page) == limit {
			return page, page[limit-1].UserID, nil
		}
		a, err := o.accounts.read(ctx, id)
		if err != nil {
			return nil, "", err
		}
		if filter.Match(a) {
			page = append(page, a)
		}
	}
	return page, "", ctx.Err()
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
	g.Version = 0
	return o.grants.create(ctx, g.ID, g)
}

func (o *optimistic) Grant(ctx context.Context, id string) (store.Grant, error) {
	return o.grants.read(ctx, id)
}

func (o *optimistic) UpdateGrant(ctx context.Context, id string, change func(*store.Grant) error) error {
	return o.grants.update(ctx, id, false, func(g *store.Grant) error {
		err := change(g)
		g.ID = id
		return err
	})
}

func (o *optimistic) DeleteGrant(ctx context.Context, id string) error {
	_, err := o.grants.deleteIf(ctx, id, func(store.Grant) bool { return true })
	return err
}

func (o *optimistic) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := o.challenges.deleteAll(ctx, limit, func(c store.Challenge) bool { return !c.ForgetAt.After(now) })
	if err != nil {
		return n, err
	}
	more, err := o.grants.deleteAll(ctx, limit-n, func(g store.Grant) bool { return !g.ExpiresAt.After(now) })
	return n + more, err
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

// deleteIf deletes a record if it fits when it is deleted.
func (r rows[R]) deleteIf(ctx context.Context, id string, fits func(R) bool) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		old, ok := r.t.get(r.prefix + id)
		if !ok {
			return 0, nil
		}
		var record R
		if err := json.Unmarshal([]byte(old), &record); err != nil {
			return 0, err
		}
		if !fits(record) {
			return 0, nil
		}
		if r.t.swap(r.prefix+id, old, "") {
			return 1, nil
		}
	}
}

func (r rows[R]) deleteAll(ctx context.Context, limit int, fits func(R) bool) (int, error) {
	n := 0
	for _, id := range r.ids() {
		if n >= limit {
			break
		}
		deleted, err := r.deleteIf(ctx, id, fits)
		if err != nil {
			return n, err
		}
		n += deleted
	}
	return n, ctx.Err()
}

func (r rows[R]) all(ctx context.Context) ([]R, error) {
	var all []R
	for _, id := range r.ids() {
		record, err := r.read(ctx, id)
		if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, ctx.Err()
}

func (r rows[R]) ids() []string {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	var ids []string
	for key := range r.t.text {
		if id, ok := strings.CutPrefix(key, r.prefix); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
