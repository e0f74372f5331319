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
	// A fault is over when, after its last failure, the store has answered for so
	// long. It doubles with each fault that comes soon after another, so that a store
	// that comes and goes is one fault.
	shortQuiet = 2 * time.Second
	longQuiet  = 5 * time.Minute
	soon       = 10 * time.Minute
)

// faults logs when the store fails, and when it answers again.
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

// A noted error is one that the log has.
type noted struct{ error }

func (n *noted) Unwrap() error { return n.error }

// Level is the level at which an error is to be logged by others: that of a fault
// that the log has already is lower.
func Level(err error) slog.Level {
	if n := (*noted)(nil); errors.As(err, &n) {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// note takes down that a call has failed, and returns its error as one that is noted.
func (f *faults) note(ctx context.Context, err error, now time.Time) error {
	if n := (*noted)(nil); errors.As(err, &n) {
		return err // by whoever has asked for several
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

// answered takes down that a call was answered.
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

// remedy says what to look at.
func remedy(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "see whether the database answers, what keeps it busy or waiting (load, locks, disk, too few connections), " +
			"and whether the network reaches it; WithStoreTimeout says how long is waited"
	}
	return "see whether the database runs, whether the network reaches it, and whether its user and tables are as they were"
}
