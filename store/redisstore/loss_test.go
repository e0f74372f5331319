package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// put inserts a document that is due, and returns its version.
func put(t testing.TB, s *redisstore.Store, kind store.Kind, id string) uint64 {
	t.Helper()
	version := expect.Try(s.Put(t.Context(), kind, store.Document{ID: id, Due: past, Body: body})).OrFail(t)
	return version
}

var (
	past = time.Unix(1_700_000_000, 0)
	body = []byte(`{"mac":"x","w":"y"}`)
)

// callAll calls each method with a document that was stored with put.
func callAll(ctx context.Context, s *redisstore.Store, kind store.Kind, id string, version uint64) map[string]error {
	errs := map[string]error{}
	_, errs["Get"] = s.Get(ctx, kind, id)
	_, errs["Due"] = s.Due(ctx, kind, time.Now(), 10)
	_, _, errs["List"] = list(ctx, s, kind)
	_, errs["Put"] = s.Put(ctx, kind, store.Document{ID: id, Version: version, Body: body})
	_, errs["insert"] = s.Put(ctx, kind, store.Document{ID: id, Body: body})
	errs["Delete"] = s.Delete(ctx, kind, id, version+1)
	_, errs["DeleteDue"] = s.DeleteDue(ctx, kind, time.Now(), 10)
	for _, method := range []string{"insert", "Delete"} {
		if errors.Is(errs[method], store.ErrConflict) {
			errs[method] = nil
		}
	}
	return errs
}

// list is List, page by page.
func list(ctx context.Context, s *redisstore.Store, kind store.Kind) (all []store.Document, next string, err error) {
	for {
		var page []store.Document
		page, next, err = s.List(ctx, kind, next, 10)
		all = append(all, page...)
		if next == "" || err != nil {
			return all, next, err
		}
	}
}

func TestLostDataIsNoMissingDocument(t *testing.T) {
	const user = "u-42"
	for _, test := range []struct {
		name string
		lose func(ctx context.Context, client *redis.Client) error
		by   []string // methods that can't but notice
	}{
		{
			"everything",
			func(ctx context.Context, client *redis.Client) error { return client.FlushAll(ctx).Err() },
			[]string{"Get", "Due", "List", "Put", "insert", "Delete", "DeleteDue"},
		}, {
			"everything, and another process has begun anew",
			func(ctx context.Context, client *redis.Client) error {
				err := client.FlushAll(ctx).Err()
				_, begin := redisstore.New(ctx, client, redisstore.WithInsecureNoAppendOnly())
				return errors.Join(err, begin)
			},
			[]string{"Get", "Due", "List", "Put", "insert", "Delete", "DeleteDue"},
		}, {
			"the index only",
			func(ctx context.Context, client *redis.Client) error {
				return deleteKeys(ctx, client, "eagate:{*}:index")
			},
			[]string{"Get", "Due", "List", "Put", "insert", "Delete", "DeleteDue"},
		}, {
			"the document only",
			func(ctx context.Context, client *redis.Client) error {
				return deleteKeys(ctx, client, "eagate:{*}:account:"+user)
			},
			[]string{"Get", "List", "Put", "insert", "Delete", "DeleteDue"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, client := t.Context(), connect(t, startServer(t).options())
			s := newStore(t, client)
			for method, err := range callAll(ctx, s, store.Accounts, "u-1", put(t, s, store.Accounts, "u-1")) {
				if err != nil {
					t.Errorf("%s before: %v", method, err)
				}
			}
			version := put(t, s, store.Accounts, user)
			expect.NoError(t, test.lose(ctx, client))
			got := callAll(ctx, s, store.Accounts, user, version)
			for _, method := range test.by {
				expect.Is(t, got[method], redisstore.ErrDataLost, method)
			}
			watch, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := s.Watch(watch, store.Accounts, func(string) {})
			expect.Equal(t, errors.Is(err, redisstore.ErrDataLost), test.name != "the document only", "Watch")
		})
	}
}

func deleteKeys(ctx context.Context, client *redis.Client, pattern string) error {
	keys, err := client.Keys(ctx, pattern).Result()
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("no keys like " + pattern)
	}
	return client.Del(ctx, keys...).Err()
}

