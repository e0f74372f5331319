package sqlstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

// A Listener listens to a PostgreSQL channel, on its own connection to the server, or to
// a pooler in session mode. It executes LISTEN for the channel, whose name needs no
// quotes, calls ready, and then calls notified with the payload of each notification, one
// call at a time. It returns when ctx is done or the connection breaks, and closes the
// connection. See the example.
type Listener func(ctx context.Context, channel string, ready func(), notified func(payload string)) error

// WithListener sets the [Listener] of a store, on PostgreSQL: see [Store.Watch]. Only
// stores with a listener send notifications, so all nodes need one. Without it, waiting
// pages on other nodes poll. [New] reports a listener on other databases.
func WithListener(l Listener) Option { return func(o *options) { o.listener = l } }

// What a payload begins with.
const (
	written = "=" // and then an ID
	proof   = "?" // and then a random text of the watch that has sent it
)

const (
	proofTime = 3 * time.Second  // in which a proof must arrive
	proofs    = 10 * time.Second // the time between two of them
)

var errUnproven = errors.New("a notification didn't arrive")

// channel returns what the names of a store's channels begin with. They are the
// database's.
func channel(schema, prefix string) string {
	sum := sha256.Sum256([]byte(schema + "\x00" + prefix))
	return "eagate_" + hex.EncodeToString(sum[:8]) + "_"
}

// notifying returns a statement of Put with a notification, which is sent if it
// writes a row.
func (s *Store) notifying(query string) string {
	return "WITH w AS (" + query + " RETURNING 1) SELECT pg_notify($6, $7) FROM w"
}

// Watch implements [store.Watcher], on PostgreSQL with [WithListener]; otherwise it
// returns [errors.ErrUnsupported]. It reconnects when the connection breaks. It also
// returns ErrUnsupported if its own first notification doesn't arrive, as behind a pooler
// that assigns server connections per transaction.
func (s *Store) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := kind.Check(); err != nil {
		return err
	}
	if s.listener == nil {
		return fmt.Errorf("sqlstore: watching takes PostgreSQL and WithListener: %w", errors.ErrUnsupported)
	}
	for begun := false; ; {
		err := s.watchOnce(ctx, s.channel+string(kind), func(id string) { begun = true; changed(id) })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !begun && errors.Is(err, errUnproven):
			return fmt.Errorf("sqlstore: watching: %w: %w: have the listener connect to the server itself, and not to a pooler", err, errors.ErrUnsupported)
		case !begun:
			return fmt.Errorf("sqlstore: watching: %w", err)
		}
		select {
		case <-time.After(time.Second / 2):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watchOnce watches on one connection. While it is there, it is tried by proofs:
// it may be dead without anybody saying so.
func (s *Store) watchOnce(ctx context.Context, channel string, changed func(id string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		arrived = make(chan struct{}, 1)
		mine    = proof + rand.Text()
		begun   = false
	)
	err := s.listener(ctx, channel, func() { go s.prove(ctx, channel, mine, arrived, cancel) }, func(payload string) {
		id, isWrite := strings.CutPrefix(payload, written)
		switch {
		case payload == mine:
			select {
			case arrived <- struct{}{}:
			default:
			}
			if !begun {
				begun = true
				changed("")
			}
		case isWrite && begun:
			changed(id)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		err = errors.New("the listener has returned")
	}
	return err
}

// prove sends one proof after the other, and ends the watch when one doesn't arrive.
func (s *Store) prove(ctx context.Context, channel, payload string, arrived <-chan struct{}, cancel context.CancelCauseFunc) {
	for {
		if _, err := s.db.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			cancel(fmt.Errorf("notifying: %w", err))
			return
		}
		select {
		case <-arrived:
		case <-time.After(proofTime):
			cancel(errUnproven)
			return
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(proofs):
		case <-ctx.Done():
			return
		}
	}
}
