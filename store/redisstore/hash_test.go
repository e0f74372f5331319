package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// newShared returns a store on the shared server, its client, and a function
// that returns the one key that matches.
func newShared(t testing.TB) (*redisstore.Store, *redis.Client, func(pattern string) string) {
	t.Helper()
	client := connect(t, sharedServer(t))
	prefix := newPrefix(t, client)
	find := func(pattern string) string {
		t.Helper()
		keys, err := client.Keys(context.Background(), prefix+pattern).Result()
		if err != nil || len(keys) != 1 {
			t.Fatalf("keys like %s: got %q, %v, want one", pattern, keys, err)
		}
		return keys[0]
	}
	return newStore(t, client, redisstore.WithPrefix(prefix)), client, find
}

func TestHashIsLegible(t *testing.T) {
	ctx := t.Context()
	s, client, find := newShared(t)
	at := time.Date(2031, 2, 3, 4, 5, 6, 789_012_345, time.FixedZone("", 3600))
	err := s.UpdateAccount(ctx, "u-42", func(a *store.Account) error {
		a.Email = "alice@example.com"
		a.State = store.On
		a.Factor = store.Factor{Secret: []byte("\x00sealed\xff"), Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
		a.EnabledAt = at
		a.LastStep = 1<<60 + 1
		a.Push.Sent = []time.Time{at}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.HGetAll(ctx, find("*account:u-42")).Result()
	if err != nil {
		t.Fatal(err)
	}
	got["version"], _, _ = strings.Cut(got["version"], ".") // a random number
	want := map[string]string{
		"version":    "1",
		"email":      "alice@example.com",
		"state":      "1",
		"secret":     "\x00sealed\xff",
		"algorithm":  "SHA1",
		"digits":     "6",
		"period":     "30",
		"enabled_at": "2031-02-03T03:05:06.789012Z",
		"last_step":  "1152921504606846977",
		"push_sent":  `["2031-02-03T04:05:06.789012345+01:00"]`,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A node of an older release leaves alone what a newer one has stored: fields,
// and what it doesn't know within a field.
func TestNewerFieldsSurvive(t *testing.T) {
	ctx := t.Context()
	s, client, find := newShared(t)
	expires := time.Now().Add(time.Hour)
	err := errors.Join(
		s.UpdateAccount(ctx, "u-42", func(a *store.Account) error {
			a.Staged = &store.Staged{Binding: "b"}
			return nil
		}),
		s.CreateChallenge(ctx, store.Challenge{ID: "c", ForgetAt: expires}),
		s.CreateGrant(ctx, store.Grant{ID: "g", ExpiresAt: expires}),
	)
	if err != nil {
		t.Fatal(err)
	}
	account, challenge, grant := find("*account:u-42"), find("challenge:c"), find("grant:g")
	for _, key := range []string{account, challenge, grant} {
		if err := client.HSet(ctx, key, "from_the_future", "stays").Err(); err != nil {
			t.Fatal(err)
		}
	}
	const staged = `{"Binding":"b","FromTheFuture":"stays"}`
	if err := client.HSet(ctx, account, "staged", staged).Err(); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		s.UpdateAccount(ctx, "u-42", func(a *store.Account) error { a.Failures = 3; return nil }),
		s.UpdateChallenge(ctx, "c", func(c *store.Challenge) error { c.State = store.Approved; return nil }),
		s.UpdateGrant(ctx, "g", func(g *store.Grant) error { g.Kind = store.KindMoved; return nil }),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{account, challenge, grant} {
		if got, err := client.HGet(ctx, key, "from_the_future").Result(); got != "stays" || err != nil {
			t.Errorf("%s: the newer field is %q, %v, want it to stay", key, got, err)
		}
	}
	if got, err := client.HGet(ctx, account, "staged").Result(); got != staged || err != nil {
		t.Errorf("a field that wasn't changed is %s, %v, want %s", got, err, staged)
	}
	if a, err := s.Account(ctx, "u-42"); a.Failures != 3 || a.Version != 2 || err != nil {
		t.Errorf("got %d failures, version %d, %v", a.Failures, a.Version, err)
	}
}

func TestTimeToLive(t *testing.T) {
	ctx := t.Context()
	s, client, find := newShared(t)
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	past := time.Now().Add(-time.Hour)
	err := errors.Join(
		s.UpdateAccount(ctx, "u-42", func(a *store.Account) error {
			a.LockedUntil = at
			a.Sync = store.Sync{Wanted: 1, NextAt: at}
			return nil
		}),
		s.CreateChallenge(ctx, store.Challenge{ID: "c", ExpiresAt: past, ForgetAt: at.Add(time.Microsecond)}),
		s.CreateGrant(ctx, store.Grant{ID: "g", ExpiresAt: at}),
		s.CreateChallenge(ctx, store.Challenge{ID: "never"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]time.Time{
		find("challenge:c"):    at.Add(time.Millisecond), // not a moment too soon
		find("grant:g"):        at,
		find("*:account:u-42"): {},
		find("*:accounts"):     {},
		find("*:late"):         {},
		find("{00}:witness"):   {},
	} {
		got, err := client.PExpireTime(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case want.IsZero() && got >= 0:
			t.Errorf("%s expires at %v, want never", key, time.UnixMilli(got.Milliseconds()))
		case !want.IsZero() && !time.UnixMilli(got.Milliseconds()).Equal(want):
			t.Errorf("%s expires at %v, want %v", key, time.UnixMilli(got.Milliseconds()), want)
		}
	}
	if _, err := s.Challenge(ctx, "never"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a challenge without a ForgetAt: got %v, want ErrNotFound", err)
	}

	// An update moves it.
	if err := s.UpdateGrant(ctx, "g", func(g *store.Grant) error { g.ExpiresAt = at.Add(time.Hour); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := time.UnixMilli(client.PExpireTime(ctx, find("grant:g")).Val().Milliseconds()); !got.Equal(at.Add(time.Hour)) {
		t.Errorf("a grant that was prolonged expires at %v, want %v", got, at.Add(time.Hour))
	}
}

// Versions that are the same number to Lua are told apart.
func TestHugeVersions(t *testing.T) {
	ctx := t.Context()
	s, client, find := newShared(t)
	touch := func(*store.Account) error { return nil }
	if err := s.UpdateAccount(ctx, "u-42", touch); err != nil {
		t.Fatal(err)
	}
	key := find("*account:u-42")
	if err := client.HSet(ctx, key, "version", 1<<60).Err(); err != nil {
		t.Fatal(err)
	}
	calls := 0
	err := s.UpdateAccount(ctx, "u-42", func(*store.Account) error {
		if calls++; calls == 1 { // another writer
			return client.HSet(ctx, key, "version", 1<<60+1).Err()
		}
		return nil
	})
	if err != nil || calls != 2 {
		t.Errorf("got %v in %d calls, want none in 2", err, calls)
	}
	if a, err := s.Account(ctx, "u-42"); a.Version != 1<<60+2 || err != nil {
		t.Errorf("got version %d, %v, want %d", a.Version, err, 1<<60+2)
	}
}

// What can't be read is a fault, and never passes for something else.
func TestIllegibleRecord(t *testing.T) {
	ctx := t.Context()
	s, client, find := newShared(t)
	if err := s.UpdateAccount(ctx, "u-42", enable); err != nil {
		t.Fatal(err)
	}
	key := find("*account:u-42")
	for field, text := range map[string]string{
		"version": "x", "epoch": "-1", "state": "256", "digits": "six", "last_step": "1e3", "period": "30s",
		"enabled_at": "today", "staged": "{", "push_sent": `"x"`,
	} {
		stored := client.HGet(ctx, key, field).Val()
		if err := client.HSet(ctx, key, field, text).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Account(ctx, "u-42"); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is %q: got %v, want an error that names it", field, text, err)
		}
		if err := client.HSet(ctx, key, field, stored).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(client.Del(ctx, key).Err(), client.Set(ctx, key, "no hash", 0).Err()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Account(ctx, "u-42"); err == nil {
		t.Error("the key holds no hash: got no error")
	}
}

// What can't be stored is refused.
func TestUnstorable(t *testing.T) {
	ctx := t.Context()
	s, _, _ := newShared(t)
	for what, change := range map[string]func(*store.Account){
		"a time beyond RFC 3339":    func(a *store.Account) { a.LockedUntil = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"such a time in a list":     func(a *store.Account) { a.Push.Sent = []time.Time{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)} },
		"a period of half a second": func(a *store.Account) { a.Factor.Period = time.Second / 2 },
	} {
		if err := s.UpdateAccount(ctx, "u-42", func(a *store.Account) error { change(a); return nil }); err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	if a, err := s.Account(ctx, "u-42"); a.Version != 0 || err != nil {
		t.Errorf("got version %d, %v, want nothing stored", a.Version, err)
	}
}

func TestImpossibleIDs(t *testing.T) {
	ctx := t.Context()
	s, _, _ := newShared(t)
	for _, id := range []string{"", "a\x00", "\xff", strings.Repeat("x", store.MaxID+1)} {
		_, account := s.Account(ctx, id)
		_, challenge := s.Challenge(ctx, id)
		_, grant := s.Grant(ctx, id)
		for method, err := range map[string]error{
			"Account":         account,
			"UpdateAccount":   s.UpdateAccount(ctx, id, func(*store.Account) error { t.Error("called"); return nil }),
			"CreateChallenge": s.CreateChallenge(ctx, store.Challenge{ID: id}),
			"Challenge":       challenge,
			"UpdateChallenge": s.UpdateChallenge(ctx, id, func(*store.Challenge) error { t.Error("called"); return nil }),
			"CreateGrant":     s.CreateGrant(ctx, store.Grant{ID: id}),
			"Grant":           grant,
			"UpdateGrant":     s.UpdateGrant(ctx, id, func(*store.Grant) error { t.Error("called"); return nil }),
			"DeleteGrant":     s.DeleteGrant(ctx, id),
		} {
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s(%.10q): got %v, want an error", method, id, err)
			}
		}
	}
}

// Pages end within shards and at their ends, and filtered ones are bounded.
func TestListAccounts(t *testing.T) {
	ctx := t.Context()
	s, _, _ := newShared(t)
	var want, wantLate []string
	for i := range 60 {
		id := fmt.Sprintf("u-%d", i)
		want = append(want, id)
		if i%7 == 0 {
			wantLate = append(wantLate, id)
		}
		err := s.UpdateAccount(ctx, id, func(a *store.Account) error {
			if i%7 == 0 {
				a.Sync.Wanted = 1
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	slices.Sort(wantLate)
	for _, limit := range []int{1, 2, 7, 59, 60, 61, 1000} {
		for _, filter := range []store.AccountFilter{{}, {Late: true}} {
			var got []string
			next, calls := "", 0
			for {
				page, n, err := s.ListAccounts(ctx, filter, next, limit)
				if err != nil || len(page) > limit {
					t.Fatalf("limit %d, %+v: got %d accounts, %v", limit, filter, len(page), err)
				}
				for _, a := range page {
					got = append(got, a.UserID)
				}
				if calls++; n == "" || calls > 1000 {
					break
				}
				next = n
			}
			slices.Sort(got)
			if all := map[bool][]string{false: want, true: wantLate}[filter.Late]; !slices.Equal(got, all) {
				t.Errorf("limit %d, %+v: got %q, want %q", limit, filter, got, all)
			}
		}
	}
	for _, from := range []string{"x", "16/u", "-1/u", "/"} {
		if _, _, err := s.ListAccounts(ctx, store.AccountFilter{}, from, 1); err == nil {
			t.Errorf("from %q: got no error", from)
		}
	}
	if _, _, err := s.ListAccounts(ctx, store.AccountFilter{}, "", 0); err == nil {
		t.Error("limit 0: got no error")
	}
}

// A call with a filter looks at some hundreds of accounts, and the next goes on
// behind them, in the midst of a shard.
func TestListAccountsLooksFurther(t *testing.T) {
	ctx := t.Context()
	s, _, _ := newShared(t)
	const accounts = 501
	for i, n := 0, 0; n < accounts; i++ {
		id := fmt.Sprintf("u-%05d", i)
		if crc32.ChecksumIEEE([]byte(id))%16 != 3 {
			continue
		}
		n++
		err := s.UpdateAccount(ctx, id, func(a *store.Account) error {
			if n == accounts {
				a.Sync.Wanted = 1
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := s.ListAccounts(ctx, store.AccountFilter{Late: true}, "", 1)
	if len(page) != 0 || next == "" || err != nil {
		t.Fatalf("got %d accounts, next %q, %v, want none yet", len(page), next, err)
	}
	page, _, err = s.ListAccounts(ctx, store.AccountFilter{Late: true}, next, 1)
	if len(page) != 1 || err != nil {
		t.Errorf("got %d accounts, %v, want the one that is late", len(page), err)
	}
}