// A marker that is there again, as after restoring a backup, is all it takes.
func TestRestoredData(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	want := put(t, s, store.Accounts, "u-42")
	backup := map[string]string{}
	for _, key := range client.Keys(ctx, "*").Val() {
		backup[key] = client.Dump(ctx, key).Val()
	}
	expect.NoError(t, client.FlushAll(ctx).Err())
	if _, err := s.Get(ctx, store.Accounts, "u-42"); !errors.Is(err, redisstore.ErrDataLost) {
		t.Fatalf("got %v, want ErrDataLost", err)
	}
	for key, value := range backup {
		expect.NoError(t, client.Restore(ctx, key, 0, value).Err())
	}
	if got, err := s.Get(ctx, store.Accounts, "u-42"); err != nil || got[0].Version != want {
		t.Errorf("got %+v, %v, want the account back", got, err)
	}
}

func TestExisting(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	open := func(opts ...redisstore.Option) error {
		_, err := redisstore.New(ctx, client, append(opts, redisstore.WithInsecureNoAppendOnly())...)
		return err
	}
	expect.Is(t, open(redisstore.WithExisting()), redisstore.ErrDataLost, "on an empty Redis")
	expect.NoError(t, open(), "a first start")
	expect.NoError(t, open(redisstore.WithExisting()), "after a first start")
	expect.Is(t, open(redisstore.WithExisting(), redisstore.WithPrefix("other:")), redisstore.ErrDataLost, "with another prefix")
	// One server of a cluster has lost its data.
	expect.NoError(t, client.Del(ctx, "eagate:{07}:index").Err())
	expect.Is(t, open(), redisstore.ErrDataLost, "with one marker missing")
}

// Nodes that start for the first time at once agree on the loss markers.
func TestFirstStartOfMany(t *testing.T) {
	client := connect(t, sharedServer(t))
	prefix := redisstore.WithPrefix(newPrefix(t, client))
	stores := make([]*redisstore.Store, 8)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() { stores[i] = newStore(t, connect(t, sharedServer(t)), prefix) })
	}
	wg.Wait()
	put(t, stores[0], store.Accounts, "u-42")
	for _, s := range stores {
		if _, _, err := list(t.Context(), s, store.Accounts); err != nil {
			t.Error(err)
		}
	}
}

// Another node is half done with making the loss markers.
func TestFirstStartMeanwhile(t *testing.T) {
	client := connect(t, sharedServer(t))
	prefix := newPrefix(t, client)
	marker := func(from, to int) {
		for i := from; i < to; i++ {
			key := fmt.Sprintf("%s{%02d}:index", prefix, i)
			if err := client.ZAdd(t.Context(), key, redis.Z{Member: fmt.Sprint("!w", i)}).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	marker(0, 7)
	hooked := connect(t, sharedServer(t))
	hooked.AddHook(before{func(call int) {
		if call == 3 {
			marker(7, 16)
		}
	}})
	put(t, newStore(t, hooked, redisstore.WithPrefix(prefix)), store.Accounts, "u-42")
}

// before is a hook of go-redis that calls do before each pipeline, with its number.
type before struct{ do func(call int) }

func (before) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (before) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b before) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	calls := 0
	return func(ctx context.Context, cmds []redis.Cmder) error {
		calls++
		b.do(calls)
		return next(ctx, cmds)
	}
}

// Redis is restarted, and comes back empty: a volatile store goes on by itself, and
// one of accounts doesn't.
func TestRestart(t *testing.T) {
	ctx, server := t.Context(), startServer(t)
	volatile := expect.Try(redisstore.NewVolatile(connect(t, server.options()))).OrFail(t)
	s := newStore(t, connect(t, server.options()))
	put(t, volatile, store.Grants, "g")
	version := put(t, s, store.Accounts, "u-42")

	server.stop()
	if docs, err := volatile.Get(ctx, store.Grants, "g"); err == nil {
		t.Errorf("a grant meanwhile: got %v, want a fault", docs)
	}
	for method, err := range callAll(ctx, s, store.Accounts, "u-42", version) {
		if err == nil {
			t.Errorf("%s meanwhile: got no error, want a fault", method)
		}
	}

	server.start()
	var docs []store.Document
	err := eventually(ctx, func() (err error) { docs, err = volatile.Get(ctx, store.Grants, "g"); return err })
	if err != nil || docs[0].Version != 0 {
		t.Errorf("a grant afterwards: got %v, %v, want none", docs, err)
	}
	put(t, volatile, store.Grants, "g")
	err = eventually(ctx, func() error {
		switch docs, err := s.Get(ctx, store.Accounts, "u-42"); {
		case errors.Is(err, redisstore.ErrDataLost):
			return nil
		case err == nil:
			t.Fatalf("an account afterwards: got %v, want ErrDataLost", docs)
			return nil
		default:
			return err
		}
	})
	expect.NoError(t, err, "an account afterwards")
}

