package storelimit_test

import (
	"context"
	"errors"
	"fmt"
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

// A load is many requests of several calls each.
type load struct {
	served, refused, broken atomic.Int64
	longest                 atomic.Int64 // of refusals

	mu   sync.Mutex
	last time.Time // when the last request that wasn't served ended
}

// request makes the calls of one request, each for a document of its own.
func (l *load) request(t *testing.T, w *world, name string, calls int) {
	ctx, start := request(t), time.Now()
	for n := range calls {
		if _, err := w.get(ctx, fmt.Sprint(name, " ", n)); err != nil {
			l.mu.Lock()
			l.last = time.Now()
			l.mu.Unlock()
			if n == 0 && errors.Is(err, storelimit.ErrOverloaded) {
				l.refused.Add(1)
				l.longest.Store(max(l.longest.Load(), int64(time.Since(start))))
			} else {
				l.broken.Add(1)
			}
			return
		}
	}
	l.served.Add(1)
}

// arrive has so many requests a second come.
func (l *load) arrive(t *testing.T, w *world, aSecond int, d time.Duration, calls int) {
	var all sync.WaitGroup
	for n := range int(d.Seconds() * float64(aSecond)) {
		all.Go(func() { l.request(t, w, fmt.Sprint(time.Now().UnixNano(), n), calls) })
		time.Sleep(time.Second / time.Duration(aSecond))
	}
	all.Wait()
}

// What was begun is finished, and what can't be is refused soon, however much comes.
func TestOverload(t *testing.T) {
	for _, tt := range []struct {
		name        string
		connections int
		delay       time.Duration
		calls       int
		capacity    float64 // requests a second
	}{
		{"20 connections, 300ms", 20, 300 * time.Millisecond, 7, 20 / 0.3 / 7},
		{"3 connections, 50ms", 3, 50 * time.Millisecond, 7, 3 / 0.05 / 7},
		{"40 connections, 500ms", 40, 500 * time.Millisecond, 3, 40 / 0.5 / 3},
		{"1 connection, 5ms", 1, 5 * time.Millisecond, 7, 1 / 0.005 / 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, tt.connections, tt.delay, func(t *testing.T, w *world) {
				var warm, l load
				warm.arrive(t, w, 200, 10*time.Second, tt.calls)
				l.arrive(t, w, 200, 30*time.Second, tt.calls)
				served, refused, broken := l.served.Load(), l.refused.Load(), l.broken.Load()
				t.Logf("served %d of %.0f that could be, refused %d after at most %v, broken off %d",
					served, 30*tt.capacity, refused, time.Duration(l.longest.Load()), broken)
				if float64(served) < 0.6*30*tt.capacity {
					t.Errorf("served %d, want 60%% of %.0f", served, 30*tt.capacity)
				}
				if broken > served/20 {
					t.Errorf("broken off: %d of %d that were begun, want 5%% at most", broken, served+broken)
				}
				if longest := time.Duration(l.longest.Load()); longest > timeout/12 {
					t.Errorf("refused after %v, want %v at most", longest, timeout/12)
				}
				// No queue is left.
				synctest.Wait()
				expect.Equal(t, expect.Try(w.get(request(t), "afterwards")).OrFail(t), tt.delay, "afterwards")
			})
		})
	}
}

