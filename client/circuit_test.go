package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

// A line is a wire whose other end can be changed.
type line struct {
	calls atomic.Int32
	end   atomic.Pointer[wire]
}

func (l *line) becomes(w wire) { l.end.Store(&w) }

func (l *line) client(opts ...client.Option) *client.Client {
	w := wire(func(r *http.Request) (*http.Response, error) {
		l.calls.Add(1)
		return (*l.end.Load())(r)
	})
	return client.New(clientID, apiKey, append([]client.Option{w.option(), client.WithAttempts(1)}, opts...)...)
}

func number(t *testing.T, c *client.Client) error {
	t.Helper()
	_, err := c.SecretNumber(t.Context(), token)
	return err
}

func TestCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		l.becomes(readFails)
		c := l.client()
		for range 5 {
			if err := number(t, c); errors.Is(err, client.ErrCircuitOpen) {
				t.Fatalf("the circuit opened too early: %v", err)
			}
		}
		for _, op := range operations {
			if op.name == "SyncStatus" {
				continue // it has a circuit of its own
			}
			err := op.call(t.Context(), c)
			wantKind(t, err, client.Unavailable)
			expect.Is(t, err, client.ErrCircuitOpen, op.name)
		}
		expect.Equal(t, l.calls.Load(), 5, "calls")

		time.Sleep(15 * time.Second)
		if err := number(t, c); errors.Is(err, client.ErrCircuitOpen) {
			t.Errorf("after the pause: got %v, want a call", err)
		}
		expect.Is(t, number(t, c), client.ErrCircuitOpen, "after a failure then")

		l.becomes(failing(200, data("70")))
		time.Sleep(15 * time.Second)
		for range 3 {
			expect.NoError(t, number(t, c), "with the service back")
		}
	})
}

// The opening and the closing are told, each once, and not that a call was let through
// to see.
func TestOnCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		l.becomes(readFails)
		c := l.client()
		var changes []client.CircuitChange
		c.OnCircuit(func(change client.CircuitChange) { changes = append(changes, change) })
		for range 20 {
			_ = number(t, c)
		}
		for range 3 {
			time.Sleep(15 * time.Second)
			_ = number(t, c)
		}
		if len(changes) != 1 || !changes[0].Open || changes[0].Calls != "sign-in" || changes[0].Pause != 15*time.Second ||
			!errors.Is(changes[0].Err, client.ErrUnavailable) {
			t.Fatalf("the service is down: got %+v, want that the circuit opened, and why", changes)
		}
		l.becomes(failing(200, data("70")))
		time.Sleep(15 * time.Second)
		for range 3 {
			_ = number(t, c)
		}
		if len(changes) != 2 || changes[1] != (client.CircuitChange{Calls: "sign-in", Was: time.Minute}) {
			t.Errorf("it is back: got %+v, want that it closed after a minute", changes)
		}
	})
}

// A service that can't be told of changes can ring phones, and the other way
// round.
func TestCircuitsApart(t *testing.T) {
	for _, failing := range operations {
		for _, other := range operations {
			t.Run(failing.name+" fails, "+other.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var l line
					l.becomes(readFails)
					c := l.client()
					for range 6 {
						if failing.call(t.Context(), c) == nil {
							t.Fatal("got no error")
						}
					}
					open := errors.Is(other.call(t.Context(), c), client.ErrCircuitOpen)
					if want := (failing.name == "SyncStatus") == (other.name == "SyncStatus"); open != want {
						t.Errorf("circuit is open: got %t, want %t", open, want)
					}
				})
			})
		}
	}
}

func TestCircuitLetsOneThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		l.becomes(readFails)
		c := l.client(client.WithCircuit(1, time.Minute))
		_ = number(t, c)
		l.becomes(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		time.Sleep(time.Minute)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { _ = number(t, c) })
		}
		all.Wait()
		expect.Equal(t, l.calls.Load(), 2, "calls (1 and then 1 to see)")
	})
}

func TestCircuitStaysClosed(t *testing.T) {
	gone := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	tests := []struct {
		name  string
		end   wire
		hurry time.Duration // the caller's own limit, or 0
	}{
		{"inactive", failing(200, `{"code":"INACTIVE"}`), 0},
		{"refused", failing(400, `{"code":"INVALID_REQUEST"}`), 0},
		{"refused without envelope", failing(403, ``), 0},
		{"nonsense", failing(200, data(`null`)), 0},
		{"caller's deadline", gone, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l line
				l.becomes(tt.end)
				c := l.client(client.WithCircuit(2, time.Minute))
				for range 10 {
					ctx := t.Context()
					if tt.hurry > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, tt.hurry)
						defer cancel()
					}
					if _, err := c.SecretNumber(ctx, token); errors.Is(err, client.ErrCircuitOpen) {
						t.Fatalf("got %v", err)
					}
				}
			})
		})
	}
}

// A caller that leaves neither helps a dead service nor harms a live one.
func TestCircuitIgnoresWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		c := l.client(client.WithCircuit(2, time.Minute))
		leave := func() {
			ctx, cancel := context.WithCancel(t.Context())
			l.becomes(func(r *http.Request) (*http.Response, error) {
				cancel()
				return nil, r.Context().Err()
			})
			if _, err := c.SecretNumber(ctx, token); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		}
		fail := func() {
			l.becomes(readFails)
			if err := number(t, c); errors.Is(err, client.ErrCircuitOpen) {
				t.Errorf("got %v too early", err)
			}
		}
		leave()
		leave()
		fail()
		leave() // makes the failure before no less one in a row
		fail()
		if err := number(t, c); !errors.Is(err, client.ErrCircuitOpen) {
			t.Fatalf("got %v, want ErrCircuitOpen", err)
		}
		time.Sleep(time.Minute)
		leave() // the one that was let through, which shows nothing
		expect.Is(t, number(t, c), client.ErrCircuitOpen)
		time.Sleep(time.Minute)
		l.becomes(failing(200, data("70")))
		expect.NoError(t, number(t, c), "with the service back")
	})
}

func TestCircuitSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		l.becomes(readFails)
		c := l.client(client.WithCircuit(1, time.Minute))
		_ = number(t, c)
		time.Sleep(time.Minute)
		l.becomes(func(*http.Request) (*http.Response, error) { panic("transport") })
		func() {
			defer func() { _ = recover() }()
			_ = number(t, c)
		}()
		time.Sleep(time.Minute)
		l.becomes(failing(200, data("70")))
		expect.NoError(t, number(t, c), "a call")
	})
}
