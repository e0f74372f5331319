package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/storetest"
)

func ExampleSplit() {
	ctx := context.Background()
	database := store.NewMemory()
	s := store.Split(database, store.NewMemory())

	for _, kind := range []store.Kind{store.Accounts, store.Grants} {
		_, err := s.Put(ctx, kind, store.Document{ID: "u-42", Body: []byte("{}")})
		fmt.Println(kind, err)
	}

	// If the second place is lost, the user has to prove again: nothing else.
	s = store.Split(database, store.NewMemory())
	for _, kind := range []store.Kind{store.Accounts, store.Grants} {
		docs, err := s.Get(ctx, kind, "u-42")
		fmt.Println(kind, docs[0].Version > 0, err)
	}
	// Output:
	// account <nil>
	// grant <nil>
	// account true <nil>
	// grant false <nil>
}

func ExampleKind_Volatile() {
	for _, kind := range []store.Kind{store.Accounts, store.Addresses, store.Challenges, store.Grants} {
		fmt.Println(kind, kind.Volatile())
	}
	// Output:
	// account false
	// address false
	// challenge true
	// grant true
}

func TestSplitConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		lasting, volatile := newWatcher(), newWatcher()
		return storetest.Subject{Handles: []store.Backend{
			store.Split(lasting, volatile),
			store.Split(lasting, volatile),
		}}
	})
}

// A part that isn't there can't be called.
func TestSplitCallsTheRightPart(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	for _, tt := range []struct {
		kind store.Kind
		s    store.Watcher
	}{
		{store.Accounts, store.Split(newWatcher(), nil)},
		{store.Addresses, store.Split(newWatcher(), nil)},
		{"passkey", store.Split(newWatcher(), nil)},
		{store.Challenges, store.Split(nil, newWatcher())},
		{store.Grants, store.Split(nil, newWatcher())},
	} {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		calls := map[string]func() error{
			"Get": func() error { _, err := tt.s.Get(ctx, tt.kind, "id"); return err },
			"Put": func() error {
				_, err := tt.s.Put(ctx, tt.kind, store.Document{ID: "id", Body: []byte("{}")})
				return err
			},
			"Delete":    func() error { return tt.s.Delete(ctx, tt.kind, "none", 1) },
			"Due":       func() error { _, err := tt.s.Due(ctx, tt.kind, now, 1); return err },
			"DeleteDue": func() error { _, err := tt.s.DeleteDue(ctx, tt.kind, now, 1); return err },
			"List":      func() error { _, _, err := tt.s.List(ctx, tt.kind, "", 1); return err },
			"Watch": func() error {
				if err := tt.s.Watch(ended, tt.kind, func(string) {}); !errors.Is(err, context.Canceled) {
					return fmt.Errorf("got %v, want %v", err, context.Canceled)
				}
				return nil
			},
		}
		if n := reflect.TypeFor[store.Watcher]().NumMethod(); n != len(calls) {
			t.Errorf("%d methods here, and %d of a Watcher", len(calls), n)
		}
		for method, call := range calls {
			t.Run(string(tt.kind)+" "+method, func(t *testing.T) {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("calls the other part: %v", p)
					}
				}()
				expect.NoError(t, call())
			})
		}
	}
}

func TestSplitWatchesWhatItsPartsCan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := store.Split(store.NewMemory(), newWatcher())
	expect.Is(t, s.Watch(ctx, store.Accounts, func(string) {}), errors.ErrUnsupported, "accounts, in a part that can't")
	expect.Is(t, s.Watch(ctx, store.Grants, func(string) {}), context.Canceled, "grants, in a part that can")
}

// A watcher is a Memory that can be watched, of which a watch says no more than
// that something was written.
type watcher struct {
	*store.Memory
	written chan chan struct{} // holds the channel that the next write closes
}

func newWatcher() watcher {
	w := watcher{store.NewMemory(), make(chan chan struct{}, 1)}
	w.written <- make(chan struct{})
	return w
}

func (w watcher) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := w.Memory.Put(ctx, kind, doc)
	if err == nil && doc.Notify {
		close(<-w.written)
		w.written <- make(chan struct{})
	}
	return version, err
}

func (w watcher) Watch(ctx context.Context, _ store.Kind, changed func(string)) error {
	for {
		written := <-w.written
		w.written <- written
		changed("")
		select {
		case <-written:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
