package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/eagate/eagate/store"
)

// volatile is what challenges and grants have in common: each is created once,
// and forgotten some time.
type volatile[R any] struct {
	*table[R]
	deleteExpired *sql.Stmt
}

// newVolatile prepares the statements on records that are forgotten at the time
// in the column until.
func newVolatile[R any](ctx context.Context, db *database, k kind[R], until string) (*volatile[R], error) {
	t, err := newTable(ctx, db, k)
	expired := fmt.Sprintf("(%s <= %s OR %[1]s IS NULL)", until, db.param(1))
	stmt, deleteErr := db.prepare(ctx, db.deleteSome(k.table, expired, db.param(2)))
	return &volatile[R]{t, stmt}, errors.Join(err, deleteErr)
}

func (v *volatile[R]) createNew(ctx context.Context, r R) error {
	id := *v.id(&r)
	if err := store.CheckID(id); err != nil {
		return wrap(ctx, "creating "+v.name, err)
	}
	created, err := v.create(ctx, id, &r)
	if err == nil && !created {
		return store.ErrExists
	}
	return err
}

func (v *volatile[R]) read(ctx context.Context, id string) (R, error) {
	if store.CheckID(id) != nil {
		return *new(R), notThere(ctx)
	}
	return v.get(ctx, id)
}

func (v *volatile[R]) changeExisting(ctx context.Context, id string, change func(*R) error) error {
	if store.CheckID(id) != nil {
		return notThere(ctx)
	}
	none := func() (R, error) { return *new(R), store.ErrNotFound }
	return v.change(ctx, id, none, change)
}

// notThere is the answer for an ID that is refused wherever a record is made.
func notThere(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return store.ErrNotFound
}

// deleteSome deletes at most limit records whose time has come, and returns how
// many.
func (v *volatile[R]) deleteSome(ctx context.Context, now time.Time, limit int) (int, error) {
	if limit < 1 {
		return 0, ctx.Err()
	}
	var n int64
	err := v.db.retry(ctx, func() error {
		result, err := v.db.exec(ctx, v.deleteExpired, clock(v.db, now), limit)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, wrap(ctx, "deleting what has expired", err)
	}
	return int(n), nil
}
