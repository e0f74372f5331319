package redisstore_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

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

	// meanwhile is called before a connection breaks, unless it is nil.
	meanwhile func()
}

func startProxy(t *testing.T, upstream string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
	go func() {
		io.Copy(server, client)
		server.Close()
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if p.silent.Load() {
			continue
		}
		if p.cuts.Load() > 0 && p.cuts.Add(-1) >= 0 {
			if p.meanwhile != nil {
				p.meanwhile()
			}
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// behindProxy returns two stores of the same data, one of them behind a proxy,
// with a single connection that is up already.
func behindProxy(t *testing.T) (behind, direct *redisstore.Store, p *proxy) {
	t.Helper()
	options := sharedServer(t)
	client := connect(t, options)
	prefix := redisstore.WithPrefix(newPrefix(t, client))
	p = startProxy(t, options.Addr)
	proxied := *options
	proxied.Addr, proxied.PoolSize, proxied.ContextTimeoutEnabled = p.addr, 1, true
	behind, direct = newStore(t, connect(t, &proxied), prefix), newStore(t, client, prefix)
	// Redis must know the scripts, or else the answer that gets lost is that it
	// doesn't.
	err := errors.Join(direct.UpdateAccount(t.Context(), "u-1", enable), onVolatile(t.Context(), direct))
	if err != nil {
		t.Fatal(err)
	}
	return behind, direct, p
}

var errReplayed = errors.New("replayed")

// accept accepts a time step once.
func accept(calls *int, p *proxy, cuts int32) func(*store.Account) error {
	return func(a *store.Account) error {
		*calls++
		if a.LastStep >= 7 {
			return errReplayed
		}
		a.LastStep = 7
		p.cuts.Store(cuts)
		return nil
	}
}

// An update that was carried out doesn't come back with the error of a second
// call of its change, which would say that it wasn't.
func TestUpdateWhoseAnswerIsLost(t *testing.T) {
	behind, direct, p := behindProxy(t)
	calls := 0
	if err := behind.UpdateAccount(t.Context(), "u-42", accept(&calls, p, 1)); err != nil || calls != 1 {
		t.Errorf("got %v in %d calls, want none in 1", err, calls)
	}
	if a, err := direct.Account(t.Context(), "u-42"); a.LastStep != 7 || a.Version != 1 || err != nil {
		t.Errorf("got step %d, version %d, %v, want 7 and 1", a.LastStep, a.Version, err)
	}
	if p.cuts.Load() != 0 {
		t.Error("no answer was lost")
	}
}

// If another writer comes before the second try, nobody knows whether the update
// was carried out.
func TestUpdateWhoseAnswerIsLostAndOverwritten(t *testing.T) {
	behind, direct, p := behindProxy(t)
	ctx := t.Context()
	p.meanwhile = func() {
		if err := direct.UpdateAccount(ctx, "u-42", func(a *store.Account) error { a.Failures++; return nil }); err != nil {
			t.Error(err)
		}
	}
	calls := 0
	err := behind.UpdateAccount(ctx, "u-42", accept(&calls, p, 1))
	if err == nil || errors.Is(err, errReplayed) || calls != 1 {
		t.Errorf("got %v in %d calls, want a fault in 1", err, calls)
	}
	if a, err := direct.Account(ctx, "u-42"); a.LastStep != 7 || a.Failures != 1 || err != nil {
		t.Errorf("got step %d, %d failures, %v, want 7 and 1", a.LastStep, a.Failures, err)
	}
}

func TestUpdateWithoutAnyAnswer(t *testing.T) {
	behind, direct, p := behindProxy(t)
	calls := 0
	err := behind.UpdateAccount(t.Context(), "u-42", accept(&calls, p, 1000))
	if err == nil || errors.Is(err, errReplayed) || calls != 1 {
		t.Errorf("got %v in %d calls, want a fault in 1", err, calls)
	}
	p.cuts.Store(0)
	if a, err := direct.Account(t.Context(), "u-42"); a.LastStep != 7 || a.Version != 1 || err != nil {
		t.Errorf("got step %d, version %d, %v, want 7 and 1", a.LastStep, a.Version, err)
	}
}

func TestCreateWhoseAnswerIsLost(t *testing.T) {
	behind, _, p := behindProxy(t)
	ctx, expires := t.Context(), time.Now().Add(time.Hour)
	c := store.Challenge{ID: "c", ForgetAt: expires}
	p.cuts.Store(1)
	if err := behind.CreateChallenge(ctx, c); err != nil {
		t.Errorf("CreateChallenge: got %v", err)
	}
	if err := behind.CreateChallenge(ctx, c); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateChallenge again: got %v, want ErrExists", err)
	}
	p.cuts.Store(1)
	if err := behind.CreateGrant(ctx, store.Grant{ID: "g", ExpiresAt: expires}); err != nil {
		t.Errorf("CreateGrant: got %v", err)
	}
	p.cuts.Store(1)
	if _, err := behind.Grant(ctx, "g"); err != nil {
		t.Errorf("Grant: got %v", err)
	}
	p.cuts.Store(1)
	if err := behind.DeleteGrant(ctx, "g"); err != nil {
		t.Errorf("DeleteGrant: got %v", err)
	}
}

// All connections are killed between the reading and the writing of an update.
func TestConnectionKilledInsideUpdate(t *testing.T) {
	ctx, server := t.Context(), startServer(t)
	s, admin := newStore(t, connect(t, server.options())), connect(t, server.options())
	kill := func() error {
		n, err := admin.ClientKillByFilter(ctx, "type", "normal", "skipme", "yes").Result()
		if err == nil && n == 0 {
			return errors.New("no connection was killed")
		}
		return err
	}
	if err := s.CreateChallenge(ctx, store.Challenge{ID: "c", ForgetAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		s.UpdateAccount(ctx, "u-42", func(a *store.Account) error { a.Failures++; return kill() }),
		s.UpdateChallenge(ctx, "c", func(c *store.Challenge) error { c.Epoch++; return kill() }),
	)
	if err != nil {
		t.Error(err)
	}
	a, err := s.Account(ctx, "u-42")
	if a.Failures != 1 || err != nil {
		t.Errorf("got %d failures, %v, want 1", a.Failures, err)
	}
	c, err := s.Challenge(ctx, "c")
	if c.Epoch != 1 || err != nil {
		t.Errorf("got epoch %d, %v, want 1", c.Epoch, err)
	}
}

// A server forgets its scripts when it is restarted, and when it is told to.
func TestScriptsFlushed(t *testing.T) {
	ctx, admin := t.Context(), connect(t, startServer(t).options())
	s := newStore(t, admin)
	flush := func() {
		if err := admin.ScriptFlush(ctx).Err(); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	if err := s.UpdateAccount(ctx, "u-42", func(*store.Account) error { flush(); return nil }); err != nil {
		t.Errorf("UpdateAccount: %v", err)
	}
	for method, err := range onAccounts(ctx, s, "u-42") {
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	flush()
	if err := onVolatile(ctx, s); err != nil {
		t.Error(err)
	}
	flush()
	if _, _, err := s.ListAccounts(ctx, store.AccountFilter{}, "", 10); err != nil {
		t.Errorf("ListAccounts: %v", err)
	}
}

// A context that ends while Redis doesn't answer is told by its own error.
func TestContextEndsWhileWaiting(t *testing.T) {
	for method, call := range map[string]func(context.Context, *redisstore.Store) error{
		"Account":       func(ctx context.Context, s *redisstore.Store) error { _, err := s.Account(ctx, "u-42"); return err },
		"UpdateAccount": func(ctx context.Context, s *redisstore.Store) error { return s.UpdateAccount(ctx, "u-42", enable) },
		"CreateGrant":   func(ctx context.Context, s *redisstore.Store) error { return s.CreateGrant(ctx, store.Grant{ID: "g"}) },
		"Grant":         func(ctx context.Context, s *redisstore.Store) error { _, err := s.Grant(ctx, "g"); return err },
	} {
		t.Run(method, func(t *testing.T) {
			behind, _, p := behindProxy(t)
			p.silent.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := call(ctx, behind); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
	}
}
