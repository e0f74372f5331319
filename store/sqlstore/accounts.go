package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/internal/record"
	"github.com/eagate/eagate/store"
)

var accountKind = kind[store.Account]{
	name:    "an account",
	table:   "eagate_accounts",
	key:     "user_id",
	id:      func(a *store.Account) *string { return &a.UserID },
	version: func(a *store.Account) *uint64 { return &a.Version },
	fields:  record.Account,
}

// accounts is the statements on accounts.
type accounts struct {
	*table[store.Account]
	due, list, listLate *sql.Stmt
}

func newAccounts(ctx context.Context, db *database) (accounts, error) {
	t, err := newTable(ctx, db, accountKind)
	a := accounts{table: t}
	errs := []error{err}
	list := fmt.Sprintf("SELECT %s FROM eagate_accounts WHERE user_id > %s", t.columns, db.param(1))
	order := " ORDER BY user_id LIMIT " + db.param(2)
	for _, p := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&a.due, fmt.Sprintf("SELECT user_id FROM eagate_accounts WHERE sync_due_at <= %s ORDER BY sync_due_at, user_id LIMIT %s", db.param(1), db.param(2))},
		{&a.list, list + order},
		{&a.listLate, list + " AND sync_due_at IS NOT NULL" + order},
	} {
		*p.stmt, err = db.prepare(ctx, p.query)
		errs = append(errs, err)
	}
	return a, errors.Join(errs...)
}

// Account implements [store.Accounts].
func (s *Store) Account(ctx context.Context, userID string) (store.Account, error) {
	// Nobody has such an ID; but to say that it has no second factor would let
	// in whoever comes by it.
	if err := store.CheckID(userID); err != nil {
		return store.Account{}, wrap(ctx, "reading an account", err)
	}
	found, err := s.accounts.get(ctx, userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Account{UserID: userID}, nil
	case err != nil:
		return store.Account{}, err
	}
	return found, nil
}

// UpdateAccount implements [store.Accounts]. It holds no lock and no connection
// while change runs.
func (s *Store) UpdateAccount(ctx context.Context, userID string, change func(*store.Account) error) error {
	if err := store.CheckID(userID); err != nil {
		return wrap(ctx, "updating an account", err)
	}
	none := func() (store.Account, error) { return store.Account{UserID: userID}, nil }
	return s.accounts.change(ctx, userID, none, change)
}

// UnsyncedAccounts implements [store.Accounts]. Accounts due at the same time
// come in the order of their IDs.
func (s *Store) UnsyncedAccounts(ctx context.Context, now time.Time, limit int) ([]string, error) {
	scan := func(row scanner) (id string, err error) {
		err = row.Scan(&id)
		return id, err
	}
	ids, err := queryAll(ctx, s.db, s.accounts.due, scan, clock(s.db, now), max(limit, 0))
	if err != nil {
		return nil, wrap(ctx, "looking for accounts to sync", err)
	}
	return ids, nil
}

// ListAccounts implements [store.Accounts], in the order of the IDs, byte by
// byte.
func (s *Store) ListAccounts(ctx context.Context, filter store.AccountFilter, from string, limit int) ([]store.Account, string, error) {
	if limit < 1 {
		return nil, "", fmt.Errorf("sqlstore: limit %d: want at least 1", limit)
	}
	stmt := s.accounts.list
	if filter.Late {
		stmt = s.accounts.listLate
	}
	page, err := queryAll(ctx, s.db, stmt, s.accounts.scan, from, limit)
	if err != nil {
		return nil, "", wrap(ctx, "listing accounts", err)
	}
	if len(page) < limit {
		return page, "", nil
	}
	return page, page[len(page)-1].UserID, nil
}
