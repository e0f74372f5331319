package sqlstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// listen returns a listener, as an application has it that uses pgx.
func listen(source string) sqlstore.Listener {
	return func(ctx context.Context, channel string, ready func(), notified func(payload string)) error {
		conn, err := pgx.Connect(ctx, source)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return err
		}
		ready()
		for {
			n, err := conn.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			notified(n.Payload)
		}
	}
}

func TestWatchUnsupported(t *testing.T) {
	watch := func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := s.Watch(ctx, store.Challenges, func(id string) { t.Errorf("got a change of %q", id) })
		expect.Is(t, err, errors.ErrUnsupported)
	}
	onEach(t, func(t *testing.T, d database) { watch(t, d.store(t)) })
	t.Run("listening through a pooler", func(t *testing.T) {
		d := newPostgres(t)
		d.store(t)
		pooled := newPooler(t, d).with(t, map[string]string{"default_query_exec_mode": "exec"})
		watch(t, d.store(t, sqlstore.WithListener(listen(pooled.source))))
	})
}

// A watch whose connection is dead, though nothing says so, begins anew.
func TestThoroughWatchProves(t *testing.T) {
	d := newPostgres(t)
	connections := 0
	deaf := func(ctx context.Context, channel string, ready func(), notified func(payload string)) error {
		connections++
		heard := 0
		return listen(d.source)(ctx, channel, ready, func(payload string) {
			if heard++; connections > 1 || heard == 1 {
				notified(payload)
			}
		})
	}
	s := d.store(t, sqlstore.WithListener(deaf))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	begun := 0
	err := s.Watch(ctx, store.Challenges, func(id string) {
		if begun++; begun == 2 {
			cancel()
		}
	})
	if begun != 2 || connections != 2 {
		t.Errorf("got %d beginnings on %d connections, %v, want 2", begun, connections, err)
	}
}

// What other stores in the database write is none of this one's business.
func TestWatchApart(t *testing.T) {
	d := newPostgres(t)
	s := d.store(t, sqlstore.WithListener(listen(d.source)))
	other := d.store(t, sqlstore.WithListener(listen(d.source)), sqlstore.WithPrefix("other_"))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var calls []string
	put := func(s *sqlstore.Store, id string) {
		doc := store.Document{ID: id, Body: []byte("{}"), Notify: true}
		if _, err := s.Put(ctx, store.Challenges, doc); err != nil {
			t.Error(err)
		}
	}
	err := s.Watch(ctx, store.Challenges, func(id string) {
		if calls = append(calls, id); id == "" {
			put(other, "other's")
			put(s, "own")
		} else {
			cancel()
		}
	})
	if len(calls) != 2 || calls[1] != "own" {
		t.Errorf("got calls %q, %v, want one for its own document", calls, err)
	}
}
