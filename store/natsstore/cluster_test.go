package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/natsstore"
	"github.com/eagate/eagate/store/storetest"
	"github.com/nats-io/nats.go"
)

// A cluster is one of three servers, with a bucket on all of them.
type cluster []*server

func startCluster(t *testing.T) cluster {
	t.Helper()
	var ports, routes []int
	var urls []string
	for range 3 {
		ports, routes = append(ports, freePort(t)), append(routes, freePort(t))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", routes[len(routes)-1]))
	}
	var c cluster
	for i := range ports {
		c = append(c, newServer(t, fmt.Sprintf("server_name: s%d\ncluster: {name: test, listen: \"127.0.0.1:%d\", no_advertise: true, routes: [%s]}",
			i, routes[i], strings.Join(urls, ", ")), ports[i]))
	}
	version := expect.Try(exec.Command(c[0].binary, "--version").Output()).OrFail(t)
	if !replicates(strings.TrimPrefix(strings.TrimSpace(string(version)), "nats-server: ")) {
		testenv.Missing(t, "nats-cluster", fmt.Sprintf("NATS 2.12 or later: name the binary by EAGATE_NATS_SERVER (this one is %s)", version))
	}
	for _, s := range c {
		s.start(t)
	}
	for _, s := range c {
		openSoon(t, connect(t, s.url))
	}
	return c
}

// openSoon is open for a server that may not know yet who leads the cluster.
func openSoon(t *testing.T, nc *nats.Conn) (s *natsstore.Store) {
	t.Helper()
	eventually(t, 60*time.Second, "the bucket is open", func() (err error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s, err = natsstore.New(ctx, nc)
		return err
	})
	return s
}

// leader returns the server that leads the bucket's stream, as the others see
// it, and the others.
func (c cluster) leader(t *testing.T, old *server) (leader *server, others []*server) {
	t.Helper()
	eventually(t, 60*time.Second, "the bucket has a leader", func() error {
		for _, s := range c {
			if s == old {
				continue
			}
			nc := connect(t, s.url)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			all, err := stream(t, nc).Stream(ctx, "KV_eagate")
			nc.Close()
			if err != nil {
				continue
			}
			var n int
			if cluster := all.CachedInfo().Cluster; cluster != nil {
				if _, err := fmt.Sscanf(cluster.Leader, "s%d", &n); err == nil && c[n] != old {
					leader = c[n]
					return nil
				}
			}
		}
		return errors.New("no server says who leads")
	})
	others = slices.DeleteFunc(slices.Clone(c), func(s *server) bool { return s == leader })
	return leader, others
}

func TestThoroughCluster(t *testing.T) {
	c := startCluster(t)
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		var proxies []*proxy
		var handles []store.Backend
		for _, s := range c {
			p := newProxy(t, s.url)
			proxies = append(proxies, p)
			handles = append(handles, open(t, connect(t, p.url)))
		}
		closed := connect(t, c[0].url)
		unreachable := open(t, closed)
		closed.Close()
		return storetest.Subject{Handles: handles, Unreachable: unreachable, Kill: func() error {
			for _, p := range proxies {
				p.breakAll()
			}
			return nil
		}}
	})
}

// In a cluster, a bucket has three replicas, unless the program says otherwise.
func TestThoroughReplicas(t *testing.T) {
	c := startCluster(t)
	nc := connect(t, c[0].url)
	js := stream(t, nc)
	all := expect.Try(js.Stream(t.Context(), "KV_eagate")).OrFail(t)
	expect.Equal(t, all.CachedInfo().Config.Replicas, 3, "replicas")
	config := goodBucket("single")
	config.Replicas = 1
	eventually(t, 20*time.Second, "there is another bucket", func() error {
		_, err := js.CreateStream(t.Context(), config)
		return err
	})
	_, err := natsstore.New(t.Context(), nc, natsstore.WithBucket("single"))
	wantFaults(t, err, "1 replicas: set 3")
	open(t, nc, natsstore.WithBucket("single"), natsstore.WithReplicas(1))
}

