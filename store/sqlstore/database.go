package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

// A database has the connections and the prepared statements of one store.
type database struct {
	*flavour
	db      *sql.DB
	writer  chan struct{} // full during a write; nil without oneWriter
	health  string        // a query for the column unfit
	closing sync.Mutex

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // nil if the driver prepares
}

func newDatabase(db *sql.DB, f *flavour) *database {
	d := &database{flavour: f, db: db}
	if f.oneWriter {
		d.writer = make(chan struct{}, 1)
	}
	if !f.driverPrepares {
		d.prepared = make(map[string]*sql.Stmt)
	}
	return d
}

// Close closes the prepared statements. It doesn't close the database. The store must not
// be used afterwards.
func (d *database) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, stmt := range d.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// statement returns the prepared statement of a query, or nil if the driver prepares.
func (d *database) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	d.mu.Lock()
	stmt := d.prepared[query]
	d.mu.Unlock()
	if stmt != nil || d.prepared == nil {
		return stmt, nil
	}
	stmt, err := d.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first := d.prepared[query]; first != nil {
		return first, stmt.Close()
	}
	d.prepared[query] = stmt
	return stmt, nil
}

// read returns the documents of a query, whose first column is unfit and which returns at
// least one row.
func (d *database) read(ctx context.Context, doing, query string, args ...any) (docs []store.Document, err error) {
	err = d.do(ctx, doing, func() error {
		docs = nil
		stmt, err := d.statement(ctx, query)
		if err != nil {
			return err
		}
		var rows *sql.Rows
		if stmt == nil {
			rows, err = d.db.QueryContext(ctx, query, args...)
		} else {
			rows, err = stmt.QueryContext(ctx, args...)
		}
		if err != nil {
			return err
		}
		defer rows.Close()
		answered := false
		for rows.Next() {
			var (
				unfit        string
				id           sql.NullString
				version, due sql.NullInt64
				body         []byte
			)
			if err := rows.Scan(&unfit, &id, &version, &due, &body); err != nil {
				return err
			}
			if unfit != "" {
				return unfitError(unfit)
			}
			answered = true
			if !id.Valid {
				continue
			}
			doc := store.Document{ID: id.String, Version: uint64(version.Int64), Body: body}
			if due.Valid {
				doc.Due = time.UnixMicro(due.Int64).UTC()
			}
			docs = append(docs, doc)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if !answered {
			return errors.New("the server gave no answer")
		}
		return nil
	})
	return docs, err
}

// exec executes a write, and returns the number of rows: 0 if the key exists.
func (d *database) exec(ctx context.Context, doing, query string, args ...any) (n int, err error) {
	err = d.do(ctx, doing, func() error {
		ctx := ctx
		if d.writer == nil {
			grace, stop := withGrace(ctx)
			defer stop()
			ctx = grace
		} else {
			select {
			case d.writer <- struct{}{}:
				defer func() { <-d.writer }()
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		result, err := d.send(ctx, query, args)
		if err != nil {
			if d.classify(err) == exists {
				n, err = 0, nil
			}
			return err
		}
		affected, err := result.RowsAffected()
		n = int(affected)
		return err
	})
	return n, err
}

// send sends a statement once. Without a prepared statement, it reserves a connection:
// [sql.DB] retries after ErrBadConn, which github.com/lib/pq returns also if a
// statement's response was lost.
func (d *database) send(ctx context.Context, query string, args []any) (sql.Result, error) {
	stmt, err := d.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ExecContext(ctx, query, args...)
}

// wrap adds the failed operation to an error, and the context's error, which drivers
// replace by errors of their own.
func wrap(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, ended, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
