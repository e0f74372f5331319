package emulator_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/expect"
)

func TestA34_Faults(t *testing.T) {
	faults := []struct {
		fault emulator.Fault
		want  error
	}{
		{emulator.StatusFault(500), client.ErrUnavailable},
		{emulator.StatusFault(403), client.ErrRefused},
		{emulator.HTMLFault(), client.ErrUnavailable},
		{emulator.TruncatedFault(), client.ErrUnavailable},
		{emulator.ContentTypeFault(), client.ErrUnavailable},
		{emulator.HugeFault(), client.ErrUnavailable},
		{emulator.GzipBombFault(), client.ErrUnavailable},
		{emulator.SilentFault(), client.ErrUnavailable},
		{emulator.DripFault(time.Millisecond), client.ErrUnavailable},
		{emulator.RedirectFault("http://127.0.0.1:1/"), client.ErrUnavailable},
		{emulator.ResetFault(), client.ErrUnavailable},
		{emulator.EnvelopeFault(200, "INACTIVE", "off"), client.ErrInactive},
		{emulator.EnvelopeFault(403, "INACTIVE", "off"), client.ErrInactive},
		{emulator.EnvelopeFault(200, "INVALID_REQUEST", "no"), client.ErrRefused},
		{emulator.EnvelopeFault(400, "INVALID_REQUEST", "no"), client.ErrRefused},
		{emulator.DataFault(`{"session_token": null}`), client.ErrProtocol},
		{emulator.DataFault(`{"session_token": ""}`), client.ErrProtocol},
		{emulator.DataFault(`{"session_token": "a b"}`), client.ErrProtocol},
		{emulator.DataFault(`null`), client.ErrProtocol},
	}
	s := start(t, emulator.Config{})
	for _, tt := range faults {
		t.Run(tt.fault.String(), func(t *testing.T) {
			c := s.Client(client.WithTimeout(200*time.Millisecond), client.WithAttempts(1))
			before := len(s.Requests())
			s.Misbehave(emulator.CreateSession, tt.fault, 1)
			if _, err := c.CreateSession(t.Context(), alice); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			expect.Equal(t, len(s.Requests()), before, "a request reached the phone")
			calls := s.Calls(emulator.CreateSession)
			expect.Equal(t, calls[len(calls)-1].Fault, tt.fault.String(), "record of fault")
			expect.Try(s.Client().CreateSession(t.Context(), alice)).OrFail(t, "afterwards")
		})
	}
}

func TestMisbehave(t *testing.T) {
	s := start(t, emulator.Config{})
	c := s.Client(client.WithAttempts(1))
	off := client.Status{Email: alice}

	s.Misbehave(emulator.SyncStatus, emulator.StatusFault(500), 2)
	session(t, s, alice)
	for _, want := range []bool{false, false, true} {
		if err := c.SyncStatus(t.Context(), off); (err == nil) != want {
			t.Errorf("got %v, want success: %v", err, want)
		}
	}
	s.Misbehave(emulator.AnyOp, emulator.EnvelopeFault(200, "INACTIVE", ""), 0)
	for range 3 {
		if _, err := c.CreateSession(t.Context(), alice); !errors.Is(err, client.ErrInactive) {
			t.Errorf("got %v, want ErrInactive", err)
		}
	}
	s.Behave()
	session(t, s, alice)
}

func TestLateFault(t *testing.T) {
	s := start(t, emulator.Config{})
	s.Misbehave(emulator.SyncStatus, emulator.ResetFault().Late(), 1)
	on := client.Status{Email: alice, Enabled: true, Secret: totpKey, Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	expect.Is(t, s.Client(client.WithAttempts(1)).SyncStatus(t.Context(), on), client.ErrUnavailable)
	if u, _ := s.Status(alice); !u.Enabled {
		t.Error("the service doesn't know of it, want the answer alone lost")
	}
	s.Misbehave(emulator.SyncStatus, emulator.ResetFault(), 2)
	expect.NoError(t, s.Client().SyncStatus(t.Context(), on), "with repeating")
}

func TestCloseEndsSilentCalls(t *testing.T) {
	e := emulator.New(emulator.Config{ClientID: clientID, APIKey: apiKey})
	e.Misbehave(emulator.AnyOp, emulator.SilentFault(), 0)
	arrived := make(chan struct{})
	srv := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		e.ServeHTTP(w, r)
	})
	done := make(chan error)
	go func() {
		c := client.New(clientID, apiKey, append(emulator.ClientOptions(srv.URL), client.WithTimeout(time.Minute), client.WithAttempts(1))...)
		_, err := c.CreateSession(context.Background(), alice)
		done <- err
	}()
	<-arrived
	e.Close()
	expect.Is(t, <-done, client.ErrUnavailable)
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	pprof.SetGoroutineLabels(pprof.WithLabels(t.Context(), pprof.Labels("test", t.Name()))) // what is started below inherits it
	silent := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := emulator.Start(emulator.Config{CallbackURL: silent.URL})
	session(t, s, alice)
	q := s.Requests()[0]
	post(t, s.URL+"/phone/answer", url.Values{"request": {q.ID}, "answer": {"deny"}})
	s.Misbehave(emulator.AnyOp, emulator.SilentFault(), 0)
	_, _ = s.Client(client.WithTimeout(20*time.Millisecond)).CreateSession(t.Context(), alice)
	s.Close()
	running := func() string {
		var stacks strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
			if strings.Contains(stack, t.Name()) && strings.Contains(stack, "client/emulator.(") {
				return stack
			}
		}
		return ""
	}
	for end := time.Now().Add(5 * time.Second); running() != ""; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("still running: %s", running())
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	a := startApp(t, 200)
	s := start(t, emulator.Config{CallbackURL: a.URL})
	c := s.Client()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			token, err := c.CreateSession(t.Context(), alice)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := c.SecretNumber(t.Context(), token); err != nil {
				t.Error(err)
			}
			_ = c.SyncStatus(t.Context(), client.Status{Email: alice})
			if _, err := s.Phone(alice).Approve(t.Context()); err != nil {
				t.Error(err)
			}
			s.Calls()
			s.Callbacks()
			s.Users()
			s.SetPush("x", false)
		})
	}
	all.Wait()
	expect.Equal(t, len(a.reports()), 20, "reports")
}