func TestStall(t *testing.T) {
	for _, tt := range []struct {
		name    string
		trouble apptest.Trouble
		d       time.Duration
	}{
		{"short", apptest.Stalled, time.Second},
		{"long", apptest.Stalled, 65 * time.Second},
		{"what was sent is lost", apptest.Lost, 65 * time.Second},
		{"what was sent is lost, for a moment", apptest.Lost, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 100, 5*time.Millisecond, func(t *testing.T, w *world) {
				var before, during, after load
				before.arrive(t, w, 200, 5*time.Second, 7)
				expect.Equal(t, before.served.Load(), 1000, "before: served")
				w.Set(tt.trouble, 5*time.Millisecond)
				end := time.Now().Add(tt.d)
				asked, most := w.Asked(), new(atomic.Int64)
				go func() {
					for range 1000 {
						time.Sleep(tt.d / 1000)
						most.Store(max(most.Load(), w.UnderWay()))
					}
				}()
				var all sync.WaitGroup
				all.Go(func() { during.arrive(t, w, 200, tt.d, 7) })
				time.Sleep(time.Until(end))
				w.Set(apptest.None, 5*time.Millisecond)
				t.Logf("during: %d calls made, %d at once", w.Asked()-asked, most.Load())
				if most.Load() > 40 {
					t.Errorf("%d calls at once, want 40 at most", most.Load())
				}
				after.arrive(t, w, 200, 5*time.Second, 7)
				all.Wait()
				t.Logf("after: served %d, refused %d, broken off %d", after.served.Load(), after.refused.Load(), after.broken.Load())
				if normal := after.last.Sub(end); normal > 2*time.Second {
					t.Errorf("normal %v after the end, want 2s at most", normal)
				}
			})
		})
	}
}

// When nothing is answered any more, those who come are refused at once.
func TestStallRefusesAtOnce(t *testing.T) {
	run(t, 100, time.Millisecond, func(t *testing.T, w *world) {
		w.Set(apptest.Stalled, 0)
		var l, later load
		l.arrive(t, w, 100, 4*time.Second, 1)
		later.arrive(t, w, 100, 200*time.Millisecond, 1)
		if longest := time.Duration(later.longest.Load()); later.refused.Load() == 0 || longest != 0 {
			t.Errorf("refused %d, after %v at most, want most of 20, and at once", later.refused.Load(), longest)
		}
	})
}

func TestBegunRequestsComeFirst(t *testing.T) {
	run(t, 1000, 200*time.Millisecond, func(t *testing.T, w *world) {
		old := request(t)
		expect.Try(w.get(old, "first")).OrFail(t)
		var crowd sync.WaitGroup
		for n := range 100 {
			crowd.Go(func() { _, _ = w.get(request(t), fmt.Sprint(n)) })
		}
		synctest.Wait()
		if took, err := w.get(old, "second"); err != nil || took > 400*time.Millisecond {
			t.Errorf("got %v after %v, want an answer after the 200ms that room takes, and its own", err, took)
		}
		crowd.Wait()
	})
}

// A request that ends while it waits leaves nothing behind.
func TestCanceledCallsLeaveNoTrace(t *testing.T) {
	run(t, 1000, 100*time.Millisecond, func(t *testing.T, w *world) {
		for range 50 {
			ctx, cancel := context.WithCancel(request(t))
			for n := range 100 {
				go func() { _, _ = w.get(ctx, fmt.Sprint(n)) }()
			}
			synctest.Wait()
			cancel()
			synctest.Wait()
		}
		expect.Equal(t, w.UnderWay(), 0, "calls are under way")
		expect.Equal(t, expect.Try(w.get(request(t), "x")).OrFail(t), 100*time.Millisecond, "waited")
		if lines := w.log.lines("ERROR"); len(lines) != 0 {
			t.Errorf("browsers that go away are no fault of the store: %q", lines)
		}
	})
}

type panicking struct{ store.Backend }

func (panicking) Get(context.Context, store.Kind, ...string) ([]store.Document, error) { panic("get") }

func TestPanicGivesItsPlaceBack(t *testing.T) {
	run(t, 1, 0, func(t *testing.T, w *world) {
		memory := w.Backend
		w.Backend = panicking{memory}
		for n := range 100 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic is lost")
					}
				}()
				_, _ = w.get(request(t), fmt.Sprint(n%2))
			}()
		}
		w.Backend = memory
		for _, ctx := range []context.Context{t.Context(), request(t)} {
			expect.Equal(t, expect.Try(w.get(ctx, "0")).OrFail(t), 0, "waited")
		}
	})
}
