package storelimit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

func TestFaultIsLoggedOnceAtEachEnd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		trouble apptest.Trouble
		cause   string
		remedy  string
	}{
		{"cut", apptest.Cut, apptest.ErrFault.Error(), "that its user and tables"},
		{"stalled", apptest.Stalled, "or doesn't respond", "WithStoreTimeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
				var l load
				l.arrive(t, w, 100, time.Second, 3)
				w.Set(tt.trouble, time.Millisecond)
				l.arrive(t, w, 100, 10*time.Second, 3)
				w.Set(apptest.None, time.Millisecond)
				l.arrive(t, w, 100, 10*time.Second, 3)
				begin, end := w.log.lines("ERROR"), w.log.lines("INFO")
				if len(begin) != 1 || !strings.Contains(begin[0], tt.cause) || !strings.Contains(begin[0], tt.remedy) {
					t.Errorf("begin: got %q, want one line with %q and %q", begin, tt.cause, tt.remedy)
				}
				if len(end) != 1 || !strings.Contains(end[0], "failed_for=") || !strings.Contains(end[0], "failed_calls=") {
					t.Errorf("end: got %q, want one line with how long and how many", end)
				}
				t.Logf("%q", append(begin, end...))
			})
		})
	}
}

// A store that comes and goes, or fails now and then, is one fault.
func TestFlappingIsNotRepeated(t *testing.T) {
	for _, tt := range []struct {
		name      string
		bad, good time.Duration
	}{
		{"every second", time.Second, time.Second},
		{"every ten seconds", time.Second, 9 * time.Second},
		{"now and then", 50 * time.Millisecond, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
				var l load
				start := time.Now()
				for time.Since(start) < 10*time.Minute {
					w.Set(apptest.Cut, 0)
					l.arrive(t, w, 20, tt.bad, 1)
					w.Set(apptest.None, 0)
					l.arrive(t, w, 20, tt.good, 1)
				}
				if n := len(w.log.lines("ERROR")); n > 5 {
					t.Errorf("got %d lines in 10 minutes, want 5 at most", n)
				}
			})
		})
	}
}

func TestOverloadIsLogged(t *testing.T) {
	run(t, 2, 500*time.Millisecond, func(t *testing.T, w *world) {
		var l load
		l.arrive(t, w, 100, 5*time.Second, 2)
		lines := w.log.lines("ERROR")
		if len(lines) != 1 || !strings.Contains(lines[0], "too slow") || !strings.Contains(lines[0], "too few connections") {
			t.Errorf("got %q, want one line that says so", lines)
		}
	})
}

func TestWhatIsNoFault(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context, w *world) error
		want error
	}{
		{"a conflict", func(ctx context.Context, w *world) error { return w.put(ctx, "x", 7) }, store.ErrConflict},
		{"a wrong ID", func(ctx context.Context, w *world) error { _, err := w.get(ctx, ""); return err }, nil},
		{"a wrong document", func(ctx context.Context, w *world) error {
			_, err := w.limited.Put(ctx, store.Accounts, store.Document{ID: "x"})
			return err
		}, nil},
		{"a browser that goes away", func(ctx context.Context, w *world) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Millisecond, cancel)
			_, err := w.get(ctx, "x")
			return err
		}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 2, time.Second, func(t *testing.T, w *world) {
				err := tt.do(t.Context(), w)
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if lines := w.log.lines("ERROR"); len(lines) != 0 || storelimit.Level(err) != slog.LevelError {
					t.Errorf("it was logged as a fault of the store: %q", lines)
				}
			})
		})
	}
}

// Each error says whether the log has it, so that nobody logs it once more.
func TestErrorsAreNoted(t *testing.T) {
	run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
		w.Set(apptest.Cut, 0)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				_, err := w.get(request(t), "x")
				if !errors.Is(err, apptest.ErrFault) || storelimit.Level(fmt.Errorf("records: %w", err)) != slog.LevelDebug {
					t.Errorf("got %v, to be logged at %v, want the fault, at Debug", err, storelimit.Level(err))
				}
			})
		}
		all.Wait()
	})
}

type watching struct{ store.Backend }

func (watching) Watch(context.Context, store.Kind, func(string)) error { return errors.ErrUnsupported }

func TestWatchIsPassedOn(t *testing.T) {
	memory := store.NewMemory()
	if _, ok := storelimit.New(memory, timeout, slog.Default()).(store.Watcher); ok {
		t.Error("a store that can't watch seems to be able to")
	}
	w, ok := storelimit.New(watching{memory}, timeout, slog.Default()).(store.Watcher)
	if !ok {
		t.Fatal("a store that can watch seems not to be able to")
	}
	expect.Is(t, w.Watch(t.Context(), store.Accounts, nil), errors.ErrUnsupported)
}
