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
