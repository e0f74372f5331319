package storelimit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/storelimit"
)

// What a backend is given ends as any context with a time-out does, whether somebody
// waits for it from the beginning, later, or never.
func TestLazyTimeout(t *testing.T) {
	for _, tt := range []struct {
		name  string
		waits func(ctx context.Context)
	}{
		{"nobody waits", func(context.Context) {}},
		{"somebody waits", func(ctx context.Context) { ctx.Done() }},
		{"a context that is made of it", func(ctx context.Context) {
			_, cancel := context.WithCancel(ctx)
			cancel()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				closed := func(ctx context.Context) bool {
					select {
					case <-ctx.Done():
						return true
					default:
						return false
					}
				}
				check := func(when string, ctx context.Context, want error) {
					t.Helper()
					synctest.Wait()
					if err := ctx.Err(); !errors.Is(err, want) || closed(ctx) != (want != nil) {
						t.Errorf("%s: got %v, done %v, want %v", when, err, closed(ctx), want)
					}
				}
				type key struct{}
				parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))

				ctx, end := storelimit.WithLazyTimeout(parent, time.Second)
				tt.waits(ctx)
				if got, ok := ctx.Deadline(); !ok || time.Until(got) != time.Second || ctx.Value(key{}) != "value" {
					t.Errorf("got deadline %v, %v and value %v", got, ok, ctx.Value(key{}))
				}
				time.Sleep(time.Second - 1)
				if err := ctx.Err(); err != nil {
					t.Errorf("before: got %v", err)
				}
				time.Sleep(time.Nanosecond)
				check("when the time is up", ctx, context.DeadlineExceeded)
				end()
				check("and then", ctx, context.DeadlineExceeded)

				ctx, end = storelimit.WithLazyTimeout(parent, time.Second)
				tt.waits(ctx)
				end()
				check("when the work is done", ctx, context.Canceled)

				ctx, end = storelimit.WithLazyTimeout(parent, time.Second)
				tt.waits(ctx)
				cancel()
				check("when the caller has given up", ctx, context.Canceled)
				end()

				short, cancelShort := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancelShort()
				ctx, end = storelimit.WithLazyTimeout(short, time.Second)
				tt.waits(ctx)
				time.Sleep(time.Millisecond)
				check("when the caller's time is up", ctx, context.DeadlineExceeded)
				end()
			})
		})
	}
}
