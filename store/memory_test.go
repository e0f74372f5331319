package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

func ExampleNewMemory() {
	ctx := context.Background()
	accounts := store.NewMemory()

	// A time step is accepted once, on however many requests at once.
	accept := func(step int64) error {
		return accounts.UpdateAccount(ctx, "u-42", func(a *store.Account) error {
			if step <= a.LastStep {
				return errors.New("replayed")
			}
			a.LastStep = step
			return nil
		})
	}
	fmt.Println(accept(58_000_000))
	fmt.Println(accept(58_000_000))

	a, err := accounts.Account(ctx, "u-42")
	fmt.Println(a.LastStep, err)
	// Output:
	// <nil>
	// replayed
	// 58000000 <nil>
}

func TestMemoryConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		return storetest.Subject{Handles: []store.Store{store.NewMemory()}}
	})
}

// Queries over everything let go of the lock in between, while others write.
func TestMemoryScansWhileOthersWrite(t *testing.T) {
	const before, during = 3000, 500
	var (
		ctx  = t.Context()
		m    = store.NewMemory()
		now  = time.Now()
		late = func(a *store.Account) error { a.Sync.Wanted++; return nil }
	)
	for i := range before {
		if err := m.UpdateAccount(ctx, strconv.Itoa(i), late); err != nil {
			t.Fatal(err)
		}
		if err := m.CreateGrant(ctx, store.Grant{ID: strconv.Itoa(i), ExpiresAt: now}); err != nil {
			t.Fatal(err)
		}
	}

	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range during {
			if err := m.UpdateAccount(ctx, "new "+strconv.Itoa(i), late); err != nil {
				t.Error(err)
			}
			if err := m.CreateGrant(ctx, store.Grant{ID: "new " + strconv.Itoa(i), ExpiresAt: now.Add(1)}); err != nil {
				t.Error(err)
			}
		}
	})
	var deleted [2]int
	for i := range deleted {
		wg.Go(func() {
			var err error
			if deleted[i], err = m.DeleteExpired(ctx, now, before); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		ids, err := m.UnsyncedAccounts(ctx, now, before+during)
		if err != nil {
			t.Error(err)
		}
		if slices.Sort(ids); len(slices.Compact(ids)) < before {
			t.Errorf("UnsyncedAccounts: got %d accounts, want at least the %d that were there before", len(ids), before)
		}
	})
	wg.Wait()

	if got := deleted[0] + deleted[1]; got != before {
		t.Errorf("two DeleteExpired at once: got %d deleted, want %d", got, before)
	}
	for i := range during {
		if _, err := m.Grant(ctx, "new "+strconv.Itoa(i)); err != nil {
			t.Fatalf("a grant that was made meanwhile: got %v", err)
		}
	}
}

func TestMemoryUnsyncedOrderedByID(t *testing.T) {
	ctx, m := t.Context(), store.NewMemory()
	for _, id := range []string{"c", "a", "d", "b"} {
		if err := m.UpdateAccount(ctx, id, func(a *store.Account) error { a.Sync.Wanted = 1; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	got, err := m.UnsyncedAccounts(ctx, time.Now(), 3)
	if want := []string{"a", "b", "c"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestMemoryNegativeLimit(t *testing.T) {
	ctx, m := t.Context(), store.NewMemory()
	if err := m.UpdateAccount(ctx, "a", func(a *store.Account) error { a.Sync.Wanted = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := m.CreateGrant(ctx, store.Grant{ID: "g"}); err != nil {
		t.Fatal(err)
	}
	if got, err := m.UnsyncedAccounts(ctx, time.Now(), -1); len(got) != 0 || err != nil {
		t.Errorf("UnsyncedAccounts: got %q, %v, want none", got, err)
	}
	if got, err := m.DeleteExpired(ctx, time.Now(), -1); got != 0 || err != nil {
		t.Errorf("DeleteExpired: got %d, %v, want 0", got, err)
	}
}
