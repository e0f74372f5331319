package natsstore_test

import (
	"context"
	"crypto/rand"
	"io"
	"net"
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
	"github.com/nats-io/nats.go/jetstream"
)

func TestBackend(t *testing.T) {
	server := testenv.Server(t, "nats", "nats://127.0.0.1:4222").String()
	bucket := newBucket(t, server)
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		p := newProxy(t, server)
		handle := func() store.Backend {
			return open(t, connect(t, p.url), natsstore.WithBucket(bucket))
		}
		closed := connect(t, server)
		unreachable := open(t, closed, natsstore.WithBucket(bucket))
		closed.Close()
		return storetest.Subject{
			Handles:     []store.Backend{handle(), handle(), handle()},
			Unreachable: unreachable,
			Kill:        p.breakAll,
		}
	})
}

// connect opens a connection as the package wants it.
func connect(t testing.TB, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	opts = append([]nats.Option{
		nats.ReconnectBufSize(-1),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(10 * time.Millisecond),
		nats.ReconnectJitter(0, 0),
	}, opts...)
	nc := expect.Try(nats.Connect(url, opts...)).OrFail(t)
	t.Cleanup(nc.Close)
	return nc
}

func open(t testing.TB, nc *nats.Conn, opts ...natsstore.Option) *natsstore.Store {
	t.Helper()
	s := expect.Try(natsstore.New(t.Context(), nc, opts...)).OrFail(t)
	return s
}

// newBucket returns a name for a bucket, which is removed in the end.
func newBucket(t testing.TB, server string) string {
	t.Helper()
	name := "eagate-test-" + strings.ToLower(rand.Text()[:10])
	nc := connect(t, server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := stream(t, nc).DeleteStream(ctx, "KV_"+name); err != nil && err != jetstream.ErrStreamNotFound {
			t.Log("bucket stays behind: ", err)
		}
	})
	return name
}

func stream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js := expect.Try(jetstream.New(nc)).OrFail(t)
	return js
}

// A proxy stands before a server, so that connections can be broken.
type proxy struct {
	url    string
	server string

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newProxy(t testing.TB, server string) *proxy {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	t.Cleanup(func() { l.Close() })
	p := &proxy{
		url:    "nats://" + l.Addr().String(),
		server: strings.TrimPrefix(server, "nats://"),
		conns:  make(map[net.Conn]bool),
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	var wg sync.WaitGroup
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		wg.Go(func() {
			io.Copy(pair[0], pair[1])
			client.Close()
			server.Close()
		})
	}
	wg.Wait()
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
}

// breakAll breaks all connections; new ones can be made at once.
func (p *proxy) breakAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	return nil
}
