package storelimit_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

const timeout = 3 * time.Second

// A world is a store behind its limits, on a fake clock.
type world struct {
	*apptest.Remote
	limited store.Backend
	log     *logged
}

func run(t *testing.T, connections int, delay time.Duration, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{Remote: apptest.NewRemote(store.NewMemory(), connections, delay), log: new(logged)}
		w.limited = storelimit.New(w.Remote, timeout, slog.New(slog.NewTextHandler(w.log, nil)))
		test(t, w)
	})
}

// get asks for a document, and returns how long that took.
func (w *world) get(ctx context.Context, id string) (time.Duration, error) {
	start := time.Now()
	_, err := w.limited.Get(ctx, store.Accounts, id)
	return time.Since(start), err
}

func (w *world) put(ctx context.Context, id string, version uint64) error {
	_, err := w.limited.Put(ctx, store.Accounts, store.Document{ID: id, Version: version, Body: []byte("{}")})
	return err
}

// request is the context of a request of its own.
func request(t *testing.T) context.Context { return storelimit.WithBudget(t.Context()) }

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) lines(level string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, "level="+level) {
			lines = append(lines, line)
		}
	}
	return lines
}
