package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
)

// A proxy stands between a client and Redis, and can break the connection when
// Redis has carried out a command and the answer is on its way.
type proxy struct {
	addr string

	// cuts is how many of the next answers get lost.
	cuts atomic.Int32

	// silent keeps all answers back, with the connection up.
	silent atomic.Bool

	// drops keeps messages back, but no other answers.
	drops atomic.Bool
}

func startProxy(t *testing.T, upstream string) *proxy {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	t.Cleanup(func() { l.Close() })
	p := &proxy{addr: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client, upstream)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn, upstream string) {
	defer client.Close()
	server, err := net.Dial("tcp", upstream)
	if err != nil {
		return
	}
	defer server.Close()
	var subscribed atomic.Bool
	go func() {
		io.Copy(server, io.TeeReader(client, spy(func(b []byte) {
			if bytes.Contains(b, []byte("subscribe")) {
				subscribed.Store(true)
			}
		})))
		server.Close()
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if p.silent.Load() || p.drops.Load() && subscribed.Load() {
			continue
		}
		if p.cuts.Load() > 0 && p.cuts.Add(-1) >= 0 {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// spy is a writer that only looks.
type spy func(b []byte)

func (s spy) Write(b []byte) (int, error) { s(b); return len(b), nil }

// behindProxy returns two stores of the same data, one of them behind a proxy.
func behindProxy(t *testing.T) (behind, direct *redisstore.Store, p *proxy) {
	t.Helper()
	options := sharedServer(t)
	client := connect(t, options)
	prefix := redisstore.WithPrefix(newPrefix(t, client))
	p = startProxy(t, options.Addr)
	proxied := *options
	proxied.Addr, proxied.PoolSize = p.addr, 1
	behind, direct = newStore(t, connect(t, &proxied), prefix), newStore(t, client, prefix)
	// Redis must know the scripts, or else the answer that gets lost is that it
	// doesn't.
	callAll(t.Context(), direct, store.Accounts, "u-1", put(t, direct, store.Accounts, "u-1"))
	put(t, behind, store.Accounts, "u-2")
	return behind, direct, p
}

// A write whose answer gets lost is an error, and isn't sent again; a read is.
func TestAnswerLost(t *testing.T) {
	ctx := t.Context()
	behind, direct, p := behindProxy(t)
	doc := store.Document{ID: "u-42", Due: past, Body: body}
	version := func() uint64 {
		t.Helper()
		docs := expect.Try(direct.Get(ctx, store.Accounts, doc.ID)).OrFail(t)
		return docs[0].Version
	}
	cut := func() {
		t.Helper()
		// The connection must be there, or else the answer to its greeting gets lost.
		if _, err := behind.Get(ctx, store.Accounts, doc.ID); err != nil {
			t.Fatal(err)
		}
		p.cuts.Store(1)
	}
	lost := func(method string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, store.ErrConflict) || p.cuts.Load() != 0 {
			t.Errorf("%s: got %v, want a fault", method, err)
		}
	}

	cut()
	_, err := behind.Put(ctx, store.Accounts, doc)
	lost("inserting", err)
	doc.Version = version()

	cut()
	_, err = behind.Put(ctx, store.Accounts, doc)
	lost("replacing", err)
	expect.Equal(t, version(), doc.Version+1, "version")

	cut()
	docs, err := behind.Get(ctx, store.Accounts, doc.ID)
	if err != nil || docs[0].Version != doc.Version+1 || p.cuts.Load() != 0 {
		t.Errorf("reading: got %v, %v, want the document by a second try", docs, err)
	}

	cut()
	lost("deleting", behind.Delete(ctx, store.Accounts, doc.ID, doc.Version+1))
	expect.Equal(t, version(), 0, "version")
}

// A server forgets its scripts when it is restarted, and when it is told to.
func TestScriptsFlushed(t *testing.T) {
	ctx, client := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, client)
	flush := func() {
		expect.NoError(t, client.ScriptFlush(ctx).Err())
	}
	flush()
	version := put(t, s, store.Accounts, "u-42")
	flush()
	if docs, err := s.Get(ctx, store.Accounts, "u-42", "u-43"); err != nil || docs[0].Version != version {
		t.Errorf("Get: got %v, %v", docs, err)
	}
	flush()
	if n, err := s.DeleteDue(ctx, store.Accounts, time.Now(), 10); n != 1 || err != nil {
		t.Errorf("DeleteDue: got %d, %v", n, err)
	}
}

// A context that ends while Redis doesn't answer is told by its own error.
func TestContextEndsWhileWaiting(t *testing.T) {
	behind, _, p := behindProxy(t)
	p.silent.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	for method, err := range callAll(ctx, behind, store.Accounts, "u-42", 1) {
		expect.Is(t, err, context.DeadlineExceeded, method)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("took %v, want little more than 50 ms", d)
	}
}

// Without a deadline, no method waits for long, whatever go-redis is set to.
func TestThoroughSilence(t *testing.T) {
	behind, _, p := behindProxy(t)
	p.silent.Store(true)
	start := time.Now()
	_, get := behind.Get(t.Context(), store.Accounts, "u-42")
	_, put := behind.Put(t.Context(), store.Accounts, store.Document{ID: "u-42", Body: body})
	if d := time.Since(start); get == nil || put == nil || d > 8*time.Second {
		t.Errorf("got %v and %v in %v, want errors in 3 s each", get, put, d)
	}
}

// A Redis that refuses connections is an error soon.
func TestRefused(t *testing.T) {
	refused(t, redis.Options{DialerRetries: 1, MaxRetries: 1}, 500*time.Millisecond)
}

func TestThoroughRefusedWithDefaults(t *testing.T) {
	refused(t, redis.Options{}, 4*time.Second)
}

func refused(t *testing.T, options redis.Options, within time.Duration) {
	t.Helper()
	options.Addr, options.ContextTimeoutEnabled = net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t))), true
	client := connect(t, &options)
	s := expect.Try(redisstore.NewVolatile(client)).OrFail(t)
	for method, call := range map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error { _, err := s.Get(ctx, store.Grants, "g"); return err },
		"Put": func(ctx context.Context) error {
			_, err := s.Put(ctx, store.Grants, store.Document{ID: "g", Body: body})
			return err
		},
		"Due":   func(ctx context.Context) error { _, err := s.Due(ctx, store.Grants, time.Now(), 1); return err },
		"Watch": func(ctx context.Context) error { return s.Watch(ctx, store.Grants, func(string) {}) },
		"New":   func(ctx context.Context) error { _, err := redisstore.New(ctx, client); return err },
	} {
		start := time.Now()
		err := call(t.Context())
		if d := time.Since(start); err == nil || d > within {
			t.Errorf("%s: got %v in %v, want an error within %v", method, err, d, within)
		}
	}
}
