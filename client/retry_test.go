package client_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func dialFails(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

func readFails(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

func failing(status int, body string) wire {
	return func(*http.Request) (*http.Response, error) { return reply(status, body) }
}

// trouble fails n times and succeeds then; it counts the calls.
func trouble(calls *atomic.Int32, n int32, fault wire) wire {
	return func(r *http.Request) (*http.Response, error) {
		if calls.Add(1) <= n {
			return fault(r)
		}
		return reply(200, data(usable))
	}
}

func TestRetry(t *testing.T) {
	const inactive = `{"code":"INACTIVE"}`
	tests := []struct {
		name                   string
		fault                  wire
		create, number, status int32 // calls
	}{
		{"no connection", dialFails, 3, 3, 3},
		{"connection lost", readFails, 1, 3, 3},
		{"500", failing(500, "oops"), 1, 3, 3},
		{"503 with envelope", failing(503, `{"code":"BUSY"}`), 1, 3, 3},
		{"400", failing(400, "no"), 1, 1, 1},
		{"429", failing(429, "no"), 1, 1, 1},
		{"inactive", failing(200, inactive), 1, 1, 1},
		{"inactive 500", failing(500, inactive), 1, 1, 1},
		{"HTML", failing(200, "<html>"), 1, 1, 1},
		{"redirect", failing(302, ""), 1, 1, 1},
	}
	for _, tt := range tests {
		for i, want := range []int32{tt.create, tt.number, tt.status} {
			op := operations[i]
			t.Run(tt.name+"/"+op.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var calls atomic.Int32
					c := client.New(clientID, apiKey, trouble(&calls, 2, tt.fault).option())
					err := op.call(t.Context(), c)
					expect.Equal(t, calls.Load(), want, "calls")
					expect.Equal(t, err == nil, want == 3, "%v after %d calls", err, want)
				})
			})
		}
	}
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		c := client.New(clientID, apiKey, trouble(&calls, 100, readFails).option(), client.WithAttempts(4))
		_, err := c.SecretNumber(t.Context(), token)
		wantKind(t, err, client.Unavailable)
		expect.Is(t, err, syscall.ECONNRESET)
		expect.Equal(t, calls.Load(), 4, "calls")
	})
}

// The time limit is for all attempts and pauses together.
func TestA35_RetriesWithinTheTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		slow := func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(2 * time.Second):
				return readFails(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		c := client.New(clientID, apiKey, trouble(&calls, 100, slow).option(), client.WithAttempts(100))
		start := time.Now()
		_, err := c.SecretNumber(t.Context(), token)
		wantKind(t, err, client.Unavailable)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v, want 5 s at most", took)
		}
		expect.Equal(t, calls.Load(), 3, "calls in 5 s of 2 s each")
	})
}

func TestRetryEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		c := client.New(clientID, apiKey, trouble(&calls, 100, func(r *http.Request) (*http.Response, error) {
			time.AfterFunc(time.Millisecond, cancel) // in the pause
			return readFails(r)
		}).option())
		_, err := c.SecretNumber(ctx, token)
		wantKind(t, err, client.Canceled)
		expect.Equal(t, calls.Load(), 1, "calls")
	})
}
