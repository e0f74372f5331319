package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// errHidden means that existing rows may be missing.
var errHidden = errors.New("row-level security hides rows of eagate's table from this role: " +
	"disable it on the table, or use a role that it doesn't apply to")

// An unfitError is the value of the column unfit.
type unfitError string

func (e unfitError) Error() string { return "it is " + string(e) }

// do calls f until it succeeds, or fails for another reason than a concurrent
// transaction. If the server isn't the primary, its connections leave the pool.
func (d *database) do(ctx context.Context, doing string, f func() error) error {
	err := retry(ctx, d.classify, maxTime, f)
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
		err = fmt.Errorf("the tables no longer exist: have the data source name lead to the same database: %w", err)
	default:
		return wrap(ctx, doing, err)
	}
	d.closeUnfit(ctx)
	return wrap(ctx, doing, err)
}

// closeUnfit closes the idle connections to servers that aren't the primary. [sql.DB]
// doesn't say which connection it has used, so all are checked.
func (d *database) closeUnfit(ctx context.Context) {
	if !d.closing.TryLock() {
		return // another goroutine does
	}
	defer d.closing.Unlock()
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
		defer conn.Close() // after the loop, or the pool would return it again
	}
}

// discard closes a connection and removes it from the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}
