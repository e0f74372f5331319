package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eagate/eagate/store"
)

// A database is the connections of one store, and what is prepared on them.
type database struct {
	*flavour
	db      *sql.DB
	writer  chan struct{} // holds a value while one writes, or is nil
	health  string        // a query for what is unfit, and for the table
	weeding sync.Mutex

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // or nil, where drivers prepare
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

// Close releases the prepared statements. It doesn't close the database. The
// store can't be used any more.
func (d *database) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, stmt := range d.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

func (d *database) prepare(ctx context.Context, query string) error {
	_, err := d.statement(ctx, query)
	return err
}

// statement returns a query prepared, until Close, or nil where drivers prepare.
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

// read returns the documents that a query finds. Its first column is what is unfit
// about the server, and it finds at least one row.
func (d *database) read(ctx context.Context, doing, query string, args ...any) (docs []store.Document, err error) {
	return docs, d.do(ctx, doing, func() error {
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
}

// exec executes a statement that writes, and returns how many rows it wrote: none
// if the key exists.
func (d *database) exec(ctx context.Context, doing, query string, args ...any) (n int, err error) {
	return n, d.do(ctx, doing, func() error {
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
}

// A graceContext ends a second after another one. Drivers give up a connection on
// which a statement runs when its context ends, and the server may execute it later
// than anybody looks. Most often the answer comes in this second. (The contexts of the
// standard library do the same, but take a tenth of the time of a write.)
type graceContext struct {
	context.Context
	done chan struct{}
}

func withGrace(ctx context.Context) (graceContext, func() bool) {
	c := graceContext{context.WithoutCancel(ctx), make(chan struct{})}
	return c, context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, func() { close(c.done) }) })
}

func (c graceContext) Done() <-chan struct{} { return c.done }

func (c graceContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// send sends a statement once. Where no statement is prepared, it takes a connection
// for that: [sql.DB] sends once more what a driver calls ErrBadConn, and
// github.com/lib/pq does so of a statement whose answer got lost.
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

// errHidden says that rows may be missing that are there.
var errHidden = errors.New("row-level security hides rows of eagate's table from this role: " +
	"disable it on the table, or use a role that it doesn't apply to")

// An unfitError says why a server must not be asked: what the column unfit holds.
type unfitError string

func (e unfitError) Error() string { return "it is " + string(e) }

// do calls f until it has an answer, or an error that isn't due to what others were
// doing. If that shows the wrong server, its connections leave the pool.
func (d *database) do(ctx context.Context, doing string, f func() error) error {
	err := persist(ctx, d.classify, maxTime, f)
	if err == nil {
		return nil
	}
	var unfit unfitError
	errors.As(err, &unfit)
	switch outcome := d.classify(err); {
	case unfit == "hidden":
		err = errHidden
	case unfit != "" || outcome == notPrimary:
		err = fmt.Errorf("%w: %w: have the data source name, or the address behind it, lead to the primary", store.ErrNotPrimary, err)
	case outcome == noSchema:
		err = fmt.Errorf("the tables aren't there that were there at the start: have the data source name lead to the same database: %w", err)
	default:
		return wrap(ctx, doing, err)
	}
	d.weed(ctx)
	return wrap(ctx, doing, err)
}

// weed closes the idle connections to servers that must not be asked. [sql.DB]
// doesn't say which connection it has used, so that all are tried; it costs nothing
// as long as the server is the right one.
func (d *database) weed(ctx context.Context) {
	if !d.weeding.TryLock() {
		return // another goroutine does
	}
	defer d.weeding.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for range d.db.Stats().Idle {
		conn, err := d.db.Conn(ctx)
		if err != nil {
			return
		}
		var (
			unfit string
			n     int
		)
		if err := conn.QueryRowContext(ctx, d.health).Scan(&unfit, &n); err != nil || unfit != "" {
			discard(conn)
			continue
		}
		defer conn.Close() // at the end, or it would be the next one again
	}
}

// discard closes a connection for good.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

const (
	maxTime  = 10 * time.Second
	maxPause = 50 * time.Millisecond
)

// persist makes a call again as long as the database certainly did nothing, because
// of what others did at the time. The pauses make it ever more likely to be the first.
func persist(ctx context.Context, classify func(error) outcome, patience time.Duration, call func() error) error {
	start := time.Now()
	for n := 0; ; n++ {
		err := call()
		if err == nil || classify(err) != rolledBack {
			return err
		}
		if time.Since(start) > patience {
			return fmt.Errorf("given up after %v, as others always came first: %w", patience, err)
		}
		if n < 2 {
			continue
		}
		select {
		case <-time.After(rand.N(min(time.Millisecond<<min(n, 10), maxPause))):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// wrap returns an error that says what failed. Drivers have errors of their own
// for the end of a context, so the context's is added.
func wrap(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("sqlstore: %s: %w: %w", doing, ended, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
