package storelimit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/storelimit"
	"github.com/eagate/eagate/store"
)

func TestRequestHasOneTimeout(t *testing.T) {
	run(t, 20, 400*time.Millisecond, func(t *testing.T, w *world) {
		ctx, start := request(t), time.Now()
		n := 0
		for ; n < 100; n++ {
			if _, err := w.get(ctx, fmt.Sprint(n)); err != nil {
				expect.Is(t, err, context.DeadlineExceeded)
				break
			}
		}
		expect.Equal(t, n, 7, "answers of 400ms within 3s")
		expect.Equal(t, time.Since(start), timeout, "took")
		if took, err := w.get(ctx, "x"); err == nil || took != 0 {
			t.Errorf("after it: got %v after %v, want an error at once", err, took)
		}
	})
}

func TestTimeBetweenCallsIsFree(t *testing.T) {
	run(t, 20, 400*time.Millisecond, func(t *testing.T, w *world) {
		ctx := request(t)
		for n := range 7 {
			expect.Try(w.get(ctx, fmt.Sprint(n))).OrFail(t, "call %d", n)
			time.Sleep(10 * time.Second) // at the service
		}
	})
}

func TestTimeouts(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  func(context.Context) context.Context
		want int // calls that hang
	}{
		{"of a request", storelimit.WithBudget, 1},
		{"of calls in the background", func(ctx context.Context) context.Context { return ctx }, 3},
		{"of a request within another", func(ctx context.Context) context.Context {
			return storelimit.WithBudget(storelimit.WithBudget(ctx))
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, 20, 0, func(t *testing.T, w *world) {
				w.Set(apptest.Stalled, 0)
				ctx, start := tt.ctx(t.Context()), time.Now()
				for range 3 {
					if _, err := w.get(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got %v, want the time-out", err)
					}
				}
				expect.Equal(t, time.Since(start), time.Duration(tt.want)*timeout, "took")
			})
		})
	}
}

// A stream asks for hours, and none of its questions may hang.
func TestStreamHasTheTimeoutEachTime(t *testing.T) {
	run(t, 20, time.Second, func(t *testing.T, w *world) {
		ctx := storelimit.WithStream(t.Context())
		for n := range 10 {
			expect.Try(w.get(ctx, "x")).OrFail(t, "call %d", n)
			time.Sleep(1500 * time.Millisecond)
		}
		expect.Equal(t, w.Asked(), 10, "times the store was asked")
		w.Set(apptest.Stalled, 0)
		if took, err := w.get(ctx, "x"); err == nil || took != timeout {
			t.Errorf("stalled: got %v after %v, want an error after %v", err, took, timeout)
		}
	})
}

// A request writes nothing that it may have no time to finish.
func TestNothingIsBegunTooLate(t *testing.T) {
	run(t, 20, 400*time.Millisecond, func(t *testing.T, w *world) {
		ctx := request(t)
		for n := range 3 { // 1.2 s
			_, _ = w.get(ctx, fmt.Sprint(n))
		}
		for n := range 4 { // 1.6 s
			expect.NoError(t, w.put(ctx, fmt.Sprint("new ", n), 0), "write %d, the first in the first half", n)
		}

		ctx = request(t)
		for n := range 4 { // 1.6 s
			_, _ = w.get(ctx, fmt.Sprint(n))
		}
		asked := w.Asked()
		expect.Is(t, w.put(ctx, "late", 0), storelimit.ErrOverloaded, "a first write in the second half")
		expect.Equal(t, w.Asked()-asked, 0, "times the store was asked  for a write that is refused")
	})
}

