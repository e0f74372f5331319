package store

import (
	"context"
	"errors"
	"time"
)

// Split returns a backend that keeps kinds that may be lost (see [Kind.Volatile]) in
// volatile and all others in lasting: accounts in a SQL database, say, and challenges
// and grants in Redis. No write involves both. Watch works for the kinds of a part
// that is a [Watcher], and returns [errors.ErrUnsupported] for others.
func Split(lasting, volatile Backend) Watcher { return split{lasting, volatile} }

type split struct{ lasting, volatile Backend }

func (s split) backend(kind Kind) Backend {
	if kind.Volatile() {
		return s.volatile
	}
	return s.lasting
}

func (s split) Get(ctx context.Context, kind Kind, ids ...string) ([]Document, error) {
	return s.backend(kind).Get(ctx, kind, ids...)
}

func (s split) Put(ctx context.Context, kind Kind, doc Document) (uint64, error) {
	return s.backend(kind).Put(ctx, kind, doc)
}

func (s split) Delete(ctx context.Context, kind Kind, id string, version uint64) error {
	return s.backend(kind).Delete(ctx, kind, id, version)
}

func (s split) Due(ctx context.Context, kind Kind, now time.Time, limit int) ([]string, error) {
	return s.backend(kind).Due(ctx, kind, now, limit)
}

func (s split) DeleteDue(ctx context.Context, kind Kind, now time.Time, limit int) (int, error) {
	return s.backend(kind).DeleteDue(ctx, kind, now, limit)
}

func (s split) List(ctx context.Context, kind Kind, after string, limit int) ([]Document, string, error) {
	return s.backend(kind).List(ctx, kind, after, limit)
}

func (s split) Watch(ctx context.Context, kind Kind, changed func(id string)) error {
	if w, ok := s.backend(kind).(Watcher); ok {
		return w.Watch(ctx, kind, changed)
	}
	return errors.ErrUnsupported
}
