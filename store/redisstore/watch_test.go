package redisstore_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// watch begins a watch of accounts, and returns its calls and its end.
func watch(t *testing.T, s *redisstore.Store) (changes chan string, ended chan error) {
	t.Helper()
	changes, ended = make(chan string, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- s.Watch(ctx, store.Accounts, func(id string) { changes <- id }) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Error("Watch hasn't returned")
		}
	})
	wantChange(t, changes, "")
	return changes, ended
}

func wantChange(t *testing.T, changes chan string, want string) {
	t.Helper()
	select {
	case got := <-changes:
		expect.Equal(t, got, want, "a change of")
	case <-time.After(5 * time.Second):
		t.Fatalf("got no change, want one of %q", want)
	}
}

// A message that Redis has dropped is noticed, by the next one or by a heartbeat.
func TestWatchNoticesDroppedMessages(t *testing.T) {
	ctx, client := t.Context(), connect(t, sharedServer(t))
	prefix := newPrefix(t, client)
	s := newStore(t, client, redisstore.WithPrefix(prefix))
	changes, _ := watch(t, s)
	write := func(id string) {
		t.Helper()
		if _, err := s.Put(ctx, store.Accounts, store.Document{ID: id, Body: body, Notify: true}); err != nil {
			t.Fatal(err)
		}
	}
	write("u-1")
	wantChange(t, changes, "u-1")
	keys, err := client.Keys(ctx, prefix+"*reported-account").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("got the keys %q, %v, want one", keys, err)
	}
	drop := func() {
		t.Helper()
		expect.NoError(t, client.Incr(ctx, keys[0]).Err())
	}
	drop()
	wantChange(t, changes, "")
	write("u-2")
	wantChange(t, changes, "u-2")
}

// A server that was demoted has no messages to pass on.
func TestWatchEndsAtDemotion(t *testing.T) {
	old := startServer(t)
	_, ended := watch(t, newStore(t, connect(t, old.options())))
	old.replicaOf("127.0.0.1", strconv.Itoa(freePort(t)))
	select {
	case err := <-ended:
		if ended <- err; !errors.Is(err, store.ErrNotPrimary) {
			t.Errorf("got %v, want ErrNotPrimary", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("Watch goes on")
	}
}

// A subscription that is up, but silent, ends.
func TestThoroughWatchEndsInSilence(t *testing.T) {
	behind, _, p := behindProxy(t)
	_, ended := watch(t, behind)
	p.drops.Store(true)
	start := time.Now()
	select {
	case err := <-ended:
		t.Logf("after %v: %v", time.Since(start), err)
		if ended <- err; err == nil {
			t.Error("got no error")
		}
	case <-time.After(10 * time.Second):
		t.Error("Watch goes on")
	}
}
