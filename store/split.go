package store

import (
	"context"
	"errors"
	"time"
)

// Split returns a backend that keeps in one place what must never be lost, and in
// another one what may be (see [Kind.Volatile]): accounts in a SQL database, say,
// and challenges and grants in Redis. No change touches both, so that neither has to
// know of the other. It watches what its parts can watch.
func Split(lasting, volatile Backend) Watcher { return split{lasting, volatile} }

type split struct{ lasting, volatile Backend }

func (s split) place(kind Kind) Backend {
	if kind.Volatile() {
		return s.volatile
	}
	return s.lasting
}

func (s split) Get(ctx context.Context, kind Kind, ids ...string) ([]Document, error) {
	return s.place(kind).Get(ctx, kind, ids...)
}

func (s split) Put(ctx context.Context, kind Kind, doc Document) (uint64, error) {
	return s.place(kind).Put(ctx, kind, doc)
}

func (s split) Delete(ctx context.Context, kind Kind, id string, version uint64) error {
	return s.place(kind).Delete(ctx, kind, id, version)
}

func (s split) Due(ctx context.Context, kind Kind, now time.Time, limit int) ([]string, error) {
	return s.place(kind).Due(ctx, kind, now, limit)
}

func (s split) DeleteDue(ctx context.Context, kind Kind, now time.Time, limit int) (int, error) {
	return s.place(kind).DeleteDue(ctx, kind, now, limit)
}

func (s split) List(ctx context.Context, kind Kind, after string, limit int) ([]Document, string, error) {
	return s.place(kind).List(ctx, kind, after, limit)
}

func (s split) Watch(ctx context.Context, kind Kind, changed func(id string)) error {
	if w, ok := s.place(kind).(Watcher); ok {
		return w.Watch(ctx, kind, changed)
	}
	return errors.ErrUnsupported
}
