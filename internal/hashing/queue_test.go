package hashing_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/hashing"
)

// A turn that panics is over.
func TestPanicEndsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := hashing.NewQueue()
		for range 2 * hashing.AtOnce {
			func() {
				defer func() { _ = recover() }()
				_ = q.Do(t.Context(), hashing.Job{UserID: "1"}, 1, func(int) error { panic("in a hash") })
				t.Error("Do returned")
			}()
		}
	})
}

// A later request for the same job takes the place of the earlier one, and users take
// turns.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := hashing.NewQueue()
		free := make(chan struct{})
		for _, user := range []string{"holder 1", "holder 2"} {
			go func() {
				_ = q.Do(t.Context(), hashing.Job{UserID: user}, 1, func(int) error { <-free; return nil })
			}()
		}
		synctest.Wait()
		early := make(chan error, 1)
		go func() { early <- q.Do(t.Context(), hashing.Job{UserID: "a"}, 1, func(int) error { return nil }) }()
		synctest.Wait()

		var order []string // while one turn is free
		ended := make(chan error, 2)
		for _, user := range []string{"a", "b"} {
			go func() {
				ended <- q.Do(t.Context(), hashing.Job{UserID: user, Making: true}, 2, func(int) error {
					order = append(order, user)
					time.Sleep(time.Millisecond) // in which the other asks for its next turn
					return nil
				})
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		expect.Is(t, q.Do(ctx, hashing.Job{UserID: "a"}, 1, nil), context.Canceled, "gone")
		expect.Is(t, <-early, hashing.ErrOvertaken, "overtaken")
		free <- struct{}{}
		for range 2 {
			expect.NoError(t, <-ended)
		}
		if want := []string{"a", "b", "a", "b"}; !slices.Equal(order, want) {
			t.Errorf("got turns %v, want %v", order, want)
		}
		free <- struct{}{}
	})
}
