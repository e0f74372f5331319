package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// onAccounts calls each method on accounts, for a user who has a second factor.
func onAccounts(ctx context.Context, s *redisstore.Store, userID string) map[string]error {
	_, read := s.Account(ctx, userID)
	_, unsynced := s.UnsyncedAccounts(ctx, time.Now(), 10)
	_, _, list := s.ListAccounts(ctx, store.AccountFilter{}, "", 100)
	return map[string]error{
		"Account":          read,
		"UpdateAccount":    s.UpdateAccount(ctx, userID, func(*store.Account) error { return nil }),
		"UnsyncedAccounts": unsynced,
		"ListAccounts":     list,
	}
}

// onVolatile stores and reads a challenge and a grant.
func onVolatile(ctx context.Context, s store.Volatile) error {
	id := rand.Text()
	c := store.Challenge{ID: id, ForgetAt: time.Now().Add(time.Hour)}
	g := store.Grant{ID: id, ExpiresAt: time.Now().Add(time.Hour)}
	_, deleteExpired := s.DeleteExpired(ctx, time.Now(), 10)
	err := errors.Join(s.CreateChallenge(ctx, c), s.CreateGrant(ctx, g), deleteExpired)
	_, challenge := s.Challenge(ctx, id)
	_, grant := s.Grant(ctx, id)
	return errors.Join(err, challenge, grant)
}

func enable(a *store.Account) error {
	a.State = store.On
	a.Sync.Wanted++
	return nil
}

