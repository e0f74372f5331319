package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
)

// patient is how long the databases may take at the start.
const patient = 15 * time.Second

// data is where the demo remembers things.
type data struct {
	store    store.Backend // who has a second factor, and what proves it
	sessions scs.Store     // who is logged in
	closers  []func() error
}

// openData opens the database and, where there is one, Redis for all that may be
// lost: sessions, challenges and grants.
func openData(ctx context.Context, c config) (_ *data, err error) {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	d := new(data)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()

	db, err := c.database.open()
	if err != nil {
		return nil, fmt.Errorf("demo: DATABASE_URL: %w", err)
	}
	d.closers = append(d.closers, db.Close)
	accounts, err := sqlstore.New(ctx, db, c.database.dialect)
	if err != nil {
		return nil, fmt.Errorf("demo: DATABASE_URL: %w", err)
	}
	d.closers = append(d.closers, accounts.Close)

	if c.redis == nil {
		d.store = accounts
		if d.sessions, err = c.database.sessions(ctx, db); err != nil {
			return nil, fmt.Errorf("demo: DATABASE_URL: %w", err)
		}
		return d, nil
	}
	client := redis.NewClient(c.redis)
	d.closers = append(d.closers, client.Close)
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("demo: REDIS_URL: %w", err)
	}
	volatile, err := redisstore.NewVolatile(client)
	if err != nil {
		return nil, fmt.Errorf("demo: REDIS_URL: %w", err)
	}
	d.store = store.Split(accounts, volatile)
	d.sessions = goredisstore.NewWithPrefix(client, "eagate-demo:session:")
	return d, nil
}

// close closes what was opened, the last first.
func (d *data) close() error {
	var faults []error
	for _, closer := range slices.Backward(d.closers) {
		faults = append(faults, closer())
	}
	return errors.Join(faults...)
}
