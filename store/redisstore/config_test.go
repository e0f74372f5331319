package redisstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

func TestServerSettings(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		opts   []redisstore.Option
		faults []string
	}{
		{"append-only file", []string{"--appendonly", "yes"}, nil, nil},
		{"no append-only file", nil, nil, []string{`appendonly "no"`}},
		{"snapshots only", []string{"--save", "60 1"}, nil, []string{`appendonly "no"`}},
		{"no append-only file, insecure", nil, []redisstore.Option{redisstore.WithInsecureNoAppendOnly()}, nil},
		{"evicts accounts", []string{"--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"}, nil, []string{`maxmemory-policy "allkeys-lru"`}},
		{"evicts challenges", []string{"--appendonly", "yes", "--maxmemory-policy", "volatile-ttl"}, nil, nil},
		{"writable replica", []string{"--appendonly", "yes", "--replica-read-only", "no"}, nil, []string{`replica-read-only "no"`}},
		{"both at once", []string{"--maxmemory-policy", "allkeys-random"}, nil, []string{`maxmemory-policy "allkeys-random"`, `appendonly "no"`}},
		{"doesn't tell", []string{"--rename-command", "CONFIG", ""}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := connect(t, startServer(t, test.args...).options())
			_, err := redisstore.New(t.Context(), client, test.opts...)
			if (err != nil) != (len(test.faults) > 0) {
				t.Errorf("got %v, want faults %q", err, test.faults)
			}
			for _, fault := range test.faults {
				if err == nil || !strings.Contains(err.Error(), fault) {
					t.Errorf("got %v, want it to name %s", err, fault)
				}
			}
			// Challenges and grants may be lost.
			expect.Try(redisstore.NewVolatile(client)).OrFail(t, "NewVolatile")
		})
	}
}

// An append-only file brings the accounts back.
func TestAppendOnlyFileKeepsAccounts(t *testing.T) {
	ctx, server := t.Context(), startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	s, err := redisstore.New(ctx, connect(t, server.options()))
	expect.NoError(t, err)
	want := put(t, s, store.Accounts, "u-42")
	server.stop()
	server.start()
	var got []store.Document
	err = eventually(ctx, func() error {
		got, err = s.Get(ctx, store.Accounts, "u-42")
		return err
	})
	if err != nil || got[0].Version != want {
		t.Errorf("got %+v, %v, want the account", got, err)
	}
}

func TestConfiguration(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	defer client.Close()
	ring := redis.NewRing(&redis.RingOptions{})
	defer ring.Close()
	deaf := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer deaf.Close()
	deafCluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer deafCluster.Close()
	deafSentinel := redis.NewFailoverClient(&redis.FailoverOptions{SentinelAddrs: []string{"127.0.0.1:1"}})
	defer deafSentinel.Close()
	endless := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", ReadTimeout: -2, ContextTimeoutEnabled: true})
	defer endless.Close()
	for _, test := range []struct {
		name   string
		client redis.UniversalClient
		opts   []redisstore.Option
		fault  string
	}{
		{"empty prefix", client, []redisstore.Option{redisstore.WithPrefix("")}, `prefix ""`},
		{"opening brace", client, []redisstore.Option{redisstore.WithPrefix("a{b")}, `prefix "a{b"`},
		{"closing brace", client, []redisstore.Option{redisstore.WithPrefix("a}b")}, `prefix "a}b"`},
		{"65 bytes", client, []redisstore.Option{redisstore.WithPrefix(strings.Repeat("p", 65))}, "64 bytes"},
		{"no client", nil, nil, "client is nil"},
		{"ring", ring, nil, "Ring"},
		{"without context deadlines", deaf, nil, "ContextTimeoutEnabled"},
		{"cluster without context deadlines", deafCluster, nil, "ContextTimeoutEnabled"},
		{"Sentinel without context deadlines", deafSentinel, nil, "ContextTimeoutEnabled"},
		{"without any deadlines", endless, nil, "ReadTimeout"},
		{"two faults, the one", nil, []redisstore.Option{redisstore.WithPrefix("{")}, "client is nil"},
		{"two faults, the other", nil, []redisstore.Option{redisstore.WithPrefix("{")}, `prefix "{"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := redisstore.New(t.Context(), test.client, test.opts...)
			_, volatileErr := redisstore.NewVolatile(test.client, test.opts...)
			for _, err := range []error{err, volatileErr} {
				if err == nil || !strings.Contains(err.Error(), test.fault) {
					t.Errorf("got %v, want it to say %s", err, test.fault)
				}
			}
		})
	}
	for name, opt := range map[string]redisstore.Option{
		"WithExisting":             redisstore.WithExisting(),
		"WithInsecureNoAppendOnly": redisstore.WithInsecureNoAppendOnly(),
	} {
		if _, err := redisstore.NewVolatile(client, opt); err == nil {
			t.Errorf("NewVolatile with %s: got no error", name)
		}
	}
	if _, err := redisstore.NewVolatile(client, redisstore.WithPrefix(strings.Repeat("p", 64))); err != nil {
		t.Errorf("a prefix of 64 bytes: %v", err)
	}
	if _, err := redisstore.New(t.Context(), client); err == nil || errors.Is(err, redisstore.ErrDataLost) {
		t.Errorf("without Redis: got %v, want a fault", err)
	}
}
