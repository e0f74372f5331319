// Package storelimit is between the records and the application's store, so that a slow,
// stalled or broken store doesn't stop the application.
//
//   - All store calls of a request share one timeout: see [WithBudget]. Other calls have
//     it each.
//   - The number of concurrent calls is limited to what the store can answer in time.
//     Calls of requests that have made one go first, and calls that can't be answered in
//     time return [ErrOverloaded] at once.
//   - Concurrent reads of the same document are one call.
//   - A fault is logged once when it starts, and once when it ends: see [Level].
//
// It has no goroutines: a call runs in its caller's goroutine, and ends with its context,
// as [store.Backend] requires.
package storelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/eagate/eagate/store"
)

// ErrOverloaded is returned if the store was not called because it would not have
// answered in time. Nothing was changed.
var ErrOverloaded = fmt.Errorf("storelimit: the store is too slow for the number of calls, or doesn't respond: %w", context.DeadlineExceeded)

// New returns the backend with limits. Documents of Get and Put may be shared with other
// callers, and must not be changed.
func New(b store.Backend, timeout time.Duration, log *slog.Logger) store.Backend {
	l := &limited{
		backend: b, timeout: timeout,
		admission: newAdmission(timeout),
		faults:    faults{log: log},
		flights:   flights{by: make(map[question]*pair)},
	}
	if w, ok := b.(store.Watcher); ok {
		return &watched{l, w}
	}
	return l
}

type limited struct {
	backend   store.Backend
	timeout   time.Duration
	admission *admission
	faults    faults
	flights   flights
}

// watched is limited for a store that can watch. A watch is not limited.
type watched struct {
	*limited
	watcher store.Watcher
}

// Watch implements [store.Watcher].
func (w *watched) Watch(ctx context.Context, kind store.Kind, changed func(id string)) error {
	return w.watcher.Watch(ctx, kind, changed)
}

// Get implements [store.Backend].
func (l *limited) Get(ctx context.Context, kind store.Kind, ids ...string) (docs []store.Document, err error) {
	if err := store.CheckGet(kind, ids...); err != nil {
		return nil, err
	}
	b := budgetOf(ctx)
	if b == nil || len(ids) != 1 {
		err = l.call(ctx, read, func(ctx context.Context) error {
			docs, err = l.backend.Get(ctx, kind, ids...)
			return err
		})
		return docs, err
	}
	q := question{kind, ids[0]}
	if doc, ok := b.recall(l, q, time.Now()); ok && !isFresh(ctx) {
		return []store.Document{doc}, nil
	}
	err = l.timed(ctx, read, func(ctx context.Context, first bool) error {
		docs, err = l.flights.get(ctx, q, l.admission.patience, l.admission.isSlow(), func(started func()) ([]store.Document, error) {
			err := l.admitted(ctx, read, first, func(ctx context.Context) error {
				started()
				docs, err = l.backend.Get(ctx, kind, ids...)
				return err
			})
			return docs, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	b.remember(l, q, docs[0], false)
	return docs, nil
}

// Earlier returns a document as the request has read or written it before, which Get
// would read again. That is enough for a write, which fails if the document was changed
// since. ok is false if there is none, or ctx is [Fresh].
func (l *limited) Earlier(ctx context.Context, kind store.Kind, id string) (doc store.Document, ok bool) {
	b := budgetOf(ctx)
	if b == nil || isFresh(ctx) {
		return store.Document{}, false
	}
	return b.earlier(l, question{kind, id})
}

// Put implements [store.Backend].
func (l *limited) Put(ctx context.Context, kind store.Kind, doc store.Document) (version uint64, err error) {
	if err := doc.Check(kind); err != nil {
		return 0, err
	}
	b, q := budgetOf(ctx), question{kind, doc.ID}
	if b != nil {
		b.forget(l, q)
	}
	err = l.call(ctx, write, func(ctx context.Context) error {
		version, err = l.backend.Put(ctx, kind, doc)
		return err
	})
	if b != nil && err == nil {
		doc.Version, doc.Notify = version, false
		b.remember(l, q, doc, true)
	}
	return version, err
}

// Delete implements [store.Backend].
func (l *limited) Delete(ctx context.Context, kind store.Kind, id string, version uint64) error {
	if err := store.CheckGet(kind, id); err != nil {
		return err
	}
	if b := budgetOf(ctx); b != nil {
		b.forget(l, question{kind, id})
	}
	return l.call(ctx, write, func(ctx context.Context) error { return l.backend.Delete(ctx, kind, id, version) })
}

// Due implements [store.Backend].
func (l *limited) Due(ctx context.Context, kind store.Kind, now time.Time, limit int) (ids []string, err error) {
	err = l.call(ctx, long, func(ctx context.Context) error {
		ids, err = l.backend.Due(ctx, kind, now, limit)
		return err
	})
	return ids, err
}

// DeleteDue implements [store.Backend].
func (l *limited) DeleteDue(ctx context.Context, kind store.Kind, now time.Time, limit int) (n int, err error) {
	err = l.call(ctx, long, func(ctx context.Context) error {
		n, err = l.backend.DeleteDue(ctx, kind, now, limit)
		return err
	})
	return n, err
}

// List implements [store.Backend].
func (l *limited) List(ctx context.Context, kind store.Kind, after string, limit int) (page []store.Document, next string, err error) {
	err = l.call(ctx, long, func(ctx context.Context) error {
		page, next, err = l.backend.List(ctx, kind, after, limit)
		return err
	})
	return page, next, err
}

// A sort is a sort of call.
type sort uint8

const (
	read  sort = iota // of few documents
	write             // of one document
	long              // of many documents: its duration says little about the store
)

// call makes one call within the limits.
func (l *limited) call(ctx context.Context, s sort, do func(context.Context) error) error {
	return l.timed(ctx, s, func(ctx context.Context, first bool) error { return l.admitted(ctx, s, first, do) })
}

// timed calls do with the timeout, and records a fault.
func (l *limited) timed(ctx context.Context, s sort, do func(ctx context.Context, first bool) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b := budgetOf(ctx)
	if b == nil {
		b = new(budget)
	}
	left, first, err := b.begin(l.timeout, s == write, time.Now())
	defer func() { b.end(time.Now()) }()
	if err != nil {
		return l.faults.note(ctx, err, time.Now())
	}
	callCtx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	err = do(callCtx, first)
	switch {
	case err == nil, errors.Is(err, store.ErrConflict):
		return err
	case errors.Is(ctx.Err(), context.Canceled): // the browser disconnected
		return err
	case callCtx.Err() != nil && ctx.Err() == nil && !errors.Is(err, ErrOverloaded):
		err = &timeoutError{l.timeout, err}
	}
	return l.faults.note(ctx, err, time.Now())
}

// admitted calls do when there is room for a store call.
func (l *limited) admitted(ctx context.Context, s sort, first bool, do func(context.Context) error) error {
	if err := l.admission.enter(ctx, first); err != nil {
		return err
	}
	start, outcome := time.Now(), unknown
	// Deferred, because a backend may panic.
	defer func() { l.admission.leave(start, time.Now(), outcome) }()
	err := do(ctx)
	switch {
	case err == nil, errors.Is(err, store.ErrConflict):
		if s != long {
			outcome = answered
		}
		l.faults.answered(time.Now())
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		outcome = silent
	}
	return err
}

// A timeoutError is returned if the store didn't respond in time.
type timeoutError struct {
	timeout time.Duration
	err     error
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("storelimit: no answer within the request's %v: %v", e.timeout, e.err)
}
func (e *timeoutError) Unwrap() []error { return []error{context.DeadlineExceeded, e.err} }
