package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// reset is what the tests of notices have users told of.
func reset(t *testing.T, gate *middleware.Gate, userID string) {
	t.Helper()
	expect.NoError(t, gate.Admin().Reset(t.Context(), userID, "lost it"))
}

// A notifier that fails is called again after a while, and the log says at last who
// hasn't been told of what. No request waits for it.
func TestNotifierFails(t *testing.T) {
	t.Parallel()
	fault := errors.New("the mail server is down")
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, test := range map[string]struct {
		notify func(ctx context.Context, call int) error
		calls  int
		least  time.Duration // until the last call
		logged string
	}{
		"not": {
			notify: func(context.Context, int) error { return nil }, calls: 1,
		},
		"twice": {
			notify: func(_ context.Context, call int) error {
				if call <= 2 {
					return fault
				}
				return nil
			}, calls: 3, least: 10 * time.Second,
		},
		"always": {
			notify: func(context.Context, int) error { return fault }, calls: 6, least: 100 * time.Second,
			logged: fault.Error(),
		},
		"by a panic": {
			notify: func(context.Context, int) error { panic("nil pointer") }, calls: 6, least: 100 * time.Second,
			logged: "the notifier panicked: nil pointer",
		},
		"by hanging": {
			notify: func(ctx context.Context, _ int) error { return hang(ctx) }, calls: 6, least: 5 * time.Minute / 2,
			logged: "deadline exceeded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				log   apptest.Log
				calls int
				last  time.Time
			)
			gate, _ := newGate(
				middleware.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				middleware.WithNotifier(middleware.NotifierFunc(func(ctx context.Context, _ middleware.Notice) error {
					calls++
					last = time.Now()
					return test.notify(ctx, calls)
				})),
			)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				expect.NoError(t, gate.Admin().Reset(ctx, "u-42", "lost it"))
				expect.Equal(t, time.Since(began), 0, "the request waited")
				cancel() // the request has ended
				time.Sleep(time.Hour)
				synctest.Wait()
				if calls != test.calls || last.Sub(began) < test.least {
					t.Errorf("got %d calls in %v, want %d in at least %v", calls, last.Sub(began), test.calls, test.least)
				}
			})
			const lost = "a notice to a user is lost"
			if n := strings.Count(log.String(), lost); (n == 1) != (test.logged != "") || n > 1 {
				t.Errorf("got %d lines of a lost notice, want one if it is lost:\n%s", n, &log)
			}
			for _, want := range []string{test.logged, "user=u-42", "event=reset"} {
				expect.Contains(t, log.String(), want, "log: want %s in", want)
			}
		})
	}
}

// A notifier that hangs doesn't gather goroutines without end.
func TestNoticesUnderWay(t *testing.T) {
	t.Parallel()
	var (
		log   apptest.Log
		calls atomic.Int64
	)
	gate, _ := newGate(
		middleware.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		middleware.WithNotifier(middleware.NotifierFunc(func(ctx context.Context, _ middleware.Notice) error {
			calls.Add(1)
			<-ctx.Done()
			return nil
		})),
	)
	synctest.Test(t, func(t *testing.T) {
		for i := range 257 {
			reset(t, gate, fmt.Sprint("u-", i))
		}
		synctest.Wait()
		if calls.Load() != 256 || !strings.Contains(log.String(), "256 notices are under way already") {
			t.Errorf("got %d calls, want 256 and a line for the one that was lost", calls.Load())
		}
		time.Sleep(time.Minute)
		reset(t, gate, "u-42")
		time.Sleep(time.Minute)
		synctest.Wait()
		expect.Equal(t, calls.Load(), 257, "calls after they have ended")
	})
}

// One user's events in a loop keep no other user from being told, nor that user of
// something else; and the log has one line of it.
func TestA50_NoticesOfOneUser(t *testing.T) {
	t.Parallel()
	told, hang := make(chan string, 1000), make(chan struct{})
	app := apptest.New(t, apptest.Setup{Options: []middleware.Option{
		middleware.WithNotifier(middleware.NotifierFunc(func(_ context.Context, n middleware.Notice) error {
			told <- n.Kind.String() + " " + n.UserID
			<-hang // the mail server
			return nil
		})),
	}})
	for range 300 {
		reset(t, app.Gate, apptest.UserID(alice))
	}
	reset(t, app.Gate, apptest.UserID(bob))
	app.Enrolled(t, alice)
	close(hang)
	ended, end := context.WithCancel(t.Context())
	end()
	app.Gate.Run(ended) // waits for what is under way
	close(told)
	got := make(map[string]int)
	for n := range told {
		got[n]++
	}
	want := map[string]int{"reset " + apptest.UserID(alice): 8, "reset " + apptest.UserID(bob): 1, "enabled " + apptest.UserID(alice): 1}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	expect.Equal(t, strings.Count(app.Log.String(), "a notice to a user is lost"), 1, "lines of lost notices")
}

// Run lets notices go out before the program ends, but doesn't wait for long.
func TestRunWaitsForNotices(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ takes, waits time.Duration }{
		"a slow one":    {3 * time.Second, 3 * time.Second},
		"a hanging one": {30 * time.Second, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, _ := newGate(middleware.WithNotifier(middleware.NotifierFunc(func(context.Context, middleware.Notice) error {
				time.Sleep(test.takes)
				return nil
			})))
			synctest.Test(t, func(t *testing.T) {
				reset(t, gate, "u-42")
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				gate.Run(ctx)
				if waited := time.Since(began); waited < test.waits || waited > test.waits+time.Second {
					t.Errorf("waited %v, want %v", waited, test.waits)
				}
				time.Sleep(time.Minute) // so that it ends
			})
		})
	}
}

// A notice is there in the language that its user reads.
func TestNoticeIn(t *testing.T) {
	t.Parallel()
	notices := make(chan middleware.Notice, 1)
	gate, _ := newGate(middleware.WithNotifier(middleware.NotifierFunc(func(_ context.Context, n middleware.Notice) error {
		notices <- n
		return nil
	})))
	reset(t, gate, "u-42")
	n := <-notices
	thai := n.In("th")
	if !strings.Contains(thai.Subject, "รีเซ็ต") || !strings.Contains(thai.Text, "Acme") {
		t.Errorf("got %q\n%s\nwant Thai", thai.Subject, thai.Text)
	}
	for _, other := range []string{"", "en-GB, th;q=0.5", "tlh", "\x00"} {
		if got := thai.In(other); got.Subject != n.Subject || got.Text != n.Text {
			t.Errorf("in %q: got %q, want %q", other, got.Subject, n.Subject)
		}
	}
	if n.UserID != "u-42" || n.Reason != "lost it" || n.At.IsZero() {
		t.Errorf("got %+v, want the event", n.Event)
	}
	expect.Equal(t, (middleware.Notice{Subject: "mine"}).In("th").Subject, "mine", "of a notice that a test has made")
}