// A volatile store may be there before Redis is, and refuses what must not be lost.
func TestVolatile(t *testing.T) {
	ctx, server := t.Context(), startServer(t)
	server.stop()
	s := expect.Try(redisstore.NewVolatile(connect(t, server.options()))).OrFail(t)
	if _, err := s.Get(ctx, store.Grants, "g"); err == nil {
		t.Error("got no error without Redis")
	}
	server.start()
	expect.NoError(t, eventually(ctx, func() error { _, err := s.Get(ctx, store.Grants, "g"); return err }))
	for _, kind := range []store.Kind{store.Challenges, store.Grants} {
		for method, err := range callAll(ctx, s, kind, "x", put(t, s, kind, "x")) {
			if err != nil {
				t.Errorf("%s of a %s: got %v", method, kind, err)
			}
		}
	}
	for _, kind := range []store.Kind{store.Accounts, store.Addresses, "later"} {
		errs := callAll(ctx, s, kind, "x", 1)
		watch, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		errs["Watch"] = s.Watch(watch, kind, func(string) {})
		cancel()
		for method, err := range errs {
			if err == nil || !strings.Contains(err.Error(), "must not be lost") {
				t.Errorf("%s of an %s: got %v, want a refusal", method, kind, err)
			}
		}
	}
}

// What Redis has evicted is missing from a volatile store, and deleted when due.
func TestVolatileEvicted(t *testing.T) {
	ctx, client := t.Context(), connect(t, sharedServer(t))
	prefix := newPrefix(t, client)
	s := expect.Try(redisstore.NewVolatile(client, redisstore.WithPrefix(prefix))).OrFail(t)
	for _, id := range []string{"a", "b", "c"} {
		put(t, s, store.Grants, id)
	}
	expect.NoError(t, deleteKeys(ctx, client, prefix+"{*}:grant:[ab]"))
	docs, err := s.Get(ctx, store.Grants, "a", "b", "c")
	if err != nil || docs[0].Version != 0 || docs[1].Version != 0 || docs[2].Version == 0 {
		t.Errorf("got %v, %v, want the third only", docs, err)
	}
	put(t, s, store.Grants, "a") // anew
	if n, err := s.DeleteDue(ctx, store.Grants, time.Now(), 10); n != 3 || err != nil {
		t.Errorf("DeleteDue: got %d, %v, want 3", n, err)
	}
	if ids, err := s.Due(ctx, store.Grants, time.Now(), 10); len(ids) > 0 || err != nil {
		t.Errorf("Due: got %q, %v, want none left", ids, err)
	}
}

// With the policy that New refuses, and a Redis that is full, nothing that was
// evicted passes for missing.
func TestThoroughEviction(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	expect.NoError(t, errors.Join(
		client.ConfigSet(ctx, "maxmemory-policy", "allkeys-random").Err(),
		client.ConfigSet(ctx, "maxmemory", "8mb").Err(),
	))
	large := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	lost := 0
	for i := range 2000 {
		_, err := s.Put(ctx, store.Accounts, store.Document{ID: fmt.Sprint("u-", i), Body: large})
		if errors.Is(err, redisstore.ErrDataLost) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2000 {
		switch docs, err := s.Get(ctx, store.Accounts, fmt.Sprint("u-", i)); {
		case errors.Is(err, redisstore.ErrDataLost):
			lost++
		case err != nil:
			t.Fatal(err)
		case docs[0].Version == 0:
			t.Errorf("account %d: got a missing one, want ErrDataLost", i)
		}
	}
	expect.Differ(t, lost, 0, "nothing was evicted")
}

// A Redis that is full, and may evict nothing, refuses to grow, and nothing else.
func TestFull(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	version := put(t, s, store.Accounts, "u-42")
	expect.NoError(t, client.ConfigSet(ctx, "maxmemory", "1kb").Err())
	errs := callAll(ctx, s, store.Accounts, "u-42", version)
	_, errs["Put of another"] = s.Put(ctx, store.Accounts, store.Document{ID: "u-43", Body: body})
	for method, err := range errs {
		want := strings.HasPrefix(method, "Put")
		if (err != nil) != want {
			t.Errorf("%s: got %v, want an error: %v", method, err, want)
		}
	}
}
