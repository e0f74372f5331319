package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// A database is the connections of one store, and what is prepared on them.
type database struct {
	flavour
	db *sql.DB

	mu       sync.Mutex
	prepared []*sql.Stmt

	// writer holds a value while one writes, or is nil where writers need not
	// wait for each other.
	writer chan struct{}
}

func newDatabase(db *sql.DB, f flavour) *database {
	d := &database{flavour: f, db: db}
	if f.singleWriter() {
		d.writer = make(chan struct{}, 1)
	}
	return d
}

// prepare prepares a statement until close.
func (d *database) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	stmt, err := d.db.PrepareContext(ctx, query)
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.prepared = append(d.prepared, stmt)
	}
	return stmt, err
}

func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, stmt := range d.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// exec executes a statement that writes.
func (d *database) exec(ctx context.Context, stmt *sql.Stmt, args ...any) (sql.Result, error) {
	if d.writer != nil {
		select {
		case d.writer <- struct{}{}:
			defer func() { <-d.writer }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return stmt.ExecContext(ctx, args...)
}

// retry calls f until it has an answer, or an error that isn't due to what
// others were doing.
func (d *database) retry(ctx context.Context, f func() error) error {
	var n tries
	for {
		err := f()
		if err == nil || !d.tooBusy(err) {
			return err
		}
		if stop := n.again(ctx); stop != nil {
			return errors.Join(stop, err)
		}
	}
}

// queryAll returns what a query finds.
func queryAll[T any](ctx context.Context, d *database, stmt *sql.Stmt, scan func(scanner) (T, error), args ...any) ([]T, error) {
	var found []T
	err := d.retry(ctx, func() error {
		found = nil
		rows, err := stmt.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scan(rows)
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return rows.Err()
	})
	return found, err
}

// wrap returns an error that says what failed. Drivers have errors of their own
// for the end of a context, so the context's is added.
func wrap(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, ended, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