func TestLostDataIsNoMissingAccount(t *testing.T) {
	const user = "u-42"
	for _, test := range []struct {
		name string
		lose func(ctx context.Context, client *redis.Client) error
		by   []string // methods that can't but notice
	}{
		{
			"everything",
			func(ctx context.Context, client *redis.Client) error { return client.FlushAll(ctx).Err() },
			[]string{"Account", "UpdateAccount", "UnsyncedAccounts", "ListAccounts"},
		}, {
			"everything, and another process has begun anew",
			func(ctx context.Context, client *redis.Client) error {
				err := client.FlushAll(ctx).Err()
				_, begin := redisstore.New(ctx, client, redisstore.WithInsecureNoAppendOnly())
				return errors.Join(err, begin)
			},
			[]string{"Account", "UpdateAccount", "UnsyncedAccounts", "ListAccounts"},
		}, {
			"the account only",
			func(ctx context.Context, client *redis.Client) error {
				return deleteKeys(ctx, client, "eagate:{*}:account:"+user)
			},
			[]string{"Account", "UpdateAccount", "ListAccounts"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, client := t.Context(), connect(t, startServer(t).options())
			s := newStore(t, client)
			if err := s.UpdateAccount(ctx, user, enable); err != nil {
				t.Fatal(err)
			}
			for method, err := range onAccounts(ctx, s, user) {
				if err != nil {
					t.Errorf("%s before: %v", method, err)
				}
			}
			if err := test.lose(ctx, client); err != nil {
				t.Fatal(err)
			}
			got := onAccounts(ctx, s, user)
			for _, method := range test.by {
				if !errors.Is(got[method], redisstore.ErrDataLost) {
					t.Errorf("%s: got %v, want ErrDataLost", method, got[method])
				}
			}
			if err := onVolatile(ctx, s); err != nil {
				t.Errorf("challenges and grants: got %v, want none the worse", err)
			}
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

// Nothing is built on an account that was lost since it was read.
func TestDataLostInsideUpdate(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	lose := func(*store.Account) error { return client.FlushAll(ctx).Err() }
	if err := s.UpdateAccount(ctx, "u-42", lose); !errors.Is(err, redisstore.ErrDataLost) {
		t.Errorf("got %v, want ErrDataLost", err)
	}
	if keys, err := client.Keys(ctx, "*").Result(); len(keys) > 0 || err != nil {
		t.Errorf("got the keys %q, %v, want nothing stored", keys, err)
	}
}

// A witness that is there again, as after restoring a backup, is all it takes.
func TestRestoredData(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	if err := s.UpdateAccount(ctx, "u-42", enable); err != nil {
		t.Fatal(err)
	}
	backup := map[string]string{}
	for _, key := range client.Keys(ctx, "*").Val() {
		backup[key] = client.Dump(ctx, key).Val()
	}
	if err := client.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Account(ctx, "u-42"); !errors.Is(err, redisstore.ErrDataLost) {
		t.Fatalf("got %v, want ErrDataLost", err)
	}
	for key, value := range backup {
		if err := client.Restore(ctx, key, 0, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := s.Account(ctx, "u-42"); err != nil || a.State != store.On {
		t.Errorf("got %v, %v, want the account back", a.State, err)
	}
}

func TestExisting(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	open := func(opts ...redisstore.Option) error {
		_, err := redisstore.New(ctx, client, append(opts, redisstore.WithInsecureNoAppendOnly())...)
		return err
	}
	if err := open(redisstore.WithExisting()); !errors.Is(err, redisstore.ErrDataLost) {
		t.Errorf("on an empty Redis: got %v, want ErrDataLost", err)
	}
	if err := open(); err != nil {
		t.Errorf("a first start: %v", err)
	}
	if err := open(redisstore.WithExisting()); err != nil {
		t.Errorf("after a first start: %v", err)
	}
	if err := open(redisstore.WithExisting(), redisstore.WithPrefix("other:")); !errors.Is(err, redisstore.ErrDataLost) {
		t.Errorf("with another prefix: got %v, want ErrDataLost", err)
	}
	// One server of a cluster has lost its data.
	if err := client.Del(ctx, "eagate:{07}:witness").Err(); err != nil {
		t.Fatal(err)
	}
	if err := open(); !errors.Is(err, redisstore.ErrDataLost) {
		t.Errorf("with one witness missing: got %v, want ErrDataLost", err)
	}
}

// Nodes that start for the first time at once agree on the witnesses.
func TestFirstStartOfTwo(t *testing.T) {
	for _, test := range []struct {
		name    string
		command string // of the one, before which the other does something
		other   func(t *testing.T, client *redis.Client, prefix string, call int) *redisstore.Store
	}{
		{"the other comes first", "set", func(t *testing.T, client *redis.Client, prefix string, _ int) *redisstore.Store {
			return newStore(t, client, redisstore.WithPrefix(prefix))
		}},
		{"the other is half done", "get", func(t *testing.T, client *redis.Client, prefix string, call int) *redisstore.Store {
			for i := range min(8*call, 16) {
				if err := client.SetNX(t.Context(), fmt.Sprintf("%s{%02d}:witness", prefix, i), "w", 0).Err(); err != nil {
					t.Error(err)
				}
			}
			return nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, options := t.Context(), sharedServer(t)
			one, other := connect(t, options), connect(t, options)
			prefix := newPrefix(t, other)
			var (
				calls  int
				second *redisstore.Store
			)
			one.AddHook(before{test.command, func() {
				calls++
				second = test.other(t, other, prefix, calls)
			}})
			first := newStore(t, one, redisstore.WithPrefix(prefix))
			if second == nil {
				second = newStore(t, other, redisstore.WithPrefix(prefix), redisstore.WithExisting())
			}
			for _, s := range []*redisstore.Store{first, second} {
				for method, err := range onAccounts(ctx, s, "u-42") {
					if err != nil {
						t.Errorf("%s: %v", method, err)
					}
				}
			}
		})
	}
}

// before is a hook of go-redis that calls do before each pipeline that begins with a
// command: set stands for setnx, too.
type before struct {
	command string
	do      func()
}

func (before) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (before) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b before) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if strings.HasPrefix(cmds[0].Name(), b.command) {
			b.do()
		}
		return next(ctx, cmds)
	}
}

// Redis is restarted, and comes back empty: challenges and grants go on by
// themselves, and accounts don't.
func TestRestart(t *testing.T) {
	ctx, server := t.Context(), startServer(t)
	volatile, err := redisstore.NewVolatile(connect(t, server.options()))
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, connect(t, server.options()))
	err = errors.Join(
		volatile.CreateChallenge(ctx, store.Challenge{ID: "x", ForgetAt: time.Now().Add(time.Hour)}),
		s.UpdateAccount(ctx, "u-42", enable),
	)
	if err != nil {
		t.Fatal(err)
	}

	server.stop()
	if _, err := volatile.Challenge(ctx, "x"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("a challenge meanwhile: got %v, want a fault", err)
	}
	if a, err := s.Account(ctx, "u-42"); err == nil {
		t.Errorf("an account meanwhile: got %v, want a fault", a)
	}

	server.start()
	if err := eventually(ctx, func() error { return onVolatile(ctx, volatile) }); err != nil {
		t.Errorf("challenges and grants afterwards: %v", err)
	}
	if _, err := volatile.Challenge(ctx, "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a challenge of before: got %v, want ErrNotFound", err)
	}
	err = eventually(ctx, func() error {
		switch _, err := s.Account(ctx, "u-42"); {
		case errors.Is(err, redisstore.ErrDataLost):
			return nil
		case err == nil:
			return errors.New("the account isn't missed")
		default:
			return err
		}
	})
	if err != nil {
		t.Errorf("an account afterwards: %v", err)
	}
}

// A volatile store may be there before Redis is.
func TestVolatileBeforeRedis(t *testing.T) {
	ctx, server := t.Context(), startServer(t)
	server.stop()
	volatile, err := redisstore.NewVolatile(connect(t, server.options()))
	if err != nil {
		t.Fatal(err)
	}
	if err := onVolatile(ctx, volatile); err == nil {
		t.Error("got no error without Redis")
	}
	server.start()
	if err := eventually(ctx, func() error { return onVolatile(ctx, volatile) }); err != nil {
		t.Error(err)
	}
}
