package redisstore_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/storetest"
)

func TestStore(t *testing.T) {
	options := sharedServer(t)
	conforms(t, func(t *testing.T, name string) redis.UniversalClient {
		named := *options
		named.ClientName = name
		return connect(t, &named)
	})
}

func TestThoroughStoreInCluster(t *testing.T) {
	addrs := startCluster(t)
	conforms(t, func(t *testing.T, name string) redis.UniversalClient {
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, ClientName: name, ContextTimeoutEnabled: true})
		t.Cleanup(func() { client.Close() })
		return client
	})
}

// conforms runs the conformance suite, with clients of a name.
func conforms(t *testing.T, connect func(t *testing.T, name string) redis.UniversalClient) {
	t.Helper()
	admin := connect(t, "")
	prefix := newPrefix(t, admin)
	name := "eagate-test-" + rand.Text()
	open := func(t *testing.T) (*redisstore.Store, redis.UniversalClient) {
		client := connect(t, name)
		return newStore(t, client, redisstore.WithPrefix(prefix)), client
	}
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		var handles []store.Backend
		for range 3 {
			s, _ := open(t)
			handles = append(handles, s)
		}
		unreachable, client := open(t)
		client.Close()
		return storetest.Subject{
			Handles:     handles,
			Unreachable: unreachable,
			Kill:        func() error { return onEach(t.Context(), admin, killNamed(name)) },
		}
	})
}

// onEach calls f with each server that holds data.
func onEach(ctx context.Context, client redis.UniversalClient, f func(context.Context, *redis.Client) error) error {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, f)
	}
	return f(ctx, client.(*redis.Client))
}

// killNamed returns a function that breaks the connections of a name.
func killNamed(name string) func(context.Context, *redis.Client) error {
	return func(ctx context.Context, client *redis.Client) error {
		list, err := client.ClientList(ctx).Result()
		if err != nil {
			return err
		}
		for line := range strings.Lines(list) {
			if !strings.Contains(line, " name="+name+" ") {
				continue
			}
			id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
			if err := client.ClientKillByFilter(ctx, "id", id).Err(); err != nil {
				return err
			}
		}
		return nil
	}
}

// sharedServer returns the address of the Redis that all tests may use, each
// with a prefix of its own.
func sharedServer(t testing.TB) *redis.Options {
	t.Helper()
	options := expect.Try(redis.ParseURL(testenv.Server(t, "redis", "redis://127.0.0.1:6379/0").String())).OrFail(t)
	options.ContextTimeoutEnabled = true
	return options
}

func connect(t testing.TB, options *redis.Options) *redis.Client {
	o := *options
	client := redis.NewClient(&o)
	t.Cleanup(func() { client.Close() })
	return client
}

// newPrefix returns a prefix whose keys are deleted behind the test.
func newPrefix(t testing.TB, client redis.UniversalClient) string {
	t.Helper()
	prefix := "eagate-test-" + rand.Text() + ":"
	t.Cleanup(func() {
		err := onEach(context.Background(), client, func(ctx context.Context, c *redis.Client) error {
			keys := c.Scan(ctx, 0, prefix+"*", 1000).Iterator()
			for keys.Next(ctx) {
				if err := c.Del(ctx, keys.Val()).Err(); err != nil {
					return err
				}
			}
			return keys.Err()
		})
		if err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return prefix
}

// newStore opens a store on a server that need not keep anything on its disk.
func newStore(t testing.TB, client redis.UniversalClient, opts ...redisstore.Option) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(t.Context(), client, append(opts, redisstore.WithInsecureNoAppendOnly())...)
	expect.NoError(t, err)
	return s
}
