package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
	"github.com/nats-io/nats.go"
)

// put inserts or replaces a document.
func put(t testing.TB, s store.Backend, doc store.Document) store.Document {
	t.Helper()
	v := expect.Try(s.Put(t.Context(), store.Accounts, doc)).OrFail(t)
	doc.Version = v
	return doc
}

// wantErrors checks that each method returns an error, and not that there is
// no document.
func wantErrors(t *testing.T, ctx context.Context, s *natsstore.Store, doc store.Document) {
	t.Helper()
	if _, err := s.Get(ctx, store.Accounts, doc.ID); err == nil {
		t.Error("Get: got no error")
	}
	if _, err := s.Put(ctx, store.Accounts, store.Document{ID: "new", Body: doc.Body}); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("Put of a new document: got the error %v", err)
	}
	if _, err := s.Put(ctx, store.Accounts, doc); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("Put: got the error %v", err)
	}
	if err := s.Delete(ctx, store.Accounts, doc.ID, doc.Version); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("Delete: got the error %v", err)
	}
	if _, err := s.Due(ctx, store.Accounts, time.Now(), 10); err == nil {
		t.Error("Due: got no error")
	}
	if _, err := s.DeleteDue(ctx, store.Accounts, time.Now(), 10); err == nil {
		t.Error("DeleteDue: got no error")
	}
	if _, _, err := s.List(ctx, store.Accounts, "", 10); err == nil {
		t.Error("List: got no error")
	}
	if err := s.Watch(ctx, store.Accounts, func(string) {}); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Watch: got the error %v", err)
	}
}

// A bucket that was lost, or lost its documents, is an error under a running
// program, also when there is one of that name again.
func TestLostBucket(t *testing.T) {
	t.Parallel()
	url := testenv.Server(t, "nats", "nats://127.0.0.1:4222").String()
	for _, test := range []struct {
		name string
		lose func(t *testing.T, bucket string)
	}{
		{"deleted", func(t *testing.T, bucket string) {
			expect.NoError(t, stream(t, connect(t, url)).DeleteStream(t.Context(), "KV_"+bucket))
		}},
		{"made anew", func(t *testing.T, bucket string) {
			nc := connect(t, url)
			expect.NoError(t, stream(t, nc).DeleteStream(t.Context(), "KV_"+bucket))
			open(t, nc, natsstore.WithBucket(bucket))
		}},
		{"made anew and used", func(t *testing.T, bucket string) {
			nc := connect(t, url)
			expect.NoError(t, stream(t, nc).DeleteStream(t.Context(), "KV_"+bucket))
			s := open(t, nc, natsstore.WithBucket(bucket))
			for i := range 20 {
				put(t, s, store.Document{ID: fmt.Sprint(i), Body: []byte("{}")})
			}
		}},
		{"purged", func(t *testing.T, bucket string) {
			nc := connect(t, url)
			all, err := stream(t, nc).Stream(t.Context(), "KV_"+bucket)
			expect.NoError(t, err)
			expect.NoError(t, all.Purge(t.Context()))
			_, err = natsstore.New(t.Context(), nc, natsstore.WithBucket(bucket))
			wantFaults(t, err, "was purged")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bucket := newBucket(t, url)
			s := open(t, connect(t, url), natsstore.WithBucket(bucket))
			doc := put(t, s, store.Document{ID: "alice", Due: time.Now(), Body: []byte("{}")})
			expect.Try(s.Due(t.Context(), store.Accounts, time.Now(), 10)).OrFail(t)
			watch := make(chan error, 1)
			begun := make(chan string, 100)
			go func() { watch <- s.Watch(t.Context(), store.Accounts, func(id string) { begun <- id }) }()
			<-begun

			test.lose(t, bucket)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			wantErrors(t, ctx, s, doc)
			select {
			case err := <-watch:
				if err == nil {
					t.Error("Watch: got no error")
				}
			case <-ctx.Done():
				t.Error("Watch: hasn't returned")
			}
		})
	}
}