// When the leader is killed, every write that was confirmed is still there, and
// nothing looks missing meanwhile.
func TestThoroughLeaderKilled(t *testing.T) {
	c := startCluster(t)
	leader, others := c.leader(t, nil)
	s := open(t, connect(t, others[0].url))
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprint("user", i)
		put(t, s, store.Document{ID: ids[i], Body: []byte("{}")})
	}
	leader.kill()
	failed := 0
	eventually(t, 60*time.Second, "the bucket is back", func() error {
		docs, err := s.Get(t.Context(), store.Accounts, ids...)
		if err != nil {
			failed++
			return err
		}
		for _, doc := range docs {
			expect.Differ(t, doc.Version, 0, "document %q looks missing", doc.ID)
		}
		return nil
	})
	t.Logf("%d calls failed", failed)
	put(t, s, store.Document{ID: "later", Body: []byte("{}")})
	leader.start(t)
	back := openSoon(t, connect(t, leader.url))
	if docs, err := back.Get(t.Context(), store.Accounts, "later"); err != nil || docs[0].Version == 0 {
		t.Errorf("through the server that came back: got %v, %v", docs, err)
	}
}

// A leader that is cut off from the others can't know whether it still leads:
// it must not answer, for a new leader may have newer documents.
func TestThoroughCutOff(t *testing.T) {
	c := startCluster(t)
	leader, others := c.leader(t, nil)
	s := open(t, connect(t, leader.url))
	doc := put(t, s, store.Document{ID: "alice", Due: time.Now(), Body: []byte("{}")})
	for _, o := range others {
		o.pause(t)
	}
	for _, id := range []string{"alice", "bob"} {
		if docs, err := s.Get(t.Context(), store.Accounts, id); err == nil {
			t.Errorf("Get of %q without most servers: got %v, want an error", id, docs)
		}
	}
	if _, _, err := s.List(t.Context(), store.Accounts, "", 10); err == nil {
		t.Error("List without most servers: got no error")
	}
	if err := s.Delete(t.Context(), store.Accounts, "alice", doc.Version); err == nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("Delete without most servers: got the error %v", err)
	}
	for _, o := range others {
		o.resume()
	}
	eventually(t, 60*time.Second, "the bucket is back", func() error {
		_, err := s.Get(t.Context(), store.Accounts, "alice")
		return err
	})
}

// A leader that slept while another one took over still takes itself for the
// leader when it wakes up. It must not say that what was written meanwhile is
// missing.
func TestThoroughStaleLeader(t *testing.T) {
	c := startCluster(t)
	for round := range 3 {
		old, others := c.leader(t, nil)
		var asleep []*natsstore.Store
		sent := make(map[*natsstore.Store]uint64)
		for range 20 {
			s := openSoon(t, connect(t, old.url, nats.PingInterval(time.Hour)))
			asleep, sent[s] = append(asleep, s), natsstore.Sent(s)
		}
		awake := openSoon(t, connect(t, others[0].url))
		old.pause(t)
		next, _ := c.leader(t, old)
		expect.Differ(t, next, old, "the leader that was paused still leads")
		id := fmt.Sprint("alice", round)
		eventually(t, 30*time.Second, "the new leader takes writes", func() error {
			_, err := awake.Put(t.Context(), store.Accounts, store.Document{ID: id, Body: []byte("{}")})
			if errors.Is(err, store.ErrConflict) {
				return nil // an earlier one got through
			}
			return err
		})

		var wg sync.WaitGroup
		for _, s := range asleep {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				docs, err := s.Get(ctx, store.Accounts, id)
				if err == nil && docs[0].Version == 0 {
					t.Errorf("round %d: what was written before the Get looks missing", round)
				}
			})
		}
		// The first requests are in the old leader's socket then, and the others come
		// while it wakes up.
		eventually(t, 30*time.Second, "requests are sent", func() error {
			for _, s := range asleep {
				if natsstore.Sent(s) == sent[s] {
					return errors.New("not all yet")
				}
			}
			return nil
		})
		old.resume()
		wg.Wait()
		eventually(t, 60*time.Second, "the bucket is back", func() error {
			docs, err := asleep[0].Get(t.Context(), store.Accounts, id)
			if err == nil && docs[0].Version == 0 {
				t.Error("what was written before the Get looks missing")
			}
			return err
		})
	}
}