func TestRequestReadsOnceUntilItWrites(t *testing.T) {
	run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
		ctx := request(t)
		steps := []struct {
			name string
			do   func() error
			want int64 // how often the store was asked
		}{
			{"read", func() error { _, err := w.get(ctx, "x"); return err }, 1},
			{"read again", func() error { _, err := w.get(ctx, "x"); return err }, 1},
			{"read afresh", func() error { _, err := w.get(storelimit.Fresh(ctx), "x"); return err }, 2},
			{"read by another request", func() error { _, err := w.get(request(t), "x"); return err }, 3},
			{"read another", func() error { _, err := w.get(ctx, "y"); return err }, 4},
			{"write", func() error { return w.put(ctx, "x", 0) }, 5},
			{"read what was written", func() error { _, err := w.get(ctx, "x"); return err }, 5},
			{"read what wasn't", func() error { _, err := w.get(ctx, "y"); return err }, 6},
			{"and again", func() error { _, err := w.get(ctx, "y"); return err }, 7},
			{"write what was written by it", func() error { return w.put(ctx, "x", 1) }, 8},
			{"write what was written by another", func() error {
				if err := w.put(request(t), "x", 2); err != nil {
					return err
				}
				if err := w.put(ctx, "x", 2); !errors.Is(err, store.ErrConflict) {
					return fmt.Errorf("got %v, want ErrConflict", err)
				}
				return nil
			}, 10},
			{"read it", func() error { _, err := w.get(ctx, "x"); return err }, 11},
		}
		for _, step := range steps {
			expect.NoError(t, step.do(), "%s", step.name)
			expect.Equal(t, w.Asked(), step.want, "%s: the store was asked", step.name)
		}
	})
}

// What a request has read before it waited for its body, say, is read anew.
func TestRequestReadsAnewAfterAWait(t *testing.T) {
	run(t, 20, 0, func(t *testing.T, w *world) {
		expect.NoError(t, w.put(t.Context(), "x", 0))
		ctx := request(t)
		version := func() uint64 {
			docs := expect.Try(w.limited.Get(ctx, store.Accounts, "x")).OrFail(t)
			return docs[0].Version
		}
		read := version()
		if err := w.put(t.Context(), "x", read); err != nil { // by another request
			t.Fatal(err)
		}
		expect.Equal(t, version(), read, "at the same moment, version")
		time.Sleep(time.Second)
		expect.Differ(t, version(), read, "after a wait, version")
	})
}

// What a request has read at an earlier moment does for a write, which is refused if that
// isn't so any more; but for a read only what it has read at this one.
func TestRequestKnowsWhatItReadEarlier(t *testing.T) {
	run(t, 20, time.Millisecond, func(t *testing.T, w *world) {
		ctx := request(t)
		earlier := func(ctx context.Context, id string) bool {
			doc, ok := w.limited.(interface {
				Earlier(ctx context.Context, kind store.Kind, id string) (store.Document, bool)
			}).Earlier(ctx, store.Accounts, id)
			return ok && doc.ID == id
		}
		for _, step := range []struct {
			name string
			do   func() error
			want map[string]bool
		}{
			{"nothing read", func() error { return nil }, map[string]bool{"x": false, "y": false}},
			{"read", func() error { _, err := w.get(ctx, "x"); return err }, map[string]bool{"x": false}},
			{"wrote another", func() error { return w.put(ctx, "y", 0) }, map[string]bool{"x": true, "y": false}},
			{"read yet another", func() error { _, err := w.get(ctx, "z"); return err }, map[string]bool{"x": true, "y": false, "z": true}},
			{"read afresh what it wrote", func() error { _, err := w.get(storelimit.Fresh(ctx), "y"); return err }, map[string]bool{"y": false}},
			{"failed to write it", func() error {
				if err := w.put(ctx, "x", 7); !errors.Is(err, store.ErrConflict) {
					return fmt.Errorf("got %v, want ErrConflict", err)
				}
				return nil
			}, map[string]bool{"x": false, "y": false}},
			{"waited", func() error {
				time.Sleep(time.Second)
				_, err := w.get(ctx, "x")
				return err
			}, map[string]bool{"y": true, "z": true}},
			{"deleted it", func() error { return w.limited.Delete(ctx, store.Accounts, "y", 1) }, map[string]bool{"y": false, "z": true}},
		} {
			expect.NoError(t, step.do(), "%s", step.name)
			for id, want := range step.want {
				expect.Equal(t, earlier(ctx, id), want, "%s: known %s of an earlier moment", step.name, id)
				if earlier(storelimit.Fresh(ctx), id) || earlier(request(t), id) || earlier(t.Context(), id) {
					t.Errorf("%s: %s is known where it must not be", step.name, id)
				}
			}
		}
	})
}
