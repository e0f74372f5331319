package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

// Stores that keep the contract, each in its own way, must pass.

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		return storetest.Subject{Handles: []store.Store{store.NewMemory()}, Unreachable: closed()}
	})
}

func TestOptimistic(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		db := newTable()
		return storetest.Subject{Handles: []store.Store{newOptimistic(db), newOptimistic(db), newOptimistic(db)}}
	})
}

func TestOneStorageForAllClauses(t *testing.T) {
	shared := store.NewMemory()
	for range 2 {
		storetest.Run(t, func(*testing.T) storetest.Subject {
			return storetest.Subject{Handles: []store.Store{shared}}
		})
	}
}

func TestConnectionsBreak(t *testing.T) {
	open := fragile(func(*hooked, *line) {})
	storetest.Run(t, func(*testing.T) storetest.Subject { return open() })
}

func TestSelfExpiring(t *testing.T) {
	open := forgetful(func(*hooked) {})
	storetest.Run(t, func(*testing.T) storetest.Subject { return open() })
}

// A store that hides what has expired by the wall clock may do so.
func TestHidesExpired(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		h := &hooked{Memory: store.NewMemory()}
		h.grant = func(ctx context.Context, id string) (store.Grant, error) {
			g, err := h.Memory.Grant(ctx, id)
			if err == nil && !g.ExpiresAt.After(time.Now()) {
				return store.Grant{}, store.ErrNotFound
			}
			return g, err
		}
		return storetest.Subject{Handles: []store.Store{h}}
	})
}

func TestStoreJoinsViolations(t *testing.T) {
	h := &hooked{Memory: store.NewMemory()}
	h.deleteGrant = func(ctx context.Context, _ string) error { return ctx.Err() }
	h.grant = func(ctx context.Context, id string) (store.Grant, error) {
		g, err := h.Memory.Grant(ctx, id)
		g.Method = 0
		return g, err
	}
	err := storetest.TestStore(storetest.Subject{Handles: []store.Store{h}})
	var got []string
	for _, line := range strings.Split(fmt.Sprint(err), "\n") {
		clause, _, _ := strings.Cut(line, ":")
		got = append(got, clause)
	}
	want := []string{"Grant/round-trip", "Grant/keys", "CreateGrant/exists", "CreateGrant/race", "DeleteGrant/deletes", "Handles/agree", "Context/ended"}
	for _, clause := range want {
		if !slices.Contains(got, clause) {
			t.Errorf("no violation of %s in:\n%v", clause, err)
		}
	}
	if slices.Contains(got, "Account/round-trip") {
		t.Errorf("a violation of Account/round-trip in:\n%v", err)
	}
	var v *storetest.Violation
	if !errors.As(err, &v) || v.Clause != want[0] {
		t.Errorf("got %#v, want a Violation of %s", v, want[0])
	}
}

// A store that leaves its lock behind hangs: that must be a failure, with a name.
func TestHangingStore(t *testing.T) {
	var lock sync.Mutex
	subject := breaking(func(h *hooked) {
		h.updateAccount = func(ctx context.Context, id string, change func(*store.Account) error) error {
			lock.Lock()
			if err := h.Memory.UpdateAccount(ctx, id, change); err != nil {
				return err
			}
			lock.Unlock()
			return nil
		}
	})()
	err := storetest.CheckWithin("UpdateAccount/panic", subject, 100*time.Millisecond)
	if want := "UpdateAccount/panic: a method hasn't returned after 100ms"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s ...", err, want)
	}
	lock.Unlock()
}

// TestEveryField proves that no field of any record can be dropped: neither a
// present one nor one that is added later.
func TestEveryField(t *testing.T) {
	for _, path := range paths(reflect.TypeFor[store.Account](), "Account") {
		everyField(t, path, "Account/round-trip", func(h *hooked) {
			h.account = func(ctx context.Context, id string) (store.Account, error) {
				a, err := h.Memory.Account(ctx, id)
				drop(reflect.ValueOf(&a).Elem(), path)
				return a, err
			}
		})
	}
	for _, path := range paths(reflect.TypeFor[store.Challenge](), "Challenge") {
		everyField(t, path, "Challenge/round-trip", func(h *hooked) {
			h.challenge = func(ctx context.Context, id string) (store.Challenge, error) {
				c, err := h.Memory.Challenge(ctx, id)
				drop(reflect.ValueOf(&c).Elem(), path)
				return c, err
			}
		})
	}
	for _, path := range paths(reflect.TypeFor[store.Grant](), "Grant") {
		everyField(t, path, "Grant/round-trip", func(h *hooked) {
			h.grant = func(ctx context.Context, id string) (store.Grant, error) {
				g, err := h.Memory.Grant(ctx, id)
				drop(reflect.ValueOf(&g).Elem(), path)
				return g, err
			}
		})
	}
}

func everyField(t *testing.T, path, clause string, f func(*hooked)) {
	t.Run(path, func(t *testing.T) {
		err := storetest.Check(clause, breaking(f)())
		if want := clause + ": " + path + ":"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s ...", err, want)
		}
	})
}

// paths returns the paths of all fields below a type but for Version. Those of
// lists and pointers end at the list or pointer, and go on behind it.
func paths(t reflect.Type, path string) []string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return []string{path}
	case t.Kind() == reflect.Pointer:
		return append([]string{path}, paths(t.Elem(), path)...)
	case t.Kind() != reflect.Struct:
		return []string{path}
	}
	var all []string
	for i := range t.NumField() {
		if f := t.Field(i); f.Name != "Version" {
			all = append(all, paths(f.Type, path+"."+f.Name)...)
		}
	}
	return all
}

// drop sets the field at a path back to zero.
func drop(v reflect.Value, path string) {
	for _, name := range strings.Split(path, ".")[1:] {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return
			}
			v = v.Elem()
		}
		v = v.FieldByName(name)
		if !v.IsValid() {
			panic(fmt.Sprintf("no field %s of %s", name, path))
		}
	}
	v.SetZero()
}
