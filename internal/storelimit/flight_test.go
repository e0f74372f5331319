package storelimit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

func TestSameQuestionsAreJoined(t *testing.T) {
	for _, tt := range []struct {
		name  string
		delay time.Duration
		ctx   func(context.Context) context.Context
		id    func(n int) string
		min   int64
		max   int64
	}{
		{"of one document", 300 * time.Millisecond, storelimit.WithBudget, func(int) string { return "x" }, 1, 2},
		{"of two", 300 * time.Millisecond, storelimit.WithBudget, func(n int) string { return "xy"[n%2 : n%2+1] }, 2, 4},
		{"in the background", time.Millisecond, func(ctx context.Context) context.Context { return ctx }, func(int) string { return "x" }, 50, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 20, tt.delay, func(t *testing.T, w *world) {
				var all sync.WaitGroup
				for n := range 50 {
					all.Go(func() {
						if _, err := w.get(tt.ctx(t.Context()), tt.id(n)); err != nil {
							t.Errorf("request %d: %v", n, err)
						}
					})
				}
				all.Wait()
				if n := w.Asked(); n < tt.min || n > tt.max {
					t.Errorf("the store was asked %d times, want %d to %d", n, tt.min, tt.max)
				}
			})
		})
	}
}

// Who asks after a write sees it, whatever is under way.
func TestJoinedReadsSeeEarlierWrites(t *testing.T) {
	run(t, 20, 10*time.Millisecond, func(t *testing.T, w *world) {
		var written atomic.Uint64
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		var all sync.WaitGroup
		all.Go(func() {
			for version := uint64(0); ctx.Err() == nil; {
				v, err := w.limited.Put(t.Context(), store.Accounts, store.Document{ID: "x", Version: version, Body: []byte("{}")})
				if err != nil {
					t.Errorf("put: %v", err)
					return
				}
				version = v
				written.Store(v)
				time.Sleep(7 * time.Millisecond)
			}
		})
		for n := range 30 {
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				for ctx.Err() == nil {
					want := written.Load()
					docs, err := w.limited.Get(request(t), store.Accounts, "x")
					if err != nil || docs[0].Version < want {
						t.Errorf("got version %d, %v, want %d at least", docs[0].Version, err, want)
						return
					}
					time.Sleep(3 * time.Millisecond)
				}
			})
		}
		all.Wait()
	})
}

// One browser that goes away takes nobody along.
func TestJoinedReadsOutliveWhoAsks(t *testing.T) {
	run(t, 20, 100*time.Millisecond, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(request(t))
		go func() { _, _ = w.get(request(t), "x") }() // runs
		synctest.Wait()
		go func() { _, _ = w.get(ctx, "x") }() // is next
		synctest.Wait()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if took, err := w.get(request(t), "x"); err != nil || took > 350*time.Millisecond {
					t.Errorf("got %v after %v, want an answer", err, took)
				}
			})
		}
		synctest.Wait()
		time.Sleep(150 * time.Millisecond) // it runs now
		cancel()
		all.Wait()
	})
}

// A question that is never answered doesn't keep the next from being asked.
func TestLostQuestionHoldsNobodyUp(t *testing.T) {
	run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
		w.Set(apptest.Lost, 0)
		go func() { _, _ = w.get(request(t), "x") }()
		synctest.Wait()
		w.Set(apptest.None, time.Millisecond)
		if took, err := w.get(request(t), "x"); err != nil || took > 300*time.Millisecond {
			t.Errorf("got %v after %v, want an answer within 300ms", err, took)
		}
		time.Sleep(timeout)
	})
}

// A quick store isn't worth the joining.
func TestQuickStoreIsAskedByEach(t *testing.T) {
	run(t, 20, 0, func(t *testing.T, w *world) {
		for range 100 {
			_, _ = w.get(request(t), "warm")
		}
		asked := w.Asked()
		ctx := storelimit.WithStream(t.Context()) // which remembers nothing
		allocs := testing.AllocsPerRun(10, func() {
			if _, err := w.get(ctx, "x"); err != nil {
				t.Error(err)
			}
		})
		expect.Equal(t, w.Asked()-asked, 11, "times the store was asked")
		if allocs > 8 {
			t.Errorf("a call allocates %v times, want 8 at most: joining costs more", allocs)
		}
		t.Logf("%v allocations a call", allocs)
	})
}
