package storelimit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A fault ends when the store has had no failure for this long. It doubles with each
	// fault soon after another, so that an unstable store is one fault.
	shortQuiet = 2 * time.Second
	longQuiet  = 5 * time.Minute
	soon       = 10 * time.Minute
)

// faults logs when the store starts to fail, and when it recovers.
type faults struct {
	log *slog.Logger

	failing atomic.Bool // since isn't zero

	mu     sync.Mutex
	since  time.Time // the first failure
	last   time.Time // the last one
	failed int
	quiet  time.Duration
	ended  time.Time // the fault before
}

// A noted error is in the log already.
type noted struct{ error }

func (n *noted) Unwrap() error { return n.error }

// Level returns the level at which others log an error: a lower one if the fault is in
// the log already.
func Level(err error) slog.Level {
	if n := (*noted)(nil); errors.As(err, &n) {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// note records a failed call, and returns its error as noted.
func (f *faults) note(ctx context.Context, err error, now time.Time) error {
	if n := (*noted)(nil); errors.As(err, &n) {
		return err // by the call that this one has joined
	}
	f.mu.Lock()
	begins := f.since.IsZero()
	if begins {
		f.since, f.failed = now, 0
		if !f.ended.IsZero() && now.Sub(f.ended) < soon {
			f.quiet = min(2*f.quiet, longQuiet)
		} else {
			f.quiet = shortQuiet
		}
		f.failing.Store(true)
	}
	f.last = now
	f.failed++
	f.mu.Unlock()
	if begins {
		f.log.ErrorContext(ctx, "eagate: the store fails; requests that need it are refused until it answers again",
			slog.Any("error", err), slog.String("remedy", remedy(err)))
	}
	return &noted{err}
}

// answered records a successful call.
func (f *faults) answered(now time.Time) {
	if !f.failing.Load() {
		return
	}
	f.mu.Lock()
	since, last, failed := f.since, f.last, f.failed
	over := !since.IsZero() && now.Sub(last) >= f.quiet
	if over {
		f.since, f.ended = time.Time{}, now
		f.failing.Store(false)
	}
	f.mu.Unlock()
	if over {
		f.log.Info("eagate: the store answers again",
			slog.Duration("failed_for", last.Sub(since).Round(time.Millisecond)), slog.Int("failed_calls", failed))
	}
}

// remedy returns what to check.
func remedy(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "check that the database responds, what it is busy with or waits for (load, locks, disk, too few connections), " +
			"and that the network reaches it; WithStoreTimeout sets the timeout"
	}
	return "check that the database is running, that the network reaches it, and that its user and tables haven't changed"
}
