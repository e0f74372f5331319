package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// startReplica starts a replica of a server, and waits until it has its data.
func (s *server) startReplica() *server {
	s.t.Helper()
	r := startServer(s.t, "--replicaof", "127.0.0.1", strconv.Itoa(s.port), "--repl-diskless-sync-delay", "0")
	r.await("master_link_status:up")
	return r
}

// await waits until INFO replication says so.
func (s *server) await(want string) {
	s.t.Helper()
	client := connect(s.t, s.options())
	err := eventually(s.t.Context(), func() error {
		info, err := client.Info(s.t.Context(), "replication").Result()
		if err == nil && !strings.Contains(info, want) {
			err = fmt.Errorf("no %s in %s", want, info)
		}
		return err
	})
	expect.NoError(s.t, err)
}

// awaitAccount waits until a replica has an account.
func (s *server) awaitAccount(id string) {
	s.t.Helper()
	client := connect(s.t, s.options())
	err := eventually(s.t.Context(), func() error {
		keys, err := client.Keys(s.t.Context(), "*account:"+id).Result()
		if err == nil && len(keys) == 0 {
			err = errors.New("the replica doesn't have it yet")
		}
		return err
	})
	expect.NoError(s.t, err)
}

func (s *server) replicaOf(host, port string) {
	s.t.Helper()
	expect.NoError(s.t, connect(s.t, s.options()).ReplicaOf(s.t.Context(), host, port).Err())
}

// notPrimary checks that every method says so.
func notPrimary(t *testing.T, s *redisstore.Store, id string, version uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	errs := callAll(ctx, s, store.Accounts, id, version)
	errs["Watch"] = s.Watch(ctx, store.Accounts, func(string) {})
	for method, err := range errs {
		expect.Is(t, err, store.ErrNotPrimary, method)
	}
}

// A primary that was demoted is an error from then on, on the connections that there
// are, and no longer when it is the primary again.
func TestDemotion(t *testing.T) {
	ctx, old := t.Context(), startServer(t, "--repl-diskless-sync-delay", "0")
	s := newStore(t, connect(t, old.options()))
	version := put(t, s, store.Accounts, "u-42")
	replica := old.startReplica()
	replica.awaitAccount("u-42")

	replica.replicaOf("no", "one")
	old.replicaOf("127.0.0.1", strconv.Itoa(replica.port))
	notPrimary(t, s, "u-42", version)
	if _, err := redisstore.New(ctx, connect(t, old.options()), redisstore.WithInsecureNoAppendOnly()); !errors.Is(err, store.ErrNotPrimary) {
		t.Errorf("New: got %v, want ErrNotPrimary", err)
	}

	old.await("master_link_status:up")
	old.replicaOf("no", "one")
	if docs, err := s.Get(ctx, store.Accounts, "u-42"); err != nil || docs[0].Version != version {
		t.Errorf("when it is the primary again: got %v, %v", docs, err)
	}
}

// Behind an address that leads to the new primary, connections to the old one go away
// by themselves.
func TestAddressMoves(t *testing.T) {
	ctx, old := t.Context(), startServer(t, "--repl-diskless-sync-delay", "0")
	replica := old.startReplica()
	current := old
	options := old.options()
	options.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", current.options().Addr)
	}
	s := newStore(t, connect(t, options))
	version := put(t, s, store.Accounts, "u-42")
	replica.awaitAccount("u-42")
	replica.replicaOf("no", "one")
	old.replicaOf("127.0.0.1", strconv.Itoa(replica.port))
	current = replica
	for range 10 {
		docs, err := s.Get(ctx, store.Accounts, "u-42")
		if err == nil && docs[0].Version == version {
			return
		}
		if !errors.Is(err, store.ErrNotPrimary) {
			t.Fatalf("got %v, %v, want ErrNotPrimary, or the document", docs, err)
		}
	}
	t.Error("got ErrNotPrimary 10 times, want the new primary")
}

// A replica that doesn't show what may be old isn't the primary either.
func TestReplicaWithoutPrimary(t *testing.T) {
	old := startServer(t)
	s := newStore(t, connect(t, old.options()))
	version := put(t, s, store.Accounts, "u-42")
	expect.NoError(t, connect(t, old.options()).ConfigSet(t.Context(), "replica-serve-stale-data", "no").Err())
	old.replicaOf("127.0.0.1", "1")
	notPrimary(t, s, "u-42", version)
}

// Sentinel makes the replica the primary when the old one is gone.
func TestThoroughSentinel(t *testing.T) {
	ctx, old := t.Context(), startServer(t, "--repl-diskless-sync-delay", "0")
	replica := old.startReplica()
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            "eagate",
		SentinelAddrs:         []string{startSentinel(t, old.port)},
		ContextTimeoutEnabled: true,
		DialerRetries:         1,
	})
	t.Cleanup(func() { client.Close() })
	s := newStore(t, client)
	version := put(t, s, store.Accounts, "u-42")

	changes := make(chan string, 100)
	watch := make(chan error, 1)
	go func() { watch <- s.Watch(ctx, store.Accounts, func(id string) { changes <- id }) }()
	<-changes
	replica.awaitAccount("u-42")

	old.stop()
	start := time.Now()
	err := eventually(ctx, func() error {
		docs, err := s.Get(ctx, store.Accounts, "u-42")
		if err == nil && docs[0].Version != version {
			t.Fatalf("got %v, want the account or an error", docs)
		}
		return err
	})
	expect.NoError(t, err, "after the fail-over")
	t.Logf("failed over after %v", time.Since(start))
	put(t, s, store.Accounts, "u-43")
	select {
	case err := <-watch:
		t.Logf("Watch: %v", err)
	case <-time.After(10 * time.Second):
		t.Error("Watch goes on at a server that is gone")
	}

	// The old one comes back as a replica, and doesn't answer for the primary.
	old.start()
	direct := connect(t, old.options())
	err = eventually(ctx, func() error {
		_, err := redisstore.New(ctx, direct, redisstore.WithInsecureNoAppendOnly(), redisstore.WithExisting())
		if errors.Is(err, store.ErrNotPrimary) {
			return nil
		}
		return fmt.Errorf("got %w, want ErrNotPrimary", err)
	})
	expect.NoError(t, err)
}

// startSentinel starts a Sentinel that alone decides, and returns its address.
func startSentinel(t *testing.T, port int) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	expect.NoError(t, err)
	dir, own := t.TempDir(), freePort(t)
	file := filepath.Join(dir, "sentinel.conf")
	config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor eagate 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds eagate 500\nsentinel failover-timeout eagate 5000\n", own, dir, port)
	expect.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	cmd := exec.Command(path, file, "--sentinel")
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(own))
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
	defer sentinel.Close()
	err = eventually(t.Context(), func() error {
		replicas, err := sentinel.Replicas(t.Context(), "eagate").Result()
		if err == nil && (len(replicas) == 0 || replicas[0]["master-link-status"] != "ok") {
			err = errors.New("the Sentinel doesn't know the replica yet")
		}
		return err
	})
	expect.NoError(t, err)
	return addr
}
