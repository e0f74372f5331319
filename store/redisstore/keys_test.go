package redisstore_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// newShared returns a store on the shared server, and its client and prefix.
func newShared(t testing.TB) (*redisstore.Store, *redis.Client, string) {
	t.Helper()
	client := connect(t, sharedServer(t))
	prefix := newPrefix(t, client)
	return newStore(t, client, redisstore.WithPrefix(prefix)), client, prefix
}

// The keys are those of the package comment, and nothing expires by itself.
func TestKeys(t *testing.T) {
	ctx := t.Context()
	s, client, prefix := newShared(t)
	at := time.Date(2031, 2, 3, 4, 5, 6, 789_012_345, time.FixedZone("", 3600))
	doc := store.Document{ID: "u-42", Due: at, Body: body, Notify: true}
	var err error
	if doc.Version, err = s.Put(ctx, store.Accounts, doc); err != nil {
		t.Fatal(err)
	}
	put(t, s, store.Grants, "g")
	docs := expect.Try(s.Get(ctx, store.Grants, "g")).OrFail(t)
	expect.NoError(t, s.Delete(ctx, store.Grants, "g", docs[0].Version))
	keys := expect.Try(client.Keys(ctx, prefix+"*").Result()).OrFail(t)
	var got []string
	for _, key := range keys {
		expect.Equal(t, client.TTL(ctx, key).Val(), -1, "%s expires in", key)
		if key = strings.TrimPrefix(key, prefix); !strings.HasSuffix(key, ":index") {
			got = append(got, key)
		}
	}
	slices.Sort(got)
	// CRC-32 of the IDs, which must not change.
	want := []string{"{06}:account:u-42", "{06}:deleted", "{06}:due-account", "{06}:reported-account"}
	if !slices.Equal(got, want) || len(keys) != len(want)+16 {
		t.Errorf("got the keys %q, want %q and 16 indexes", got, want)
	}
	hash, err := client.HGetAll(ctx, prefix+"{06}:account:u-42").Result()
	if want := map[string]string{"version": hash["version"], "due": "1927854306789012", "body": string(body)}; err != nil || !maps.Equal(hash, want) {
		t.Errorf("got %q, %v, want %q", hash, err, want)
	}
	members, err := client.ZRange(ctx, prefix+"{06}:index", 0, -1).Result()
	if err != nil || len(members) != 2 || !strings.HasPrefix(members[0], "!") || members[1] != "account:u-42" {
		t.Errorf("got the index %q, %v, want the marker and account:u-42", members, err)
	}
}

// A document that was changed by hand so that it can't be read is a fault.
func TestIllegible(t *testing.T) {
	ctx := t.Context()
	s, client, prefix := newShared(t)
	key := prefix + "{06}:account:u-42"
	for _, tt := range []struct {
		name   string
		change func() error
	}{
		{"version of letters", func() error { return client.HSet(ctx, key, "version", "x").Err() }},
		{"version 0", func() error { return client.HSet(ctx, key, "version", "0").Err() }},
		{"version of 54 bits", func() error { return client.HSet(ctx, key, "version", "9007199254740992").Err() }},
		{"no version", func() error { return client.HDel(ctx, key, "version").Err() }},
		{"no body", func() error { return client.HDel(ctx, key, "body").Err() }},
		{"no due", func() error { return client.HDel(ctx, key, "due").Err() }},
		{"due of letters", func() error { return client.HSet(ctx, key, "due", "today").Err() }},
		{"another type", func() error {
			client.Del(ctx, key)
			return client.Set(ctx, key, "x", 0).Err()
		}},
	} {
		client.Del(ctx, key)
		client.ZRem(ctx, prefix+"{06}:index", "account:u-42")
		put(t, s, store.Accounts, "u-42")
		expect.NoError(t, tt.change())
		if docs, err := s.Get(ctx, store.Accounts, "u-42"); err == nil {
			t.Errorf("%s: got %v, want an error", tt.name, docs)
		}
	}
}

// A version isn't used again when the clock has gone back.
func TestVersionsWithoutClock(t *testing.T) {
	ctx := t.Context()
	s, client, prefix := newShared(t)
	put(t, s, store.Accounts, "u-42")
	const future = "9007199254740000"
	expect.NoError(t, client.HSet(ctx, prefix+"{06}:account:u-42", "version", future).Err())
	if n, err := s.DeleteDue(ctx, store.Accounts, time.Now(), 1); n != 1 || err != nil {
		t.Fatalf("DeleteDue: got %d, %v, want 1", n, err)
	}
	expect.Equal(t, put(t, s, store.Accounts, "u-42"), 9007199254740001, "version")
}

func TestListPlaces(t *testing.T) {
	s, _, _ := newShared(t)
	for _, after := range []string{"x", "16/u", "-1/u", "/", "7"} {
		if _, _, err := s.List(t.Context(), store.Accounts, after, 1); err == nil {
			t.Errorf("after %q: got no error", after)
		}
	}
}

// More than one round trip deletes, and no more than asked for.
func TestDeleteManyDue(t *testing.T) {
	s, _, _ := newShared(t)
	for i := range 1200 {
		put(t, s, store.Grants, strings.Repeat("g", i%100)+time.Duration(i).String())
	}
	for _, tt := range []struct{ limit, want int }{{100, 100}, {700, 700}, {1000, 400}, {10, 0}} {
		if n, err := s.DeleteDue(t.Context(), store.Grants, time.Now(), tt.limit); n != tt.want || err != nil {
			t.Errorf("limit %d: got %d, %v, want %d", tt.limit, n, err, tt.want)
		}
	}
}
