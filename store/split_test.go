package store_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

func ExampleSplit() {
	ctx := context.Background()
	database := store.NewMemory()
	s := store.Split(database, store.NewMemory())

	fmt.Println(s.UpdateAccount(ctx, "u-42", func(a *store.Account) error { a.State = store.On; return nil }))
	fmt.Println(s.CreateGrant(ctx, store.Grant{ID: "g-1", UserID: "u-42"}))

	// If the second place is lost, the user has to prove again: nothing else.
	s = store.Split(database, store.NewMemory())
	a, err := s.Account(ctx, "u-42")
	fmt.Println(a.State, err)
	_, err = s.Grant(ctx, "g-1")
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// on <nil>
	// store: not found
}

func TestSplitConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		accounts, volatile := store.NewMemory(), store.NewMemory()
		return storetest.Subject{Handles: []store.Store{
			store.Split(accounts, volatile),
			store.Split(accounts, volatile),
		}}
	})
}

// A half that isn't there can't be called.
func TestSplitCallsTheRightHalf(t *testing.T) {
	var (
		accounts = store.Split(store.NewMemory(), nil)
		volatile = store.Split(nil, store.NewMemory())
		ctx      = t.Context()
	)
	tests := []struct {
		method string
		call   func() error
	}{
		{"Account", func() error { _, err := accounts.Account(ctx, "u"); return err }},
		{"UpdateAccount", func() error {
			return accounts.UpdateAccount(ctx, "u", func(*store.Account) error { return nil })
		}},
		{"UnsyncedAccounts", func() error { _, err := accounts.UnsyncedAccounts(ctx, time.Now(), 1); return err }},
		{"ListAccounts", func() error { _, _, err := accounts.ListAccounts(ctx, store.AccountFilter{}, "", 1); return err }},
		{"CreateChallenge", func() error { return volatile.CreateChallenge(ctx, store.Challenge{ID: "c"}) }},
		{"Challenge", func() error { _, err := volatile.Challenge(ctx, "c"); return err }},
		{"UpdateChallenge", func() error {
			return volatile.UpdateChallenge(ctx, "c", func(*store.Challenge) error { return nil })
		}},
		{"CreateGrant", func() error { return volatile.CreateGrant(ctx, store.Grant{ID: "g"}) }},
		{"Grant", func() error { _, err := volatile.Grant(ctx, "g"); return err }},
		{"UpdateGrant", func() error {
			return volatile.UpdateGrant(ctx, "g", func(*store.Grant) error { return nil })
		}},
		{"DeleteGrant", func() error { return volatile.DeleteGrant(ctx, "g") }},
		{"DeleteExpired", func() error { _, err := volatile.DeleteExpired(ctx, time.Now(), 1); return err }},
	}
	if n := reflect.TypeFor[store.Store]().NumMethod(); n != len(tests) {
		t.Errorf("%d methods here, and %d of a Store", len(tests), n)
	}
	for _, tt := range tests {
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s calls the other half: %v", tt.method, p)
				}
			}()
			if err := tt.call(); err != nil {
				t.Errorf("%s: got %v", tt.method, err)
			}
		}()
	}
}

func ExampleCheckID() {
	fmt.Println(store.CheckID("u-42"))
	fmt.Println(store.CheckID(""))
	// Output:
	// <nil>
	// store: ID "": want 1 to 255 bytes of UTF-8 without NUL
}