// What the tools of NATS do to a key by hand is seen.
func TestByHand(t *testing.T) {
	url := testenv.Server(t, "nats", "nats://127.0.0.1:4222").String()
	nc, bucket := connect(t, url), newBucket(t, url)
	s := open(t, nc, natsstore.WithBucket(bucket))
	doc := put(t, s, store.Document{ID: "alice@example.com", Due: time.Now(), Body: []byte(`{"n": 1}`)})
	kv := expect.Try(stream(t, nc).KeyValue(t.Context(), bucket)).OrFail(t)
	const key = "account.alice=40example=2Ecom"
	got := expect.Try(kv.Get(t.Context(), key)).OrFail(t)
	if string(got.Value()) != string(doc.Body) || got.Revision() != doc.Version {
		t.Errorf("got %s, revision %d, want %s, %d", got.Value(), got.Revision(), doc.Body, doc.Version)
	}
	for i, del := range []func(context.Context, string) error{
		func(ctx context.Context, key string) error { return kv.Delete(ctx, key) },
		func(ctx context.Context, key string) error { return kv.Purge(ctx, key) },
	} {
		expect.NoError(t, del(t.Context(), key))
		docs, err := s.Get(t.Context(), store.Accounts, doc.ID)
		if err != nil || docs[0].Version != 0 {
			t.Errorf("deletion %d: Get: got %v, %v, want no document", i, docs, err)
		}
		if due, err := s.Due(t.Context(), store.Accounts, time.Now(), 10); err != nil || len(due) != 0 {
			t.Errorf("deletion %d: Due: got %v, %v, want none", i, due, err)
		}
		before := doc.Version
		doc.Version = 0
		if doc = put(t, s, doc); doc.Version <= before {
			t.Errorf("deletion %d: got the version %d, want more than %d", i, doc.Version, before)
		}
	}
	if _, err := kv.Put(t.Context(), "account.not an id=zz", []byte("{}")); err == nil {
		t.Error("the client takes a key that it didn't")
	}
	if _, err := kv.Put(t.Context(), "account.a=61", []byte("{}")); err != nil { // a isn't escaped
		t.Fatal(err)
	}
	page, _, err := s.List(t.Context(), store.Accounts, "", 10)
	if err != nil || len(page) != 1 || page[0].ID != doc.ID {
		t.Errorf("List: got %v, %v, want %q alone", page, err, doc.ID)
	}
}

// Versions go on where they were when a server was killed, even after the
// documents with the highest ones were deleted.
func TestVersionsAfterRestart(t *testing.T) {
	srv := startServer(t, "")
	nc := connect(t, srv.url)
	s := open(t, nc)
	doc := store.Document{ID: "alice", Body: []byte("{}")}
	highest := uint64(0)
	for round := range 4 {
		doc.Version = 0
		doc = put(t, s, doc)
		if doc.Version <= highest {
			t.Fatalf("round %d: got the version %d, want more than %d", round, doc.Version, highest)
		}
		highest = doc.Version
		if round%2 == 0 {
			other := put(t, s, store.Document{ID: "bob", Body: []byte("{}")})
			expect.NoError(t, s.Delete(t.Context(), store.Accounts, "bob", other.Version))
		}
		expect.NoError(t, s.Delete(t.Context(), store.Accounts, doc.ID, doc.Version))
		srv.kill()
		srv.start(t)
		eventually(t, 10*time.Second, "the store is back", func() error {
			_, err := s.Get(t.Context(), store.Accounts, doc.ID)
			return err
		})
	}
	if _, err := s.Put(t.Context(), store.Accounts, doc); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Put of a deleted version: got the error %v, want ErrConflict", err)
	}
}

// A server that doesn't answer is an error after some seconds, or soon after
// the context has ended; and a write that got no answer isn't sent again.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	srv := startServer(t, "")
	s := open(t, connect(t, srv.url))
	doc := put(t, s, store.Document{ID: "alice", Body: []byte("{}")})
	srv.pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := s.Get(ctx, store.Accounts, doc.ID); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: got the error %v, want that of the context", err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("Get took %v with a context of 300 ms", d)
	}
	if _, err := s.Get(t.Context(), store.Accounts, doc.ID); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: got the error %v, want one that says who doesn't answer", err)
	}
	if _, err := s.Put(t.Context(), store.Accounts, doc); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("Put: got the error %v", err)
	}
	srv.resume()
	// The Put was sent, and happens once now.
	eventually(t, 10*time.Second, "the Put happens", func() error {
		docs, err := s.Get(t.Context(), store.Accounts, doc.ID)
		if err == nil && docs[0].Version == doc.Version {
			err = errors.New("the version is still that from before")
		}
		return err
	})
}

