package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// A Store is a [store.Store] in a SQL database.
type Store struct {
	db         *database
	accounts   accounts
	challenges *volatile[store.Challenge]
	grants     grants
}

var _ store.Store = (*Store)(nil)

// An Option changes how [New] opens a store.
type Option func(*options)

type options struct{ dontMigrate bool }

// WithoutMigration has [New] only check that the schema is new enough, for
// programs that must not change it. Somebody else has to: by [Migrate], or by
// what [Schema] returns.
func WithoutMigration() Option {
	return func(o *options) { o.dontMigrate = true }
}

// New returns a store on a database whose driver the application has chosen and
// opened. It brings the schema up to date, as [Migrate] does, and prepares the
// statements.
//
// It returns every fault of the configuration that it can find, joined, each
// with what to do about it: settings under which records could be cut off or
// differ between nodes, or under which writers would fail for no reason.
//
// Any number of stores may be open on one database, on any number of nodes.
// Their connections are db's: the store sets no limit on them, holds one at a time
// for each call (New itself two, if it may), and none while it calls a change
// function.
func New(ctx context.Context, db *sql.DB, dialect Dialect, opts ...Option) (*Store, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	f, err := examine(ctx, db, dialect)
	if err != nil {
		return nil, err
	}
	if o.dontMigrate {
		err = checkVersion(ctx, db, dialect, f)
	} else {
		err = migrate(ctx, db, f)
	}
	if err != nil {
		return nil, err
	}
	d := newDatabase(db, f)
	s := &Store{db: d}
	var errs [3]error
	s.accounts, errs[0] = newAccounts(ctx, d)
	s.challenges, errs[1] = newChallenges(ctx, d)
	s.grants, errs[2] = newGrants(ctx, d)
	if err := errors.Join(errs[:]...); err != nil {
		d.close()
		return nil, wrap(ctx, "preparing the statements", err)
	}
	return s, nil
}

// Close releases the prepared statements. It doesn't close the database. The
// store can't be used any more.
func (s *Store) Close() error {
	if err := s.db.close(); err != nil {
		return fmt.Errorf("sqlstore: closing: %w", err)
	}
	return nil
}

// DeleteExpired implements [store.Volatile]. It takes one statement for the
// challenges and one for the grants.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := s.challenges.deleteSome(ctx, now, limit)
	if err != nil {
		return n, err
	}
	m, err := s.grants.deleteSome(ctx, now, limit-n)
	return n + m, err
}

// examine returns the dialect's flavour, or all that is wrong with the
// configuration.
func examine(ctx context.Context, db *sql.DB, dialect Dialect) (flavour, error) {
	f, err := dialect.flavour()
	faults := []error{err}
	switch {
	case db == nil:
		faults = append(faults, errors.New("no database: want an open *sql.DB"))
	case f != nil:
		found, err := f.faults(ctx, db)
		if err != nil {
			return nil, wrap(ctx, fmt.Sprintf("asking the database, as %v, for its settings", dialect), err)
		}
		faults = append(faults, found...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("sqlstore: the database can't be used as it is:\n%w", err)
	}
	return f, nil
}
