package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eagate/eagate/internal/record"
	"github.com/eagate/eagate/store"
)

// A kind is one kind of record, with the table that keeps it.
type kind[R any] struct {
	name    string
	table   string
	key     string // the column of the ID
	id      func(*R) *string
	version func(*R) *uint64
	fields  func(*R) []record.Field // the other columns
}

// A table is the statements on the records of one kind.
type table[R any] struct {
	kind[R]
	db *database

	columns string // what one SELECT has to name, for scan

	selectOne, insert *sql.Stmt
	update            *updates
}

func newTable[R any](ctx context.Context, db *database, k kind[R]) (*table[R], error) {
	var (
		t        = &table[R]{kind: k, db: db}
		selected = []string{k.key}
		inserted = []string{k.key}
		fields   = k.fields(new(R))
	)
	for _, field := range fields {
		column := field.Name
		inserted = append(inserted, column)
		if _, ok := field.Value.(*time.Time); ok {
			column = db.timeColumn(column)
		}
		selected = append(selected, column)
	}
	t.update = newUpdates(db, k.table, k.key, inserted[1:])
	selected, inserted = append(selected, "version"), append(inserted, "version")
	t.columns = strings.Join(selected, ", ")

	var errs []error
	for _, p := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&t.selectOne, fmt.Sprintf("SELECT %s FROM %s WHERE %s = %s", t.columns, k.table, k.key, db.param(1))},
		{&t.insert, db.insertNew(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)",
			k.table, strings.Join(inserted, ", "), params(db, len(inserted))))},
	} {
		var err error
		*p.stmt, err = db.prepare(ctx, p.query)
		errs = append(errs, err)
	}
	return t, errors.Join(errs...)
}

// A scanner is a row, or the present one of several.
type scanner interface{ Scan(dest ...any) error }

// scan reads the columns of one row into a record.
func (t *table[R]) scan(row scanner) (R, error) {
	var r R
	dest := []any{t.id(&r)}
	for _, field := range t.fields(&r) {
		dest = append(dest, destination(field))
	}
	err := row.Scan(append(dest, t.version(&r))...)
	if err != nil && *t.id(&r) != "" { // otherwise there is no row
		err = fmt.Errorf("%s %q: %w", t.key, *t.id(&r), err)
	}
	return r, err
}

// get returns the record with that ID, or [store.ErrNotFound].
func (t *table[R]) get(ctx context.Context, id string) (R, error) {
	var r R
	err := t.db.retry(ctx, func() (err error) {
		r, err = t.scan(t.selectOne.QueryRowContext(ctx, id))
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return *new(R), store.ErrNotFound
	case err != nil:
		return *new(R), wrap(ctx, "reading "+t.name, err)
	}
	return r, nil
}

// create stores a new record, as version 1, and reports whether there was none
// with that ID.
func (t *table[R]) create(ctx context.Context, id string, r *R) (created bool, err error) {
	args, err := t.arguments([]any{id}, r)
	if err == nil {
		args = append(args, 1)
		err = t.db.retry(ctx, func() error {
			result, err := t.db.exec(ctx, t.insert, args...)
			if err == nil {
				created, err = t.db.inserted(result)
			}
			return err
		})
	}
	if err != nil {
		return false, wrap(ctx, "creating "+t.name, err)
	}
	return created, nil
}

// replace stores what has changed in a record since a version, and reports
// whether nobody has changed it meanwhile.
func (t *table[R]) replace(ctx context.Context, id string, version uint64, before []any, r *R) (stored bool, err error) {
	var result sql.Result
	after, err := t.arguments(nil, r)
	if err == nil {
		result, err = t.update.exec(ctx, id, version, before, after)
	}
	if err == nil {
		var n int64
		n, err = result.RowsAffected()
		stored = n == 1
	}
	switch {
	case err == nil:
		return stored, nil
	case t.db.tooBusy(err): // as good as overtaken
		return false, nil
	}
	return false, wrap(ctx, "updating "+t.name, err)
}

// change stores what f makes of a record. Nothing is locked while f runs: if
// another writer came first, it is called again. A record that doesn't exist is
// made by absent.
func (t *table[R]) change(ctx context.Context, id string, absent func() (R, error), f func(*R) error) error {
	var n tries
	for {
		r, err := t.get(ctx, id)
		exists := err == nil
		if errors.Is(err, store.ErrNotFound) {
			r, err = absent()
		}
		if err != nil {
			return err
		}
		version := *t.version(&r)
		before, err := t.arguments(nil, &r)
		if err != nil {
			return wrap(ctx, "updating "+t.name, err)
		}
		if err := f(&r); err != nil {
			return err
		}
		var stored bool
		if exists {
			stored, err = t.replace(ctx, id, version, before, &r)
		} else {
			stored, err = t.create(ctx, id, &r)
		}
		if stored || err != nil {
			return err
		}
		if err := n.again(ctx); err != nil {
			return wrap(ctx, "updating "+t.name, err)
		}
	}
}

// arguments appends the fields of a record.
func (t *table[R]) arguments(args []any, r *R) ([]any, error) {
	for _, field := range t.fields(r) {
		arg, err := argument(t.db, field)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}