// A server that is away is an error at once, what was refused meanwhile isn't
// sent later, and the connection comes back by itself.
func TestServerAway(t *testing.T) {
	srv := startServer(t, "")
	s := open(t, connect(t, srv.url))
	doc := put(t, s, store.Document{ID: "alice", Body: []byte("{}")})
	srv.kill()
	start := time.Now()
	for range 3 {
		if _, err := s.Put(t.Context(), store.Accounts, store.Document{ID: "bob", Body: []byte("{}")}); err == nil || errors.Is(err, store.ErrConflict) {
			t.Errorf("Put: got the error %v", err)
		}
		if _, err := s.Get(t.Context(), store.Accounts, doc.ID); err == nil {
			t.Error("Get: got no error")
		}
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("six calls without a server took %v", d)
	}
	srv.start(t)
	var docs []store.Document
	eventually(t, 10*time.Second, "the connection is back", func() (err error) {
		docs, err = s.Get(t.Context(), store.Accounts, "alice", "bob")
		return err
	})
	if docs[0].Version != doc.Version || docs[1].Version != 0 {
		t.Errorf("got the versions %d and %d, want %d and none", docs[0].Version, docs[1].Version, doc.Version)
	}
}

// A call that waits for its answer returns when the connection breaks.
func TestBreakMeanwhile(t *testing.T) {
	srv := startServer(t, "")
	p := newProxy(t, srv.url)
	nc := connect(t, p.url)
	s := open(t, nc)
	put(t, s, store.Document{ID: "alice", Body: []byte("{}")})
	srv.pause(t)
	sent := natsstore.Sent(s)
	done := make(chan error, 1)
	go func() {
		_, err := s.Get(t.Context(), store.Accounts, "alice")
		done <- err
	}()
	eventually(t, time.Second, "the request is sent", func() error {
		if natsstore.Sent(s) == sent {
			return errors.New("not yet")
		}
		return nil
	})
	p.breakAll()
	select {
	case err := <-done:
		if err == nil {
			t.Error("got no error")
		}
	case <-time.After(2 * time.Second):
		t.Error("Get still waits 2 s after the connection broke")
	}
}

// A server that comes back without its last writes, as after a loss of power,
// would use their versions again.
func TestLostWrites(t *testing.T) {
	srv := startServer(t, "")
	s := open(t, connect(t, srv.url))
	put(t, s, store.Document{ID: "alice", Body: []byte("{}")})
	srv.kill()
	before := filepath.Join(t.TempDir(), "jetstream")
	now := filepath.Join(filepath.Dir(srv.config), "jetstream")
	expect.NoError(t, os.CopyFS(before, os.DirFS(now)))
	srv.start(t)
	eventually(t, 10*time.Second, "the store is back", func() error {
		_, err := s.Get(t.Context(), store.Accounts, "alice")
		return err
	})
	for i := range 5 {
		put(t, s, store.Document{ID: fmt.Sprint(i), Body: []byte("{}")})
	}
	srv.kill()
	expect.NoError(t, os.RemoveAll(now))
	expect.NoError(t, os.CopyFS(now, os.DirFS(before)))
	srv.start(t)
	eventually(t, 10*time.Second, "a write notices", func() error {
		_, err := s.Put(t.Context(), store.Accounts, store.Document{ID: "later", Body: []byte("{}")})
		if err == nil {
			t.Fatal("Put: got no error")
		}
		if !strings.Contains(err.Error(), "has lost writes") {
			return err
		}
		return nil
	})
}

// The permissions that the documentation names are enough, once the bucket is
// there.
func TestPermissions(t *testing.T) {
	srv := startServer(t, `authorization: {users: [
		{user: admin, password: admin}
		{user: app, password: app, permissions: {
			publish: ["$KV.eagate.>", "$JS.API.INFO", "$JS.API.STREAM.INFO.KV_eagate",
				"$JS.API.STREAM.MSG.GET.KV_eagate", "$JS.API.STREAM.PURGE.KV_eagate",
				"$JS.API.CONSUMER.*.KV_eagate.>", "$JS.FC.KV_eagate.>"],
			subscribe: ["_INBOX.>"],
		}}
	]}`)
	open(t, connect(t, srv.url, nats.UserInfo("admin", "admin")))
	s := open(t, connect(t, srv.url, nats.UserInfo("app", "app")), natsstore.WithExisting())
	doc := put(t, s, store.Document{ID: "alice", Due: time.Now(), Body: []byte("{}")})
	expect.Equal(t, len(expect.Try(s.Due(t.Context(), store.Accounts, time.Now(), 10)).OrFail(t)), 1, "Due")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	expect.Is(t, s.Watch(ctx, store.Accounts, func(string) { cancel() }), context.Canceled, "Watch")
	expect.NoError(t, s.Delete(t.Context(), store.Accounts, doc.ID, doc.Version))
}
